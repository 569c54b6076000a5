"""The `[lite]` section: which smaller files are made of a blessed model, and how good they have to be."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Format = Literal["float32", "float16", "int8"]


class LiteSection(BaseModel):
    """LiteRT (TensorFlow Lite) files of the network, for phones and small machines (docs/lite.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    formats: tuple[Format, ...] = ()
    """float32: the network as it is; float16: weights of half the size; int8: weights of a quarter,
    reckoned in whole numbers whose ranges come from training rows. None: no such files. The first
    format makes the Trainer run again, which then writes the network by itself too."""
    max_drop: float = Field(default=0.01, ge=0)
    """A file that loses more than so much against the SavedModel on the test split is marked and not
    pushed: points of accuracy, of AUC where there are two classes, for several labels of Hamming
    loss; for regression a share of the mean absolute error."""
    min_agreement: float = Field(default=0.95, ge=0, le=1)
    """Nor is one that gives the SavedModel's answer to a smaller share of the rows (for several
    labels: of the labels). Regression has none."""
    calibration_rows: int = Field(default=200, ge=1)
    """int8: so many rows of the training split tell the range of every number in the network."""
    rows: int = Field(default=2000, ge=1)
    """At most so many rows of the test split are asked."""
