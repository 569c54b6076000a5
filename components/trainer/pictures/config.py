"""The `[train.image]` section: how a picture model is made from a pretrained network."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SMALL = "small-cnn"
"""The backbone that is not pretrained."""
Precision = Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"]
Preprocessing = Literal["auto", "raw", "unit", "symmetric", "lite", "torch", "caffe"]


class ImageSettings(BaseModel):
    """Transfer learning: frozen network, then a head on it, then its top blocks at a low rate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backbone: str = "efficientnet-lite0"
    """The pretrained network: efficientnet-lite0 (offline), a name of keras.applications, a
    keras-hub preset or its folder, or a .keras file. small-cnn is not pretrained: some 24,000 weights
    learned from the pixels, in fine_tune_epochs at fine_tune_rate (give it some 20 at 3e-3)."""
    weights: str = "imagenet"
    """imagenet, none (random), or a file of weights for the named architecture. Presets and .keras
    files bring their own."""
    preprocessing: Preprocessing = "auto"
    """How pixels 0..255 are scaled for the backbone. auto: as it was trained; a .keras file needs
    one by name."""
    size: int = Field(default=80, ge=16, le=1024)
    """Pictures are resized to size x size pixels. Time grows with the square. 80 does for 28 x 28
    pictures (chosen on eval data against 96); photos with detail want 160 to 224."""
    head_epochs: int = Field(default=4, ge=1)
    """Passes over the training pictures with the backbone frozen; its features are computed once."""
    head_rate: float = Field(default=2e-3, gt=0)
    """Adam's learning rate for the head."""
    fine_tune_blocks: int = Field(default=7, ge=0)
    """How many of the backbone's top blocks are trained after the head; 7 of efficientnet-lite0 are
    blocks 10 to 15 and the last convolution. 0: none; more than there are: all."""
    fine_tune_epochs: int = Field(default=4, ge=0)
    """Passes over the training pictures with the top blocks trained too; 0: they stay frozen."""
    fine_tune_rate: float = Field(default=5e-4, gt=0)
    """Adam's first learning rate for the top blocks; it falls to 0 along a cosine."""
    least_steps: int = Field(default=250, ge=0)
    """Each phase takes at least so many steps: few pictures are passed over more often than the
    epochs say. The best epoch on the eval split is kept in any case."""
    batch_size: int = Field(default=64, ge=1)
    """Pictures per training step."""
    dropout: float = Field(default=0.3, ge=0, lt=1)
    """Share of the pooled features dropped before the last layer, in training."""
    mirror: bool = True
    """Show each picture as it is or mirrored left to right, at random. Off where left and right
    mean something (digits, text)."""
    balance_classes: bool = False
    """Weigh each class by the inverse of its frequency in the training split."""
    precision: Precision = "auto"
    """float32, mixed_float16, mixed_bfloat16, or auto: reduced only where it measures faster."""
    cache_megabytes: int = Field(default=1024, ge=0)
    """Activations of the frozen part are kept in memory up to this size, beyond it on disk."""
    seed: int = Field(default=0, ge=0)
    """Another number gives another order, dropout and first weights."""
