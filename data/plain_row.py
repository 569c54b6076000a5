"""A raw tf.Example as plain columns: what a caller of `serving_default` sends for the same row."""

import base64
import math
from collections.abc import Mapping
from typing import Any


def plain_row(example: Any, columns: Mapping[str, bool]) -> dict[str, Any]:
    """One row, ready for JSON: a missing number is NaN, a missing text "".

    Args:
      example: a tf.train.Example, or anything shaped like it.
      columns: {column: whether it is text}; others of the example are left out.

    Returns:
      A number, a text, or for bytes that are no UTF-8 `{"b64": …}`, per column.
    """
    features = example.features.feature
    return {name: _value(features.get(name), is_text) for name, is_text in columns.items()}


def _value(feature: Any, is_text: bool) -> Any:
    kind = feature.WhichOneof("kind") if feature is not None else None
    values = getattr(feature, kind).value if kind else ()
    if not values:
        return "" if is_text else math.nan
    return _text(values[0]) if isinstance(values[0], bytes) else values[0]


def _text(value: bytes) -> Any:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}
