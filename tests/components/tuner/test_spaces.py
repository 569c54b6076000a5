"""components/tuner/spaces.py: its names are settings, its objectives what a training measures."""

import pytest

from components.tuner.spaces import HOLDS, OBJECTIVES, SPACES
from data.tasks import Task
from pipeline.tuning import searchable


@pytest.mark.parametrize("kind", SPACES)
def test_the_usual_settings_are_settings_of_that_kind_of_model(kind: str) -> None:
    assert {*SPACES[kind]} <= {*searchable(kind)}
    assert HOLDS[kind] in {name.rpartition(".")[0] for name in SPACES[kind]}


def test_the_objectives_are_what_the_trainer_watches() -> None:
    from components.trainer.heads import HEADS

    for task, head in HEADS.items():
        assert OBJECTIVES[task] == ("loss", *(metric.name for metric in head.metrics()))
    assert {*OBJECTIVES} == {*HEADS, Task.SEQUENCE}
