"""Columns that tell the label by themselves, which real life seldom offers before the fact."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.profile.column import Column
from data.profile.label import Label
from data.reading import kinds
from data.tasks import Task

SUSPICIOUS_AUC = 0.95
SUSPICIOUS_CORRELATION = 0.999
FEWEST_ROWS = 30
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


def leak(column: Column, label_column: Column, label: Label) -> str:
    """Why a column may give the label away; empty where it does not.

    Looks at the sample only, and at rows in which column and label are filled.

    Args:
      column: a column that is not the label.
      label_column: the label's.
      label: what was decided about it.
    """
    if column.several or column.binary or not column.sample or column.sampled < FEWEST_ROWS:
        return ""
    values, answers = pa.chunked_array(column.sample), pa.chunked_array(label_column.sample)
    if len(values) != len(answers):
        return ""
    filled = pc.and_(values.is_valid(), answers.is_valid())
    values, answers = values.filter(filled), answers.filter(filled)
    if label.task is Task.REGRESSION:
        return _of_numbers(column, values, label_column, answers)
    texts = pa.chunked_array([kinds.text_of(part) for part in answers.chunks])
    number = {name.encode(): place for place, name in enumerate(label.classes)}
    classes = np.array([number[name] for name in texts.to_pylist()])
    return _maps_to(column, values, classes, label.name) or (
        _separates(column, values, classes, label) if label.task is Task.BINARY else ""
    )


def _maps_to(
    column: Column,
    values: pa.ChunkedArray,
    classes: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    label: str,
) -> str:
    """Each value occurs with one class only, though values and classes repeat."""
    if column.distinct * 3 > column.filled or column.distinct < 2 or len(set(classes.tolist())) < 2:
        return ""
    codes = values.combine_chunks().dictionary_encode().indices.to_numpy()
    pairs = len(np.unique(codes.astype(np.int64) * (int(classes.max()) + 1) + classes))
    if pairs != len(np.unique(codes)):
        return ""
    return f"every value of it occurs with one value of '{label}' only"


def _separates(
    column: Column,
    values: pa.ChunkedArray,
    classes: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    label: Label,
) -> str:
    """One threshold on a number, or one rate per text, tells the classes apart almost perfectly."""
    if not column.is_number:
        return ""
    parts = [kinds.numbers(part, column.missing) for part in values.chunks]
    floats = np.concatenate([part.to_numpy(zero_copy_only=False) for part in parts])
    known = np.isfinite(floats)
    area = _auc(floats[known], classes[known])
    if area < SUSPICIOUS_AUC:
        return ""
    return f"it alone ranks '{label.name}' with an AUC of {area:.3f}"


def _auc(floats: Floats, classes: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> float:
    """Area under the ROC curve of a number as the score, whichever way it points; ties count half."""
    positive = int(classes.sum())
    negative = len(classes) - positive
    if not positive or not negative:
        return 0.0
    _, places, sizes = np.unique(floats, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[places]
    area = (ranks[classes == 1].sum() - positive * (positive + 1) / 2) / (positive * negative)
    return float(max(area, 1 - area))


def _of_numbers(
    column: Column, values: pa.ChunkedArray, label_column: Column, answers: pa.ChunkedArray
) -> str:
    """The label up to a factor."""
    if not column.is_number or column.distinct < FEWEST_ROWS:
        return ""
    x = _floats(values, column)
    y = _floats(answers, label_column)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) < FEWEST_ROWS or x.std() == 0 or y.std() == 0:
        return ""
    together = abs(float(np.corrcoef(x, y)[0, 1]))
    if together < SUSPICIOUS_CORRELATION:
        return ""
    return f"its correlation with '{label_column.name}' is {together:.4f}"


def _floats(values: pa.ChunkedArray, column: Column) -> Floats:
    parts = [kinds.numbers(part, column.missing) for part in values.chunks]
    floats: Floats = np.concatenate([part.to_numpy(zero_copy_only=False) for part in parts])
    return floats
