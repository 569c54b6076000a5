"""Predict bodies to arrays: the row form (`instances`) and the columnar form (`inputs`)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import numpy as np

from serving import dtypes
from serving.rest.debug_text import debug_text
from serving.rest.json_dialect import members
from serving.rest.values import (
    array_of,
    dense_shape,
    fast_array,
    fill,
    is_base64_object,
    shape_text,
)
from serving.status import ServingError, invalid_argument


class Form(enum.Enum):
    """Which of the two request forms was used; the answer takes the same."""

    ROW = "predictions"
    COLUMNAR = "outputs"


def signature_name_of(doc: dict[str, Any]) -> str:
    """The body's `signature_name`, "" when absent.

    Raises:
        ServingError: INVALID_ARGUMENT when it is not a string.
    """
    name = doc.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid_argument(
            f"JSON Value: {debug_text(doc)} not formatted correctly. "
            "'signature_name' key must be a string value."
        )
    return name


def decode_predict(
    doc: dict[str, Any], signature_name: str, inputs: Mapping[str, int]
) -> tuple[Form, dict[str, np.ndarray]]:
    """Converts a predict body to one array per signature input.

    The declared shapes of the signature play no part: the shape comes from the JSON alone.

    Args:
        doc: Parsed body.
        signature_name: Name as in the body, "" for the default; only for the error text.
        inputs: DataType number of each signature input by name.

    Returns:
        The form and the arrays; strings are object arrays of bytes. In row form the first
        dimension is the number of instances; in columnar form each array has its own shape.

    Raises:
        ServingError: INVALID_ARGUMENT for anything malformed; UNIMPLEMENTED for a value of a
            dtype that JSON cannot carry, in columnar form only.
    """
    if not inputs:
        raise invalid_argument(
            f"Failed to get input map for signature: {signature_name or 'DEFAULT'}"
        )
    if "instances" in doc:
        if "inputs" in doc:
            raise _malformed(
                doc,
                "Not formatted correctly expecting only one of 'inputs' or 'instances' "
                "keys to exist ",
            )
        instances = doc["instances"]
        if not isinstance(instances, list):
            raise _malformed(doc, "Expecting 'instances' to be an list/array")
        if not instances:
            raise _malformed(doc, "No values in 'instances' array")
        return Form.ROW, _decode_instances(instances, inputs)
    if "inputs" in doc:
        return Form.COLUMNAR, _decode_columns(doc["inputs"], inputs)
    raise invalid_argument("Missing 'inputs' or 'instances' key")


def _malformed(doc: dict[str, Any], text: str) -> ServingError:
    return invalid_argument(f"JSON Value: {debug_text(doc)} {text}")


def _is_named(element: Any) -> bool:
    return isinstance(element, dict) and not is_base64_object(element)


def _decode_instances(instances: list[Any], inputs: Mapping[str, int]) -> dict[str, np.ndarray]:
    first = instances[0]
    if not isinstance(first, dict) and len(inputs) > 1:
        raise invalid_argument(
            "instances is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map"
        )
    named = _is_named(first)
    arrays = _fast_rows(instances, named, inputs)
    return _careful_rows(instances, named, inputs) if arrays is None else arrays


def _fast_rows(
    instances: list[Any], named: bool, inputs: Mapping[str, int]
) -> dict[str, np.ndarray] | None:
    """Well-formed instances converted a column at a time; None when anything is unusual."""
    if not named:
        name, dtype = next(iter(inputs.items()))
        array = fast_array(instances, dtype)
        return None if array is None else {name: array}
    if set(map(type, instances)) != {dict}:
        return None
    arrays = {}
    width = len(inputs)
    for name, dtype in inputs.items():
        try:
            column = [row[name] for row in instances]
        except KeyError:
            return None
        array = fast_array(column, dtype)
        if array is None:
            return None
        arrays[name] = array
    if any(len(row) != width for row in instances):
        return None
    return arrays


class _Column:
    """Values of one input collected over the instances, with the shape all must share."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.size = -1
        self.shape: list[int] = []

    def add(self, item: Any, dtype: int) -> None:
        shape = dense_shape(item)
        size = fill(item, shape, dtype, self.values)
        if self.size < 0:
            self.size, self.shape = size, shape
        elif self.size != size:
            raise invalid_argument(f"Expecting tensor size: {self.size} but got: {size}")
        elif self.shape != shape:
            raise invalid_argument(
                f"Expecting shape {shape_text(self.shape)} but got: {shape_text(shape)}"
            )


def _careful_rows(
    instances: list[Any], named: bool, inputs: Mapping[str, int]
) -> dict[str, np.ndarray]:
    """Instance by instance, in TF Serving's order, so that the first error is the same one."""
    columns: dict[str, _Column] = {}
    only = next(iter(inputs))
    for index, element in enumerate(instances):
        if named != _is_named(element):
            raise invalid_argument(
                f"Expecting object but got list at item {index} of input list"
                if named
                else f"Expecting value/list but got object at item {index} of input list"
            )
        pairs = members(element) if named else [(only, element)]
        seen = set()
        for key, value in pairs:
            name = key.partition("\0")[0]  # TF Serving reads keys as C strings
            seen.add(name)
            try:
                if name not in inputs:
                    raise invalid_argument(f"JSON object: does not have named input: {name}")
                columns.setdefault(name, _Column()).add(value, inputs[name])
            except ServingError as error:
                where = f"{index} key: {name}" if named else f"{index}"
                raise invalid_argument(
                    f"Failed to process element: {where} of 'instances' list. Error: {error}"
                ) from None
        if named and seen != inputs.keys():
            raise invalid_argument(
                f"Failed to process element: {index} of 'instances' list. JSON object: "
                f"{debug_text(element)} keys must be equal to: {','.join(sorted(inputs))}"
            )
    return {
        name: array_of(column.values, [len(instances), *column.shape], inputs[name], name)
        for name, column in columns.items()
    }


def _decode_columns(value: Any, inputs: Mapping[str, int]) -> dict[str, np.ndarray]:
    if not _is_named(value):
        if len(inputs) > 1:
            raise invalid_argument(
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                "required as per tensorinfo_map"
            )
        name, dtype = next(iter(inputs.items()))
        return {name: _decode_column(value, dtype, name)}
    arrays = {}
    for name, dtype in inputs.items():
        if name not in value:
            raise invalid_argument(f"Missing named input: {name} in 'inputs' object.")
        arrays[name] = _decode_column(value[name], dtype, name)
    return arrays


def _decode_column(value: Any, dtype: int, name: str) -> np.ndarray:
    array = fast_array(value, dtype) if isinstance(value, list) else None
    if array is not None:
        return array
    values: list[Any] = []
    shape = dense_shape(value)
    fill(value, shape, dtype, values)
    return array_of(values, shape, dtype, name)


def reads_doubles(inputs: Mapping[str, int]) -> bool:
    """Whether any input is a double, the one dtype that shows RapidJSON's rounding."""
    return dtypes.DT_DOUBLE in inputs.values()
