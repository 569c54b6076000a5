"""The `[pretrain]` section: what a network learns from columns or pictures before it sees a label."""

from pydantic import BaseModel, ConfigDict, Field

PART = "pretrain"
"""Where its states and curves lie beside those of the training."""


class PretrainSection(BaseModel):
    """A denoising autoencoder (Vincent et al. 2008) on the training rows and those without labels: of
    columns, or of pictures where `train.image.backbone` is small-cnn."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: int = Field(default=0, ge=0)
    """Passes over the rows of train and of `data.unlabelled`, in which the network's layers learn to
    tell what each column (or square of a picture) was before some were spoiled; then training begins
    from their weights. The epoch that is best on the eval split's inputs is kept. 0: none; training
    begins anew."""
    noise: float = Field(default=0.2, gt=0, lt=1)
    """Share of the values that are spoiled: each is that of the same column in another row. Pictures:
    share of 7 x 7 squares that are painted over; 0.5 is a good task there."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Adam's first learning rate; it falls to 0 along a cosine."""
    batch_size: int = Field(default=128, ge=2)
    """Rows per step."""
