"""Ties configuration, storage, manager and labels together; what request handlers ask."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable
from urllib.parse import urlparse

from tensorflow_serving.apis import model_pb2
from tensorflow_serving.config import model_server_config_pb2
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig as Config

from serving.models.manager import Manager
from serving.models.saved_model import Servable
from serving.models.state import State, StateMonitor, VersionState
from serving.models.storage import Monitored, StorageWatcher, VersionPolicy
from serving.status import Code, ServingError, invalid_argument

log = logging.getLogger(__name__)

_PLATFORM = "tensorflow"


def _platform(config: ModelConfig) -> str:
    if config.model_type:
        if config.model_platform:
            raise invalid_argument(
                "Illegal setting both ModelServerConfig::model_type (deprecated) and "
                f"ModelServerConfig::model_platform, model name is {config.name}"
            )
        if config.model_type == model_server_config_pb2.TENSORFLOW:
            return _PLATFORM
        raise invalid_argument(
            f"ModelServerConfig::model_type choice {config.model_type} not supported."
        )
    if not config.model_platform:
        raise invalid_argument(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            f"ModelServerConfig::model_platform, model name is {config.name}"
        )
    return str(config.model_platform)


def _monitored(config: ModelConfig) -> Monitored:
    policy = config.model_version_policy
    choice = policy.WhichOneof("policy_choice")
    if choice == "all":
        chosen = VersionPolicy("all")
    elif choice == "specific":
        chosen = VersionPolicy("specific", versions=tuple(policy.specific.versions))
    else:
        chosen = VersionPolicy("latest", count=policy.latest.num_versions)
    return Monitored(config.name, config.base_path, chosen)


def _validate(models: Iterable[ModelConfig]) -> None:
    seen: set[str] = set()
    for model in models:
        if model.name in seen:
            raise invalid_argument(
                f"Illegal to list model {model.name} multiple times in config list"
            )
        seen.add(model.name)
    for model in models:
        if not urlparse(model.base_path).scheme and not os.path.isabs(model.base_path):
            raise invalid_argument(
                f"Expected model {model.name} to have an absolute path or URI; got "
                f"base_path()={model.base_path}"
            )


class ServerCore:
    """The models of a server.

    Args:
        manager: Not yet started.
        watcher: Reports to the manager.
        monitor: Shared with the manager.
        initial_load_threads: Threads for the loads of the first configuration.
        load_threads: Threads from then on, see `Manager`.
        labels_for_unavailable: Allows a new label to point at a version not yet available.
        on_config: Called with each accepted configuration (request logging follows it).
    """

    def __init__(
        self,
        manager: Manager,
        watcher: StorageWatcher,
        monitor: StateMonitor,
        *,
        initial_load_threads: int = 4,
        load_threads: int = 0,
        labels_for_unavailable: bool = False,
        on_config: Callable[[Config], None] | None = None,
    ) -> None:
        self.manager = manager
        self.monitor = monitor
        self._watcher = watcher
        self._initial_load_threads = initial_load_threads
        self._load_threads = load_threads
        self._labels_for_unavailable = labels_for_unavailable
        self._on_config = on_config
        self._config = Config()
        self._labels: dict[str, dict[str, int]] = {}
        self._lock = threading.Lock()
        self.stopping = threading.Event()

    def reload(self, config: Config) -> None:
        """Replaces the whole list of models and waits until new ones are available.

        An unset configuration changes nothing. Labels are checked before models change.

        Raises:
            ServingError: the configuration is refused, or a model did not become available.
        """
        with self._lock:
            self._reload(config)

    def _reload(self, config: Config) -> None:
        first = self._config.WhichOneof("config") is None
        wanted = config.WhichOneof("config")
        if not first and wanted != "model_config_list":
            raise ServingError(
                Code.FAILED_PRECONDITION,
                "Cannot transition to requested config. It is only legal to transition from one "
                "ModelConfigList to another.",
            )
        if wanted is None:
            return
        if wanted != "model_config_list":
            raise invalid_argument("Custom model configurations are not supported.")
        models = list(config.model_config_list.config)
        _validate(models)
        self._refuse_changed_platforms(models)
        self._config = Config()
        self._config.CopyFrom(config)
        self._labels = self._checked_labels(models)
        for model in models:
            platform = _platform(model)
            if platform != _PLATFORM:
                raise invalid_argument(
                    f"Model {model.name} requests unsupported platform {platform}"
                )
        monitored = [_monitored(model) for model in models]
        new = {model.name for model in monitored} - self._watcher.names
        mark = self.monitor.mark()
        if first:
            self.manager.set_load_threads(self._initial_load_threads)
            self.manager.start()
        self._watcher.update(monitored)
        if self._on_config is not None:
            self._on_config(config)
        self._await(new, mark, "servable" if first else "model")
        if first:
            self.manager.set_load_threads(self._load_threads)

    def _refuse_changed_platforms(self, models: Iterable[ModelConfig]) -> None:
        old = {m.name: _platform(m) for m in self._config.model_config_list.config}
        for model in models:
            if model.name in old and _platform(model) != old[model.name]:
                raise invalid_argument(
                    f"Illegal to change a model's platform. For model {model.name} platform was "
                    f"{old[model.name]} and new platform requested is {_platform(model)}"
                )

    def _checked_labels(self, models: Iterable[ModelConfig]) -> dict[str, dict[str, int]]:
        labels: dict[str, dict[str, int]] = {}
        for model in models:
            for label, version in model.version_labels.items():
                existing = self._labels.get(model.name, {}).get(label, version)
                state = self.monitor.version(model.name, version)
                available = state is not None and state.state is State.AVAILABLE
                tolerated = self._labels_for_unavailable and existing == version
                if not available and not tolerated:
                    raise ServingError(
                        Code.FAILED_PRECONDITION,
                        f"Request to assign label to version {version} of model {model.name}, "
                        "which is not currently available for inference",
                    )
                labels.setdefault(model.name, {})[label] = version
        return labels

    def _await(self, names: set[str], mark: int, noun: str) -> None:
        settled = self.monitor.wait_for_models(names, mark, self.stopping)
        failed = {n: s for n, s in settled.items() if s[1].state is not State.AVAILABLE}
        if failed:
            parts = "".join(
                f"{{{{name: {name} version: {version}}}"
                f"{f' due to error: {state.error}' if state.error else ''}}}, "
                for name, (version, state) in sorted(failed.items())
            )
            raise ServingError(
                Code.UNKNOWN, f"{len(failed)} {noun}(s) did not become available: {{{parts}}}"
            )

    def servable(self, name: str, version: int | None, label: str | None) -> Servable:
        """The version a request means, held for it; the caller must `release` it.

        Raises:
            ServingError: NOT_FOUND, or INVALID_ARGUMENT for a label that is not known.
        """
        if label is not None:
            version = self._labels.get(name, {}).get(label)
            if version is None:
                raise invalid_argument(f"Unrecognized servable version label: {label}")
        return self.manager.servable(name, version)

    def servable_of(self, spec: model_pb2.ModelSpec) -> Servable:
        """Like `servable`, for a gRPC request's ModelSpec."""
        if not spec.name:
            raise invalid_argument("ModelSpec has no name specified.")
        choice = spec.WhichOneof("version_choice")
        return self.servable(
            spec.name,
            spec.version.value if choice == "version" else None,
            spec.version_label if choice == "version_label" else None,
        )

    def states(self, name: str, version: int | None) -> list[tuple[int, VersionState]]:
        """States of one version, or of all ever seen with the highest first.

        Raises:
            ServingError: NOT_FOUND.
        """
        if version is not None:
            state = self.monitor.version(name, version)
            if state is None:
                raise ServingError(
                    Code.NOT_FOUND, f"Could not find version {version} of model {name}"
                )
            return [(version, state)]
        states = self.monitor.versions(name)
        if not states:
            raise ServingError(Code.NOT_FOUND, f"Could not find any versions of model {name}")
        return states

    def configured(self) -> set[str]:
        """Names of the models in the current configuration."""
        return {model.name for model in self._config.model_config_list.config}

    def stop(self) -> None:
        """Stops watching and managing; loaded models stay loaded."""
        self.stopping.set()
        self._watcher.stop()
        self.manager.stop()
