"""What a learner hands back: a model, how it is asked, and how it came about."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from components.trainer.techniques.weights import Described

Features = dict[str, tf.Tensor]
"""{transformed feature: (batch, ...)}."""

Answer = Callable[[Features], dict[str, tf.Tensor]]
"""Transformed features to the readable outputs of the serving signatures, in the graph that serves."""

Outputs = Callable[[Features], tf.Tensor]
"""Transformed features to plain outputs (batch, units) float32, before sigmoid or softmax."""


@dataclass(frozen=True)
class Learned:
    """A fitted model. Every learner takes (spec, train, evaluation) and returns one."""

    model: Any
    """What holds the weights: a keras.Model, or a tf.Module with all of them; tracked when exported."""
    answer: Answer
    history: dict[str, Any]
    """`precision`: policy and reason; `epochs`: one dict each."""
    described: Described
    """How a later training takes its weights over."""
    outputs: Outputs | None = None
    """None where the task has no such thing (sequences)."""
