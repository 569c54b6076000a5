"""Which model a key of the configuration means that names one: to learn from, or to begin with."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from data.saved_models import BLESSED, latest, versions
from pipeline.config import ConfigError
from pipeline.earlier import pushed_to


@dataclass(frozen=True)
class OtherModel:
    """A model that another one depends on."""

    path: Path
    fact: str
    """What a training that uses it depends on."""


def find_model(key: str, name: str, base: Path, output: Path, served: Path) -> Path | None:
    """The place of a model: a SavedModel, what a Trainer made, or a folder of versions.

    Args:
      key: of the configuration, for messages.
      name: what it says; empty: no model.
      base: where relative paths start.
      output: the folder of all pipelines' outputs.
      served: where this pipeline pushes its own models.

    Returns:
      None where none is named.

    Raises:
      ConfigError: there is no such model.
    """
    if not name:
        return None
    if name == BLESSED:
        if not versions(served):
            raise ConfigError(
                f"{key} = 'blessed' is the model this pipeline pushed last, and it has pushed none "
                f"to {served}. Run it once without {key}, or name another model."
            )
        return served
    for place in (base / name, *pushed_to.folders(output / name)):
        if latest(place):
            return place.resolve()
    roots = (path for path in output.glob("*") if any(map(versions, pushed_to.folders(path))))
    known = sorted(path.name for path in roots)
    raise ConfigError(
        f"{key}: no model '{name}'. Valid: blessed; the path of a SavedModel, of a Trainer's output or "
        f"of a folder of versions; a pipeline that has pushed one ({', '.join(known) or 'none yet'})."
    )


def model_fact(model: Path) -> str:
    """A SavedModel's path, and a hash of its weights' index, which changes with every training."""
    index = model / "variables" / "variables.index"
    content = index.read_bytes() if index.is_file() else b""
    return f"{model} {hashlib.sha256(content).hexdigest()[:16]}"
