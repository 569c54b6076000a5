"""The `[train]` section: which model, how long, how fast."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from components.trainer.image_config import ImageSettings

Precision = Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"]


class TrainSection(BaseModel):
    """How the model is built and fitted. Columns: a network with embeddings; pictures: `image`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = ""
    """Import path of one's own `build(spec) -> keras.Model`; empty: ours."""
    epochs: int = Field(default=10, ge=1)
    steps: int = Field(default=0, ge=0)
    """Stop after this many training steps whatever the epochs; 0: no such limit."""
    batch_size: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    hidden: tuple[int, ...] = (128, 64)
    """Units of each hidden layer."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    patience: int = Field(default=3, ge=1)
    """Stop when the eval split's loss has not improved for so many epochs; the best one is kept."""
    precision: Precision = "auto"
    """auto: reduced precision only where a short probe measures it faster on this machine."""
    seed: int = 0
    image: ImageSettings = ImageSettings()
    """Pictures: `[train.image]`."""
