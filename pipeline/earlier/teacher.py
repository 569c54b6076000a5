"""Which model `distill.teacher` or `semi.teacher` means."""

from pathlib import Path

from data.saved_models import BLESSED, latest
from pipeline.earlier.other_model import find_model, model_fact


def find_teacher(key: str, name: str, base: Path, output: Path, served: Path) -> Path | None:
    """The place of the teacher, of which the newest version teaches; None where there is no teacher.

    Args:
      key: of the configuration, for messages.
      name: what it says; empty: nobody.
      base: where relative paths start.
      output: the folder of all pipelines' outputs.
      served: where this pipeline pushes its own models.

    Raises:
      ConfigError: there is no such model.
    """
    return find_model(key, name, base, output, served)


def teacher_fact(name: str, place: Path | None) -> str:
    """What a training depends on: which model the teacher is today.

    The pipeline's own last model is the exception: it is another one after every push, and a
    training that has learned from it must not start again for that.
    """
    if place is None:
        return ""
    return name if name == BLESSED else model_fact(latest(place) or place)
