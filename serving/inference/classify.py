"""Classify: tf.Examples in, labels and scores per example out."""

from __future__ import annotations

from typing import Any

import numpy as np
from google.protobuf import text_format
from tensorflow_serving.apis import classification_pb2, input_pb2

from serving import dtypes
from serving.inference.examples import examples_array
from serving.inference.job import Job
from serving.inference.predict import DEFAULT_SIGNATURE
from serving.models.saved_model import Arrays, Servable
from serving.status import invalid_argument

METHOD = "tensorflow/serving/classify"
_INPUTS, _CLASSES, _SCORES = "inputs", "classes", "scores"


def shape_text(array: np.ndarray) -> str:
    """Shape as TensorFlow's DebugString writes it: `[2,3]`."""
    return f"[{','.join(map(str, array.shape))}]"


def type_text(array: np.ndarray) -> str:
    """Element type as DataType_Name writes it: `DT_FLOAT`."""
    return f"DT_{dtypes.dtype_name(dtypes.dtype_of(array)).upper()}"


def check_signature(signature: Any, check_method: bool) -> tuple[str, list[str]]:
    """Checks that a signature classifies.

    Args:
        signature: SignatureDef.
        check_method: Whether its method name must say so.

    Returns:
        Tensor name of the input, output names (classes and scores, those it has).

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    if check_method and signature.method_name != METHOD:
        raise invalid_argument(
            f"Expected classification signature method_name to be {METHOD}. "
            f"Was: {signature.method_name}"
        )
    if len(signature.inputs) != 1:
        raise invalid_argument("Expected one input Tensor.")
    if len(signature.outputs) not in (1, 2):
        raise invalid_argument(
            f"Expected one or two output Tensors, found {len(signature.outputs)}"
        )
    if _INPUTS not in signature.inputs:
        raise invalid_argument(
            "No classification inputs found in SignatureDef: "
            + text_format.MessageToString(signature)
        )
    outputs = [name for name in (_CLASSES, _SCORES) if name in signature.outputs]
    if not outputs:
        raise invalid_argument(
            'Expected classification signature outputs to contain at least one of "classes" or '
            f'"scores". Signature was: {text_format.MessageToString(signature)}'
        )
    return signature.inputs[_INPUTS].name, outputs


def find_signature(servable: Servable, name: str) -> Any:
    """A signature for classify or regress; "" is `serving_default`.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    key = name or DEFAULT_SIGNATURE
    if key not in servable.signatures:
        raise invalid_argument(f"No signature was found with the name: {key}")
    return servable.signatures[key]


def _check_output(array: np.ndarray, what: str, kind: int, examples: int) -> None:
    if array.ndim != 2:
        raise invalid_argument(
            f"Expected Tensor shape: [batch_size num_classes] but got {shape_text(array)}"
        )
    if dtypes.dtype_of(array) != kind:
        wanted = dtypes.dtype_name(kind).upper()
        raise invalid_argument(f"Expected {what} Tensor of DT_{wanted}. Got: {type_text(array)}")
    if array.shape[0] != examples:
        raise invalid_argument(
            f"Expected {what} output batch size of {examples}. Got: {array.shape[0]}"
        )


def classifications(
    outputs: dict[str, np.ndarray], examples: int
) -> classification_pb2.ClassificationResult:
    """The result message made of a signature's outputs.

    Args:
        outputs: `classes` (batch, n) strings and/or `scores` (batch, n) float32.
        examples: Number of examples sent.

    Raises:
        ServingError: INVALID_ARGUMENT when an output has another shape or type.
    """
    classes, scores = outputs.get(_CLASSES), outputs.get(_SCORES)
    if classes is not None:
        _check_output(classes, _CLASSES, dtypes.DT_STRING, examples)
    if scores is not None:
        _check_output(scores, _SCORES, dtypes.DT_FLOAT, examples)
    if classes is not None and scores is not None and classes.shape[1] != scores.shape[1]:
        raise invalid_argument(
            "Tensors class and score should match in dim_size(1). Got "
            f"{classes.shape[1]} vs. {scores.shape[1]}"
        )
    labels = None if classes is None else classes.tolist()
    values = None if scores is None else scores.tolist()
    width = (classes if classes is not None else scores).shape[1]  # type: ignore[union-attr]
    result = classification_pb2.ClassificationResult()
    for row in range(examples):
        added = result.classifications.add()
        for column in range(width):
            one = added.classes.add()
            if labels is not None:
                one.label = labels[row][column].decode("utf-8", "replace")
            if values is not None:
                one.score = values[row][column]
    return result


def classify_job(
    servable: Servable,
    signature_name: str,
    examples: input_pb2.Input,
    check_method: bool = False,
) -> Job[classification_pb2.ClassificationResult]:
    """Checks a classify call against one signature of a held model.

    Raises:
        ServingError: INVALID_ARGUMENT for the signature or the input.
    """
    signature = find_signature(servable, signature_name)
    feed, names = check_signature(signature, check_method)
    array = examples_array(examples)
    program = servable.program((feed,), tuple([signature.outputs[name].name for name in names]))

    def finish(outputs: Arrays) -> classification_pb2.ClassificationResult:
        return classifications(dict(zip(names, outputs, strict=True)), len(array))

    return Job(program, [array], finish, "Classify")
