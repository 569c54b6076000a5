"""TensorFlow's element types as numbers, names and numpy types, without importing TensorFlow."""

from __future__ import annotations

import numpy as np

# Numbers of tensorflow.DataType.
DT_FLOAT = 1
DT_DOUBLE = 2
DT_INT32 = 3
DT_UINT8 = 4
DT_INT16 = 5
DT_INT8 = 6
DT_STRING = 7
DT_COMPLEX64 = 8
DT_INT64 = 9
DT_BOOL = 10
DT_UINT16 = 17
DT_COMPLEX128 = 18
DT_HALF = 19
DT_UINT32 = 22
DT_UINT64 = 23

_NAMES: dict[int, str] = {
    0: "INVALID",
    DT_FLOAT: "float",
    DT_DOUBLE: "double",
    DT_INT32: "int32",
    DT_UINT8: "uint8",
    DT_INT16: "int16",
    DT_INT8: "int8",
    DT_STRING: "string",
    DT_COMPLEX64: "complex64",
    DT_INT64: "int64",
    DT_BOOL: "bool",
    11: "qint8",
    12: "quint8",
    13: "qint32",
    14: "bfloat16",
    15: "qint16",
    16: "quint16",
    DT_UINT16: "uint16",
    DT_COMPLEX128: "complex128",
    DT_HALF: "half",
    20: "resource",
    21: "variant",
    DT_UINT32: "uint32",
    DT_UINT64: "uint64",
    24: "float8_e5m2",
    25: "float8_e4m3fn",
    29: "int4",
    30: "uint4",
}

NUMPY_TYPES: dict[int, type[np.generic]] = {
    DT_FLOAT: np.float32,
    DT_DOUBLE: np.float64,
    DT_INT32: np.int32,
    DT_UINT8: np.uint8,
    DT_INT16: np.int16,
    DT_INT8: np.int8,
    DT_STRING: np.object_,
    DT_COMPLEX64: np.complex64,
    DT_INT64: np.int64,
    DT_BOOL: np.bool_,
    DT_UINT16: np.uint16,
    DT_COMPLEX128: np.complex128,
    DT_HALF: np.float16,
    DT_UINT32: np.uint32,
    DT_UINT64: np.uint64,
}
"""Numpy type of each element type that numpy itself has; strings are objects holding bytes."""

_BY_NUMPY: dict[np.dtype[np.generic], int] = {
    np.dtype(kind): number for number, kind in NUMPY_TYPES.items()
}
_BY_NAME: dict[str, int] = {name: number for number, name in _NAMES.items()}


def dtype_name(number: int) -> str:
    """Name as in TensorFlow's DataTypeString: `float`, `half`, `string`; references end in _ref."""
    if number > 100:
        return f"{dtype_name(number - 100)}_ref"
    return _NAMES.get(number, f"unknown dtype enum ({number})")


def dtype_of(array: np.ndarray) -> int:
    """DataType number of an array; strings (object, S, U) are DT_STRING, unknown ones 0."""
    if array.dtype.kind in "OSU":
        return DT_STRING
    number = _BY_NUMPY.get(array.dtype)
    if number is None:  # bfloat16 and the float8 kinds, registered by ml_dtypes
        number = _BY_NAME.get(array.dtype.name, 0)
    return number
