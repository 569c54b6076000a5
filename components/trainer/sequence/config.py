"""The `[train.sequence]` section: the encoder-decoder that answers a text with a row of tokens."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SequenceSettings(BaseModel):
    """A convolutional encoder, a recurrent decoder that attends to it, greedy answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Literal["characters", "words"] = "characters"
    """What the text is cut into."""
    lowercase: bool = True
    """Fold the case of the text first."""
    longest_source: int = Field(default=40, ge=1)
    """Characters or words read of each text; what is longer is cut."""
    longest_answer: int = Field(default=40, ge=1)
    """Tokens of an answer at most. Training rows with longer labels are cut."""
    most_tokens: int = Field(default=20_000, ge=1)
    """Different characters or words, and tokens, that are known: the most frequent ones."""
    rows: int = Field(default=0, ge=0)
    """Train on so many rows only, drawn at random; 0: all of them."""
    width: int = Field(default=128, ge=4)
    """Channels of the encoder, and units of the decoder."""
    layers: int = Field(default=3, ge=1)
    """Convolutions of the encoder."""
    reach: int = Field(default=5, ge=1)
    """Neighbours that one convolution sees."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of the encoder's and decoder's outputs dropped in training."""
    epochs: int = Field(default=8, ge=1)
    """At most so many passes over the training rows."""
    patience: int = Field(default=2, ge=1)
    """Stop when the eval split's loss has not improved for so many epochs; the best one is kept."""
    batch_size: int = Field(default=128, ge=1)
    """Rows per training step."""
    learning_rate: float = Field(default=3e-3, gt=0)
    """Adam's highest learning rate; `train.schedule` and `train.warmup` say how it moves."""
