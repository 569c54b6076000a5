"""components/tuner/pruning.py: the median rule, by hand."""

import pytest

from components.tuner.pruning import hopeless

OTHERS = [[0.9, 0.5, 0.3], [0.8, 0.6, 0.2], [0.7, 0.4], [1.0, 0.7, 0.6]]
"""After two epochs 0.5, 0.6, 0.4 and 0.7: the median is 0.55; after three 0.3, 0.2, 0.4, 0.6."""


@pytest.mark.parametrize(
    ("curve", "ended"),
    [
        ([0.9, 0.56], True),
        ([0.9, 0.55], False),  # as good as the median
        ([0.9, 0.54], False),
        ([0.9, 0.54, 0.36], True),  # 0.35 is the median: one that ended at 0.4 counts as 0.4
        ([0.9, 0.54, 0.34], False),
        ([9.0], False),  # too early
    ],
)
def test_worse_than_the_median_at_the_same_epoch_is_hopeless(
    curve: list[float], ended: bool
) -> None:
    assert hopeless(curve, OTHERS, higher=False, after=2) is ended


def test_where_higher_is_better_the_sign_turns() -> None:
    assert hopeless([0.1, 0.5], OTHERS, higher=True, after=2)
    assert not hopeless([0.1, 0.6], OTHERS, higher=True, after=2)


def test_a_few_trials_are_no_measure_for_others() -> None:
    assert not hopeless([9.0, 9.0], OTHERS[:3], higher=False, after=2)
    assert not hopeless([9.0, 9.0], OTHERS, higher=False, after=3)
