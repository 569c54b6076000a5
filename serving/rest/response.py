"""Answers as TF Serving writes them: number formats and the layout of RapidJSON's PrettyWriter."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from serving import dtypes
from serving.rest.debug_text import quote
from serving.rest.request import Form
from serving.status import ServingError, invalid_argument

_FLOAT = struct.Struct("f")
_MANY = 32
_INTEGERS = frozenset(
    (
        dtypes.DT_INT32, dtypes.DT_INT16, dtypes.DT_INT8, dtypes.DT_UINT8,
        dtypes.DT_INT64, dtypes.DT_UINT32, dtypes.DT_UINT64,
    )
)  # fmt: skip


def _to_float32(text: str) -> float:
    try:
        return float(_FLOAT.unpack(_FLOAT.pack(float(text)))[0])
    except OverflowError:
        return math.inf


def float_text(value: float) -> str:
    """A float32 (given as a Python float): `%g`, else `%.9g`; `.0` added to whole numbers."""
    text = f"{value:g}"
    if not math.isfinite(value):
        return _non_finite(value)
    if _to_float32(text) != value:
        text = f"{value:.9g}"
    return text if "." in text or "e" in text else text + ".0"


def double_text(value: float) -> str:
    """A double: `%g`, else `%.17g`; `.0` added to whole numbers."""
    text = f"{value:g}"
    if not math.isfinite(value):
        return _non_finite(value)
    if float(text) != value:
        text = f"{value:.17g}"
    return text if "." in text or "e" in text else text + ".0"


def many_texts(values: Sequence[float], dtype: int) -> list[str]:
    """Texts of many floats, the check whether `%g` suffices made for all at once."""
    single = dtype == dtypes.DT_FLOAT
    texts = [f"{value:g}" for value in values]
    numpy_type = dtypes.NUMPY_TYPES[dtype]
    wanted = np.array(values, np.float64)
    read_back = np.array(list(map(float, texts)), np.float64).astype(numpy_type)
    inexact = np.flatnonzero(~(read_back == wanted)).tolist()
    texts = [text if "." in text or "e" in text else text + ".0" for text in texts]
    one = float_text if single else double_text
    for index in inexact:
        texts[index] = one(values[index])
    for index in np.flatnonzero(~np.isfinite(wanted)).tolist():
        texts[index] = _non_finite(values[index])
    return texts


def _non_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _string_text(value: bytes) -> str:
    return quote(value.decode("utf-8", "surrogateescape"))


def _writer_of(array: np.ndarray, name: str) -> Callable[[Any], str] | None:
    """Function from an element (as `tolist` gives it) to text; None for `{"b64": ...}` leaves."""
    dtype = dtypes.dtype_of(array)
    if dtype == dtypes.DT_FLOAT:
        return float_text
    if dtype == dtypes.DT_DOUBLE:
        return double_text
    if dtype in _INTEGERS:
        return str
    if dtype == dtypes.DT_BOOL:
        return lambda value: "true" if value else "false"
    if dtype == dtypes.DT_STRING:
        return None if name.endswith("_bytes") else _string_text
    raise invalid_argument(
        f"Failed to write JSON value for tensor type: {dtypes.dtype_name(dtype)}"
    )


def _base64_lines(value: bytes, indent: str) -> str:
    text = base64.b64encode(value).decode()
    return f'{{\n{indent}    "b64": "{text}"\n{indent}}}'


def _layout(value: Any, rank: int, leaf: Callable[[Any, str], str], indent: str, wide: bool) -> str:
    """Nested lists, `wide` on one line, otherwise one element per line."""
    if rank == 0:
        return leaf(value, indent)
    if not value:
        return "[]"
    inner = indent + "    "
    items = [_layout(item, rank - 1, leaf, inner, wide) for item in value]
    if wide:
        return f"[{', '.join(items)}]"
    return "[\n" + ",\n".join(inner + item for item in items) + f"\n{indent}]"


def _leaf(array: np.ndarray, name: str) -> Callable[[Any, str], str]:
    writer = _writer_of(array, name)
    if writer is None:
        return _base64_lines
    plain = writer
    return lambda value, _indent: plain(value)


def _flat_texts(array: np.ndarray, name: str) -> list[str] | None:
    """Texts of a vector's elements, the frequent case; None where elements span lines."""
    writer = _writer_of(array, name)
    if writer in (float_text, double_text) and array.size > _MANY:
        return many_texts(array.tolist(), dtypes.dtype_of(array))
    return None if writer is None else [writer(value) for value in array.tolist()]


def encode_predict(form: Form, outputs: Mapping[str, np.ndarray]) -> bytes:
    """Body of a predict answer.

    Args:
        form: The form of the request.
        outputs: Arrays by output name; strings are object arrays of bytes. A string output
            whose name ends in `_bytes` is written as base64 objects.

    Returns:
        Pretty-printed JSON. With one output its name is omitted.

    Raises:
        ServingError: INVALID_ARGUMENT for a dtype that JSON cannot carry and, in row form, for
            a scalar output or outputs that differ in their first dimension.
    """
    if not outputs:
        raise invalid_argument("Cannot convert empty tensor map to JSON")
    text = _rows(outputs) if form is Form.ROW else _columns(outputs)
    return text.encode("utf-8", "surrogateescape")


def _rows(outputs: Mapping[str, np.ndarray]) -> str:
    batch = -1
    for name, array in outputs.items():
        if array.ndim == 0:
            raise invalid_argument(f"Tensor name: {name} has no shape information ")
        if batch >= 0 and array.shape[0] != batch:
            raise invalid_argument(
                f"Tensor name: {name} has inconsistent batch size: {array.shape[0]} "
                f"expecting: {batch}"
            )
        batch = array.shape[0]
    if batch == 0:
        return '{\n    "predictions": []\n}'
    indent = " " * 8
    if len(outputs) == 1:
        ((name, array),) = outputs.items()
        items = _flat_texts(array, name) if array.ndim == 1 else None
        if items is None:
            leaf = _leaf(array, name)
            items = [_layout(row, array.ndim - 1, leaf, indent, True) for row in array.tolist()]
        return f'{{\n    "predictions": [{", ".join(items)}\n    ]\n}}'
    inner = indent + "    "
    columns = []
    for name, array in outputs.items():
        leaf = _leaf(array, name)
        key = quote(name)
        columns.append(
            [
                f"{inner}{key}: {_layout(row, array.ndim - 1, leaf, inner, True)}"
                for row in array.tolist()
            ]
        )
    rows = [
        f"{indent}{{\n" + ",\n".join(row) + f"\n{indent}}}" for row in zip(*columns, strict=True)
    ]
    return '{\n    "predictions": [\n' + ",\n".join(rows) + "\n    ]\n}"


def _columns(outputs: Mapping[str, np.ndarray]) -> str:
    if len(outputs) == 1:
        ((name, array),) = outputs.items()
        value = _layout(array.tolist(), array.ndim, _leaf(array, name), "    ", False)
        return f'{{\n    "outputs": {value}\n}}'
    indent = " " * 8
    columns = [
        f"{indent}{quote(name)}: "
        f"{_layout(array.tolist(), array.ndim, _leaf(array, name), indent, False)}"
        for name, array in outputs.items()
    ]
    return '{\n    "outputs": {\n' + ",\n".join(columns) + "\n    }\n}"


def encode_classifications(classes: Sequence[Sequence[tuple[str, float]]]) -> bytes:
    """Body of a classify answer: per example a list of [label, score] pairs on one line.

    Raises:
        ServingError: INVALID_ARGUMENT when there is nothing to write.
    """
    if not classes:
        raise invalid_argument("Cannot convert empty ClassificationResults to JSON")
    rows = [
        "[" + ", ".join(f"[{quote(label)}, {float_text(score)}]" for label, score in example) + "]"
        for example in classes
    ]
    text = f'{{\n    "results": [{", ".join(rows)}\n    ]\n}}'
    return text.encode("utf-8", "surrogateescape")


def encode_regressions(values: Sequence[float]) -> bytes:
    """Body of a regress answer: all values on one line.

    Raises:
        ServingError: INVALID_ARGUMENT when there is nothing to write.
    """
    if not values:
        raise invalid_argument("Cannot convert empty RegressionResults to JSON")
    return f'{{\n    "results": [{", ".join(map(float_text, values))}]\n}}'.encode()


def encode_error(error: ServingError) -> bytes:
    """Body of an error answer: the message alone, no code."""
    text = f'{{\n    "error": {quote(error.message)}\n}}'
    return text.encode("utf-8", "surrogateescape")
