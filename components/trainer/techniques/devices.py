"""Which devices a training runs on: one, or a copy of the model on each, every batch shared out.

Data parallel training: each device takes its share of a batch, gradients are added up over all, every
copy takes the same step (tf.distribute.MirroredStrategy). The batch size stays what it is.
"""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any, Literal

import tensorflow as tf

Devices = Literal["auto", "one"] | int


class Together:
    """The devices of one training."""

    def __init__(self, strategy: Any = None) -> None:
        """Args:
        strategy: a tf.distribute.MirroredStrategy; None: one device, nothing is distributed.
        """
        self._strategy = strategy

    @property
    def count(self) -> int:
        """How many copies of the model there are."""
        return 1 if self._strategy is None else int(self._strategy.num_replicas_in_sync)

    def scope(self) -> AbstractContextManager[Any]:
        """Variables made inside are on every device."""
        strategy = tf.distribute.get_strategy() if self._strategy is None else self._strategy
        scope: AbstractContextManager[Any] = strategy.scope()
        return scope

    def run(self, step: Any, rows: Any) -> Any:
        """Takes a step on every device and adds up what they return; inside a tf.function.

        Args:
          step: (first row, row after the last) of the device's share -> a scalar; called on each.
          rows: how many rows the batch has; a short one may leave a device without any.
        """
        if self._strategy is None:
            return step(0, rows)
        share = -(-rows // self.count)

        def on_device() -> Any:
            place = tf.distribute.get_replica_context().replica_id_in_sync_group
            first = tf.minimum(place * share, rows)
            return step(first, tf.minimum(first + share, rows))

        return self._strategy.reduce("SUM", self._strategy.run(on_device), axis=None)


def together(devices: Devices) -> Together:
    """The devices that `train.devices` means.

    Args:
      devices: auto: all GPUs of this machine, one device where there is none or one; one; or how
        many: of the GPUs, without any of the logical CPU devices.

    Raises:
      ValueError: there are not so many.
    """
    gpus = tf.config.list_logical_devices("GPU")
    there = gpus or tf.config.list_logical_devices("CPU")
    if isinstance(devices, int):
        wanted = devices
    else:
        wanted = max(len(gpus), 1) if devices == "auto" else 1
    if wanted > len(there):
        kind = "GPU" if gpus else "logical CPU device"
        raise ValueError(
            f"train.devices should be auto, one, or at most as many as there are. Received: {devices}; "
            f"this machine has {len(there)} {kind}{'s' if len(there) > 1 else ''}"
        )
    if wanted == 1:
        return Together()
    return Together(_mirrored(tuple(device.name for device in there[:wanted])))


@cache
def _mirrored(names: tuple[str, ...]) -> Any:
    """One for the whole process: two of them would mix up their sums."""
    return tf.distribute.MirroredStrategy(list(names))
