"""The median rule: a trial that is worse than half of the others were at the same epoch is ended."""

from collections.abc import Sequence
from statistics import median

_LEAST = 4
"""Trials that must have ended before any is compared with them."""


def hopeless(
    curve: Sequence[float], others: Sequence[Sequence[float]], higher: bool, after: int
) -> bool:
    """Whether to end a trial (Golovin et al. 2017, "Google Vizier", section 3.2.2, with the best value
    so far in place of the running mean, as the best epoch is the one that is kept).

    Args:
      curve: what the trial had reached after each epoch so far.
      others: the same of trials that have ended, pruned ones too; one that ended earlier counts with
        what it had reached then.
      higher: whether higher is better.
      after: never before so many epochs.
    """
    epochs = len(curve)
    if epochs < after or len(others) < _LEAST:
        return False
    bound = median(other[min(epochs, len(other)) - 1] for other in others)
    return curve[-1] < bound if higher else curve[-1] > bound
