"""The `[features]` section: words, several words, tables, and what it refuses."""

from typing import Any

import pytest
from pydantic import ValidationError

from components.transform.config import Feature
from data.columns import Treatment


@pytest.mark.parametrize("value", ["log", ["log"], {"as": "log"}, {"as": ["log"]}])
def test_one_treatment_keeps_the_column_s_name(value: Any) -> None:
    feature = Feature.model_validate(value)
    assert feature.treatment is Treatment.LOG
    assert feature.outputs("fare") == {"fare": Treatment.LOG}


def test_several_treatments() -> None:
    feature = Feature.model_validate({"as": ["log", "buckets"], "buckets": 50})
    assert feature.buckets == 50
    assert feature.outputs("fare") == {
        "fare/log": Treatment.LOG,
        "fare/buckets": Treatment.BUCKETS,
    }


def test_survives_json() -> None:
    feature = Feature.model_validate(["log", "buckets"])
    assert Feature.model_validate(feature.model_dump(mode="json", by_alias=True)) == feature


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (["log", "log"], "each treatment once"),
        (["log", "ignore"], "'ignore' cannot be combined"),
        (["image", "vocabulary"], "'image' cannot be combined"),
        ([], "at least 1 item"),
        ("logarithm", "Input should be 'zscore'"),
        ({"as": "log", "bucket": 3}, "Extra inputs"),
        ({"as": "buckets", "buckets": 1}, "greater than or equal to 2"),
    ],
)
def test_refusals(value: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Feature.model_validate(value)
