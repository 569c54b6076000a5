"""One trial of the Tuner: the Trainer's own training with other values, watched, nothing exported."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import keras

from components.trainer import entry, progress
from components.trainer.config import TrainSection
from components.trainer.techniques.checkpoints import Checkpoints
from components.trainer.techniques.logs import Logs
from components.trainer.techniques.run import training_run
from components.trainer.techniques.tuned import tuned

Watch = Callable[[dict[str, Any]], None]


class _Watched(Logs):
    """Where learners write their epochs down; here somebody looks, and may end the training."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(None)
        self._watch = watch

    def epoch(self, entry: dict[str, Any]) -> None:
        self._watch(entry)


def run_trial(
    fn_args: Any, values: Mapping[str, Any], watch: Watch, about: Mapping[str, Any]
) -> None:
    """Trains as `run_fn` would with these values.

    Args:
      fn_args: as for `run_fn`.
      values: {dotted key: value} in place of the configured ones.
      watch: is given every epoch of the history when it ends; what it raises ends the training.
      about: goes with every progress event.

    Raises:
      Exception: whatever `watch` or the training raises.
    """
    keras.backend.clear_session()  # the models of earlier trials
    section = TrainSection.model_validate_json(fn_args.custom_config["train"])
    settings = tuned(section, values)
    run = replace(training_run(settings, fn_args), checkpoints=Checkpoints(), logs=_Watched(watch))
    with progress.about(about):
        entry.learn(fn_args, settings, run)
