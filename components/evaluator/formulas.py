"""Metrics from sums: one formula for the value and for every bootstrap replicate of it.

Each equals scikit-learn's with `zero_division=0.0` (sacrebleu's for BLEU) and is NaN where it is not
defined, so that no gate passes on it: a class in neither labels nor decisions has no precision,
recall or f1; labels that are all equal have no r2; without reference tokens there is no error rate.
Macro averages are over the classes that have a value; for precision, recall and f1 these are, as in
scikit-learn, the classes that occur in labels or decisions. Weighted averages weigh each class by
its labelled rows.
"""

import numpy as np

from components.evaluator import sequences
from components.evaluator.contributions import Columns
from components.evaluator.sequences import Array
from data.tasks import Task

_DECIDED = ("precision", "recall", "f1")


def value(columns: Columns, key: str, sums: Array, class_id: int = -1) -> Array:
    """One metric of each set of sums.

    Args:
      columns: the layout of `sums`.
      key: a metric key that needs no ranking, without `/<class>`.
      sums: (sets, columns.width), with `rows` above 0.
      class_id: one class, -1 for all of them.

    Returns:
      (sets,) float64.

    Raises:
      ValueError: no such key for this task.
    """
    rows = sums[:, columns["rows"]]
    with np.errstate(divide="ignore", invalid="ignore"):
        if columns.task is Task.REGRESSION:
            return _regression(columns, key, sums, rows)
        if columns.task is Task.SEQUENCE:
            return _sequence(columns, key, sums, rows)
        if key in ("accuracy", "subset_accuracy"):
            return sums[:, columns["correct"]] / rows
        if key == "log_loss":
            return sums[:, columns["loss"]] / rows
        if key == "hamming_loss":
            return sums[:, columns["wrong"]] / rows / columns.classes
        if key == "calibration":
            positive = sums[:, columns["positive"]]
            return np.where(positive > 0, sums[:, columns["score"]] / positive, np.nan)
        if key.startswith("top_"):
            return sums[:, columns[key.removesuffix("_accuracy")]] / rows
        return _decided(columns, key, sums, class_id)


def moved(columns: Columns, sums: Array, offset: float) -> Array:
    """The sums of a regression as they would be had their origin been lower by `offset`."""
    if columns.task is not Task.REGRESSION or not offset:
        return sums
    rows, label = sums[columns["rows"]], sums[columns["label"]]
    found = sums.copy()
    found[columns["label"]] = label + offset * rows
    found[columns["square"]] += 2 * offset * label + offset**2 * rows
    return found


def average(values: Array, labelled: Array | None = None) -> Array:
    """(sets, classes) -> (sets,): over the classes that have a value; NaN where none has.

    Args:
      values: per class, NaN where undefined.
      labelled: (sets, classes) weights; None: all the same.
    """
    defined = ~np.isnan(values)
    weights = defined * (1.0 if labelled is None else labelled)
    total = weights.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (np.where(defined, values, 0.0) * weights).sum(axis=1) / total
    return np.where(total > 0, mean, np.nan)


def _decided(columns: Columns, key: str, sums: Array, class_id: int) -> Array:
    """Precision, recall or F1: of one class against the rest, or an average."""
    how, _, plain = key.rpartition("_")
    if plain not in _DECIDED or how not in ("", "macro", "micro", "weighted"):
        raise ValueError(f"no metric '{key}' for task {columns.task.value}")
    hits, labelled, chosen = (sums[:, columns[name]] for name in ("hits", "labelled", "chosen"))
    if how == "micro":
        hits, labelled, chosen = (item.sum(axis=1)[:, None] for item in (hits, labelled, chosen))
    below = {"precision": chosen, "recall": labelled, "f1": (labelled + chosen) / 2}[plain]
    values = np.where(below > 0, hits / below, np.where(labelled + chosen > 0, 0.0, np.nan))
    if how == "micro":
        return values[:, 0]
    if class_id >= 0:
        return values[:, class_id]
    if columns.task is Task.BINARY:
        return values[:, 1]
    return average(values, labelled if how == "weighted" else None)


def _regression(columns: Columns, key: str, sums: Array, rows: Array) -> Array:
    if key == "mae":
        return sums[:, columns["absolute_error"]] / rows
    mse = sums[:, columns["squared_error"]] / rows
    if key == "r2":
        mean = sums[:, columns["label"]] / rows
        square = sums[:, columns["square"]] / rows
        spread = square - mean**2
        # Below what rounding leaves of equal labels there is no spread.
        return np.where(spread > 1e-12 * square, 1 - mse / spread, np.nan)
    return {"mse": mse, "rmse": np.sqrt(mse)}[key]


def _sequence(columns: Columns, key: str, sums: Array, rows: Array) -> Array:
    if key == "edit_distance":
        return sums[:, columns["edits"]] / rows
    if key == "exact_match":
        return sums[:, columns["exact"]] / rows
    truth = sums[:, columns["reference_tokens"]]
    if key == "phoneme_error_rate":
        return np.where(truth > 0, sums[:, columns["edits"]] / truth, np.nan)
    if key == "bleu":
        return _bleu(columns, sums, truth)
    raise ValueError(f"no metric '{key}' for task {columns.task.value}")


def _bleu(columns: Columns, sums: Array, truth: Array) -> Array:
    """Corpus BLEU from 0 to 100, smoothed as sacrebleu does by default (`exp`)."""
    runs = range(1, sequences.ORDERS + 1)
    matched = np.stack([sums[:, columns[f"matched_{n}"]] for n in runs], axis=1)
    guessed = np.stack([sums[:, columns[f"guessed_{n}"]] for n in runs], axis=1)
    halvings = np.cumsum((matched == 0) & (guessed > 0), axis=1)
    precision = np.where(matched > 0, matched / guessed, 1 / (2.0**halvings * guessed))
    known = np.where(guessed > 0, precision, 0.0)
    length = sums[:, columns["tokens"]]
    brevity = np.where(length < truth, np.exp(1 - truth / length), 1.0)
    found = 100 * brevity * np.exp(np.log(known).mean(axis=1))
    return np.where(matched.any(axis=1), found, 0.0)
