"""The whole configuration: every room's section composed, read from TOML, checked, frozen."""

import difflib
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from components.distill_gate.config import DistillGateSection
from components.evaluator.config import EvaluateSection
from components.example_gen.config import DataSection
from components.example_validator.config import ValidateSection
from components.infra_validator.config import InfraValidateSection
from components.lite_exporter.config import LiteSection
from components.pusher.config import PushSection
from components.trainer.config import TrainSection
from components.trainer.pictures.config import SMALL
from components.trainer.techniques.clusters_config import ClustersSection
from components.trainer.techniques.distill_config import DistillSection
from components.trainer.techniques.pretrain_config import PretrainSection
from components.trainer.techniques.semi_config import ITSELF, TASKS, SemiSection
from components.transform.config import Feature, TransformSection
from components.tuner.config import TunerSection
from data.columns import Treatment
from data.tasks import Task
from pipeline.comparable import comparable
from pipeline.deployment.config import DeploySection
from pipeline.engines.config import EngineSection
from pipeline.reports.config import CardSection

PRESETS = Path(__file__).parent / "configs"


class ConfigError(ValueError):
    """A configuration that cannot be used; the message says where, why and what would do."""


class Config(BaseModel):
    """One pipeline. Everything has a default but its name and its data."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    """Names the output folder and the served model: letters, digits, `-` and `_`."""
    data: DataSection
    features: dict[str, Feature] = {}
    """What becomes of each column. A column of the schema that is not here takes a default."""
    validation: ValidateSection = Field(default=ValidateSection(), alias="validate")
    transform: TransformSection = TransformSection()
    tuner: TunerSection = TunerSection()
    train: TrainSection = TrainSection()
    distill: DistillSection = DistillSection()
    distill_gate: DistillGateSection = DistillGateSection()
    semi: SemiSection = SemiSection()
    pretrain: PretrainSection = PretrainSection()
    clusters: ClustersSection = ClustersSection()
    evaluate: EvaluateSection = EvaluateSection()
    infra_validate: InfraValidateSection = InfraValidateSection()
    lite: LiteSection = LiteSection()
    push: PushSection = PushSection()
    deploy: DeploySection = DeploySection()
    card: CardSection = CardSection()
    engine: EngineSection = EngineSection()

    @model_validator(mode="after")
    def _liteable(self) -> "Config":
        """A sequence is read token by token from a table, in a loop: LiteRT has neither."""
        if self.lite.formats and self.data.task is Task.SEQUENCE:
            raise ValueError(
                "lite.formats: no smaller files of sequences: they are read and written with tables of "
                "words, which LiteRT does not have. Leave it out"
            )
        return self

    @model_validator(mode="after")
    def _teachable(self) -> "Config":
        """A teacher's answers stand beside the labels; classes cannot be counted in them."""
        if not self.distill.teacher:
            return self
        if self.train.balance_classes or self.train.image.balance_classes:
            raise ValueError(
                "distill.teacher and balance_classes exclude each other: a row that a teacher "
                "answers has no one class to weigh it by. Leave one of them out"
            )
        if self.data.task is Task.SEQUENCE:
            raise ValueError("distill.teacher: no distillation of sequences yet. Leave it out")
        return self

    @model_validator(mode="after")
    def _self_taught(self) -> "Config":
        """Pseudo-labels are hard labels of rows that have none, for tasks with one class a row."""
        if not self.semi.rounds:
            if self.semi.teacher != ITSELF:
                raise ValueError(
                    "semi.teacher labels rows in rounds: set semi.rounds to at least 1. Received: 0"
                )
            if self.semi.method != "self":
                raise ValueError(
                    "semi.method labels rows in a round: set semi.rounds to 1. Received: 0"
                )
            return self
        if self.data.task not in TASKS:
            raise ValueError(
                "semi.rounds takes rows by how sure the model is of their one class: it is for tasks "
                f"{' and '.join(TASKS)}. Received: {self.data.task.value}"
            )
        if not self.data.unlabelled:
            raise ValueError(
                "semi.rounds needs rows without labels: data.unlabelled names a file or folder of "
                'them, or is "empty". Received: nothing'
            )
        if self.semi.method == "propagation" and self.semi.teacher != ITSELF:
            raise ValueError(
                'semi.method = "propagation" spreads labels from row to row, semi.teacher asks a model. '
                "Leave one of them out"
            )
        if self.distill.teacher:
            raise ValueError(
                "semi.rounds and distill.teacher exclude each other: one gives a row a class, the "
                "other probabilities. Leave one of them out; semi.teacher names who gives classes"
            )
        return self

    @model_validator(mode="after")
    def _pretrained(self) -> "Config":
        """Layers of our own network learn first; there must be some, and nothing else to begin with."""
        if not self.pretrain.epochs:
            return self
        inputs = {feature.treatment for feature in self.features.values()}
        backbone = self.train.image.backbone
        wrong = {
            "train.model (a network of one's own)": bool(self.train.model),
            "train.warm_start, which begins with other weights": bool(self.train.warm_start),
            "train.hidden = [], which leaves no layer to train": not self.train.hidden,
            'task = "sequence"': self.data.task is Task.SEQUENCE,
            "a feature that is a text": Treatment.TEXT in inputs,
            f"a pretrained train.image.backbone ('{backbone}'); of pictures, '{SMALL}' alone begins "
            "from nothing": Treatment.IMAGE in inputs and backbone != SMALL,
        }
        found = [what for what, there in wrong.items() if there]
        if found:
            raise ValueError(
                "pretrain.epochs trains the layers of our network of columns, or of pictures from scratch. "
                f"It does not go with {' or '.join(found)}. Leave one of them out"
            )
        return self

    @model_validator(mode="after")
    def _comparable(self) -> "Config":
        features = self.features.values()
        pictures = any(feature.treatment is Treatment.IMAGE for feature in features)
        propagated = bool(self.semi.rounds) and self.semi.method == "propagation"
        comparable(self.clusters, self.train, self.data.task, pictures, propagated)
        return self


class LoadedConfig(BaseModel):
    """A configuration and the folder its relative paths start from."""

    model_config = ConfigDict(frozen=True)

    config: Config
    base: Path
    source: Path

    @property
    def schema_path(self) -> Path | None:
        """The curated schema's file, None where none is named."""
        name = self.config.data.schema_file
        return (self.base / name).resolve() if name else None


def load(name_or_path: str, overrides: list[str] | None = None) -> LoadedConfig:
    """Reads a preset by name, or a TOML file by path.

    Args:
      name_or_path: `taxi`, or `my.toml`.
      overrides: `a.b=value` strings; the value is TOML, or text where it is not.

    Raises:
      ConfigError: not found, not TOML, an unknown key, a wrong value.
    """
    path = _find(name_or_path)
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    for override in overrides or []:
        _set(tree, override)
    try:
        config = Config.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_explain(error, path)) from None
    return LoadedConfig(config=config, base=path.parent.resolve(), source=path)


def presets() -> dict[str, Path]:
    """The presets that come with the project, by name."""
    return {file.stem: file for file in sorted(PRESETS.glob("*.toml"))}


def _find(name_or_path: str) -> Path:
    if name_or_path in presets():
        return presets()[name_or_path]
    path = Path(name_or_path)
    if path.suffix == ".toml" and path.is_file():
        return path
    near = difflib.get_close_matches(name_or_path, presets(), n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise ConfigError(
        f"no configuration '{name_or_path}'. Expected a preset ({', '.join(presets())}) or the "
        f"path of a .toml file.{hint}"
    )


def _set(tree: dict[str, Any], override: str) -> None:
    dotted, equals, text = override.partition("=")
    if not equals or not dotted:
        raise ConfigError(f"--set takes key=value, such as train.epochs=3. Received: {override!r}")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *parents, last = dotted.split(".")
    for key in parents:
        tree = tree.setdefault(key, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"--set {override}: '{key}' is a value, not a section")
    tree[last] = value


def _explain(error: ValidationError, path: Path) -> str:
    lines = []
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            valid = _valid_keys(item["loc"][:-1])
            near = difflib.get_close_matches(str(item["loc"][-1]), valid, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            lines.append(f"{place}: unknown key.{hint} Valid: {', '.join(valid)}.")
        else:
            message = item["msg"].removeprefix("Value error, ")
            received = (
                ""
                if item["type"] in ("missing", "value_error")
                else f" Received: {item['input']!r}"
            )
            where = f"{place}: " if place else ""
            lines.append(f"{where}{message}.{received}".replace("..", "."))
    return f"{path}:\n  " + "\n  ".join(lines)


def _valid_keys(location: tuple[int | str, ...]) -> list[str]:
    model: Any = Config
    for part in location:
        field = next(
            (f for n, f in getattr(model, "model_fields", {}).items() if part in (n, f.alias)), None
        )
        if field is None:
            break
        model = field.annotation
        for argument in getattr(model, "__args__", ()):
            if isinstance(argument, type) and issubclass(argument, BaseModel):
                model = argument
    fields = getattr(model, "model_fields", {})
    return [field.alias or name for name, field in fields.items()]
