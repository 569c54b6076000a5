"""What one predicted sequence adds to the metrics of a corpus: counts, which merge by adding.

Edit distance: Levenshtein's over tokens (insertions, deletions and substitutions cost 1), by the
bit-parallel algorithm of Myers (1999) as simplified by Hyyrö (2003): one Python integer holds a
column of the table, so a token costs a handful of integer operations however long the other side is.
BLEU: Papineni et al. (2002), as sacrebleu computes it over a corpus with `tokenize="none"`.
"""

from collections import Counter
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""A numpy array."""

ORDERS = 4
"""BLEU compares runs of one to four tokens."""
COLUMNS = (
    "edits",
    "reference_tokens",
    "tokens",
    "exact",
    *(f"matched_{n + 1}" for n in range(ORDERS)),
    *(f"guessed_{n + 1}" for n in range(ORDERS)),
)


def tokens(text: str) -> list[str]:
    """The tokens of a text: what stands between spaces."""
    return text.split()


def compare(reference: str, prediction: str) -> Array:
    """The counts of one row, in the order of `COLUMNS`.

    Args:
      reference: the label; tokens with spaces between them, none at all for an empty sequence.
      prediction: the answer, in the same form.
    """
    truth, guess = tokens(reference), tokens(prediction)
    matched, guessed = zip(*(_shared_runs(truth, guess, n + 1) for n in range(ORDERS)), strict=True)
    counts = (edit_distance(truth, guess), len(truth), len(guess), truth == guess)
    return np.array((*counts, *matched, *guessed), np.float64)


def edit_distance(truth: list[str], guess: list[str]) -> int:
    """The least number of insertions, deletions and substitutions from one to the other."""
    if not truth:
        return len(guess)
    places: dict[str, int] = {}
    for position, token in enumerate(truth):
        places[token] = places.get(token, 0) | 1 << position
    mask, last = (1 << len(truth)) - 1, 1 << len(truth) - 1
    distance, up, down = len(truth), mask, 0  # columns start 0, 1, 2, …: every step is up
    for token in guess:
        equal = places.get(token, 0)
        diagonal = (((equal & up) + up) ^ up) | equal | down
        right, left = down | (mask & ~(diagonal | up)), up & diagonal
        distance += bool(right & last) - bool(left & last)
        right = (right << 1 | 1) & mask
        up, down = (left << 1 | (mask & ~(diagonal | right))) & mask, right & diagonal
    return distance


def _shared_runs(truth: list[str], guess: list[str], length: int) -> tuple[int, int]:
    """How many runs of the guess occur in the truth (each as often at most), and how many it has."""
    if len(guess) < length:
        return 0, 0
    there = Counter(zip(*(truth[start:] for start in range(length)), strict=False))
    here = Counter(zip(*(guess[start:] for start in range(length)), strict=False))
    return sum((there & here).values()), len(guess) - length + 1
