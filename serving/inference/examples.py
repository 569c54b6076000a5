"""tf.Example inputs: messages, their JSON form, and the serialized tensor a model parses."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from tensorflow.core.example import example_pb2
from tensorflow_serving.apis import input_pb2

from serving.rest.examples import Example, ExamplesRequest
from serving.status import invalid_argument


def _fill(example: Example, into: example_pb2.Example) -> None:
    into.SetInParent()
    for name, feature in example.items():
        slot = into.features.feature[
            name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        ]
        if feature.kind:
            getattr(slot, f"{feature.kind}_list").value.extend(feature.values)


def input_of(request: ExamplesRequest) -> input_pb2.Input:
    """The Input message of a parsed REST body."""
    message = input_pb2.Input()
    if request.context is None:
        for example in request.examples:
            _fill(example, message.example_list.examples.add())
        return message
    with_context = message.example_list_with_context
    _fill(request.context, with_context.context)
    for example in request.examples:
        _fill(example, with_context.examples.add())
    return message


def _serialized(message: input_pb2.Input) -> Iterator[bytes]:
    if message.WhichOneof("kind") == "example_list_with_context":
        # Concatenation merges messages: a feature repeated in the example replaces the context's.
        context = message.example_list_with_context.context.SerializeToString()
        for example in message.example_list_with_context.examples:
            yield context + example.SerializeToString()
    else:
        for example in message.example_list.examples:
            yield example.SerializeToString()


def examples_array(message: input_pb2.Input) -> np.ndarray:
    """The tensor fed to a classify or regress signature.

    Returns:
        (number of examples,) objects holding serialized tf.Example.

    Raises:
        ServingError: INVALID_ARGUMENT `Input is empty.`
    """
    strings = list(_serialized(message))
    if not strings:
        raise invalid_argument("Input is empty.")
    array: np.ndarray = np.empty(len(strings), dtype=object)
    array[:] = strings
    return array
