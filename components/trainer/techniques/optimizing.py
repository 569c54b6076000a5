"""The optimizer of a fit: its learning rate over time, and a bound on its gradients."""

from dataclasses import dataclass
from typing import Any, Literal, Self

import keras
import tensorflow as tf

from components.trainer.config import TrainSection

Schedule = Literal["cosine", "linear", "exponential", "constant"]
LAST_SHARE = 0.01
"""exponential: what is left of the learning rate at the end."""


@dataclass(frozen=True)
class Optimizing:
    """How weights move, whatever is learned: a part of the `[train]` section."""

    schedule: Schedule = "cosine"
    warmup: float = 0.0
    """Share of the steps over which the rate rises from 0."""
    clip_norm: float = 0.0
    """Longest gradient, over all weights together; 0: no bound."""
    weight_decay: float = 0.0

    @classmethod
    def of(cls, settings: TrainSection) -> Self:
        """What the configuration says."""
        return cls(settings.schedule, settings.warmup, settings.clip_norm, settings.weight_decay)

    def optimizer(self, rate: float, steps: int, loss_scaling: bool = False) -> Any:
        """Adam, or AdamW where weights decay.

        Args:
          rate: the highest learning rate.
          steps: how many steps there will be.
          loss_scaling: keep small float16 gradients from vanishing. Gradients are clipped as they
            are, not as they are scaled.
        """
        clip = {"global_clipnorm": self.clip_norm} if self.clip_norm else {}
        over_time = self.rate(rate, steps)
        found = (
            AdamW(over_time, weight_decay=self.weight_decay, **clip)
            if self.weight_decay
            else Adam(over_time, **clip)
        )
        return keras.optimizers.LossScaleOptimizer(found) if loss_scaling else found

    def rate(self, rate: float, steps: int) -> Any:
        """The learning rate over `steps` steps: a number, or a function of the step."""
        rising = round(self.warmup * steps)
        falling = max(steps - rising, 1)
        schedules = keras.optimizers.schedules
        found: Any = rate
        if self.schedule == "cosine":
            found = schedules.CosineDecay(rate, falling)
        elif self.schedule == "linear":
            found = schedules.PolynomialDecay(rate, falling, 0.0)
        elif self.schedule == "exponential":
            found = schedules.ExponentialDecay(rate, falling, LAST_SHARE)
        return Warmup(found, rising) if rising else found


class _ClipsTheSum:
    """Clips the gradient of the whole batch, where several devices have a share of it each.

    Keras clips each device's share before they are added up, which bounds something else.
    """

    def _clip_gradients(self, grads: list[Any]) -> list[Any]:
        context = tf.distribute.get_replica_context()
        if not self.global_clipnorm or context is None or context.num_replicas_in_sync == 1:  # type: ignore[attr-defined]
            clipped: list[Any] = super()._clip_gradients(grads)  # type: ignore[misc]
            return clipped
        there = [gradient for gradient in grads if gradient is not None]
        summed = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, there))
        whole = [None if gradient is None else next(summed) for gradient in grads]
        clipped = super()._clip_gradients(whole)  # type: ignore[misc]
        # They are about to be added up once more.
        count = context.num_replicas_in_sync
        return [None if gradient is None else _divided(gradient, count) for gradient in clipped]


def _divided(gradient: Any, count: int) -> Any:
    """A gradient, of an embedding's rows alone perhaps, by a number."""
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(gradient.values / count, gradient.indices, gradient.dense_shape)
    return gradient / count


class Adam(_ClipsTheSum, keras.optimizers.Adam):
    """Keras's, clipping the same gradients on any number of devices."""


class AdamW(_ClipsTheSum, keras.optimizers.AdamW):
    """Keras's, clipping the same gradients on any number of devices."""


class Warmup(keras.optimizers.schedules.LearningRateSchedule):
    """Rises in a straight line to where another schedule starts, then follows it."""

    def __init__(self, after: Any, steps: int) -> None:
        """Args:
        after: a learning rate, or a schedule that starts when this one is over.
        steps: how long the rise takes.
        """
        super().__init__()
        self._after = after
        self._steps = steps

    def __call__(self, step: Any) -> Any:
        """The rate at a step, counted from 0; the first step has 1/steps of it already."""
        step = keras.ops.cast(step, "float32")
        share = keras.ops.minimum((step + 1.0) / self._steps, 1.0)
        later = keras.ops.maximum(step - self._steps, 0.0)
        return share * (self._after(later) if callable(self._after) else self._after)

    def get_config(self) -> dict[str, Any]:
        """What it was made with."""
        return {"after": self._after, "steps": self._steps}
