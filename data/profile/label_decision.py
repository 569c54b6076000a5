"""From a label's values to the task, the classes in the model's order, and what is odd about them."""

from collections import Counter

from data.profile import label_sets
from data.profile.column import Column
from data.profile.label import Label
from data.profile.survey import Survey
from data.reading.errors import DataError
from data.tasks import Task

MOST_CLASSES = 1_000
MOST_INTEGER_CLASSES = 20
"""Integers with more different values are taken for a quantity."""
FEW_ROWS = 10
"""A class with fewer may be absent from a split of a tenth."""
UNBALANCED = 5
"""So many times the rarest class the most frequent one has to be for a note."""
POSITIVE = (
    "yes",
    "true",
    "positive",
    "pos",
    "1",
    "y",
    "t",
    "spam",
    "fraud",
    "churn",
    "churned",
    "sick",
    "bad",
    "fail",
    "failed",
    "defect",
)
NEGATIVE = (
    "no",
    "false",
    "negative",
    "neg",
    "0",
    "n",
    "f",
    "ham",
    "normal",
    "ok",
    "healthy",
    "good",
    "pass",
    "passed",
    "-1",
)


def decide(found: Survey, name: str, task: Task | None = None, partly: bool = False) -> Label:
    """The task and the classes.

    Args:
      found: the surveyed data.
      name: the label's column.
      task: what the user says; None: from the values.
      partly: rows without a label are wanted.

    Raises:
      DataError: a label that is missing, constant, incomplete, or no label for the task.
    """
    column = found.columns[name]
    if column.binary:
        raise DataError(f"The label '{name}' holds binary values, neither text nor numbers.")
    counts = _texts(column)
    if task in (None, Task.MULTILABEL) and (column.several or task or not column.is_number):
        sets = label_sets.of_column(column, counts, asked=task is Task.MULTILABEL)
        if sets is not None:
            return sets
    if column.several:
        raise DataError(f"The label '{name}' has several values in one row; one is needed.")
    _check_filled(found, column, partly)
    if task is Task.SEQUENCE:
        return Label(name, task, "as you asked: tokens with one space between them")
    chosen, why, notes = (task, "as you asked", []) if task else _infer(column, counts)
    if chosen is Task.REGRESSION:
        _check_regression(found, column)
        return Label(name, chosen, why, notes=tuple(notes))
    if counts is None or len(counts) > MOST_CLASSES:
        raise DataError(
            f"The label '{name}' has more than {MOST_CLASSES:,} different values: too many classes."
            + (" For a quantity use --task regression." if column.is_number else "")
        )
    if chosen is Task.BINARY and len(counts) != 2:
        raise DataError(
            f"--task binary needs a label with two classes; '{name}' has {len(counts)}: "
            f"{_list(list(counts))}."
        )
    classes, order = _order(chosen, counts)
    notes += order + _notes(counts, found.rows)
    return Label(name, chosen, why, classes, dict(counts), tuple(notes))


def _check_filled(found: Survey, column: Column, partly: bool) -> None:
    lacking = column.rows - column.filled
    if not column.filled:
        raise DataError(f"The label '{column.name}' is empty in all {column.rows:,} rows.")
    if lacking and not partly:
        first = f" (first: {found.place(*column.first_missing)})" if column.first_missing else ""
        raise DataError(
            f"The label '{column.name}' is missing in {lacking:,} of {column.rows:,} rows{first}. "
            "Such rows can be predicted but not learned from: remove them, or set data.unlabelled = "
            '"empty" in a configuration of your own, which keeps them apart.'
        )
    if column.counts is not None and len(column.counts) == 1:
        (only,) = column.counts
        raise DataError(
            f"The label '{column.name}' is '{only.decode(errors='replace')}' in every row; "
            "there is nothing to tell apart."
        )


def _texts(column: Column) -> Counter[str] | None:
    """Rows per class; None where the values are too many or too long to be classes."""
    if column.counts is None:
        return None
    return Counter({value.decode(): count for value, count in column.counts.items()})


def _infer(column: Column, counts: Counter[str] | None) -> tuple[Task, str, list[str]]:
    if counts is not None and len(counts) == 2:
        return Task.BINARY, "two classes", []
    if not column.is_number:
        if counts is None or len(counts) > MOST_CLASSES or len(counts) * 2 > column.filled:
            hint = ""
            if column.numeric * 2 > column.filled and column.odd is not None:
                hint = f" Most are numbers, but not '{column.odd.text[:40]}'."
            raise DataError(
                f"The label '{column.name}' is text with {_number(column, counts)} different values "
                f"in {column.filled:,} rows: neither classes nor a quantity.{hint}"
            )
        return Task.MULTICLASS, f"text with {len(counts)} different values", []
    few = counts is not None and len(counts) <= min(MOST_INTEGER_CLASSES, column.filled // 5)
    if counts is not None and few and column.is_integer:
        doubt = [
            f"{len(counts)} different whole numbers are taken for classes; if they are a "
            "quantity, use --task regression"
        ]
        return Task.MULTICLASS, f"{len(counts)} different whole numbers", doubt
    what = "whole numbers" if column.is_integer else "numbers"
    notes = []
    if counts is not None and len(counts) <= 10 * MOST_INTEGER_CLASSES and column.is_integer:
        notes.append("taken for a quantity; if they are classes, use --task multiclass")
    return Task.REGRESSION, f"{_number(column, counts)} different {what}", notes


def _check_regression(found: Survey, column: Column) -> None:
    if not column.is_number:
        odd = (
            ""
            if column.odd is None
            else (f": '{column.odd.text[:40]}' in {found.where_odd(column.odd)} is no number")
        )
        raise DataError(
            f"--task regression needs a label of numbers, and '{column.name}' is text{odd}."
        )
    if column.infinite:
        raise DataError(
            f"The label '{column.name}' is infinite in some row; a model cannot aim at that."
        )


def _order(task: Task, counts: Counter[str]) -> tuple[tuple[str, ...], list[str]]:
    """The classes in the model's order, and a note where that is a choice."""
    names = sorted(counts, key=_natural)
    if task is Task.MULTICLASS:
        return tuple(names), []
    lower = {name: name.strip().lower() for name in names}
    for last in names:
        (first,) = (name for name in names if name != last)
        if lower[last] in POSITIVE and lower[first] not in POSITIVE:
            return (first, last), []
        if lower[first] in NEGATIVE and lower[last] not in NEGATIVE:
            return (first, last), []
    if all(_is_number(name) for name in names):
        return tuple(names), []
    first, last = sorted(names, key=lambda name: (-counts[name], name))
    return (first, last), [
        f"'{last}', the rarer class, is the positive one; turn it round with positive = \"{first}\""
    ]


def _notes(counts: Counter[str], rows: int) -> list[str]:
    notes = []
    rare = sorted((name for name in counts if counts[name] < FEW_ROWS), key=_natural)
    if rare:
        shown = _list([f"{name} ({counts[name]})" for name in rare])
        notes.append(
            f"classes with fewer than {FEW_ROWS} rows, which eval or test may not contain: {shown}"
        )
    most, least = counts.most_common()[0], counts.most_common()[-1]
    if most[1] >= UNBALANCED * least[1]:
        notes.append(
            f"unbalanced: '{most[0]}' in {most[1] / rows:.1%} of the rows, '{least[0]}' in "
            f"{least[1] / rows:.2%}. Judge by auc, recall and f1, not by accuracy, of "
            f"which always saying '{most[0]}' already has {most[1] / rows:.3f}; "
            "train.balance_classes = true gives rare classes more weight"
        )
    folded = Counter(name.strip().casefold() for name in counts)
    twins = [name for name in counts if folded[name.strip().casefold()] > 1]
    if twins:
        notes.append(
            f"classes that differ only by case or blanks, each a class of its own: "
            f"{_list([repr(name) for name in sorted(twins)])}"
        )
    return notes


def _natural(name: str) -> tuple[int, float, str]:
    """Numbers in numeric order and before text."""
    return (0, float(name), name) if _is_number(name) else (1, 0.0, name)


def _is_number(text: str) -> bool:
    try:
        return float(text) == float(text)
    except ValueError:
        return False


def _number(column: Column, counts: Counter[str] | None) -> str:
    return f"{len(counts):,}" if counts is not None else f"at least {column.distinct:,}"


def _list(names: list[str], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
