"""A phase of transfer learning: what runs, what is trained, for how long and how fast."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from components.trainer.techniques.run import TrainingRun

Forward = Callable[[Any, bool], Any]
"""(activations (batch, ...), training) to logits (batch, units) float32."""


@dataclass(frozen=True)
class Phase:
    """One phase."""

    name: str
    forward: Forward
    variables: list[Any]
    epochs: int
    rate: float
    """Adam's first learning rate; it falls to 0 along a cosine."""
    batch_size: int
    loss_scaling: bool = False
    """Scale the loss so that small float16 gradients do not vanish."""
    run: TrainingRun = field(default_factory=TrainingRun)
    """How weights move, where states and logs go."""
    others: list[Any] = field(default_factory=list)
    """What changes with every step and is not trained: the counters that dropout draws from."""
