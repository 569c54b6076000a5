"""What the image trainer reads: encoded pictures and labels, batch by batch, as often as needed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]


class Batches(Protocol):
    """A split, in batches; every iteration starts at the beginning."""

    @property
    def count(self) -> int:
        """How many pictures one iteration gives, over all batches."""
        ...

    def __iter__(self) -> Iterator[tuple[Any, Array, Array | None]]:
        """Batches of (pictures, labels, weights).

        pictures: (batch,) or (batch, 1) encoded bytes: a list, an object array or a string tensor.
        labels: (batch,) class numbers, or (batch,) / (batch, units) values for regression.
        weights: (batch,) how much each row counts, or None.
        """
        ...


@dataclass(frozen=True)
class Rows:
    """A split held in memory, its pictures encoded."""

    pictures: list[bytes]
    labels: Array
    weights: Array | None = None
    batch_size: int = 128

    @property
    def count(self) -> int:
        """How many pictures there are."""
        return len(self.pictures)

    def __iter__(self) -> Iterator[tuple[Any, Array, Array | None]]:
        for start in range(0, self.count, self.batch_size):
            part = slice(start, start + self.batch_size)
            weights = None if self.weights is None else np.asarray(self.weights)[part]
            yield self.pictures[part], np.asarray(self.labels)[part], weights
