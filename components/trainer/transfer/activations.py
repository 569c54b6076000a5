"""What the frozen part of a network makes of every picture, computed once and kept."""

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from components.trainer.transfer.batches import Array, Batches
from components.trainer.transfer.throttle import Throttle


@dataclass(frozen=True)
class Activations:
    """A split as the upper part of the network sees it."""

    plain: Array
    """Activations of the pictures, (rows, ...), in memory or in a file on disk."""
    mirrored: Array | None
    """Those of the pictures mirrored left to right, or None."""
    labels: Array
    """(rows,) or (rows, units)."""
    weights: Array | None
    """(rows,) float32, or None: every row counts the same."""

    def __len__(self) -> int:
        return len(self.plain)

    def take(self, rows: Array, flip: Array | None = None) -> Array:
        """Activations of some rows, mirrored where `flip` (rows,) bool says so."""
        taken = np.asarray(self.plain[rows])
        if flip is not None and self.mirrored is not None:
            taken[flip] = self.mirrored[rows[flip]]
        return taken

    def counted(self, rows: Array) -> Array:
        """How much some rows count, (rows,) float32."""
        return np.ones(len(rows), np.float32) if self.weights is None else self.weights[rows]


class Shelf:
    """Hands out arrays from a budget of memory, and from files on disk once it is spent."""

    def __init__(self, megabytes: int, folder: Path | None = None) -> None:
        """Args:
        megabytes: how much may lie in memory, over all arrays.
        folder: where the files go (they vanish with their arrays); None: the temporary folder.
        """
        self._left = megabytes * 2**20
        self._folder = Path(tempfile.gettempdir()) if folder is None else folder
        self.on_disk = 0
        """How many bytes were handed out from files."""

    def array(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array to be filled, in memory while the budget lasts.

        Raises:
          OSError: it fits neither the budget nor the disk; the message says what to change.
        """
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        if size <= self._left:
            self._left -= size
            return np.empty(shape, dtype)
        free = shutil.disk_usage(self._folder).free
        if size > free:
            raise OSError(
                f"the activations need {size / 2**20:,.0f} MB and {self._folder} has "
                f"{free / 2**20:,.0f} MB free: make train.image.size smaller or set "
                "train.image.mirror = false"
            )
        self.on_disk += size
        with tempfile.TemporaryFile(dir=self._folder) as file:  # lives on while it is mapped
            return np.memmap(file, dtype, "r+", shape=shape)


def compute_activations(
    batches: Batches,
    frozen: Callable[[Any], Any],
    decode: Callable[[Any], Any],
    mirror: bool,
    shelf: Shelf,
    progress: Throttle,
) -> Activations:
    """Run the frozen part over a split, and over its mirror images where asked.

    Args:
      batches: the split.
      frozen: pixels (batch, size, size, 3) float32 to activations (batch, ...).
      decode: encoded pictures (batch,) string to pixels.
      mirror: also keep the activations of the mirror images.
      shelf: where the arrays come from.
      progress: receives `{"phase": "features", "step", "steps", "images_per_second"}`; a step is a
        picture.

    Raises:
      ValueError: the split is empty, or gives another number of pictures than its count says.
      tf.errors.InvalidArgumentError: bytes that are no picture.
    """

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])
    def both(encoded: Any) -> Any:
        pixels = decode(encoded)  # (batch, size, size, 3)
        flipped = frozen(tf.reverse(pixels, [2])) if mirror else ()
        return frozen(pixels), flipped

    plain: Array | None = None
    mirrored: Array | None = None
    labels: list[Array] = []
    weights: list[Array] = []
    done = 0
    start = time.perf_counter()
    for encoded, label, weight in batches:
        if not len(label):
            continue
        maps, flipped = both(tf.reshape(tf.convert_to_tensor(encoded, tf.string), [-1]))
        if plain is None:
            shape, dtype = (batches.count, *maps.shape[1:]), maps.dtype.as_numpy_dtype
            plain = shelf.array(shape, dtype)
            mirrored = shelf.array(shape, dtype) if mirror else None
        first, done = done, done + len(label)
        if done > batches.count:
            break
        plain[first:done] = maps.numpy()
        if mirrored is not None:
            mirrored[first:done] = flipped.numpy()
        labels.append(np.asarray(label))
        if weight is not None:
            weights.append(np.asarray(weight, np.float32))
        if progress.due() or done == batches.count:
            speed = done / (time.perf_counter() - start)
            event = {"phase": "features", "step": done, "steps": batches.count}
            progress.send(event | {"images_per_second": speed})
    if plain is None or done != batches.count:
        raise ValueError(
            f"the split should give {batches.count} pictures, and at least one. Received: {done}"
            + (" or more" if done > batches.count else "")
        )
    return Activations(
        plain, mirrored, np.concatenate(labels), np.concatenate(weights) if weights else None
    )


def pool_activations(
    rows: Activations,
    pooled: Callable[[Any], Any],
    shelf: Shelf,
    progress: Throttle,
    batch: int = 256,
) -> Activations:
    """The features a frozen upper part makes of kept activations.

    Args:
      rows: what the lower part made.
      pooled: activations (batch, ...) to features (batch, channels).
      shelf: where the arrays come from.
      progress: receives `{"phase": "features", "step", "steps"}`; a step is a picture, its mirror
        image another.
      batch: how many rows are run at a time.
    """
    spec = tf.TensorSpec((None, *rows.plain.shape[1:]), tf.as_dtype(rows.plain.dtype))
    run = tf.function(pooled, input_signature=[spec])

    channels = run.get_concrete_function().output_shapes[-1]
    kept = [rows.plain] if rows.mirrored is None else [rows.plain, rows.mirrored]
    features = []
    for done, maps in enumerate(kept):
        result = shelf.array((len(maps), channels), np.float32)
        for first in range(0, len(maps), batch):
            part = slice(first, first + batch)
            result[part] = run(np.asarray(maps[part])).numpy()
            if progress.due():
                step = done * len(maps) + min(part.stop, len(maps))
                steps = len(kept) * len(maps)
                progress.send({"phase": "features", "step": step, "steps": steps})
        features.append(result)
    return replace(rows, plain=features[0], mirrored=features[1] if len(features) > 1 else None)
