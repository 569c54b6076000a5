"""TensorProto to numpy arrays and back, by the rules of TensorFlow's own conversion."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from tensorflow.core.framework import tensor_pb2

from serving import dtypes
from serving.status import ServingError, invalid_argument

_BFLOAT16 = 14
# Field that carries the values of a dtype, and how many field values make one element.
_FIELDS: dict[int, tuple[str, int]] = {
    dtypes.DT_FLOAT: ("float_val", 1),
    dtypes.DT_DOUBLE: ("double_val", 1),
    dtypes.DT_INT32: ("int_val", 1),
    dtypes.DT_UINT8: ("int_val", 1),
    dtypes.DT_INT16: ("int_val", 1),
    dtypes.DT_INT8: ("int_val", 1),
    dtypes.DT_UINT16: ("int_val", 1),
    dtypes.DT_STRING: ("string_val", 1),
    dtypes.DT_COMPLEX64: ("scomplex_val", 2),
    dtypes.DT_COMPLEX128: ("dcomplex_val", 2),
    dtypes.DT_INT64: ("int64_val", 1),
    dtypes.DT_BOOL: ("bool_val", 1),
    dtypes.DT_HALF: ("half_val", 1),
    _BFLOAT16: ("half_val", 1),
    dtypes.DT_UINT32: ("uint32_val", 1),
    dtypes.DT_UINT64: ("uint64_val", 1),
}
_PLAIN = frozenset(
    (dtypes.DT_FLOAT, dtypes.DT_DOUBLE, dtypes.DT_INT64, dtypes.DT_UINT64, dtypes.DT_BOOL)
)
"""Whose field holds exactly their values."""
_MAX_RANK = 254


def _numpy_type(dtype: int) -> Any:
    if dtype == _BFLOAT16:
        import ml_dtypes

        return ml_dtypes.bfloat16
    return dtypes.NUMPY_TYPES[dtype]


def to_array(proto: tensor_pb2.TensorProto, alias: str) -> np.ndarray:
    """The tensor a client sent.

    As in TensorFlow, too few values repeat the last one, none at all are zeros, and surplus
    values are ignored; `tensor_content` must have the exact size.

    Args:
        proto: Tensor message; either typed values or `tensor_content`.
        alias: Input name, for the error.

    Raises:
        ServingError: INVALID_ARGUMENT `tensor parsing error: <alias>`.
    """
    number = proto.dtype
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if number not in _FIELDS or proto.tensor_shape.unknown_rank or min(shape, default=0) < 0:
        raise _failure(alias)
    count = math.prod(shape)
    if len(shape) > _MAX_RANK or count > 2**40:
        raise _failure(alias)
    dtype = _numpy_type(number)
    if content := proto.tensor_content:
        if number == dtypes.DT_STRING or len(content) != count * np.dtype(dtype).itemsize:
            raise _failure(alias)
        array: np.ndarray = np.frombuffer(content, dtype).reshape(shape)
        return array
    field, width = _FIELDS[number]
    values = getattr(proto, field)[: count * width]
    if len(values) % width:
        raise _failure(alias)
    if not values:
        values = [b"" if number == dtypes.DT_STRING else 0] * width
    try:
        flat = _flat(values, number, dtype)
        if len(flat) < count:
            flat = np.concatenate([flat, np.repeat(flat[-1:], count - len(flat))])
        return flat[:count].reshape(shape)
    except (ValueError, MemoryError):
        raise _failure(alias) from None


def _failure(alias: str) -> ServingError:
    return invalid_argument(f"tensor parsing error: {alias}")


def _flat(values: list[Any], number: int, dtype: Any) -> np.ndarray:
    flat: np.ndarray
    if number in _PLAIN:
        flat = np.array(values, dtype)
    elif number == dtypes.DT_STRING:
        flat = np.empty(len(values), dtype=object)
        flat[:] = values
    elif number in (dtypes.DT_COMPLEX64, dtypes.DT_COMPLEX128):
        flat = np.array(values[::2], dtype) + 1j * np.array(values[1::2], dtype)
    elif number in (dtypes.DT_HALF, _BFLOAT16):
        flat = np.array(values, np.int64).astype(np.uint16).view(dtype)
    else:  # narrow integers, whose field is wider
        flat = np.array(values, np.int64).astype(dtype)
    return flat


def to_proto(
    array: np.ndarray, proto: tensor_pb2.TensorProto, as_content: bool = False
) -> tensor_pb2.TensorProto:
    """Writes an array into a tensor message.

    Args:
        array: Numpy array; strings are objects holding bytes.
        proto: Message to fill.
        as_content: Write `tensor_content` instead of typed values, except for strings.
    """
    number = dtypes.dtype_of(array)
    proto.dtype = number
    shape = proto.tensor_shape
    shape.SetInParent()
    for size in array.shape:
        shape.dim.add().size = size
    if number == dtypes.DT_STRING:
        proto.string_val.extend(
            value if isinstance(value, bytes) else str(value).encode()
            for value in array.ravel().tolist()
        )
    elif as_content or number not in _FIELDS:
        proto.tensor_content = array.tobytes()
    elif number in (dtypes.DT_COMPLEX64, dtypes.DT_COMPLEX128):
        parts = np.stack([array.real, array.imag], axis=-1)
        getattr(proto, _FIELDS[number][0]).extend(parts.ravel().tolist())
    elif number in (dtypes.DT_HALF, _BFLOAT16):
        proto.half_val.extend(array.ravel().view(np.uint16).tolist())
    else:
        getattr(proto, _FIELDS[number][0]).extend(array.ravel().tolist())
    return proto
