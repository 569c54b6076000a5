"""The `[evaluate]` section: which metrics, which slices, and which bounds a model must keep."""

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

OVERALL = ""
"""The slice of all rows."""


class Gate(BaseModel):
    """One condition for a blessing. At least one of `min`, `max`, `worse_by`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str
    """A metric key (data/metrics.py); for one class of a multi-class task `f1/<class>`."""
    slice: str = OVERALL
    """`column=value`, or several joined by `, `; empty: all rows."""
    min: float | None = None
    max: float | None = None
    worse_by: float | None = Field(default=None, ge=0)
    """How much worse than the last blessed model it may be, in the metric's own unit."""

    @model_validator(mode="after")
    def _some_bound(self) -> "Gate":
        if self.min is None and self.max is None and self.worse_by is None:
            raise ValueError(f"gate on '{self.metric}' has no bound: give min, max or worse_by")
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


def slice_key(slice_name: str) -> tuple[tuple[str, str], ...]:
    """`a=x, b=y` -> (("a", "x"), ("b", "y")); the empty name is the overall slice.

    Raises:
      ValueError: a part without `=`.
    """
    if not slice_name:
        return ()
    pairs = []
    for part in slice_name.split(", "):
        column, equals, value = part.partition("=")
        if not equals or not column:
            raise ValueError(f"a slice reads `column=value`, several joined by `, `. Received: {slice_name!r}")
        pairs.append((column, value))
    return tuple(sorted(pairs))


def slice_name(key: tuple[tuple[str, str], ...]) -> str:
    """The inverse of `slice_key`."""
    return ", ".join(f"{column}={value}" for column, value in sorted(key))
