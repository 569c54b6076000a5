"""What surrounds a fit, whatever is learned: how weights move, what is kept, what is written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.trainer.config import TrainSection
from components.trainer.examples import ExampleFiles
from components.trainer.techniques.checkpoints import Checkpoints, key
from components.trainer.techniques.clusters import Clusters
from components.trainer.techniques.devices import Together, together
from components.trainer.techniques.distill_config import DistillSection
from components.trainer.techniques.distillation import Teaching
from components.trainer.techniques.logs import Logs
from components.trainer.techniques.optimizing import Optimizing
from components.trainer.techniques.pretrain_config import PretrainSection
from components.trainer.techniques.warm_start import Start


@dataclass(frozen=True)
class Pretraining:
    """What a network learns from before it sees a label."""

    section: PretrainSection
    rows: ExampleFiles
    """Train, and what has no labels."""


@dataclass(frozen=True)
class TrainingRun:
    """Of one call of run_fn; the default keeps and writes nothing."""

    optimizing: Optimizing = field(default_factory=Optimizing)
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    logs: Logs = field(default_factory=Logs)
    teaching: Teaching | None = None
    """How much a teacher's answers count; None: labels are labels, nobody teaches."""
    start: Start | None = None
    """The model whose weights it begins with; None: first weights are drawn."""
    jit_compile: bool = False
    """Whether XLA compiles the training step."""
    together: Together = field(default_factory=Together)
    """The devices it runs on."""
    pretraining: Pretraining | None = None
    """None: the first weights have learned nothing."""
    clusters: Clusters | None = None
    """What the model is told of clusters beside its inputs; None: nothing."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What history.json says of it beside the epochs."""


def training_run(settings: TrainSection, fn_args: Any) -> TrainingRun:
    """What the configuration asks for.

    Args:
      settings: the `[train]` section.
      fn_args: TFX's FnArgs; `custom_config` may hold `cache`, a folder that outlives the execution,
        and `warm_start`, where the model to begin with lies.

    Raises:
      WarmStartError: there is no such model.
    """
    earlier: str = fn_args.custom_config.get("warm_start", "")
    cache: str = fn_args.custom_config.get("cache", "")
    made_of = key(
        fn_args.custom_config,
        settings.model_dump(),
        fn_args.transform_output,
        fn_args.train_files,
        fn_args.eval_files,
    )
    folder = Path(cache) / "checkpoints" / made_of if cache else None
    return TrainingRun(
        Optimizing.of(settings),
        Checkpoints(folder, settings.checkpoint_seconds),
        Logs(Path(fn_args.model_run_dir)),
        teaching(fn_args.custom_config),
        Start(Path(earlier)) if earlier else None,
        settings.jit_compile,
        together(settings.devices),
    )


def teaching(config: Mapping[str, str]) -> Teaching | None:
    """From run_fn's `distill`, JSON of DistillSection; None where it is absent or names nobody."""
    section = DistillSection.model_validate_json(config.get("distill", "{}"))
    return Teaching(section.temperature, section.alpha) if section.teacher else None
