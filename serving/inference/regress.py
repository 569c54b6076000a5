"""Regress: tf.Examples in, one float per example out."""

from __future__ import annotations

from typing import Any

import numpy as np
from google.protobuf import text_format
from tensorflow_serving.apis import input_pb2, regression_pb2

from serving import dtypes
from serving.inference.classify import find_signature, shape_text, type_text
from serving.inference.examples import examples_array
from serving.inference.job import Job
from serving.models.saved_model import Arrays, Servable
from serving.status import invalid_argument

METHOD = "tensorflow/serving/regress"
_INPUTS, OUTPUTS = "inputs", "outputs"


def check_signature(signature: Any, check_method: bool) -> tuple[str, list[str]]:
    """Checks that a signature regresses.

    Args:
        signature: SignatureDef.
        check_method: Whether its method name must say so.

    Returns:
        Tensor name of the input, and the output's name in a list.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    if check_method and signature.method_name != METHOD:
        raise invalid_argument(
            f"Expected regression signature method_name to be {METHOD}. "
            f"Was: {signature.method_name}"
        )
    if len(signature.inputs) != 1:
        raise invalid_argument("Expected one input Tensor.")
    if len(signature.outputs) != 1:
        raise invalid_argument("Expected one output Tensor.")
    for key, kind, slots in (
        (_INPUTS, "inputs", signature.inputs),
        (OUTPUTS, "outputs", signature.outputs),
    ):
        if key not in slots:
            raise invalid_argument(
                f"No regression {kind} found in SignatureDef: "
                + text_format.MessageToString(signature)
            )
    return signature.inputs[_INPUTS].name, [OUTPUTS]


def regressions(output: np.ndarray, examples: int) -> regression_pb2.RegressionResult:
    """The result message made of a signature's output.

    Args:
        output: (batch,) or (batch, 1) float32.
        examples: Number of examples sent.

    Raises:
        ServingError: INVALID_ARGUMENT when it has another shape or type.
    """
    if not (output.ndim == 1 or (output.ndim == 2 and output.shape[1] == 1)):
        raise invalid_argument(
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got "
            + shape_text(output)
        )
    if output.shape[0] != examples:
        raise invalid_argument(
            f"Input batch size did not match output batch size: {examples} vs. {output.shape[0]}"
        )
    if dtypes.dtype_of(output) != dtypes.DT_FLOAT:
        raise invalid_argument(f"Expected output Tensor of DT_FLOAT.  Got: {type_text(output)}")
    result = regression_pb2.RegressionResult()
    for value in output.ravel().tolist():
        result.regressions.add().value = value
    return result


def regress_job(
    servable: Servable,
    signature_name: str,
    examples: input_pb2.Input,
    check_method: bool = False,
) -> Job[regression_pb2.RegressionResult]:
    """Checks a regress call against one signature of a held model.

    Raises:
        ServingError: INVALID_ARGUMENT for the signature or the input.
    """
    signature = find_signature(servable, signature_name)
    feed, _ = check_signature(signature, check_method)
    array = examples_array(examples)
    program = servable.program((feed,), (signature.outputs[OUTPUTS].name,))

    def finish(outputs: Arrays) -> regression_pb2.RegressionResult:
        return regressions(outputs[0], len(array))

    return Job(program, [array], finish, "Regress")
