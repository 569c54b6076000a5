"""The `[validate]` section: which anomalies stop a run, and how far data may move unremarked."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class DriftSection(BaseModel):
    """How far a column may move from the previous run's before the report marks it. Marks only:
    drift is a matter of degree, and stops no run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    categories: float = Field(default=0.1, gt=0, le=1)
    """L-infinity, for text: the largest change of any one value's share (0 to 1)."""
    numbers: float = Field(default=0.1, gt=0, le=1)
    """Jensen-Shannon divergence, for numbers, in bits: 0 equal, 1 disjoint. A normal distribution
    that moves by three quarters of its standard deviation is at 0.1."""
    missing: float = Field(default=0.1, gt=0, le=1)
    """Change of the share of missing values."""
    columns: dict[str, float] = {}
    """A threshold of its own for a column's values: `{ fare = 0.05 }`."""


class ValidateSection(BaseModel):
    """What happens when the data does not fit the schema."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stop_at: Literal["error", "warning", "never"] = "error"
    """The least severity that stops the run before Transform. `never` only reports. Warnings: a
    column the schema does not name, drift and skew; everything else is an error."""
    drift: DriftSection = DriftSection()
    """Thresholds of drift against the previous run."""
