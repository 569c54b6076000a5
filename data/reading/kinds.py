"""Which type a column's values have (INT, FLOAT, BYTES), found batch by batch, and turning them into it."""

from enum import IntFlag
from functools import reduce
from operator import or_

import pyarrow as pa
import pyarrow.compute as pc

EXACT = 2**53
"""Up to here every whole float64 is one integer."""


class Evidence(IntFlag):
    """What has been seen of a column; evidence of two batches joins with `|`."""

    NOTHING = 0
    VALUES = 1
    """At least one cell is filled."""
    NOT_INT = 2
    NOT_FLOAT = 4
    NOT_BOOL = 8
    STRINGS = 16
    """The file itself says text (Parquet, tf.Example): not to be taken for numbers unasked."""
    LEADING_ZERO = 32
    """Digits such as 007: a code, not a quantity."""
    REAL = 64
    """Written as floating point, be it 1.0."""


def join(parts: list[dict[str, int]]) -> dict[str, int]:
    """The evidence of several batches or files, by column."""
    names = sorted({name for part in parts for name in part})
    return {name: int(reduce(or_, (part.get(name, 0) for part in parts))) for name in names}


def evidence(column: pa.Array, untyped: bool, missing: tuple[str, ...] = ()) -> Evidence:
    """What one batch says about a column.

    Args:
      column: as a reader yields it.
      untyped: the text comes from a format without types (CSV).
      missing: spellings that stand for a missing number.
    """
    if is_list(column):
        column = column.flatten()
    kind = column.type
    if column.null_count == len(column):
        return Evidence.NOTHING
    if pa.types.is_integer(kind):
        return Evidence.VALUES | Evidence.NOT_BOOL
    if pa.types.is_boolean(kind):
        return Evidence.VALUES
    if pa.types.is_floating(kind):
        whole = _whole(column.cast(pa.float64())) is not None
        found = Evidence.VALUES | Evidence.NOT_BOOL | Evidence.REAL
        return found if whole else found | Evidence.NOT_INT
    return _text_evidence(column, missing) | (Evidence(0) if untyped else Evidence.STRINGS)


def holds(column: pa.Array, kind: str) -> bool:
    """True where every filled cell of a column of text is plainly an INT or a FLOAT.

    The quick question: no blanks, no truth values, no spellings of a missing value. Where it says
    no, `evidence` decides.
    """
    if not _is_text(column.type):
        return False
    return (_plain_ints(column) if kind == "INT" else _floats(column)) is not None


def _text_evidence(column: pa.Array, missing: tuple[str, ...]) -> Evidence:
    text = _trimmed(column, missing)
    if text is None:
        return Evidence.VALUES | Evidence.NOT_INT | Evidence.NOT_FLOAT | Evidence.NOT_BOOL
    if text.null_count == len(text):
        return Evidence.VALUES if column.null_count < len(column) else Evidence.NOTHING
    found = Evidence.VALUES
    if _ints(text) is not None:
        found |= Evidence.NOT_BOOL
        if pc.any(pc.match_substring_regex(text, r"^[+-]?0[0-9]")).as_py():
            found |= Evidence.LEADING_ZERO
        if pc.any(pc.match_substring_regex(text, r"[.eE]")).as_py():
            found |= Evidence.REAL
    elif _floats(text) is not None:
        found |= Evidence.NOT_INT | Evidence.NOT_BOOL
    else:
        found |= Evidence.NOT_INT | Evidence.NOT_FLOAT
        if _bools(text) is None:
            found |= Evidence.NOT_BOOL
    return found


def choose(found: int, wanted: str | None) -> str | None:
    """The type a column is written as.

    Args:
      found: the joined evidence of all rows.
      wanted: INT, FLOAT or BYTES where a schema names the column.

    Returns:
      The wanted type where every value has it, else BYTES: the whole column as text, which the
      validator reports. Without a wanted type the narrowest that fits; None: never filled.
    """
    seen = Evidence(found)
    boolean = Evidence.NOT_BOOL not in seen
    if wanted == "INT":
        return "INT" if Evidence.NOT_INT not in seen or boolean else "BYTES"
    if wanted == "FLOAT":
        return "FLOAT" if Evidence.NOT_FLOAT not in seen or boolean else "BYTES"
    if wanted is not None:
        return "BYTES"
    if Evidence.VALUES not in seen:
        return None
    if Evidence.STRINGS in seen or Evidence.LEADING_ZERO in seen:
        return "BYTES"
    if Evidence.NOT_INT not in seen and Evidence.REAL not in seen:
        return "INT"
    if Evidence.NOT_FLOAT not in seen:
        return "FLOAT"
    return "BYTES"


def convert(column: pa.Array, kind: str, missing: tuple[str, ...] = ()) -> pa.Array:
    """A column as int64, float32 or binary; missing stays null, and so does not-a-number.

    Args:
      column: as a reader yields it, of which `choose` said that it can be `kind`.
      kind: INT, FLOAT or BYTES.
      missing: spellings that stand for a missing number.
    """
    if kind == "INT":
        return integers(column, missing)
    if kind == "FLOAT":
        return numbers(column, missing).cast(pa.float32(), safe=False)
    return text_of(column)


def integers(column: pa.Array, missing: tuple[str, ...] = ()) -> pa.Array:
    """int64; true and false are 1 and 0, a whole float is its integer."""
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_null(kind):
        return column.cast(pa.int64())
    if pa.types.is_boolean(kind):
        return column.cast(pa.int64())
    if pa.types.is_floating(kind):
        whole = _whole(column.cast(pa.float64()))
    elif (whole := _plain_ints(column)) is None:
        text = _trimmed(column, missing)
        whole = None if text is None else _ints(text)
        if whole is None and text is not None:
            whole = _bools(text)
    if whole is None:
        raise ValueError("a value is no whole number")
    return whole


def numbers(column: pa.Array, missing: tuple[str, ...] = ()) -> pa.Array:
    """float64; true and false are 1 and 0, not-a-number is null."""
    kind = column.type
    if pa.types.is_null(kind) or pa.types.is_integer(kind):
        return column.cast(pa.float64(), safe=False)
    if pa.types.is_boolean(kind):
        return column.cast(pa.int64()).cast(pa.float64())
    if pa.types.is_floating(kind):
        return _without_nan(column.cast(pa.float64()))
    floats = _floats(column)
    if floats is not None:
        return _without_nan(floats)
    text = _trimmed(column, missing)
    floats = None if text is None else _floats(text)
    if floats is None and text is not None:
        ones = _bools(text)
        floats = None if ones is None else ones.cast(pa.float64())
    if floats is None:
        raise ValueError("a value is no number")
    return _without_nan(floats)


def text_of(column: pa.Array) -> pa.Array:
    """binary: text as it stands, numbers and truth values in their usual spelling (1, 1.5, true)."""
    kind = column.type
    if pa.types.is_floating(kind):
        column = _without_nan(column.cast(pa.float64()))
    if not (_is_text(kind) or _is_binary(kind)):
        column = column.cast(pa.string())
    return column.cast(pa.binary())


def is_list(column: pa.Array) -> bool:
    """True for a column with several values in a cell."""
    return bool(pa.types.is_list(column.type) or pa.types.is_large_list(column.type))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _trimmed(column: pa.Array, missing: tuple[str, ...]) -> pa.Array | None:
    """Text without blanks around it, missing spellings as null; None where it is not text."""
    try:
        text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    except pa.ArrowInvalid:  # binary that is not UTF-8
        return None
    gone = pc.is_in(text, pa.array(["", *missing], pa.string()))
    return pc.if_else(gone, pa.scalar(None, pa.string()), text)


def _plain_ints(text: pa.Array) -> pa.Array | None:
    """Digits only; arrow would read 0x1f as well."""
    try:
        whole = text.cast(pa.int64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    hexadecimal = pc.any(pc.match_substring(text, "x", ignore_case=True)).as_py()
    return None if hexadecimal else whole


def _ints(text: pa.Array) -> pa.Array | None:
    whole = _plain_ints(text)
    if whole is None:
        floats = _floats(text)
        whole = None if floats is None else _whole(floats)
    return whole


def _floats(text: pa.Array) -> pa.Array | None:
    try:
        return text.cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _bools(text: pa.Array) -> pa.Array | None:
    lower = pc.utf8_lower(text)
    known = pc.is_in(lower, pa.array(["true", "false", None], pa.string()))
    return pc.equal(lower, "true").cast(pa.int64()) if pc.all(known).as_py() else None


def _whole(floats: pa.Array) -> pa.Array | None:
    """Floats as int64 where each is whole and exact; not-a-number is null."""
    floats = _without_nan(floats)
    exact = pc.and_(pc.equal(floats, pc.floor(floats)), pc.less_equal(pc.abs(floats), EXACT))
    return floats.cast(pa.int64()) if pc.all(pc.fill_null(exact, True)).as_py() else None


def _without_nan(floats: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_nan(floats), pa.scalar(None, floats.type), floats)
