"""What surrounds a fit, whatever is learned: how weights move, what is kept, what is written down."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.trainer.config import TrainSection
from components.trainer.techniques.checkpoints import Checkpoints, key
from components.trainer.techniques.logs import Logs
from components.trainer.techniques.optimizing import Optimizing


@dataclass(frozen=True)
class TrainingRun:
    """Of one call of run_fn; the default keeps and writes nothing."""

    optimizing: Optimizing = field(default_factory=Optimizing)
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    logs: Logs = field(default_factory=Logs)


def training_run(settings: TrainSection, fn_args: Any) -> TrainingRun:
    """What the configuration asks for.

    Args:
      settings: the `[train]` section.
      fn_args: TFX's FnArgs; `custom_config` may hold `cache`, a folder that outlives the execution.
    """
    cache: str = fn_args.custom_config.get("cache", "")
    made_of = key(
        fn_args.custom_config, fn_args.transform_output, fn_args.train_files, fn_args.eval_files
    )
    folder = Path(cache) / "checkpoints" / made_of if cache else None
    return TrainingRun(
        Optimizing.of(settings),
        Checkpoints(folder, settings.checkpoint_seconds),
        Logs(Path(fn_args.model_run_dir)),
    )
