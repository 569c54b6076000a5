"""The one column that a transfer model reads: which it is, and its batches as the recipe takes them."""

from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from components.trainer.examples import ExampleFiles
from components.trainer.inputs import ModelInput
from components.trainer.transfer.batches import Array


class ColumnSplit:
    """One column of a split of transformed examples, beside its labels.

    Args:
      files: the split.
      column: the column's name.
      rows: rows per batch.
    """

    def __init__(self, files: ExampleFiles, column: str, rows: int) -> None:
        self._files, self._column, self._rows = files, column, rows
        self.count = files.rows

    def __iter__(self) -> Iterator[tuple[Any, Array, Array | None]]:
        for features, labels, *weights in self._files.batches(self._rows):
            counted = weights[0].numpy() if weights else None
            yield tf.reshape(features[self._column], [-1]), labels.numpy(), counted


def only(inputs: Sequence[ModelInput], kind: str) -> str:
    """The one column of a model that takes nothing else.

    Args:
      inputs: the model's inputs.
      kind: what it takes, in words: `picture`, `text`.

    Raises:
      ValueError: other model inputs stand beside it.
    """
    if len(inputs) > 1:
        names = ", ".join(item.name for item in inputs)
        raise ValueError(
            f"a {kind} model takes one {kind} column and nothing else. Received: {names}. Set the "
            'others to "ignore" in [features], or give train.model a model of your own.'
        )
    return inputs[0].name
