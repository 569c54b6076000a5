"""`[evaluate]`: slices by name, gates that can be met, and what is refused."""

import math
from typing import Any

import pytest
from pydantic import ValidationError

from components.evaluator.config import (
    EvaluateSection,
    Gate,
    bucket_names,
    is_number,
    same_slice,
    slice_key,
    slice_name,
)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("", ()),
        ("a=x", (("a", "x"),)),
        ("b=y, a=x", (("a", "x"), ("b", "y"))),
        ("company=Blue, Inc", (("company", "Blue, Inc"),)),
        ("company=Blue, Inc, hour=3", (("company", "Blue, Inc"), ("hour", "3"))),
        ("a=1=2", (("a", "1=2"),)),
        ("a=", (("a", ""),)),
    ],
)
def test_slice_names(name: str, key: Any) -> None:
    assert slice_key(name) == key
    assert slice_key(slice_name(key)) == key


@pytest.mark.parametrize("name", ["x", "=x", "x, a=1", "a=1, a=2"])
def test_slice_names_that_mean_nothing(name: str) -> None:
    with pytest.raises(ValueError, match="Received"):
        slice_key(name)
    with pytest.raises(ValidationError):
        Gate(metric="auc", slice=name, min=0.5)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("hour=3", "hour=3.0", True),
        ("hour=03", "hour=3", True),
        ("a=x, b=1", "b=1.0, a=x", True),
        ("hour=3", "day=3", False),
        ("a=nan", "a=NaN", False),
        ("a=1e3", "a=1000", False),  # text to TFMA, which asks for a point
        ("", "a=1", False),
    ],
)
def test_same_slice(one: str, other: str, same: bool) -> None:
    assert same_slice(one, other) is same
    assert same_slice(other, one) is same


def test_numbers_as_tfma_sees_them() -> None:
    assert [is_number(text) for text in ("3", "3.0", "-1", "x", "1e3", "")] == [True] * 3 + [
        False
    ] * 3


def test_a_slice_as_a_table() -> None:
    gate = Gate.model_validate({"metric": "auc", "slice": {"b": 3, "a": "x, y"}, "min": 0.5})
    assert gate.slice == "a=x, y, b=3"


@pytest.mark.parametrize(
    "bounds",
    [{}, {"min": 0.9, "max": 0.1}, {"min": math.nan}, {"worse_by": -0.1}, {"worse_by": math.inf}],
)
def test_bounds_that_cannot_be_kept(bounds: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Gate.model_validate({"metric": "auc", **bounds})


def test_slices_by_column_and_cross() -> None:
    section = EvaluateSection.model_validate({"slices": ["a", ["a", "b"]]})
    names = [[item.column for item in columns] for columns in section.slices]
    assert names == [["a"], ["a", "b"]] and section.buckets == {}
    for wrong in ([[]], [["a", "a"]]):
        with pytest.raises(ValidationError, match="different columns"):
            EvaluateSection.model_validate({"slices": wrong})


def test_buckets_alone_and_in_a_cross() -> None:
    fare = {"column": "fare", "buckets": [0, 2.5, 10]}
    section = EvaluateSection.model_validate({"slices": [fare, ["hour", fare]]})
    assert section.buckets == {"fare": [0, 2.5, 10]}
    assert bucket_names(section.buckets["fare"]) == ["..0", "0..2.5", "2.5..10", "10.."]
    assert EvaluateSection.model_validate(section.model_dump(mode="json")) == section


@pytest.mark.parametrize(
    ("slices", "words"),
    [
        ([{"column": "a", "buckets": [1, 1]}], "numbers that rise"),
        ([{"column": "a", "buckets": [0, float("inf")]}], "numbers that rise"),
        ([{"column": "a", "bukets": [1]}], "bukets"),
        ([{"column": "a", "buckets": [1]}, ["a", "b"]], "the same buckets wherever"),
    ],
)
def test_buckets_that_cannot_be(slices: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        EvaluateSection.model_validate({"slices": slices})


def test_confidence_needs_enough_replicates() -> None:
    gate = {"metric": "auc", "min": 0.5, "confidence": 0.99}
    assert EvaluateSection.model_validate({"gates": [gate]}).gates[0].confidence == 0.99
    for wrong in ({"replicates": 199}, {"replicates": 0}):
        with pytest.raises(ValueError, match="replicates of at least 200"):
            EvaluateSection.model_validate({"gates": [gate], **wrong})
    with pytest.raises(ValueError, match="confidence"):
        EvaluateSection.model_validate({"gates": [{**gate, "confidence": 95}]})
