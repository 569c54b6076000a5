"""Which model `distill.teacher` means."""

from pathlib import Path

from data.saved_models import BLESSED, latest
from pipeline.config import Config
from pipeline.other_model import find_model, model_fact


def find_teacher(config: Config, base: Path, output: Path, served: Path) -> Path | None:
    """The place of the teacher, of which the newest version teaches; None where there is no teacher.

    Raises:
      ConfigError: there is no such model.
    """
    return find_model("distill.teacher", config.distill.teacher, base, output, served)


def teacher_fact(config: Config, place: Path | None) -> str:
    """What a training depends on: which model the teacher is today.

    The pipeline's own last model is the exception: it is another one after every push, and a
    training that has learned from it must not start again for that.
    """
    if place is None or config.distill.teacher == BLESSED:
        return config.distill.teacher
    return model_fact(latest(place) or place)
