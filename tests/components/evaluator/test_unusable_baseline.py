"""A blessed model that today's data or task does not fit: left out, and the verdict says why."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.evaluator.config import EvaluateSection
from data.tasks import Task

SECTION = EvaluateSection.model_validate(
    {"gates": [{"metric": "accuracy", "min": 0.5, "worse_by": 0.1}]}
)
ABC = ("a", "b", "c")
ROWS = [
    {"y": ABC[n % 3], "s": [0.8 * (c == n % 3) + 0.1 for c in range(3)], "r": [0.1, 0.2, 0.7]}
    for n in range(30)
]
PREFIX = "not compared with the blessed model: "


def test_classes_in_another_order(evaluate: Callable[..., Any], model: Callable[..., Path]) -> None:
    done = evaluate(
        ROWS,
        SECTION,
        Task.MULTICLASS,
        ABC,
        model(Task.MULTICLASS, "s", ABC),
        model(Task.MULTICLASS, "s", ("b", "a", "c")),
    )
    change = done.gate("accuracy", "", ">= baseline")
    assert change["passed"] and change["baseline"] is None
    assert (
        change["why"] == f"{PREFIX}its classes are others, or in another order (20 labels differ)"
    )
    assert done.verdict["no_baseline"] == change["why"]
    assert done.blessed and done.tfma().validation_ok
    assert not done.blessing.has_custom_property("baseline_model_id")


def test_a_column_it_needs_is_gone(
    evaluate: Callable[..., Any], model: Callable[..., Path]
) -> None:
    done = evaluate(
        ROWS,
        SECTION,
        Task.MULTICLASS,
        ABC,
        model(Task.MULTICLASS, "s", ABC),
        model(Task.MULTICLASS, "s", ABC, needs="gone"),
    )
    why = done.gate("accuracy", "", ">= baseline")["why"]
    assert why.startswith(f"{PREFIX}it fails on today's data (") and "gone" in why
    assert done.blessed


def test_a_candidate_that_fails_still_fails(
    evaluate: Callable[..., Any], model: Callable[..., Path]
) -> None:
    broken = model(Task.MULTICLASS, "s", ABC, needs="gone")
    with pytest.raises(Exception) as raised:
        evaluate(ROWS, SECTION, Task.MULTICLASS, ABC, broken, model(Task.MULTICLASS, "r", ABC))
    assert "Feature: gone" in "".join(traceback.format_exception(raised.value))


def test_what_signatures_tell(model: Callable[..., Path], tmp_path: Path) -> None:
    from components.evaluator.compatibility import why_not_comparable

    def why(task: Task, now: Path, then: Path) -> str:
        folders = (now / "Format-Serving", then / "Format-Serving")
        return why_not_comparable(*folders, task, "y")

    three = model(Task.MULTICLASS, "s", ABC)
    two = model(Task.BINARY, "p", ("no", "yes"))
    number = model(Task.REGRESSION, "f")
    other = model(Task.REGRESSION, "f", label="tips")
    assert why(Task.MULTICLASS, three, three) == ""
    assert why(Task.BINARY, two, two) == ""
    assert why(Task.MULTICLASS, three, two) == "it knows 2 classes, the candidate 3"
    assert why(Task.BINARY, two, three) == "it knows more than two classes"
    assert (
        why(Task.BINARY, two, number) == "it was trained for another task (it answers no 'score')"
    )
    assert why(Task.REGRESSION, number, other) == "it was trained on another label (tips, not y)"
    assert why(Task.REGRESSION, number, tmp_path).startswith("its files are gone")


def test_one_that_was_chosen_by_name_keeps_the_model_back(
    evaluate: Callable[..., Any], model: Callable[..., Path]
) -> None:
    """A blessed model is out of date by itself; a run somebody named is not left out in silence."""
    section = SECTION.model_copy(update={"baseline": "2026-11-01"})
    two = model(Task.MULTICLASS, "r", ("a", "b"))
    candidate = model(Task.MULTICLASS, "s", ABC)
    done = evaluate(ROWS, section, Task.MULTICLASS, ABC, candidate, two)
    change = done.gate("accuracy", "", ">= baseline")
    assert not change["passed"] and not done.blessed
    assert change["why"].startswith("not compared with the model of run 2026-11-01: it ")
