"""The `[validate]` section: which anomalies stop a run."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class ValidateSection(BaseModel):
    """What happens when the data does not fit the schema."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stop_at: Literal["error", "warning", "never"] = "error"
    """The least severity that stops the run before Transform. `never` only reports. Warnings: a
    column the schema does not name, drift and skew; everything else is an error."""
