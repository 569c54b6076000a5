"""What a learner hands back: a model, how it is asked, and how it came about."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from components.trainer.techniques.weights import Described

Features = dict[str, tf.Tensor]
"""{transformed feature: (batch, ...)}."""

Answer = Callable[[Features], dict[str, tf.Tensor]]
"""Transformed features to the readable outputs of the serving signatures, in the graph that serves."""

Outputs = Callable[[Features], tf.Tensor]
"""Transformed features to plain outputs (batch, units) float32, before sigmoid or softmax."""


@dataclass(frozen=True, eq=False)  # tf.function keeps its graph by the object
class Network:
    """The part of a model that takes nothing but numbers: no table of words, no text, no file."""

    inputs: dict[str, tf.TensorSpec]
    """{feature, or another word for what goes in: shape with an open batch, dtype}."""
    prepare: Callable[[Features], dict[str, tf.Tensor]]
    """Transformed features to these inputs."""
    outputs: Callable[[dict[str, tf.Tensor]], tf.Tensor]
    """These inputs to plain outputs (batch, units) float32."""
    names: dict[str, str] = field(default_factory=dict)
    """{input: the feature it is}, where inputs have names of their own."""

    def __call__(self, features: Features) -> tf.Tensor:
        """Transformed features to plain outputs."""
        return self.outputs(self.prepare(features))


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
    network: Network | None = None
    """What can be made into a smaller file; None where nothing can."""
