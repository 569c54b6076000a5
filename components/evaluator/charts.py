"""What is drawn of a slice: curves, calibration, confusion, residuals, distances; bounded in size."""

from typing import Any

import numpy as np

from components.evaluator.ranks import Curve
from components.evaluator.sequences import Array
from components.evaluator.tally import Tally
from data.tasks import Task

POINTS = 200
"""Most points of a curve; of all classes together ten times as many, at least 20 each."""
BUCKETS = 20
"""Of calibration, equal in weight."""
BARS = 40
"""Of the residuals' histogram."""
_SAMPLE = 1000


def charts(tally: Tally, classes: list[str]) -> dict[str, Any]:
    """What plots.json holds of a slice; empty where no metric is defined.

    Args:
      tally: of the slice.
      classes: names in class order; empty for a task without classes.
    """
    if tally.why_not():
        return {}
    found: dict[str, Any] = {}
    if tally.curves:
        names = [""] if tally.task is Task.BINARY else classes
        most = max(20, min(POINTS, 10 * POINTS // len(names)))
        curves = dict(zip(names, tally.curves, strict=True))
        found["roc"] = {name: roc(curve, most) for name, curve in curves.items()}
        found["pr"] = {name: precision_recall(curve, most) for name, curve in curves.items()}
        found["calibration"] = {name: calibration(curve) for name, curve in curves.items()}
    if tally.confusion is not None:
        found["confusion"] = {"classes": classes, "weights": tally.confusion.tolist()}
    if tally.task is Task.MULTILABEL:
        found["confusion_per_class"] = _two_by_two(tally, classes)
    if tally.task is Task.REGRESSION and tally.sample is not None:
        found["residuals"] = residuals(tally)
    if tally.distances is not None:
        there = np.flatnonzero(tally.distances)
        found["distances"] = [[int(d), float(tally.distances[d])] for d in there]
    return found


def roc(curve: Curve, most: int = POINTS) -> list[list[float]]:
    """[false positive rate, true positive rate, threshold], from (0, 0) to (1, 1); empty with one
    side only."""
    scores, positives, negatives = curve.steps()
    if not positives.sum() > 0 or not negatives.sum() > 0:
        return []
    hits: Array = np.append(0.0, positives.cumsum() / positives.sum())
    alarms: Array = np.append(0.0, negatives.cumsum() / negatives.sum())
    chosen = _spread(hits, alarms, most)
    thresholds: Array = np.append(max(1.0, scores[0]), scores)
    return _rounded(alarms[chosen], hits[chosen], thresholds[chosen])


def precision_recall(curve: Curve, most: int = POINTS) -> list[list[float]]:
    """[recall, precision, threshold], by falling threshold; empty without positives."""
    scores, positives, negatives = curve.steps()
    if not positives.sum() > 0:
        return []
    hits, alarms = positives.cumsum(), negatives.cumsum()
    counted = hits + alarms > 0
    hits, alarms, scores = hits[counted], alarms[counted], scores[counted]
    recall, precision = hits / hits[-1], hits / (hits + alarms)
    chosen = _spread(recall, precision, most)
    return _rounded(recall[chosen], precision[chosen], scores[chosen])


def calibration(curve: Curve) -> list[list[float]]:
    """[mean prediction, share of positives, weight of rows] of buckets of about equal weight."""
    scores, positives, negatives = (item[::-1] for item in curve.steps())
    weights = positives + negatives
    total = weights.cumsum()
    if not len(total) or not total[-1] > 0:
        return []
    bucket = np.minimum((total - weights / 2) * BUCKETS // total[-1], BUCKETS - 1).astype(int)
    sums = [np.bincount(bucket, item, BUCKETS) for item in (weights * scores, positives, weights)]
    there = sums[2] > 0
    return _rounded(
        sums[0][there] / sums[2][there], sums[1][there] / sums[2][there], sums[2][there]
    )


def residuals(tally: Tally) -> dict[str, Any]:
    """Histogram of prediction - label and pairs of both, from the tally's sample of rows; the
    histogram's weights are scaled to the whole slice."""
    sample = tally.sample
    assert sample is not None and tally.sums is not None
    sample = sample.rows(np.argsort(sample.draws, kind="stable"))
    error = sample.predictions[:, 0] - sample.labels
    share = tally.sums[0] / sample.weights.sum() if sample.weights.sum() else 0.0
    weights, edges = np.histogram(error, BARS, weights=sample.weights)
    return {
        "histogram": _rounded(edges[:-1], edges[1:], weights * share),
        "sample": _rounded(sample.labels[:_SAMPLE], sample.predictions[:_SAMPLE, 0]),
    }


def _two_by_two(tally: Tally, classes: list[str]) -> dict[str, list[list[float]]]:
    sums, columns = tally.sums, tally.columns
    assert sums is not None
    hits, labelled, chosen = (sums[columns[name]] for name in ("hits", "labelled", "chosen"))
    neither = sums[columns["rows"]] - labelled - chosen + hits
    return {
        name: [
            [float(neither[n]), float(chosen[n] - hits[n])],
            [float(labelled[n] - hits[n]), float(hits[n])],
        ]
        for n, name in enumerate(classes)
    }


def _spread(x: Array, y: Array, most: int) -> Array:
    """At most so many points, evenly along the curve, with both ends."""
    if len(x) <= most:
        return np.arange(len(x))
    way = np.cumsum(np.abs(np.diff(x, prepend=x[0])) + np.abs(np.diff(y, prepend=y[0])))
    return np.unique(np.append(np.searchsorted(way, np.linspace(0, way[-1], most - 1)), len(x) - 1))


def _rounded(*columns: Array) -> list[list[float]]:
    """Rows of numbers with seven digits: charts need no more, and files stay small."""
    return [[float(f"{value:.7g}") for value in row] for row in zip(*columns, strict=True)]
