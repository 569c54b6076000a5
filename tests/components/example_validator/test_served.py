"""components/example_validator/served.py: served rows in TFDV's words, beside those of training."""

import random
from typing import Any

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.example_validator import drift, served
from components.example_validator.config import DriftSection

SCHEMA = text_format.Parse(
    """
feature { name: "age" type: FLOAT presence { min_fraction: 0.5 min_count: 1 } value_count { min: 1 max: 1 }
  float_domain { min: 0 max: 120 } }
feature { name: "visits" type: INT presence { min_fraction: 1 min_count: 1 } value_count { min: 1 max: 1 } }
feature { name: "city" type: BYTES presence { min_fraction: 1 min_count: 1 } value_count { min: 1 max: 1 }
  string_domain { value: "Bern" value: "Oslo" } }
feature { name: "bought" type: BYTES presence { min_fraction: 1 min_count: 1 } value_count { min: 1 max: 1 }
  string_domain { value: "no" value: "yes" } not_in_environment: "SERVING" }
feature { name: "unused" type: FLOAT presence { min_fraction: 1 min_count: 1 } }
default_environment: "TRAINING"
default_environment: "SERVING"
""",
    schema_pb2.Schema(),
)


def rows(count: int = 400, mean: float = 40, share: float = 0.5, **more: Any) -> list[dict]:
    """As a server is asked: whole numbers are float64 there."""
    chance = random.Random(count)
    return [
        {
            "age": [] if chance.random() < 0.1 else [chance.gauss(mean, 8)],
            "visits": [float(chance.randrange(12))],
            "city": [b"Bern" if chance.random() < share else b"Oslo"],
        }
        | more
        for _ in range(count)
    ]


def distances(before: list[dict], now: list[dict]) -> dict[tuple[str, str], drift.Drift]:
    found = (served.statistics(one, SCHEMA) for one in (before, now))
    return {(d.column, d.measure): d for d in drift.compare(*found, DriftSection())}


def test_rows_of_the_same_kind_are_near_and_fit() -> None:
    assert not any(one.drifted for one in distances(rows(400), rows(800)).values())
    assert served.unfit(served.statistics(rows(), SCHEMA), SCHEMA) == []


def test_what_moved_is_found() -> None:
    found = distances(rows(), rows(401, mean=60, share=0.9))
    assert {key for key, one in found.items() if one.drifted} == {
        ("age", "Jensen-Shannon"),
        ("city", "L-infinity"),
    }
    assert found["city", "L-infinity"].distance == pytest.approx(0.4, abs=0.07)


def test_counts_are_those_of_the_rows() -> None:
    asked = rows()
    made = served.statistics(asked, SCHEMA)
    by_name = {drift.name(feature): feature for feature in made.features}
    ages = [row["age"][0] for row in asked if row["age"]]
    assert by_name["age"].num_stats.mean == pytest.approx(sum(ages) / len(ages))
    assert by_name["age"].num_stats.common_stats.num_missing == 400 - len(ages)
    assert by_name["visits"].type == by_name["visits"].INT
    assert made.num_examples == 400


def test_what_does_not_fit_the_schema() -> None:
    strange = rows(100, visits=[1.5]) + rows(100, city=[b"<b>Rome</b>"]) + rows(100, age=[-3.0])
    found = {row.column: row for row in served.unfit(served.statistics(strange, SCHEMA), SCHEMA)}
    assert set(found) == {"age", "city", "visits"}
    assert "'<b>Rome</b>' (100)" in found["city"].detail
    assert {row.split for row in found.values()} == {served.SPLIT}


def test_rows_of_which_nothing_was_kept() -> None:
    found = served.statistics([{}, {}], SCHEMA)  # pictures are left out
    assert found.num_examples == 2 and not found.features
    assert served.unfit(found, SCHEMA) == []
    assert drift.compare(served.statistics(rows(), SCHEMA), found, DriftSection()) == []


def test_mean_scores_against_the_shares_of_the_labels() -> None:
    labels = [{"bought": [b"yes"]}] * 30 + [{"bought": [b"no"]}] * 70
    trained = served.statistics(labels, SCHEMA)
    near = served.answers(trained, "bought", {"no": 68.0, "yes": 32.0}, DriftSection())
    far = served.answers(trained, "bought", {"no": 5.0, "yes": 5.0}, DriftSection())
    assert near is not None and far is not None
    assert near.distance == pytest.approx(0.02) and not near.drifted
    assert far.distance == pytest.approx(0.2) and far.drifted
    own = DriftSection(columns={"bought": 0.3})
    assert not served.answers(trained, "bought", {"no": 5.0, "yes": 5.0}, own).drifted
    assert served.answers(trained, "bought", {}, DriftSection()) is None
    assert served.answers(trained, "age", {"no": 1.0}, DriftSection()) is None
