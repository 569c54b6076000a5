"""gRPC by the official client stubs."""

import grpc
import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")
from tensorflow_serving.apis import (  # noqa: E402
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)


@pytest.fixture(scope="module")
def service(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture(scope="module")
def models(channel):
    return model_service_pb2_grpc.ModelServiceStub(channel)


def predict_request(model="half_plus_two", signature="", outputs=(), **inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    request.output_filter.extend(outputs)
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def fails(call, request, code):
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=20)
    assert caught.value.code() == code
    return caught.value.details()


def test_predict(service):
    response = service.Predict(predict_request(x=np.float32([1, 2])), timeout=20)
    assert list(response.outputs["y"].float_val) == [2.5, 3.0]
    assert not response.outputs["y"].tensor_content
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == (
        "half_plus_two", 123, "serving_default",
    )  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [
        np.float64([[1.5]]), np.int32([1]), np.int64([-(2**60)]), np.uint8([255]), np.int8([-5]),
        np.int16([-300]), np.uint32([2**32 - 1]), np.uint64([2**64 - 1]), np.array([True, False]),
        np.float16([1.5, -2]), np.float32(3.0), np.zeros((0, 2), np.float32),
    ],
    ids=lambda value: f"{value.dtype}{value.shape}",
)  # fmt: skip
def test_element_types(service, value):
    request = predict_request("zoo", f"echo_{value.dtype}", x=value)
    output = tf.make_ndarray(service.Predict(request, timeout=20).outputs["y"])
    assert output.dtype == value.dtype
    np.testing.assert_array_equal(output, value)


def test_strings(service):
    request = predict_request("zoo", "echo_string", x=np.array([[b"a", b"\xff"]], object))
    response = service.Predict(request, timeout=20)
    assert list(response.outputs["y"].string_val) == [b"a", b"\xff"]
    assert [dim.size for dim in response.outputs["y"].tensor_shape.dim] == [1, 2]


def test_few_values_repeat_the_last(service):
    request = predict_request()
    tensor = request.inputs["x"]
    tensor.dtype = 1
    tensor.tensor_shape.dim.add(size=3)
    tensor.float_val.extend([1, 4])
    response = service.Predict(request, timeout=20)
    assert list(response.outputs["y"].float_val) == [2.5, 4.0, 4.0]


def test_output_filter(service):
    request = predict_request("zoo", "two_vectors", ["z"], x=np.float32([1]))
    assert list(service.Predict(request, timeout=20).outputs) == ["z"]
    request = predict_request("zoo", "two_vectors", ["q"], x=np.float32([1]))
    assert fails(service.Predict, request, grpc.StatusCode.INVALID_ARGUMENT) == (
        "output tensor alias not found in signature: q Outputs expected to be in the set {y,z}."
    )
    request = predict_request("zoo", "two_vectors", ["y", "y"], x=np.float32([1]))
    assert fails(service.Predict, request, grpc.StatusCode.INVALID_ARGUMENT) == (
        "duplicate output tensor alias: y"
    )


def test_predict_errors(service):
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    one = np.float32([1])
    assert fails(service.Predict, predict_pb2.PredictRequest(), invalid) == "Missing ModelSpec"
    request = predict_request(x=one)
    request.model_spec.name = ""
    assert fails(service.Predict, request, invalid) == "ModelSpec has no name specified."
    assert (
        fails(
            service.Predict,
            predict_request(signature="q", x=one),
            grpc.StatusCode.FAILED_PRECONDITION,
        )
        == 'Serving signature key "q" not found.'
    )
    assert fails(service.Predict, predict_request("none", x=one), grpc.StatusCode.NOT_FOUND) == (
        "Servable not found for request: Latest(none)"
    )
    assert fails(service.Predict, predict_request(x=one, z=one), invalid) == (
        "input size does not match signature: 2!=1 len({x,z}) != len({x}). Sent extra: {z}. "
        "Missing but required: {}."
    )
    assert fails(service.Predict, predict_request(), invalid) == (
        "input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. "
        "Missing but required: {x}."
    )
    fails(service.Predict, predict_request(x=np.float64([1])), invalid)
    request = predict_request(x=one)
    request.inputs["x"].tensor_content = b"abc"
    assert fails(service.Predict, request, invalid) == "tensor parsing error: x"


def test_version_and_label(service):
    request = predict_request("versions", x=np.float32([1]))
    request.model_spec.version.value = 1
    assert list(service.Predict(request, timeout=20).outputs["y"].float_val) == [2.0]
    request.model_spec.version_label = "canary"
    response = service.Predict(request, timeout=20)
    assert response.model_spec.version.value == 2
    request.model_spec.version_label = "none"
    assert fails(service.Predict, request, grpc.StatusCode.INVALID_ARGUMENT) == (
        "Unrecognized servable version label: none"
    )


def add_examples(message, values):
    for value in values:
        example = message.input.example_list.examples.add()
        example.features.feature["x"].float_list.value.append(value)
    return message


def test_classify_and_regress(service):
    request = add_examples(classification_pb2.ClassificationRequest(), [1.0, 20.0])
    request.model_spec.name = "half_plus_two"
    request.model_spec.signature_name = "classify_labels"
    response = service.Classify(request, timeout=20)
    found = [[(c.label, c.score) for c in e.classes] for e in response.result.classifications]
    assert found == [[("low", 2.5)], [("high", 12.0)]]
    assert response.model_spec.signature_name == "classify_labels"
    asked = add_examples(regression_pb2.RegressionRequest(), [1.0])
    asked.model_spec.name = "half_plus_two"
    asked.model_spec.signature_name = "regress_x_to_y"
    answer = service.Regress(asked, timeout=20)
    assert [r.value for r in answer.result.regressions] == [2.5]
    del asked.input.example_list.examples[:]
    assert fails(service.Regress, asked, grpc.StatusCode.INVALID_ARGUMENT) == "Input is empty."


def test_multi_inference(service):
    request = add_examples(inference_pb2.MultiInferenceRequest(), [1.0, 2.0])
    for name, method in [("classify_x_to_y", "classify"), ("regress_x_to_y", "regress")]:
        task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name = "half_plus_two"
        task.model_spec.signature_name = name
    response = service.MultiInference(request, timeout=20)
    first, second = response.results
    assert [c.classes[0].score for c in first.classification_result.classifications] == [2.5, 3.0]
    assert [r.value for r in second.regression_result.regressions] == [2.5, 3.0]
    assert first.model_spec.version.value == 123
    request.tasks[1].model_spec.signature_name = "classify_x_to_y"
    assert fails(service.MultiInference, request, grpc.StatusCode.INVALID_ARGUMENT) == (
        "Duplicate evaluation of signature: classify_x_to_y"
    )
    empty = inference_pb2.MultiInferenceRequest()
    assert fails(service.MultiInference, empty, grpc.StatusCode.INVALID_ARGUMENT) == (
        "ModelSpec has no name specified."
    )
    request.tasks[1].model_spec.name = "zoo"
    assert fails(service.MultiInference, request, grpc.StatusCode.INVALID_ARGUMENT) == (
        "All ModelSpecs in a MultiInferenceRequest must access the same model name."
    )


def test_metadata(service):
    request = get_model_metadata_pb2.GetModelMetadataRequest()
    assert fails(service.GetModelMetadata, request, grpc.StatusCode.INVALID_ARGUMENT) == (
        "Missing ModelSpec"
    )
    request.model_spec.name = "half_plus_two"
    assert fails(service.GetModelMetadata, request, grpc.StatusCode.INVALID_ARGUMENT) == (
        "GetModelMetadataRequest must specify at least one metadata_field"
    )
    request.metadata_field.append("signature_def")
    response = service.GetModelMetadata(request, timeout=20)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert "serving_default" in signatures.signature_def
    assert response.model_spec.version.value == 123
    request.metadata_field.append("q")
    assert fails(service.GetModelMetadata, request, grpc.StatusCode.INVALID_ARGUMENT) == (
        "Metadata field q is not supported"
    )


def test_status(models):
    request = get_model_status_pb2.GetModelStatusRequest()
    assert fails(models.GetModelStatus, request, grpc.StatusCode.INVALID_ARGUMENT) == (
        "Missing ModelSpec"
    )
    request.model_spec.name = "versions"
    response = models.GetModelStatus(request, timeout=20)
    assert [entry.version for entry in response.model_version_status] == [2, 1]
    assert {entry.state for entry in response.model_version_status} == {30}
    request.model_spec.name = "none"
    assert fails(models.GetModelStatus, request, grpc.StatusCode.NOT_FOUND) == (
        "Could not find any versions of model none"
    )


def test_reload_needs_a_list(models):
    request = model_management_pb2.ReloadConfigRequest()
    assert "Only ModelConfigList is currently supported" in fails(
        models.HandleReloadConfigRequest, request, grpc.StatusCode.INVALID_ARGUMENT
    )


def test_client_deadline(service):
    request = predict_request("zoo", "slow", x=np.float32([60]))
    with pytest.raises(grpc.RpcError) as caught:
        service.Predict(request, timeout=0.3)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


def test_large_messages(service):
    value = np.ones(3_000_000, np.float32)
    response = service.Predict(predict_request(x=value), timeout=60)
    assert len(response.outputs["y"].float_val) == 3_000_000
