"""The `[distill_gate]` section: what a student has to be, beside its teacher."""

from pydantic import BaseModel, ConfigDict, Field


class DistillGateSection(BaseModel):
    """Where `distill.teacher` names one: how near to it, how much smaller, how much faster."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    within: float = Field(default=0.02, ge=0)
    """How much worse than the teacher the student may be on the test split: points of accuracy, for
    several labels of Hamming loss, for regression a share of the teacher's mean absolute error."""
    parameters: float = Field(default=0.25, gt=0)
    """At most this share of the teacher's parameters."""
    times_faster: float = Field(default=3.0, ge=0)
    """So many times faster per row, both asked for the same rows in turn on this machine; 0: any
    speed will do."""
    rows: int = Field(default=2000, ge=1)
    """At most so many rows of the test split are asked."""
    batch: int = Field(default=32, ge=1)
    """Rows per question, where speed is measured."""
