"""Intervals: against formulas and a plain bootstrap, paired, reproducible, scaled from a sample."""

import math

import numpy as np
import pytest
from sklearn import metrics as sk

from components.evaluator import bootstrap
from components.evaluator.bootstrap import Replicates
from components.evaluator.chunk import Chunk, from_arrays
from components.evaluator.tally import Kept, Tally
from data.metrics import has_overall_value, metrics_for
from data.tasks import Task

RANDOM = np.random.default_rng(9)
ROWS = 1500
LABELS = (RANDOM.random(ROWS) < 0.4).astype(float)
SCORES = np.clip(RANDOM.normal(0.4 + 0.2 * LABELS, 0.2), 0, 1)
OTHER = np.clip(SCORES + RANDOM.normal(0, 0.05, ROWS), 0, 1)


def tally(task: Task, chunk: Chunk, sample: int = 10_000) -> Tally:
    return Tally.of(task, chunk, Kept(sample=sample))


def interval(made: Tally, key: str, count: int = 2000, level: float = 0.95) -> tuple[float, float]:
    found = Replicates(made, count, 0).interval(made.value(key), key, -1, level)
    assert found is not None
    return found


BINARY = tally(Task.BINARY, from_arrays(LABELS, SCORES[:, None]))


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_accuracy_has_the_width_of_the_binomial(level: float) -> None:
    value = BINARY.value("accuracy")
    low, high = interval(BINARY, "accuracy", level=level)
    width = {0.8: 2 * 1.2816, 0.95: 2 * 1.96}[level] * math.sqrt(value * (1 - value) / ROWS)
    assert high - low == pytest.approx(width, rel=0.06)
    assert low < value < high


@pytest.mark.parametrize("key", ["auc", "auc_pr", "f1", "log_loss"])
def test_other_metrics_have_the_width_of_a_plain_bootstrap(key: str) -> None:
    score = {
        "auc": sk.roc_auc_score,
        "auc_pr": sk.average_precision_score,
        "f1": lambda y, p: sk.f1_score(y, p > 0.5),
        "log_loss": lambda y, p: sk.log_loss(y, np.clip(p, 1e-7, 1 - 1e-7)),
    }[key]
    picks = RANDOM.integers(0, ROWS, (600, ROWS))
    drawn = [score(LABELS[pick], SCORES[pick]) for pick in picks]
    expected = np.quantile(drawn, [0.025, 0.975])
    low, high = interval(BINARY, key)
    assert high - low == pytest.approx(expected[1] - expected[0], rel=0.12)
    assert [low, high] == pytest.approx(expected, abs=0.2 * (high - low))


def test_the_first_set_is_the_sample_itself_for_every_task_and_metric() -> None:
    several = (RANDOM.random((300, 3)) < 0.4).astype(float)
    scores = np.clip(0.4 * several + RANDOM.random((300, 3)) * 0.6, 0, 1)
    chosen = (scores > 0.5).astype(float)
    made = {
        Task.BINARY: from_arrays(LABELS, np.round(SCORES, 1)[:, None], RANDOM.random(ROWS)),
        Task.MULTICLASS: from_arrays(several.argmax(axis=1), scores),
        Task.MULTILABEL: from_arrays(several, np.concatenate([scores, chosen], axis=1)),
        Task.REGRESSION: from_arrays(1e6 + scores[:, 0], 1e6 + scores[:, :1] ** 2),
        Task.SEQUENCE: from_arrays(np.arange(300), RANDOM.integers(1, 9, (300, 12))),
    }
    for task, chunk in made.items():
        whole = tally(task, chunk)
        replicates = Replicates(whole, 50, 0)
        for metric in metrics_for(task):
            if has_overall_value(metric.key, task):
                values = replicates.values(metric.key)
                assert len(values) == 51 and len(set(values)) > 25
                expected = pytest.approx(whole.value(metric.key), rel=1e-9)
                assert values[0] == expected, (task, metric.key)
        if task in (Task.MULTICLASS, Task.MULTILABEL):
            assert replicates.values("auc", 2)[0] == pytest.approx(whole.value("auc", 2))
            assert replicates.values("f1", 2)[0] == pytest.approx(whole.value("f1", 2))


def test_two_models_are_compared_on_the_same_rows() -> None:
    other = tally(Task.BINARY, from_arrays(LABELS, OTHER[:, None]))
    here, there = Replicates(BINARY, 1000, 0), Replicates(other, 1000, 0)
    change = BINARY.value("auc") - other.value("auc")
    paired = here.interval(change, "auc", -1, 0.95, less=there)
    assert paired is not None
    alone = here.interval(BINARY.value("auc"), "auc", -1, 0.95)
    assert alone is not None
    assert paired[1] - paired[0] < (alone[1] - alone[0]) / 2  # the models agree on most rows
    same = here.interval(0.0, "auc", -1, 0.95, less=here)
    assert same == (0.0, 0.0)


def test_parts_and_their_order_do_not_matter_but_the_seed_does() -> None:
    chunk = from_arrays(LABELS, SCORES[:, None])
    parted = Tally(Task.BINARY, Kept(sample=10_000))
    for part in np.array_split(RANDOM.permutation(ROWS), 5):
        piece = Tally(Task.BINARY, Kept(sample=10_000))
        piece.add(chunk.rows(part))
        parted.merge(piece)
    assert interval(parted, "auc", 100) == pytest.approx(interval(BINARY, "auc", 100), rel=1e-12)
    value = BINARY.value("auc")
    assert Replicates(BINARY, 100, 1).interval(value, "auc", -1, 0.95) != interval(
        BINARY, "auc", 100
    )


def test_a_sample_gives_the_width_of_the_whole() -> None:
    rows = 40_000
    labels = (RANDOM.random(rows) < 0.4).astype(float)
    scores = np.clip(RANDOM.normal(0.4 + 0.2 * labels, 0.2), 0, 1)
    chunk = from_arrays(labels, scores[:, None])
    small, whole = tally(Task.BINARY, chunk, 4_000), tally(Task.BINARY, chunk, rows)
    for key in ("accuracy", "auc"):
        low, high = interval(small, key, 1000)
        expected = interval(whole, key, 1000)
        assert small.value(key) == whole.value(key)
        assert high - low == pytest.approx(expected[1] - expected[0], rel=0.15)
        assert [low, high] == pytest.approx(expected, abs=0.2 * (high - low))


def test_a_row_on_its_own_has_no_interval_where_replicates_have_no_value() -> None:
    lone = tally(Task.BINARY, from_arrays([1.0, 0.0], [[0.9], [0.1]]))
    assert Replicates(lone, 200, 0).interval(1.0, "auc", -1, 0.95) is None
    empty = tally(Task.BINARY, from_arrays([], np.zeros((0, 1))))
    assert bootstrap.of(empty, 200, 0) is None
    broken = tally(Task.BINARY, from_arrays([1.0, 0.0], [[math.nan], [0.1]]))
    assert bootstrap.of(broken, 200, 0) is None


def test_poisson_draws() -> None:
    drawn = bootstrap._poisson(50, 20_000, 3).astype(float)
    assert drawn.mean() == pytest.approx(1, abs=4e-3) and drawn.var() == pytest.approx(1, abs=8e-3)
    assert np.mean(drawn == 0) == pytest.approx(math.exp(-1), abs=2e-3)
