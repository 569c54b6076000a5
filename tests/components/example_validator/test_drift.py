"""components/example_validator/drift.py: distances against scipy's, and on statistics by TFDV."""

import math
import random

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import distance
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.example_validator.config import DriftSection
from components.example_validator.drift import Drift, compare, jensen_shannon, l_infinity


def measured(frame: pd.DataFrame) -> statistics_pb2.DatasetFeatureStatistics:
    """Statistics as StatisticsGen makes them."""
    import tensorflow_data_validation as tfdv

    return tfdv.generate_statistics_from_dataframe(frame, n_jobs=1).datasets[0]


def by_column(before: pd.DataFrame, now: pd.DataFrame, settings: DriftSection) -> dict[str, Drift]:
    found = compare(measured(before), measured(now), settings)
    return {f"{drift.column} {drift.measure}": drift for drift in found}


def test_jensen_shannon_is_scipys() -> None:
    source = random.Random(5)
    for _ in range(20):
        one, other = ([source.choice([0, 1, 5, 40]) for _ in range(8)] for _ in range(2))
        if sum(one) and sum(other):
            expected = distance.jensenshannon(one, other, base=2) ** 2
            assert math.isclose(jensen_shannon(one, other), expected, abs_tol=1e-12)
    assert jensen_shannon([1, 0], [0, 1]) == 1.0
    assert jensen_shannon([], []) == jensen_shannon([0], [3]) == 0.0


def test_l_infinity_names_the_value_that_moved_most() -> None:
    moved = l_infinity({"a": 50, "b": 50}, {"a": 20, "b": 60, "c": 20})
    assert moved == (pytest.approx(0.3), "a")
    assert l_infinity({"a": 1}, {"a": 1, "new": 3}) == (0.75, "a")  # as much as "new", by name
    assert l_infinity({"a": 5}, {"a": 7}) == l_infinity({}, {"a": 1}) == (0.0, "")


def test_equal_distributions_are_close_whatever_their_shape() -> None:
    """Long tails, whole numbers, one value nearly always, an outlier: none of it is drift."""
    random_ = np.random.default_rng(1)

    def draw(rows: int) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "tail": random_.lognormal(1, 2, rows),
                "hour": random_.integers(0, 24, rows),
                "mostly_zero": random_.random(rows) * (random_.random(rows) < 0.1),
                "constant": np.ones(rows),
                "city": random_.choice(["a", "b", "c"], rows, p=[0.6, 0.3, 0.1]),
            }
        )

    now = draw(2000)
    now.loc[0, "tail"] = 1e7
    found = by_column(draw(8000), now, DriftSection())
    assert {key: d.distance for key, d in found.items() if d.distance > 0.05} == {}


def test_what_moved_is_found_and_nothing_else() -> None:
    random_ = np.random.default_rng(2)
    before = pd.DataFrame(
        {
            "still": random_.normal(0, 1, 3000),
            "moved": random_.normal(0, 1, 3000),
            "city": random_.choice(["a", "b"], 3000, p=[0.5, 0.5]),
            "gone": random_.normal(0, 1, 3000),
        }
    )
    now = pd.DataFrame(
        {
            "still": random_.normal(0, 1, 3000),
            "moved": random_.normal(1, 1, 3000),
            "city": random_.choice(["a", "b"], 3000, p=[0.8, 0.2]),
            "gone": np.where(random_.random(3000) < 0.4, np.nan, random_.normal(0, 1, 3000)),
        }
    )
    found = by_column(before, now, DriftSection())
    assert {key for key, drift in found.items() if drift.drifted} == {
        "moved Jensen-Shannon",
        "city L-infinity",
        "gone missing",
    }
    assert found["moved Jensen-Shannon"].distance == pytest.approx(0.16, abs=0.04)
    assert found["city L-infinity"].distance == pytest.approx(0.3, abs=0.03)
    assert found["gone missing"].distance == pytest.approx(0.4, abs=0.03)
    # Far apart: nothing in common is one bit.
    far = by_column(before[["still"]], before[["still"]] + 1000, DriftSection())
    assert far["still Jensen-Shannon"].distance == pytest.approx(1.0)


def test_a_column_may_have_a_threshold_of_its_own() -> None:
    frame = pd.DataFrame({"x": np.linspace(0, 1, 500)})
    settings = DriftSection(columns={"x": 0.9})
    found = by_column(frame, frame + 0.7, settings)["x Jensen-Shannon"]
    assert found.threshold == 0.9 and found.distance > 0.3 and not found.drifted
    assert found.as_dict()["drifted"] is False


def test_columns_of_one_side_and_columns_without_values_are_left_out() -> None:
    empty = statistics_pb2.DatasetFeatureStatistics()
    full = measured(pd.DataFrame({"x": [1.0, 2.0]}))
    assert compare(empty, full, DriftSection()) == compare(full, empty, DriftSection()) == []
