"""Which class is the positive one, in which order the others come."""

from collections import Counter

import pytest

from data.profile.label_decision import _notes, _order
from data.tasks import Task


@pytest.mark.parametrize(
    ("counts", "classes"),
    [
        ({"0": 1, "1": 9}, ("0", "1")),
        ({"yes": 9, "no": 1}, ("no", "yes")),
        ({"ham": 1, "spam": 9}, ("ham", "spam")),
        ({"benign": 9, "malign": 1}, ("benign", "malign")),
        ({"-1": 1, "1": 2}, ("-1", "1")),
        ({"2": 9, "10": 1}, ("2", "10")),
        ({"healthy": 1, "diabetic": 9}, ("healthy", "diabetic")),
    ],
)
def test_the_positive_class_is_last(counts: dict[str, int], classes: tuple[str, ...]) -> None:
    assert _order(Task.BINARY, Counter(counts))[0] == classes


def test_a_choice_by_frequency_is_told() -> None:
    _, notes = _order(Task.BINARY, Counter({"benign": 9, "malign": 1}))
    assert notes == [
        "'malign', the rarer class, is the positive one; turn it round with positive = \"benign\""
    ]


def test_classes_are_in_natural_order() -> None:
    names = Counter(["10", "9", "b", "a", "1.5"])
    assert _order(Task.MULTICLASS, names)[0] == ("1.5", "9", "10", "a", "b")


def test_twins_are_told() -> None:
    (note,) = _notes(Counter({"Yes": 50, "yes ": 50, "no": 50}), 150)
    assert "differ only by case or blanks" in note and "'yes '" in note
