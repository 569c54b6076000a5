"""Classify and regress bodies: JSON examples to features of one kind each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from serving.rest.debug_text import debug_text
from serving.rest.json_dialect import json_type, members, parse_document, to_bytes
from serving.rest.request import signature_name_of
from serving.rest.values import decode_base64, is_base64_object
from serving.status import ServingError, invalid_argument

_INT64_MAX = 2**63 - 1


@dataclass
class Feature:
    """Values of one feature. `kind` is "bytes", "float" or "int64", "" for an empty list."""

    kind: str = ""
    values: list[Any] = field(default_factory=list)


Example = dict[str, Feature]


@dataclass
class ExamplesRequest:
    """A parsed classify or regress body; `context` is None when the key is absent."""

    signature_name: str
    context: Example | None
    examples: list[Example]


def parse_examples(body: bytes) -> ExamplesRequest:
    """Parses a whole classify or regress body; nothing of the model is needed.

    Args:
        body: Raw JSON.

    Returns:
        Signature name ("" when absent), optional context, at least one example. A feature
        repeated within an example keeps its last value.

    Raises:
        ServingError: INVALID_ARGUMENT for anything malformed. An integer stays an integer: the
            model's own parser refuses it where a float is wanted.
    """
    doc = parse_document(body)
    name = signature_name_of(doc)
    context = _example(doc["context"]) if "context" in doc else None
    if "examples" not in doc:
        raise _malformed(
            doc, "When method is classify, key 'examples' is expected and was not found"
        )
    examples = doc["examples"]
    if not isinstance(examples, list):
        raise _malformed(doc, "Expecting 'examples' value to be an list/array")
    if not examples:
        raise _malformed(doc, "'examples' value is an empty array")
    return ExamplesRequest(name, context, [_example(value) for value in examples])


def _malformed(doc: dict[str, Any], text: str) -> ServingError:
    return invalid_argument(f"JSON Value: {debug_text(doc)} {text}")


def _example(value: Any) -> Example:
    if not isinstance(value, dict):
        raise invalid_argument(f"Example must be JSON object but got JSON {json_type(value)}")
    example = {}
    for key, content in members(value):
        name = key.partition("\0")[0]  # TF Serving reads keys as C strings
        feature = Feature()
        for element in content if isinstance(content, list) else [content]:
            _add(element, name, feature)
        example[name] = feature
    return example


def _add(value: Any, name: str, feature: Feature) -> None:
    converted: Any
    if isinstance(value, bool):
        kind, converted = "int64", int(value)
    elif isinstance(value, str):
        kind, converted = "bytes", to_bytes(value)
    elif isinstance(value, dict) and is_base64_object(value):
        kind, converted = "bytes", value["b64"]
    elif isinstance(value, float):
        with np.errstate(over="ignore"):
            kind, converted = "float", float(np.float32(value))
    elif isinstance(value, int):
        kind, converted = "int64", value
    else:
        raise invalid_argument(
            f"Feature: {name} has element with unexpected JSON type: {json_type(value)}"
        )
    if feature.kind and feature.kind != kind:
        raise invalid_argument(
            f"Unexpected element type in feature: {name} expecting type: {feature.kind}"
        )
    if kind == "int64" and converted > _INT64_MAX:
        raise invalid_argument(f"Feature: {name} has uint64_t element. Only int64_t is supported.")
    if isinstance(value, dict):
        converted = decode_base64(converted)
    feature.kind = kind
    feature.values.append(converted)
