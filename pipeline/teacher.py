"""Which model `distill.teacher` means."""

import hashlib
from pathlib import Path

from components.trainer.techniques.distill_config import BLESSED
from data.saved_models import latest, versions
from pipeline.config import Config, ConfigError


def find_teacher(config: Config, base: Path, output: Path, served: Path) -> Path | None:
    """The place of the teacher: a SavedModel, or a folder of versions, of which the newest teaches.

    Args:
      config: names it.
      base: where relative paths start.
      output: the folder of all pipelines' outputs.
      served: where this pipeline pushes its own models.

    Returns:
      None where there is no teacher.

    Raises:
      ConfigError: there is no such model.
    """
    name = config.distill.teacher
    if not name:
        return None
    if name == BLESSED:
        if not versions(served):
            raise ConfigError(
                "distill.teacher = 'blessed' is the model this pipeline pushed last, and it has "
                f"pushed none to {served}. Run it once without distill.teacher, or name another model."
            )
        return served
    other = output / name / "serving" / name
    for place in (base / name, other):
        if latest(place):
            return place.resolve()
    known = sorted(p.parent.parent.name for p in output.glob("*/serving/*") if versions(p))
    raise ConfigError(
        f"distill.teacher: no model '{name}'. Valid: blessed; the path of a SavedModel or of a folder "
        f"of versions; a pipeline that has pushed one ({', '.join(known) or 'none yet'})."
    )


def teacher_fact(config: Config, place: Path | None) -> str:
    """What a training depends on: which model the teacher is today.

    The pipeline's own last model is the exception: it is another one after every push, and a
    training that has learned from it must not start again for that.
    """
    if place is None or config.distill.teacher == BLESSED:
        return config.distill.teacher
    model = latest(place) or place
    index = model / "variables" / "variables.index"
    content = index.read_bytes() if index.is_file() else b""
    return f"{model} {hashlib.sha256(content).hexdigest()[:16]}"
