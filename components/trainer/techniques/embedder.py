"""What rows are compared by: their vectors, and how one of them is shown to a reader."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from components.trainer.examples import ExampleFiles
from components.trainer.transfer.batches import Array


@dataclass(frozen=True)
class Component:
    """What one number of a vector means."""

    name: str
    share: bool = False
    """1 where a row has it, else 0; a mean is the share of rows that do."""
    unit: float = 1.0
    """What a standard deviation is in the vector."""


@dataclass(frozen=True, eq=False)
class Embedder:
    """Rows that are alike have vectors that are near."""

    of: str
    """What the vectors are, in words."""
    vectors: Callable[[ExampleFiles], Array]
    """A split to (rows, width) float32, in the order of its files."""
    show: Callable[[dict[str, Any]], dict[str, str]]
    """The features of one row, {name: array without batch}, to what a reader sees of it: `text`, or
    `picture` (a PNG in base64)."""
    components: tuple[Component, ...] = ()
    """For each number of a vector what it means; none: they mean nothing to a reader."""
    frozen: bool = True
    """Whether a model sees the same vectors, so that it can be told of clusters among them."""
    standard: Any = None
    """Columns: how a model makes the vectors (columns.standardised.Standard)."""
