"""Array work of a batch: merging tasks' inputs, padding them, cutting outputs apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serving.models.saved_model import Arrays
from serving.status import Code, ServingError, invalid_argument

_MAX_PADDED_RANK = 6


def _pad(array: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Pads behind, in all dimensions but the first, with the array's first element."""
    if array.shape[1:] == tuple(shape[1:]):
        return array
    if array.ndim > _MAX_PADDED_RANK:
        raise invalid_argument("Only tensors with rank from 1 to 6 can be padded.")
    if not array.size:
        raise invalid_argument("Got empty tensor in batch of non-empty tensors.")
    padded: np.ndarray = np.full((len(array), *shape[1:]), array.flat[0], dtype=array.dtype)
    padded[tuple(slice(size) for size in array.shape)] = array
    return padded


def concatenate(
    tasks: Sequence[Sequence[np.ndarray]], padding: int, pad_lengths: bool, names: Sequence[str]
) -> Arrays:
    """Merges the inputs of several tasks.

    Args:
        tasks: Per task one array per input; within an input all but the first dimension agree,
            unless `pad_lengths`.
        padding: Rows to add, copies of the first row of the last task.
        pad_lengths: Pad shorter arrays to the longest, dimension by dimension.
        names: Tensor names of the inputs, for errors.

    Returns:
        One array per input.

    Raises:
        ServingError: FAILED_PRECONDITION when shapes differ and may not be padded,
            INVALID_ARGUMENT when they cannot be.
    """
    merged = []
    for arrays, name in zip(zip(*tasks, strict=True), names, strict=True):
        columns = list(arrays)
        shapes = {array.shape[1:] for array in columns}
        if len(shapes) > 1:
            if not pad_lengths or len(set(map(len, shapes))) > 1:
                raise ServingError(
                    Code.FAILED_PRECONDITION,
                    f"Tensors with name '{name}' from different tasks have different shapes and "
                    "padding is turned off. Set pad_variable_length_inputs to true, or ensure "
                    "that all tensors with the same name have equal dimensions starting with the "
                    "first dim.",
                )
            longest = [max(sizes) for sizes in zip(*(a.shape for a in columns), strict=True)]
            columns = [_pad(array, longest) for array in columns]
        if padding and len(columns[-1]):
            columns.append(np.repeat(columns[-1][:1], padding, axis=0))
        merged.append(columns[0] if len(columns) == 1 else np.concatenate(columns))
    return merged


def split(outputs: Sequence[np.ndarray], sizes: Sequence[int], total: int) -> list[Arrays]:
    """Cuts outputs into one part per task; rows past the tasks are padding and dropped.

    Args:
        outputs: Arrays whose first dimension is `total`.
        sizes: Rows per task.
        total: Rows that were run.

    Raises:
        ServingError: FAILED_PRECONDITION when an output has no or another first dimension.
    """
    for output in outputs:
        if not output.ndim:
            raise ServingError(Code.FAILED_PRECONDITION, "Batched output tensor has 0 dimensions")
        if len(output) != total:
            raise ServingError(
                Code.FAILED_PRECONDITION,
                "Batched output tensor's 0th dimension does not equal the sum of the 0th "
                "dimension sizes of the input tensors",
            )
    parts = []
    start = 0
    for size in sizes:
        parts.append([output[start : start + size] for output in outputs])
        start += size
    return parts
