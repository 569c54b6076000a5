"""What a text model is made of: a tokenizer in the graph, a part kept still and a part trained."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Encoder:
    """Text to a vector, cut in two."""

    tokenize: Callable[[Any], Any]
    """(batch,) string to token numbers (batch, length) int32, 0 where the text has ended."""
    lower: Callable[[Any], Any]
    """Token numbers to what the part below makes of them (batch, ...); never trained."""
    upper: Callable[[Any, bool], Any]
    """(what `lower` made, training) to features (batch, channels) float32."""
    variables: list[Any]
    """The weights of `upper`."""
    channels: int
    pretrained: bool
    """Whether a head can learn on `upper` as it is; otherwise both are trained together."""
    holder: Any
    """The layer or model with all weights, for whoever saves them."""
