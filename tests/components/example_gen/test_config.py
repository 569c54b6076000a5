"""The `[data]` section refuses what cannot mean anything."""

import pytest
from pydantic import ValidationError

from components.example_gen.config import DataSection

GOOD = {"path": "a.csv", "label": "y", "task": "binary"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": {"train": 8, "eval": 2}}, "split needs train, eval and test"),
        ({"split": {"train": 8, "eval": 1, "test": 0}}, "at least 1"),
        ({"task": "clustering"}, "binary"),
        ({"format": "xlsx"}, "csv"),
        ({"lable": "y"}, "Extra inputs"),
    ],
)
def test_refusals(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DataSection.model_validate(GOOD | change)


def test_the_schema_goes_by_its_short_name() -> None:
    assert DataSection.model_validate(GOOD | {"schema": "my.pbtxt"}).schema_file == "my.pbtxt"
