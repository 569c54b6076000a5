"""A checked configuration with what it refers to: what every other file of this room is handed."""

from dataclasses import dataclass
from pathlib import Path

from components.transform.config import Feature
from data.columns import Treatment
from data.sources import Source
from pipeline.config import Config
from pipeline.earlier.other_model import OtherModel
from pipeline.earlier.reuse import Reused
from pipeline.tuning import Search


@dataclass(frozen=True)
class Prepared:
    """A checked configuration with what it refers to."""

    config: Config
    root: Path
    """`<output>/<name>`: everything a run makes goes below it."""
    source: Source
    data_fingerprint: str
    schema_path: Path
    schema_hash: str
    features: dict[str, Feature]
    """A treatment for every column of the schema but the label, defaults filled in."""
    classes: tuple[str, ...]
    """In class order, binary with the positive one last; empty without classes."""
    baseline_model: int = 0
    """MLMD's id of the model that `evaluate.baseline` names; 0: it names none."""
    teacher: Path | None = None
    """A SavedModel or a folder of versions that the model learns from."""
    labeller: Path | None = None
    """Likewise, a model that labels rows for this one; None: it labels them itself, or nobody does."""
    unlabelled: Source | None = None
    """Files of rows without labels; None where there are none, or they are among the others."""
    start: OtherModel | None = None
    """The SavedModel whose weights the training begins with."""

    search: Search | None = None
    """What the Tuner tries; None: nothing is searched."""
    reused: Reused | None = None
    """Values of an earlier search that the Trainer takes."""

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that are read."""
        return self.source.files + (self.unlabelled.files if self.unlabelled else ())

    @property
    def label(self) -> str:
        """The label's column."""
        return self.config.data.label

    @property
    def model_columns(self) -> list[str]:
        """The raw columns a caller sends for a prediction."""
        return [n for n, f in self.features.items() if f.treatment is not Treatment.IGNORE]

    @property
    def texts(self) -> list[str]:
        """The columns that are free text to the model."""
        return [n for n, f in self.features.items() if f.treatment is Treatment.TEXT]

    @property
    def beside(self) -> list[str]:
        """The raw columns that go through Transform for a teacher to see; pictures and texts do anyway."""
        passed = (Treatment.IMAGE, Treatment.TEXT)
        names = [n for n, f in self.features.items() if f.treatment not in passed]
        return names if self.teacher or self.labeller else []

    @property
    def serving_directory(self) -> Path:
        """Where versions are pushed."""
        return served(self.config, self.root)


def served(config: Config, root: Path) -> Path:
    """Where versions are pushed.

    Args:
      config: may name the folder.
      root: `<output>/<name>`.
    """
    named = config.push.directory
    return Path(named).resolve() if named else root / "serving" / config.name
