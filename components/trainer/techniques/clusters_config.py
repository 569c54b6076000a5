"""The `[clusters]` section: k-means on what the rows are to the model, as a report and as a feature."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class ClustersSection(BaseModel):
    """k-means clusters of the rows of train and of `data.unlabelled`.

    Of columns: all transformed columns, numbers in standard deviations, categories as one of many. Of
    pictures and texts: the pooled features of a pretrained network, as it is before any of it is trained.
    `semi.method = "propagation"` looks at the same vectors.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int = Field(default=0, ge=0, le=1000)
    """How many clusters; 0: none are looked for. The report says how large they are, which labels they
    hold and which rows are nearest to their centres."""
    feature: Literal["none", "distances", "one-hot"] = "none"
    """What the model is told of them beside its other inputs, in training and where it is served:
    none; distances, to each centre; one-hot, which centre is nearest. Of pictures and texts only with a
    network that stays frozen (`fine_tune_epochs = 0`)."""
    backbone: str = ""
    """Pictures: the pretrained network by whose features they are compared, named as in `train.image`;
    empty: `train.image.backbone`, which cannot be small-cnn then."""
    size: int = Field(default=80, ge=16, le=1024)
    """Pixels of a side, as `backbone` is shown pictures, where it is named."""
    nearest: int = Field(default=3, ge=0, le=20)
    """How many rows nearest to each centre the report shows."""
    seed: int = Field(default=0, ge=0)
    """Another number gives other first centres."""

    @field_validator("count")
    @classmethod
    def _more_than_one(cls, value: int) -> int:
        if value == 1:
            raise ValueError("one cluster holds everything: write 0 for none, or at least 2")
        return value
