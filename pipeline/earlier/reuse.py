"""Which values of an earlier search `tuner.reuse` means."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from components.trainer.techniques.tuned import tuned
from data import tuned_values
from pipeline.config import Config, ConfigError
from pipeline.earlier import history

LAST = "last"
"""The `tuner.reuse` that means this pipeline's last search."""


@dataclass(frozen=True)
class Reused:
    """Values that were found before."""

    place: Path
    """A HyperParameters artifact: a folder with nothing but its file."""
    source: str
    """Where they come from, in words: `run 20261123-101010`, or a path."""
    values: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.source}: {words(self.values)}"


def words(values: Mapping[str, Any]) -> str:
    """Values on one line: `learning_rate 0.0031, hidden [256, 128]`."""
    return ", ".join(
        f"{name.rpartition('.')[2]} {value:.4g}"
        if isinstance(value, float)
        else f"{name.rpartition('.')[2]} {value}"
        for name, value in values.items()
    )


def find_reused(config: Config, base: Path, root: Path) -> Reused | None:
    """The values that `tuner.reuse` means; None where it means none.

    Args:
      config: names them.
      base: where relative paths start.
      root: the pipeline's folder, with its runs.

    Raises:
      ConfigError: no such values, or they do not fit the configuration.
    """
    name = config.tuner.reuse
    if not name:
        return None
    named = next((p for p in (base / name, Path(name)) if p.exists()), base / name)
    place, source = _last(root) if name == LAST else (named, name)
    try:
        values = tuned_values.read(place)
        tuned(config.train, _of_train(values))
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, item["loc"])) for item in error.errors())
        raise ConfigError(
            f"tuner.reuse: the values of {source} do not fit this configuration: train.{wrong}"
        ) from None
    except ValueError as error:
        raise ConfigError(f"tuner.reuse: {error}. Valid: last, or the path of one") from None
    return Reused(place if name == LAST else _alone(place, root), source, values)


def _of_train(values: Mapping[str, Any]) -> Mapping[str, Any]:
    other = [name for name in values if not name.startswith("train.")]
    if other:
        raise ValueError(f"no setting of the Trainer: {', '.join(other)}")
    return values


def _last(root: Path) -> tuple[Path, str]:
    from pipeline.earlier import lineage  # it opens MLMD; most configurations need none

    for run in history.runs(root):
        record = run.nodes.get("Tuner")
        if record and record.state in ("ran", "cached"):
            made = lineage.outputs(root, run.id).get("Tuner", {}).get("best_hyperparameters", [])
            if made and Path(made[-1].uri).is_dir():
                return Path(made[-1].uri), f"run {record.producer}"
    raise ConfigError(
        f"tuner.reuse = '{LAST}' takes the values of this pipeline's last search, and there was none "
        f"under {root}. Run it once with tuner.trials=20 and without tuner.reuse."
    )


def _alone(place: Path, root: Path) -> Path:
    """The file in a folder of its own, at a path that changes with its content: TFX caches by path."""
    content = (place / tuned_values.FILE if place.is_dir() else place).read_bytes()
    name = hashlib.sha256(content).hexdigest()[:16]
    copy = root / "cache" / f"tuned-{name}" / tuned_values.FILE
    if not copy.is_file():
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content)
    return copy.parent
