"""The `[evaluate]` section: which metrics, which slices, and which bounds a model must keep."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

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
    """How much worse than the baseline it may be, in the metric's own unit."""
    confidence: float | None = Field(default=None, gt=0.5, lt=1)
    """Such as 0.95: every value in the two-sided interval of that confidence must pass, not only
    the one measured. With `worse_by = 0`: better than the baseline, beyond chance."""

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


class SliceColumn(BaseModel):
    """A column to slice by. In TOML its name alone, or a table with edges."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str
    buckets: tuple[float, ...] = ()
    """Edges, rising, that cut numbers into buckets: `[0, 10]` makes the slices `fare=..0`,
    `fare=0..10` and `fare=10..`, each from its lower edge up to, but without, its upper one."""

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: object) -> object:
        return {"column": value} if isinstance(value, str) else value

    @field_validator("buckets")
    @classmethod
    def _rising(cls, edges: tuple[float, ...]) -> tuple[float, ...]:
        if not all(math.isfinite(edge) for edge in edges) or any(
            low >= high for low, high in itertools.pairwise(edges)
        ):
            raise ValueError(f"buckets are numbers that rise. Received: {list(edges)}")
        return edges


class EvaluateSection(BaseModel):
    """What the Evaluator measures on the test split, and what a model must reach to be pushed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metrics: tuple[str, ...] = ()
    """Metric keys; empty: every metric of the task."""
    slices: tuple[tuple[SliceColumn, ...], ...] = ()
    """Columns to slice by: `["payment_type", ["company", "payment_type"]]` (a list is a cross);
    numbers by buckets: `{column = "fare", buckets = [0, 10, 20]}`, alone or in a cross."""
    gates: tuple[Gate, ...] = ()
    """Empty: a single gate that asks the model not to be worse than chance (see eval_config.py)."""
    replicates: int = Field(default=200, ge=0, le=10_000)
    """Bootstrap replicates behind the intervals of every metric; 0: no intervals."""
    seed: int = Field(default=0, ge=0)
    """Another number draws other replicates."""
    baseline: str = ""
    """The run whose model `worse_by` and the reports compare with; empty: the last blessed model."""

    @model_validator(mode="before")
    @classmethod
    def _moved(cls, values: object) -> object:
        if isinstance(values, Mapping) and "weight" in values:
            raise ValueError(
                "weight is a key of [data] now and weighs training as well as metrics: write "
                f"data.weight = {str(values['weight'])!r}"
            )
        return values

    @field_validator("slices", mode="before")
    @classmethod
    def _one_column(cls, value: object) -> object:
        if isinstance(value, list | tuple):
            return tuple((item,) if isinstance(item, str | Mapping) else item for item in value)
        return value

    @model_validator(mode="after")
    def _enough_replicates(self) -> "EvaluateSection":
        for gate in self.gates:
            if gate.confidence is not None and self.replicates * (1 - gate.confidence) < 2:
                least = math.ceil(2 / (1 - gate.confidence) - 1e-9)
                raise ValueError(
                    f"gate on '{gate.metric}' with confidence {gate.confidence:g} needs replicates "
                    f"of at least {least}. Received: {self.replicates}"
                )
        return self

    @field_validator("slices")
    @classmethod
    def _crosses(
        cls, slices: tuple[tuple[SliceColumn, ...], ...]
    ) -> tuple[tuple[SliceColumn, ...], ...]:
        known: dict[str, tuple[float, ...]] = {}
        for columns in slices:
            names = [item.column for item in columns]
            if not names or len(set(names)) < len(names):
                raise ValueError(
                    "a cross names two or more different columns; all rows are always measured. "
                    f"Received: {names}"
                )
            for item in columns:
                if known.setdefault(item.column, item.buckets) != item.buckets:
                    raise ValueError(
                        f"'{item.column}' has the same buckets wherever it is sliced by. Received: "
                        f"{list(known[item.column])} and {list(item.buckets)}"
                    )
        return slices

    @property
    def buckets(self) -> dict[str, list[float]]:
        """{column: edges} of the columns that are cut into buckets."""
        return {
            item.column: list(item.buckets)
            for columns in self.slices
            for item in columns
            if item.buckets
        }


def bucket_names(edges: Sequence[float]) -> list[str]:
    """`..0`, `0..10`, `10..`: each from its lower edge up to, but without, its upper one."""
    texts = ["", *(f"{edge:.12g}" for edge in edges), ""]
    return [f"{low}..{high}" for low, high in itertools.pairwise(texts)]


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
