"""JSON values to tensor elements: shapes, conversions and their errors."""

from __future__ import annotations

import base64
import binascii
import warnings
from itertools import chain
from typing import Any

import numpy as np

from serving import dtypes
from serving.rest.debug_text import debug_text
from serving.rest.json_dialect import json_type, to_bytes
from serving.status import Code, ServingError, invalid_argument

# What is too large for a float32 becomes infinite, as in TF Serving; not worth a word.
warnings.filterwarnings("ignore", "overflow encountered in cast", RuntimeWarning)

_MAX_RANK = 254
_INT32_KINDS = (dtypes.DT_INT32, dtypes.DT_INT16, dtypes.DT_INT8, dtypes.DT_UINT8)
_RANGES: dict[int, tuple[int, int]] = {
    **dict.fromkeys(_INT32_KINDS, (-(2**31), 2**31 - 1)),
    dtypes.DT_INT64: (-(2**63), 2**63 - 1),
    dtypes.DT_UINT32: (0, 2**32 - 1),
    dtypes.DT_UINT64: (0, 2**64 - 1),
}
_NUMBERS = {int, float}
_BASE64_SPACE = bytes.maketrans(b"\t\n\v\f\r", b"     ")


def is_base64_object(value: Any) -> bool:
    """Whether the value is an object with the single key `b64` and a string for its value."""
    return isinstance(value, dict) and len(value) == 1 and _has_base64(value)


def _has_base64(value: dict[str, Any]) -> bool:
    pairs = getattr(value, "pairs", None)
    return isinstance(value.get("b64"), str) and (pairs is None or len(pairs) == 1)


def decode_base64(text: str) -> bytes:
    """Standard alphabet; padding optional but right if present; ASCII white space skipped.

    Raises:
        ServingError: INVALID_ARGUMENT `Unable to base64 decode`.
    """
    data = to_bytes(text)
    try:
        return binascii.a2b_base64(data, strict_mode=True) if data else b""
    except binascii.Error:
        pass
    compact = data.translate(_BASE64_SPACE).replace(b" ", b"")
    unpadded = compact.rstrip(b"=.")  # absl takes a dot for padding, too
    padding = len(compact) - len(unpadded)
    needed = -len(unpadded) % 4
    if needed == 3 or padding not in (0, needed):
        raise invalid_argument("Unable to base64 decode")
    try:
        return base64.b64decode(unpadded + b"=" * needed, validate=True)
    except binascii.Error:
        raise invalid_argument("Unable to base64 decode") from None


def dense_shape(value: Any) -> list[int]:
    """Shape read off the first element at each level; a value that is not a list has none."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return shape


def shape_text(shape: list[int]) -> str:
    """`[2,3]`, and `[]` for a scalar."""
    return f"[{','.join(map(str, shape))}]"


def _type_error(value: Any, dtype: int) -> ServingError:
    return invalid_argument(
        f"JSON Value: {debug_text(value)} Type: {json_type(value)} "
        f"is not of expected type: {dtypes.dtype_name(dtype)}"
    )


def _element(value: Any, dtype: int) -> Any:
    """One leaf converted to what numpy stores for `dtype`, before narrowing."""
    if isinstance(value, dict):
        if dtype != dtypes.DT_STRING:
            raise _type_error(value, dtype)
        if not is_base64_object(value):
            raise invalid_argument(
                f"JSON Value: {debug_text(value)} not formatted correctly for base64 data"
            )
        return decode_base64(value["b64"])
    kind = type(value)
    if dtype in (dtypes.DT_FLOAT, dtypes.DT_DOUBLE):
        if kind in _NUMBERS:
            return value
    elif dtype in _RANGES:
        low, high = _RANGES[dtype]
        if kind is int and low <= value <= high:
            return value
    elif dtype == dtypes.DT_STRING:
        if kind is str:
            return to_bytes(value)
    elif dtype == dtypes.DT_BOOL:
        if kind is bool:
            return value
    else:
        raise ServingError(
            Code.UNIMPLEMENTED,
            f"Conversion of JSON Value: {debug_text(value)} to type: {dtypes.dtype_name(dtype)}",
        )
    raise _type_error(value, dtype)


def fill(value: Any, shape: list[int], dtype: int, values: list[Any]) -> int:
    """Appends all leaves of `value` to `values`, checking them against `shape`.

    Args:
        value: JSON value, a scalar or lists to any depth.
        shape: What every list must measure and the depth at which leaves must sit.
        dtype: DataType number of the leaves.
        values: Receives the converted leaves in row-major order.

    Returns:
        Number of leaves appended.

    Raises:
        ServingError: the first deviation in row-major order.
    """
    rank = len(shape)
    before = len(values)
    iterators = [iter((value,))]
    while iterators:
        level = len(iterators) - 1
        for item in iterators[-1]:
            if isinstance(item, list):
                if level >= rank:
                    raise invalid_argument(
                        f"Encountered list at unexpected level: {level} expected < {rank}"
                    )
                if len(item) != shape[level]:
                    raise invalid_argument(
                        f"Encountered list at unexpected size: {len(item)} at level: {level} "
                        f"expected size: {shape[level]}"
                    )
                iterators.append(iter(item))
                break
            if level != rank:
                raise invalid_argument(
                    f"JSON Value: {debug_text(item)} found at incorrect level: {level + 1} "
                    f"in the JSON DOM. Expected at level: {rank}"
                )
            values.append(_element(item, dtype))
        else:
            iterators.pop()
    return len(values) - before


def _store(values: list[Any], dtype: int) -> np.ndarray:
    """A flat array of converted leaves: integers wrap as in C, floats overflow to infinity."""
    array: np.ndarray
    if dtype == dtypes.DT_STRING:
        array = np.empty(len(values), dtype=object)
        array[:] = values
    elif dtype == dtypes.DT_FLOAT:
        array = np.array(values, dtype=np.float64).astype(np.float32)
    elif dtype in _INT32_KINDS:
        array = np.array(values, dtype=np.int64).astype(dtypes.NUMPY_TYPES[dtype])
    else:
        array = np.array(values, dtype=dtypes.NUMPY_TYPES.get(dtype, np.float32))
    return array


def array_of(values: list[Any], shape: list[int], dtype: int, name: str) -> np.ndarray:
    """The tensor made of converted leaves.

    Args:
        values: Leaves in row-major order; more than the shape holds are dropped (a repeated
            key adds its values twice, and TensorFlow ignores the surplus).
        shape: Dimensions.
        dtype: DataType number.
        name: Input name, for the error.

    Raises:
        ServingError: INVALID_ARGUMENT `tensor parsing error: <name>` past rank 254.
    """
    if len(shape) > _MAX_RANK:
        raise invalid_argument(f"tensor parsing error: {name}")
    count = 1
    for size in shape:
        count *= size
    flat = _store(values[:count], dtype)
    if len(shape) > 64:  # numpy's own limit; TensorFlow's feeds come through numpy
        raise invalid_argument(f"tensor parsing error: {name}")
    return flat.reshape(shape)


def fast_array(value: list[Any], dtype: int) -> np.ndarray | None:
    """Converts a regular list of plain leaves quickly.

    Args:
        value: Non-nested or evenly nested list.
        dtype: DataType number of the leaves.

    Returns:
        The array, or None when the careful path must decide (ragged, mixed, out of range,
        base64, an unsupported dtype): it raises the right error or converts it after all.
    """
    shape = [len(value)]
    level = value
    kinds = set(map(type, level))
    while kinds == {list}:
        widths = set(map(len, level))
        if len(widths) != 1 or len(shape) > 32:
            return None
        shape.append(widths.pop())
        level = list(chain.from_iterable(level))
        kinds = set(map(type, level))
    if not level:
        return None
    if dtype in (dtypes.DT_FLOAT, dtypes.DT_DOUBLE):
        if not kinds <= _NUMBERS:
            return None
    elif dtype in _RANGES:
        low, high = _RANGES[dtype]
        if kinds != {int} or min(level) < low or max(level) > high:
            return None
    elif dtype == dtypes.DT_STRING:
        if kinds != {str}:
            return None
        level = list(map(to_bytes, level))
    elif dtype != dtypes.DT_BOOL or kinds != {bool}:
        return None
    return _store(level, dtype).reshape(shape)
