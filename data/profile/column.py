"""What is known of one column once all of its rows have passed by."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.reading import images, kinds
from data.reading.kinds import Evidence

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
MOST_COUNTED = 2_000
"""A column with more different values than this is `many`; up to here each is counted, in all rows."""
LONGEST_COUNTED = 200
"""Bytes; a longer value is prose, not a category."""
NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
DECIMAL_COMMA = r"^\s*[+-]?[0-9]+,[0-9]+\s*$"
ISO_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?$"
ODD_KEPT = 20
MEASURED = 200
"""So many pictures of a column have their size looked up, of a batch at most a tenth of them."""


@dataclass(frozen=True)
class Odd:
    """A value that is no number, among numbers."""

    text: str
    file: int
    """Number of the piece it is in."""
    row: int
    """Row of that piece, from 0."""


@dataclass
class Column:
    """One column. `add` sees every batch; quantiles and distinct values come from a sample."""

    name: str
    untyped: bool
    missing: tuple[str, ...] = ()
    rows: int = 0
    filled: int = 0
    evidence: int = 0
    counts: Counter[bytes] | None = field(default_factory=Counter)
    """Rows per value; None where there are too many or too long values."""
    numeric: int = 0
    """Filled cells that are numbers."""
    low: float = float("inf")
    high: float = float("-inf")
    infinite: bool = False
    odd: Odd | None = None
    odd_texts: set[str] = field(default_factory=set)
    decimal_commas: int = 0
    dates: bool = True
    """Every filled cell is an ISO 8601 date."""
    several: bool = False
    """Some cell holds more than one value."""
    binary: bool = False
    moments: bool = False
    """The file itself says that these numbers are times (Parquet)."""
    sides: list[int] = field(default_factory=list)
    """Shorter sides of some of its pictures, in pixels."""
    first_missing: tuple[int, int] | None = None
    """Piece and row of the first empty cell."""
    sample: list[pa.Array] = field(default_factory=list)

    def add(self, column: pa.Array, piece: int, row: int, keep: bool) -> None:
        """Takes in one batch.

        Args:
          column: its values.
          piece: the number of the piece they come from.
          row: the first one's row in that piece.
          keep: put them into the sample.
        """
        self.rows += len(column)
        if kinds.is_list(column):
            self.several = True
            self.filled += len(column) - column.null_count
            if pa.types.is_string(column.type.value_type):
                self._count(column.flatten())
            return
        self.evidence |= int(kinds.evidence(column, self.untyped, self.missing))
        if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            self._add_binary(column, piece, row, keep)
            return
        if self.missing and pa.types.is_string(column.type):
            blank = pc.is_in(pc.utf8_trim_whitespace(column), pa.array(self.missing))
            column = pc.if_else(blank, pa.scalar(None, pa.string()), column)
        self.filled += len(column) - column.null_count
        if column.null_count and self.first_missing is None:
            self.first_missing = (piece, row + int(pc.index(column.is_null(), True).as_py()))
        if keep:
            self.sample.append(column)
        self._count(column)
        if pa.types.is_string(column.type):
            self._add_text(column, piece, row)
        elif not pa.types.is_null(column.type):
            self.dates = False
            self._add_numbers(kinds.numbers(column))

    def _add_binary(self, column: pa.Array, piece: int, row: int, keep: bool) -> None:
        """Bytes: pictures, or text that came without a type (tf.Example)."""
        self.filled += len(column) - column.null_count
        try:
            text = column.cast(pa.string())
        except pa.ArrowInvalid:
            self.binary, self.dates, self.counts = True, False, None
            self._measure(column)
            return
        if column.null_count and self.first_missing is None:
            self.first_missing = (piece, row + int(pc.index(column.is_null(), True).as_py()))
        if keep:
            self.sample.append(text)
        self._count(text)
        self._add_text(text, piece, row)

    def _measure(self, column: pa.Array) -> None:
        """Looks up how large some of the pictures are."""
        some = min(MEASURED // 10, MEASURED - len(self.sides))
        if some <= 0:
            return
        step = max(1, len(column) // some)
        contents = column.take(pa.array(range(0, len(column), step))).drop_null().to_pylist()
        self.sides += [side for content in contents if (side := images.shorter_side(content))]

    def _add_text(self, text: pa.Array, piece: int, row: int) -> None:
        filled = text.drop_null()
        if not len(filled):
            return
        if self.dates:
            self.dates = bool(pc.all(pc.match_substring_regex(filled, ISO_DATE)).as_py())
        try:
            numbers = kinds.numbers(filled)
        except ValueError:
            self._add_odd(text, piece, row)
            return
        self.numeric += len(filled)
        self._add_numbers(numbers)

    def _add_odd(self, text: pa.Array, piece: int, row: int) -> None:
        """A batch in which some value is no number."""
        is_number = pc.match_substring_regex(text, NUMBER)
        self.numeric += int(pc.sum(is_number).as_py() or 0)
        commas = pc.match_substring_regex(text, DECIMAL_COMMA)
        self.decimal_commas += int(pc.sum(commas).as_py() or 0)
        others = pc.equal(is_number, False)
        if self.odd is None:
            first = int(pc.index(others, True).as_py())
            if first >= 0:
                self.odd = Odd(text[first].as_py(), piece, row + first)
        if len(self.odd_texts) <= ODD_KEPT:
            different = pc.unique(text.filter(others))
            self.odd_texts.update(t.strip() for t in different[: ODD_KEPT + 1].to_pylist())

    def _add_numbers(self, numbers: pa.Array) -> None:
        finite = numbers.filter(pc.is_finite(numbers))
        self.infinite |= len(finite) < len(numbers) - numbers.null_count
        if len(finite):
            ends = pc.min_max(finite).as_py()
            self.low, self.high = min(self.low, ends["min"]), max(self.high, ends["max"])

    def _count(self, column: pa.Array) -> None:
        if self.counts is None:
            return
        found = pc.value_counts(column.drop_null())
        values = kinds.text_of(found.field(0))
        too_long = len(values) and pc.max(pc.binary_length(values)).as_py() > LONGEST_COUNTED
        if len(values) > MOST_COUNTED or too_long:
            self.counts = None
            return
        for value, count in zip(values.to_pylist(), found.field(1).to_pylist(), strict=True):
            if value is not None:
                self.counts[value] += count
        if len(self.counts) > MOST_COUNTED:
            self.counts = None

    @property
    def distinct(self) -> int:
        """Different values: of all rows where they are counted, else of the sample."""
        if self.counts is not None:
            return len(self.counts)
        return (
            int(pc.count_distinct(pa.chunked_array(self.sample), mode="only_valid").as_py())
            if self.sample
            else 0
        )

    @property
    def sampled(self) -> int:
        """Filled cells in the sample."""
        return sum(len(part) - part.null_count for part in self.sample)

    @property
    def all_different(self) -> bool:
        """No value twice, as far as the sample goes."""
        if self.counts is not None:
            return len(self.counts) == self.filled
        return self.distinct == self.sampled

    @property
    def picture_side(self) -> int:
        """The median shorter side of its pictures, in pixels; 0 where there are none."""
        return sorted(self.sides)[len(self.sides) // 2] if self.sides else 0

    @property
    def is_number(self) -> bool:
        """Every filled cell is a number that is not written as a code (007)."""
        seen = Evidence(self.evidence)
        return (
            Evidence.VALUES in seen
            and Evidence.NOT_FLOAT not in seen
            and Evidence.LEADING_ZERO not in seen
            and Evidence.STRINGS not in seen
        )

    @property
    def is_integer(self) -> bool:
        """Numbers, each of them whole."""
        return self.is_number and Evidence.NOT_INT not in Evidence(self.evidence)

    @property
    def type(self) -> str:
        """INT, FLOAT or BYTES: what the schema should say.

        Whole floats are INT where some are missing (an integer column that passed through pandas)
        or too large for float32.
        """
        if not self.is_number:
            return "BYTES"
        if not self.is_integer:
            return "FLOAT"
        exact = max(abs(self.low), abs(self.high)) <= 2**24
        real = Evidence.REAL in Evidence(self.evidence)
        return "FLOAT" if real and exact and self.filled == self.rows else "INT"

    def numbers(self) -> Floats:
        """The sample's finite numbers."""
        parts = [pa.array([], pa.float64())]
        if self.is_number:
            parts += [kinds.numbers(part, self.missing).drop_null() for part in self.sample]
        values: Floats = np.concatenate([part.to_numpy(zero_copy_only=False) for part in parts])
        finite: Floats = values[np.isfinite(values)]
        return finite
