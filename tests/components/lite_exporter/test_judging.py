"""The gate of a file: what it loses, and how often it says something else."""

import math

import pytest

from components.lite_exporter.config import LiteSection
from components.lite_exporter.judging import lost, refusal

SECTION = LiteSection(max_drop=0.01, min_agreement=0.9)


@pytest.mark.parametrize(
    ("drop", "agreement", "reason"),
    [
        ({"accuracy": 0.01, "auc": -0.2}, 0.9, ""),
        ({"accuracy": 0.0, "auc": 0.02}, 1.0, "auc loses 0.02, lite.max_drop is 0.01"),
        ({"accuracy": 0.0}, 0.8, "80.0% of the answers"),
        ({"mae": math.nan}, None, "mae loses nan"),
        ({"accuracy": 0.0}, math.nan, "nan% of the answers"),
        ({"mae": 0.005}, None, ""),
    ],
)
def test_bounds(drop: dict[str, float], agreement: float | None, reason: str) -> None:
    why = refusal(drop, agreement, SECTION)
    assert why.startswith(reason) if reason else why == ""


def test_lost_is_against_the_model_itself() -> None:
    assert lost({"accuracy": 0.5}, {"accuracy": 0.75}) == {"accuracy": 0.25}
