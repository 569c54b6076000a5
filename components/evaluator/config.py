"""The `[evaluate]` section: which metrics, which slices, and which bounds a model must keep."""

import math
from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

OVERALL = ""
"""The slice of all rows."""

SliceKey = tuple[tuple[str, str], ...]
"""((column, value), …), by column."""


class Gate(BaseModel):
    """One condition for a blessing. At least one of `min`, `max`, `worse_by`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str
    """A metric key (data/metrics.py); for one class of a multi-class task `f1/<class>`."""
    slice: str = OVERALL
    """`column=value`, or several joined by `, `; empty: all rows. In TOML also a table
    (`slice = {company = "Blue, Inc"}`)."""
    min: float | None = Field(default=None, allow_inf_nan=False)
    """The least value that passes."""
    max: float | None = Field(default=None, allow_inf_nan=False)
    """The greatest value that passes."""
    worse_by: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """How much worse than the last blessed model it may be, in the metric's own unit."""

    @field_validator("slice", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        if isinstance(value, Mapping):
            return slice_name((str(column), str(item)) for column, item in value.items())
        if isinstance(value, str):
            slice_key(value)
        return value

    @model_validator(mode="after")
    def _some_bound(self) -> "Gate":
        if self.min is None and self.max is None and self.worse_by is None:
            raise ValueError(f"gate on '{self.metric}' has no bound: give min, max or worse_by")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(
                f"gate on '{self.metric}' cannot be met: min {self.min:g} is above max {self.max:g}"
            )
        return self


class EvaluateSection(BaseModel):
    """What the Evaluator measures on the test split, and what a model must reach to be pushed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metrics: tuple[str, ...] = ()
    """Metric keys; empty: every metric of the task."""
    slices: tuple[tuple[str, ...], ...] = ()
    """Columns to slice by: `["payment_type", ["company", "payment_type"]]` (a list is a cross)."""
    gates: tuple[Gate, ...] = ()
    """Empty: a single gate that asks the model not to be worse than chance (see eval_config.py)."""

    @field_validator("slices", mode="before")
    @classmethod
    def _one_column(cls, value: object) -> object:
        if isinstance(value, list | tuple):
            return tuple((item,) if isinstance(item, str) else item for item in value)
        return value

    @field_validator("slices")
    @classmethod
    def _crosses(cls, slices: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        for columns in slices:
            if not columns or len(set(columns)) < len(columns):
                raise ValueError(
                    "a cross names two or more different columns; all rows are always measured. "
                    f"Received: {list(columns)}"
                )
        return slices


def slice_key(name: str) -> SliceKey:
    """`a=x, b=y` -> (("a", "x"), ("b", "y")); the empty name is the overall slice.

    A part without `=` belongs to the value before it: `company=Blue, Inc` is one pair.

    Raises:
      ValueError: no `=`, no column, or a column twice.
    """
    if not name:
        return ()
    pairs: list[tuple[str, str]] = []
    for part in name.split(", "):
        column, equals, value = part.partition("=")
        if equals and column:
            pairs.append((column, value))
        elif pairs and not equals:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]}, {part}")
        else:
            raise ValueError(
                f"a slice reads `column=value`, several joined by `, `. Received: {name!r}"
            )
    if len({column for column, _ in pairs}) < len(pairs):
        raise ValueError(f"a slice names each column once. Received: {name!r}")
    return tuple(sorted(pairs))


def slice_name(key: Iterable[tuple[str, str]]) -> str:
    """The inverse of `slice_key`."""
    return ", ".join(f"{column}={value}" for column, value in sorted(key))


def same_slice(one: str, other: str) -> bool:
    """Whether two names mean the same rows: `hour=3` and `hour=3.0` do, as TFMA has it."""
    if one == other:
        return True
    left, right = slice_key(one), slice_key(other)
    return len(left) == len(right) and all(
        a == b and _same_value(x, y) for (a, x), (b, y) in zip(left, right, strict=True)
    )


def is_number(text: str) -> bool:
    """Whether TFMA takes a slice's value for a number."""
    return not math.isnan(_number(text))


def _same_value(one: str, other: str) -> bool:
    return one == other or _number(one) == _number(other)


def _number(text: str) -> float:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return math.nan
