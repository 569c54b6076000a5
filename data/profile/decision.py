"""What becomes of each column, and the sentence that says why."""

import math
import re
from dataclasses import dataclass, replace

import numpy as np

from data.columns import Treatment
from data.profile.column import Column
from data.profile.survey import Survey

ENOUGH_ROWS = 20
"""With fewer rows, all values being different means little."""
FEW_INTEGERS = 12
CATEGORY_INTEGERS = 1_000
MOST_VOCABULARY = 1_000
"""More different texts than this are hashed."""
PROSE_WORDS = 5
LONG_TAIL = 10.0
"""Longest to typical: the 99th percentile against the median."""
EARLIEST, LATEST = 631_152_000, 2_524_608_000
"""Unix seconds of 1990 and 2050: whole numbers between them may be times."""
IDENTIFIER = re.compile(
    r"(^|[_\s.-])(id|ids|uuid|guid|key|index|idx|no|nr|num|number|row)$|^unnamed", re.I
)
CATEGORY = re.compile(
    r"(^|[_\s.-])(id|code|zip|postcode|plz|tract|area|zone|region|district|type|class|kind|category|group|month|weekday|day|hour|sex|gender)$",
    re.I,
)
LOCAL_DATE = re.compile(r"^[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}\b")
TIME = re.compile(
    r"time|date|(^|[_\s.-])(ts|at|when|created|updated|timestamp|epoch)($|[_\s.-])", re.I
)


@dataclass(frozen=True)
class Decision:
    """One column's treatment."""

    name: str
    type: str
    """INT, FLOAT or BYTES."""
    treatment: Treatment | None
    """None: excluded, not even ingested."""
    why: str
    buckets: int = 0
    """hash: how many; 0: the default."""
    warning: str = ""
    prose: bool = False
    """Free text: of no use beside columns, all of it where there is nothing else."""


def as_text(decision: Decision) -> Decision:
    """Free text that a text model learns from."""
    return replace(decision, treatment=Treatment.TEXT, why="free text", prose=True)


def unused(decision: Decision) -> Decision:
    """A column that is checked, and that the model does not see."""
    if decision.treatment is None:
        return decision
    return replace(decision, treatment=Treatment.IGNORE, buckets=0, why="beside the text")


def decide(column: Column, found: Survey) -> Decision:
    """A column's treatment, from its values alone."""
    missing = column.rows - column.filled
    if column.several:
        return Decision(column.name, "BYTES", None, "several values in one row")
    if not column.filled or not column.evidence:
        return Decision(column.name, "BYTES", None, "empty in every row")
    if column.binary:
        return _binary(column)
    if column.distinct == 1 and column.counts:
        only = next(iter(column.counts)).decode()
        gap = f", missing in {missing:,} rows" if missing else " in every row"
        return Decision(column.name, column.type, Treatment.IGNORE, f"always '{_short(only)}'{gap}")
    decision = _number(column) if column.is_number else _text(column, found)
    if missing:
        share = missing / column.rows
        decision = replace(decision, why=f"{decision.why}; missing in {_share(share)}")
    return decision


def _binary(column: Column) -> Decision:
    if column.name == "image" or "image" in column.name.lower():
        return Decision(column.name, "BYTES", Treatment.IMAGE, "encoded pictures")
    return Decision(
        column.name,
        "BYTES",
        Treatment.IGNORE,
        "binary values",
        warning='if these are pictures, write "image"',
    )


def _number(column: Column) -> Decision:
    kind, name = column.type, column.name
    span = f"{_figure(column.low)} to {_figure(column.high)}"
    warning = "holds infinite values, which the validator will report" if column.infinite else ""
    if column.is_integer and column.all_different and column.filled >= ENOUGH_ROWS:
        dense = column.high - column.low < 1.5 * column.filled
        if dense or IDENTIFIER.search(name):
            why = f"{_distinct(column)} in {column.filled:,} rows: an identifier"
            return Decision(name, kind, Treatment.IGNORE, why)
    if column.moments and column.low >= 0:
        return Decision(name, "INT", Treatment.DATE, "dates, by the file's own type")
    if _is_unix_time(column):
        return Decision(name, "INT", Treatment.DATE, f"unix seconds, {span}")
    if column.is_integer:
        category = _integer_category(column, kind, span)
        if category is not None:
            return category
    if column.low >= 0 and _long_tailed(column):
        return Decision(name, kind, Treatment.LOG, f"{span}, long tail", warning=warning)
    return Decision(name, kind, Treatment.ZSCORE, span, warning=warning)


def _is_unix_time(column: Column) -> bool:
    within = column.is_integer and column.low >= EARLIEST and column.high <= LATEST
    named = TIME.search(column.name) is not None and CATEGORY.search(column.name) is None
    return within and named


def _integer_category(column: Column, kind: str, span: str) -> Decision | None:
    """Whole numbers that are names of things rather than amounts."""
    if kind != "INT":
        return None
    distinct = column.distinct
    if distinct == 2 and column.low == 0 and column.high == 1:
        return Decision(column.name, kind, Treatment.RAW, "0 or 1")
    few = distinct <= FEW_INTEGERS and distinct * 10 <= column.filled
    named = CATEGORY.search(column.name) is not None and distinct <= CATEGORY_INTEGERS
    if few or (named and distinct * 5 <= column.filled):
        why = f"{distinct:,} different whole numbers, {span}"
        return Decision(column.name, kind, Treatment.VOCABULARY, why)
    if CATEGORY.search(column.name) and distinct > CATEGORY_INTEGERS:
        why = f"{distinct:,} different codes"
        return Decision(column.name, kind, Treatment.HASH, why, buckets=_buckets(distinct))
    return None


def _text(column: Column, found: Survey) -> Decision:
    name = column.name
    if column.dates:
        return Decision(name, "BYTES", Treatment.DATE, "dates as text")
    warning = _mixed(column, found) or _local_dates(column)
    distinct = _distinct(column)
    if column.all_different and column.filled >= ENOUGH_ROWS and not warning:
        if _words(column) >= PROSE_WORDS:
            why = "free text, different in every row"
            return Decision(name, "BYTES", Treatment.IGNORE, why, prose=True)
        why = f"{distinct} in {column.filled:,} rows: an identifier"
        return Decision(name, "BYTES", Treatment.IGNORE, why)
    mostly_different = column.distinct > 0.5 * column.sampled >= 0.5 * ENOUGH_ROWS
    if mostly_different and _words(column) >= PROSE_WORDS:
        why = f"free text, {distinct} in {column.filled:,} rows"
        return Decision(name, "BYTES", Treatment.IGNORE, why, warning=warning, prose=True)
    if column.distinct > MOST_VOCABULARY:
        buckets = _buckets(column.distinct)
        return Decision(name, "BYTES", Treatment.HASH, distinct, buckets=buckets, warning=warning)
    return Decision(name, "BYTES", Treatment.VOCABULARY, distinct, warning=warning)


def _mixed(column: Column, found: Survey) -> str:
    """A warning where most values are numbers but not all."""
    if column.decimal_commas and column.decimal_commas + column.numeric == column.filled:
        return "numbers with a decimal comma are read as text; write them with a point"
    if column.odd is None or not column.numeric or column.numeric * 2 < column.filled:
        return ""
    where = found.where_odd(column.odd)
    return (
        f"mixed: {column.numeric:,} of {column.filled:,} values are numbers, but not "
        f"'{_short(column.odd.text)}' ({where}); so all are taken as text"
    )


def _local_dates(column: Column) -> str:
    """A warning where values look like dates that are not ISO 8601."""
    texts = [text for part in column.sample[:1] for text in part[:50].to_pylist() if text]
    if not texts or not all(LOCAL_DATE.match(str(text)) for text in texts):
        return ""
    return f"'{_short(str(texts[0]))}' looks like a date; written as 2024-02-29 it is used as one"


def _long_tailed(column: Column) -> bool:
    values = column.numbers()
    if len(values) < ENOUGH_ROWS:
        return False
    positive = values[values > 0]
    if not len(positive):
        return False
    middle, far = np.quantile(positive, [0.5, 0.99])
    deviation = values.std()
    skew = float(((values - values.mean()) ** 3).mean() / deviation**3) if deviation else 0.0
    return bool(far > LONG_TAIL * middle or skew > 3)


def _words(column: Column) -> float:
    """Words per value, in the first of the sample."""
    texts = [text for part in column.sample[:1] for text in part[:200].to_pylist() if text]
    return sum(len(str(text).split()) for text in texts) / len(texts) if texts else 0.0


def _buckets(distinct: int) -> int:
    return int(min(10_000, 2 ** math.ceil(math.log2(distinct))))


def _distinct(column: Column) -> str:
    more = "at least " if column.counts is None and column.sampled < column.filled else ""
    return f"{more}{column.distinct:,} different values"


def _share(share: float) -> str:
    return f"{share:.1%} of the rows" if share >= 0.001 else "less than 0.1% of the rows"


def _figure(value: float) -> str:
    return f"{int(value)}" if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 40 else flat[:37] + "..."
