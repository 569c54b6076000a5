"""TFX's Pusher with an executor that publishes atomically, and with the evaluation as input."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tfx import types
from tfx.components.pusher import executor
from tfx.components.util.model_utils import is_infra_validated
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import artifact_utils, component_spec, standard_artifacts, standard_component_specs
from tfx.utils import path_utils

from components.pusher import versions
from components.pusher.signatures import describe
from data.saved_models import LITE_FOLDER, LITE_REPORT
from data.tuned_values import read

_LITE = f"assets.extra/{LITE_FOLDER}"
NOT_PUSHED = "not_pushed"
"""Custom property of a PushedModel: why there is no new version (`not blessed`, `not servable: …`,
`withdrawn: …`)."""


class PushExecutor(executor.Executor):
    """Publishes a blessed model as the next version."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes `model` when every blessing allows it; else marks `pushed_model` as not pushed."""
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        if not self.CheckBlessing(input_dict):
            self._keep_back(pushed, _refusal(input_dict))
            return
        model = Path(self._model_path(input_dict))
        directory = Path(exec_properties["directory"])
        manifest = {
            "run": self._run_id(),
            "pushed_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "model": artifact_utils.get_single_uri(input_dict["model"]),
            "model_id": artifact_utils.get_single_instance(input_dict["model"]).id,
            **json.loads(exec_properties["facts"]),
            **_tuned(input_dict),
            "metrics": _overall_metrics(input_dict),
            "signatures": describe(model),
        }
        smaller, beside = _smaller(input_dict)
        if smaller:
            manifest["lite"] = smaller
        try:
            version = versions.publish(model, directory, manifest, beside)
        except versions.WithdrawnError as error:
            self._keep_back(pushed, f"withdrawn: {error}")
            return
        target = str(directory / str(version))
        self._MarkPushed(pushed, pushed_destination=target, pushed_version=str(version))

    def _model_path(self, input_dict: dict[str, list[Any]]) -> str:
        """The model with its warm-up file where the InfraValidator left one, else the Trainer's."""
        found = input_dict.get("infra_blessing")
        if found and found[0].get_int_custom_property("has_model"):
            return str(path_utils.stamped_model_path(found[0].uri))
        return str(self.GetModelPath(input_dict))

    def _keep_back(self, pushed: Any, why: str) -> None:
        self._MarkNotPushed(pushed)
        pushed.set_string_custom_property(NOT_PUSHED, why)

    def _run_id(self) -> str:
        return str(self._context.pipeline_run_id or "") if self._context else ""


def _refusal(input_dict: dict[str, list[Any]]) -> str:
    """Whose blessing is missing; the InfraValidator's with its reason."""
    found = input_dict.get("infra_blessing")
    if found and found[0].get_int_custom_property("asked") and not is_infra_validated(found[0]):
        return f"not servable: {found[0].get_string_custom_property('blessing_message')}"
    return "not blessed"


def _tuned(input_dict: dict[str, list[Any]]) -> dict[str, Any]:
    """The settings that a Tuner chose, where one did."""
    found = input_dict.get("hyperparameters")
    return {"tuned": read(Path(artifact_utils.get_single_uri(found)))} if found else {}


def _smaller(input_dict: dict[str, list[Any]]) -> tuple[dict[str, str], dict[str, Path]]:
    """The LiteRT files that passed, {format: path in the version}, and all to copy, {path: file}."""
    found = input_dict.get("lite")
    folder = Path(artifact_utils.get_single_uri(found)) if found else None
    if folder is None or not (folder / LITE_REPORT).is_file():
        return {}, {}
    told = json.loads((folder / LITE_REPORT).read_text(encoding="utf-8"))
    good = {
        line["format"]: line["file"] for line in told["models"] if line["file"] and line["passed"]
    }
    names = [LITE_REPORT, *good.values()] if good else []
    paths = {format: f"{_LITE}/{name}" for format, name in good.items()}
    return paths, {f"{_LITE}/{name}": folder / name for name in names}


def _overall_metrics(input_dict: dict[str, list[Any]]) -> dict[str, Any]:
    evaluation = input_dict.get("evaluation")
    if not evaluation:
        return {}
    verdict = Path(artifact_utils.get_single_uri(evaluation)) / "verdict.json"
    if not verdict.exists():
        return {}
    return dict(json.loads(verdict.read_text(encoding="utf-8"))["metrics"].get("", {}))


class _PusherSpec(component_spec.ComponentSpec):
    PARAMETERS = {
        "directory": component_spec.ExecutionParameter(type=str),
        "facts": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        **standard_component_specs.PusherSpec.INPUTS,
        "evaluation": component_spec.ChannelParameter(
            type=standard_artifacts.ModelEvaluation, optional=True
        ),
        "hyperparameters": component_spec.ChannelParameter(
            type=standard_artifacts.HyperParameters, optional=True
        ),
        "lite": component_spec.ChannelParameter(type=standard_artifacts.ModelRun, optional=True),
    }
    OUTPUTS = standard_component_specs.PusherSpec.OUTPUTS
    TYPE_ANNOTATION = standard_component_specs.PusherSpec.TYPE_ANNOTATION


class Pusher(base_component.BaseComponent):
    """Pushes a blessed model to a directory that a model server watches.

    Args:
      model: the Trainer's model.
      model_blessing: the Evaluator's blessing.
      evaluation: the Evaluator's evaluation, for the metrics in the manifest.
      directory: the served model's directory.
      facts: goes into the manifest as it is (data fingerprint, schema hash, …).
      infra_blessing: the InfraValidator's, with the model to push if it made a warm-up file.
      hyperparameters: the values that a Tuner chose, for the manifest.
      lite: the LiteExporter's files; those that passed lie in the version below `assets.extra/lite`,
        which no server reads.
    """

    SPEC_CLASS = _PusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(PushExecutor)

    def __init__(
        self,
        model: types.BaseChannel,
        model_blessing: types.BaseChannel,
        evaluation: types.BaseChannel,
        directory: str,
        facts: dict[str, str],
        infra_blessing: types.BaseChannel | None = None,
        hyperparameters: types.BaseChannel | None = None,
        lite: types.BaseChannel | None = None,
    ) -> None:
        super().__init__(
            spec=_PusherSpec(
                model=model,
                model_blessing=model_blessing,
                infra_blessing=infra_blessing,
                evaluation=evaluation,
                hyperparameters=hyperparameters,
                lite=lite,
                directory=directory,
                facts=json.dumps(facts, sort_keys=True),
                pushed_model=types.Channel(type=standard_artifacts.PushedModel),
            )
        )
