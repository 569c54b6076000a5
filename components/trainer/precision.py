"""Which dtype policy to train under: named, or found by a short measurement on this machine."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import keras
import tensorflow as tf

POLICIES = ("float32", "mixed_float16", "mixed_bfloat16")
MARGIN = 1.15
"""How many times faster the reduced policy must measure before `auto` takes it."""


@dataclass(frozen=True)
class Precision:
    """A chosen policy and why."""

    policy: str
    reason: str
    speedup: float | None = None
    """How many times faster than float32 the reduced policy measured; None: not measured."""


def choose_precision(name: str) -> Precision:
    """The policy to train under.

    Args:
      name: `float32`, `mixed_float16`, `mixed_bfloat16`, or `auto`: times a training step of a
        small network (under two seconds on two cores) in float32 and in the reduced type of this
        machine (float16 on a GPU, bfloat16 on a CPU), and takes the reduced one where it is at
        least `MARGIN` times faster.

    Raises:
      ValueError: another name.
    """
    if name in POLICIES:
        return Precision(name, "as configured")
    if name != "auto":
        raise ValueError(
            f"no precision '{name}'. Valid: auto, {', '.join(POLICIES)}. Received: {name!r}"
        )
    on_gpu = bool(tf.config.list_logical_devices("GPU"))
    reduced = "mixed_float16" if on_gpu else "mixed_bfloat16"
    speedup = measure_speedup(reduced)
    policy = reduced if speedup >= MARGIN else "float32"
    machine = "GPU" if on_gpu else "CPU"
    return Precision(
        policy,
        f"{reduced} measured {speedup:.2f} times as fast as float32 on this {machine}",
        speedup,
    )


def measure_speedup(reduced: str) -> float:
    """How many times faster a training step runs under `reduced` than under float32."""
    seconds = {"float32": float("inf"), reduced: float("inf")}
    steps = {policy: _training_step(policy) for policy in seconds}
    for step in steps.values():
        step()  # traces
    for _ in range(5):  # alternating, the best of each: other work on the machine slows both
        for policy, step in steps.items():
            start = time.perf_counter()
            step()
            seconds[policy] = min(seconds[policy], time.perf_counter() - start)
    return seconds["float32"] / seconds[reduced]


def _training_step(policy: str):  # type: ignore[no-untyped-def]
    """One step of an inverted bottleneck, the block mobile networks are made of, on 64 maps."""
    network = keras.Sequential(
        [
            keras.Input((6, 6, 112)),
            keras.layers.Conv2D(672, 1, use_bias=False, dtype=policy),
            keras.layers.ReLU(6, dtype=policy),
            keras.layers.DepthwiseConv2D(5, padding="same", use_bias=False, dtype=policy),
            keras.layers.ReLU(6, dtype=policy),
            keras.layers.Conv2D(192, 1, use_bias=False, dtype=policy),
        ]
    )
    maps = tf.random.stateless_uniform((64, 6, 6, 112), seed=(0, 0))
    variables = [variable.value for variable in network.trainable_variables]

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.cast(network(maps, training=True), tf.float32))
        return tf.add_n([tf.reduce_sum(g) for g in tape.gradient(loss, variables)])

    return lambda: step().numpy()


@contextmanager
def policy_scope(policy: str) -> Iterator[None]:
    """Layers made inside are made under `policy`; the policy before comes back after."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
