"""pipeline/reports/wording.py: numbers as a person writes them."""

import math

import pytest

from pipeline.reports.wording import number, seconds, share, signed, size, tick


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"), (math.nan, "–"), (math.inf, "∞"), (0.0, "0"), (12006, "12,006"),
        (0.95412, "0.9541"), (41.8933, "41.893"), (-3.25, "−3.25"), (1.7e10 + 0.5, "1.700e+10"),
        (0.0000004, "4.000e−07"), (1234.56, "1,234.6"), (1.0, "1"),
    ],
)  # fmt: skip
def test_numbers(value: float | None, shown: str) -> None:
    assert number(value) == shown


def test_the_rest() -> None:
    assert [signed(v) for v in (0.25, -0.25, 0.0, None, 0.00000001)] == [
        "+0.2500",
        "−0.2500",
        "0",
        "–",
        "0",
    ]
    assert [size(v) for v in (0, 999, 1536, 3_000_000, 5 * 10**15)] == [
        "0 B", "999 B", "1.5 kB", "3.0 MB", "5000 TB",
    ]  # fmt: skip
    assert [seconds(v) for v in (0.44, 95, 3725)] == ["0.4 s", "1 min 35 s", "1 h 2 min"]
    assert [share(*v) for v in ((1, 8), (0, 8), (1, 10**6), (1, 0))] == [
        "12.5 %",
        "0.0 %",
        "< 0.1 %",
        "–",
    ]
    assert [tick(v) for v in (0.2, 2000.0, -0.5, 0.0)] == ["0.2", "2,000", "−0.5", "0"]
