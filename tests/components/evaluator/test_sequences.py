"""Sequences against a plain edit distance and against sacrebleu."""

import itertools
import math

import numpy as np
import pytest
import sacrebleu

from components.evaluator.chunk import from_arrays
from components.evaluator.sequences import COLUMNS, compare, edit_distance
from components.evaluator.tally import Tally
from data.metrics import metrics_for
from data.tasks import Task

RANDOM = np.random.default_rng(5)


def plain(a: list[str], b: list[str]) -> int:
    """Wagner and Fischer's table."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def some(length: int, letters: str = "abc") -> list[str]:
    return [str(token) for token in RANDOM.choice(list(letters), length)]


def test_edit_distance_of_all_short_words() -> None:
    words = [list(w) for n in range(5) for w in itertools.product("ab", repeat=n)]
    for a, b in itertools.product(words, repeat=2):
        assert edit_distance(a, b) == plain(a, b), (a, b)


@pytest.mark.parametrize("sizes", [(1, 1), (63, 64), (64, 65), (65, 3), (200, 180), (0, 9), (9, 0)])
def test_edit_distance_of_long_ones(sizes: tuple[int, int]) -> None:
    for letters in ("a", "ab", "abcdefgh"):
        a, b = some(sizes[0], letters), some(sizes[1], letters)
        assert edit_distance(a, b) == plain(a, b)


def corpus(rows: list[tuple[str, str]], weights: list[float] | None = None) -> Tally:
    counts = np.array([compare(truth, guess) for truth, guess in rows])
    w = None if weights is None else np.array(weights)
    return Tally.of(Task.SEQUENCE, from_arrays(np.arange(len(rows)), counts, w))


def varied() -> list[tuple[str, str]]:
    found = []
    for _ in range(200):
        truth = some(int(RANDOM.integers(1, 12)), "abcdef")
        guess = [t for t in truth if RANDOM.random() > 0.1] + some(int(RANDOM.integers(0, 3)))
        found.append((" ".join(truth), " ".join(guess)))
    return found


CORPORA = {
    "random": varied(),
    "right": [("a b c d e", "a b c d e")] * 3,
    "short": [("a b", "a b"), ("c", "c")],
    "empty answers": [("a b c d", ""), ("b c d e f", "b c d e")],
    "only empty answers": [("a b c d", "")],
    "empty labels": [("", "a b"), ("a b c d e", "a b c d e f")],
    "nothing right": [("a b c d e", "v w x y z")],
    "no run of four": [("a b c d e f", "a b c x d e f")],
    "a single row": [("a b c d e f g", "a b c d f g")],
    "stuttering": [("a b c d", "a a a a b b b b")],
    "tokens that are no words": [("ˈɡ uː1 - , .", "ˈɡ uː1 - ; .")],
}


@pytest.mark.parametrize("case", CORPORA)
def test_a_corpus(case: str) -> None:
    pairs = CORPORA[case]
    measured = corpus(pairs)
    bleu = sacrebleu.corpus_bleu(
        [guess for _, guess in pairs],
        [[truth for truth, _ in pairs]],
        tokenize="none",
        force=True,
    )
    distances = [plain(truth.split(), guess.split()) for truth, guess in pairs]
    expected = {
        "edit_distance": np.mean(distances),
        "phoneme_error_rate": sum(distances) / sum(len(truth.split()) for truth, _ in pairs),
        "exact_match": np.mean([truth == guess for truth, guess in pairs]),
        "bleu": bleu.score,
    }
    assert set(expected) == {metric.key for metric in metrics_for(Task.SEQUENCE)}
    for key, value in expected.items():
        assert measured.value(key) == pytest.approx(value, rel=1e-9, abs=1e-12), key


def test_a_weight_of_two_is_the_row_twice() -> None:
    pairs = varied()[:20]
    weighted = corpus(pairs, [2.0] * 10 + [1.0] * 10)
    repeated = corpus(pairs + pairs[:10])
    for metric in metrics_for(Task.SEQUENCE):
        assert weighted.value(metric.key) == pytest.approx(repeated.value(metric.key))


def test_no_tokens_in_the_labels_no_error_rate() -> None:
    measured = corpus([("", "a"), ("", "")])
    assert math.isnan(measured.value("phoneme_error_rate"))
    assert measured.value("edit_distance") == 0.5 and measured.value("exact_match") == 0.5


def test_the_columns_are_what_is_counted() -> None:
    row = dict(zip(COLUMNS, compare("a b c", "a b"), strict=True))
    assert row["edits"] == 1 and row["reference_tokens"] == 3 and row["tokens"] == 2
    assert (row["matched_2"], row["guessed_2"], row["guessed_3"]) == (1, 1, 0)
