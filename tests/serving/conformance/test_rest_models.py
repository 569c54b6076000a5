"""Status and metadata over REST."""

import pytest


def entry(version, state="AVAILABLE"):
    return {
        "version": version,
        "state": state,
        "status": {"error_code": "OK", "error_message": ""},
    }


def test_status(rest):
    answer = rest.get("/v1/models/half_plus_two")
    assert answer.json() == {"model_version_status": [entry("123")]}
    assert answer.headers["content-type"] == "application/json"
    assert rest.get("/v1/models/half_plus_two/METADATA").json() == answer.json()


def test_status_lists_the_highest_version_first(rest):
    everything = {"model_version_status": [entry("2"), entry("1")]}
    assert rest.get("/v1/models/versions").json() == everything
    assert rest.get("/v1/models/versions/labels/none").json() == everything
    one = rest.get("/v1/models/versions/versions/1")
    assert one.json() == {"model_version_status": [entry("1")]}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("/v1/models/none", "Could not find any versions of model none"),
        ("/v1/models/half_plus_two?x=1", "Could not find any versions of model half_plus_two?x=1"),
        ("/v1/models/half_plus_two/versions/9", "Could not find version 9 of model half_plus_two"),
        ("/v1/models/..%2F..%2Fetc", "Could not find any versions of model ../../etc"),
        ("/v1/models/none/metadata", "Servable not found for request: Latest(none)"),
        (
            "/v1/models/half_plus_two/versions/9/metadata",
            "Servable not found for request: Specific(half_plus_two, 9)",
        ),
    ],
)
def test_not_found(rest, target, message):
    answer = rest.get(target)
    assert (answer.status, answer.error) == (404, message)


def test_metadata(rest):
    answer = rest.get("/v1/models/half_plus_two/metadata").json()
    assert answer["model_spec"] == {
        "name": "half_plus_two",
        "signature_name": "",
        "version": "123",
    }
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    default = signatures["serving_default"]
    default.pop("defaults", None)
    assert default.pop("method_name") == "tensorflow/serving/predict"
    assert default["inputs"]["x"]["dtype"] == "DT_FLOAT"
    assert default["inputs"]["x"]["tensor_shape"] == {
        "dim": [{"size": "-1", "name": ""}],
        "unknown_rank": False,
    }
    assert signatures["__saved_model_init_op"]["inputs"] == {}
    zoo = rest.get("/v1/models/zoo/metadata").json()["metadata"]["signature_def"]["signature_def"]
    assert zoo["echo_int64"]["inputs"]["x"]["tensor_shape"] == {"dim": [], "unknown_rank": True}
    assert zoo["scalar_output"]["outputs"]["y"]["tensor_shape"] == {
        "dim": [],
        "unknown_rank": False,
    }


def test_metadata_by_label(rest):
    answer = rest.get("/v1/models/versions/labels/stable/metadata").json()
    assert answer["model_spec"]["version"] == "1"
    answer = rest.get("/v1/models/versions/labels/none/metadata")
    assert (answer.status, answer.error) == (400, "Unrecognized servable version label: none")
