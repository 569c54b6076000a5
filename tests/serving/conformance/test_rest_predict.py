"""Predict over REST: forms, types, names, order of the checks."""

import json
import math

import pytest

HALF = "half_plus_two"


def signature(name, **body):
    return {"signature_name": name, **body}


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"instances": [1, 2]}, {"predictions": [2.5, 3.0]}),
        ({"instances": [{"x": 1}, {"x": 4}]}, {"predictions": [2.5, 4.0]}),
        ({"inputs": [1, 2]}, {"outputs": [2.5, 3.0]}),
        ({"inputs": {"x": [1], "unknown": "y"}}, {"outputs": [2.5]}),
        ({"inputs": 2.0}, {"outputs": 3.0}),
        ({"inputs": []}, {"outputs": []}),
        ({"instances": [[1, 2], [3, 4]]}, {"predictions": [[2.5, 3.0], [3.5, 4.0]]}),
        ({"instances": [[1.0]], "unknown": {}}, {"predictions": [[2.5]]}),
        ({"signature_name": "", "instances": [1]}, {"predictions": [2.5]}),
        ('{"instances": [1]} trailing', {"predictions": [2.5]}),
        ('{"instances": [1], "instances": "x"}', {"predictions": [2.5]}),
    ],
)
def test_forms(rest, body, answer):
    got = rest.predict(HALF, body)
    assert (got.status, got.json()) == (200, answer)


def test_two_inputs_and_outputs(rest):
    rows = rest.predict("zoo", {"instances": [{"a": 1, "b": "x"}, {"a": 2, "b": {"b64": "eQ=="}}]})
    assert rows.json() == {"predictions": [{"sum": 2.0, "text": "x!"}, {"sum": 3.0, "text": "y!"}]}
    columns = rest.predict("zoo", {"inputs": {"a": [1, 2], "b": ["x"]}})
    assert columns.json() == {"outputs": {"sum": [2.0, 3.0], "text": ["x!"]}}


@pytest.mark.parametrize(
    ("dtype", "given", "returned"),
    [
        ("float32", [1, 2.5, 0.2, 9000000], [1.0, 2.5, 0.2, 9e6]),
        ("float64", [0.1, 1e300], [0.1, 1e300]),
        ("int32", [-5, 2147483647], [-5, 2147483647]),
        ("int64", [2**63 - 1], [2**63 - 1]),
        ("uint8", [300, -1], [44, 255]),
        ("int8", [200], [-56]),
        ("int16", [-3], [-3]),
        ("uint32", [2**32 - 1], [2**32 - 1]),
        ("uint64", [2**64 - 1], [2**64 - 1]),
        ("bool", [True, False], [True, False]),
        ("string", ['é/\\"', {"b64": "YQ"}], ['é/\\"', "a"]),
    ],
)
def test_element_types(rest, dtype, given, returned):
    answer = rest.predict("zoo", signature(f"echo_{dtype}", instances=given))
    assert (answer.status, answer.json()) == (200, {"predictions": returned})
    answer = rest.predict("zoo", signature(f"echo_{dtype}", inputs={"x": [given]}))
    assert answer.json() == {"outputs": [returned]}


def test_number_formats(rest):
    body = '{"signature_name": "echo_float32", "instances": [9000000, 999999, 9000002, 0.2, 8388610, 0, -0.0, NaN, Infinity, -Inf, 1e39]}'
    assert rest.predict("zoo", body).body == (
        b'{\n    "predictions": [9e+06, 999999.0, 9000002.0, 0.2, 8.38861e+06, 0.0, -0.0, NaN, '
        b"Infinity, -Infinity, Infinity\n    ]\n}"
    )


def test_non_finite_values_pass(rest):
    got = rest.predict(HALF, '{"instances": [NaN, -Infinity]}').json()["predictions"]
    assert math.isnan(got[0])
    assert got[1] == -math.inf


def test_bytes_outputs(rest):
    answer = rest.predict("zoo", signature("echo_bytes", instances=[{"b64": "/wA="}, "a"]))
    assert answer.json() == {"predictions": [{"b64": "/wA="}, {"b64": "YQ=="}]}
    answer = rest.predict("zoo", signature("echo_bytes", inputs="a"))
    assert answer.json() == {"outputs": {"b64": "YQ=="}}


def test_invalid_utf8_passes_through(rest):
    answer = rest.predict("zoo", b'{"signature_name":"echo_string","instances":["\xff\xfe"]}')
    assert answer.body == b'{\n    "predictions": ["\xff\xfe"\n    ]\n}'


@pytest.mark.parametrize(
    ("model", "body", "status", "message"),
    [
        ("none", {"x": 1}, 404, "Servable not found for request: Latest(none)"),
        ("none", "{", 400, "JSON Parse error: Missing a name for object member. at offset: 1"),
        ("none", {"signature_name": 1}, 400, None),
        (HALF, "", 400, "JSON Parse error: The document is empty"),
        (HALF, "[1]", 400, "JSON Value: [1] Is not object"),
        (HALF, {}, 400, "Missing 'inputs' or 'instances' key"),
        (
            HALF, signature("nope", instances=1), 400,
            'Serving signature name: "nope" not found in signature def',
        ),
        (
            "zoo", signature("__saved_model_init_op"), 400,
            "Failed to get input map for signature: __saved_model_init_op",
        ),
        (HALF, {"inputs": {"y": [1]}}, 400, "Missing named input: x in 'inputs' object."),
        (
            HALF, {"instances": ["a"]}, 400,
            "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "
            'JSON Value: "a" Type: String is not of expected type: float',
        ),
        (
            "zoo", signature("echo_float16", inputs=[1.5]), 501,
            "Conversion of JSON Value: 1.5 to type: half",
        ),
        (
            "zoo", signature("echo_float16", instances=[1.5]), 400,
            "Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: "
            "Conversion of JSON Value: 1.5 to type: half",
        ),
        (
            "zoo", signature("complex_output", instances=[1]), 400,
            "Failed to write JSON value for tensor type: complex64",
        ),
        (
            "zoo", signature("scalar_output", instances=[1]), 400,
            "Tensor name: y has no shape information ",
        ),
        ("zoo", signature("uneven_outputs", instances=[1, 2]), 400, None),
        (
            "zoo", {"instances": [1]}, 400,
            "instances is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map",
        ),
    ],
)  # fmt: skip
def test_errors(rest, model, body, status, message):
    answer = rest.predict(model, body)
    assert answer.status == status
    if message is None:
        assert "error" in answer.json()
    else:
        assert (
            answer.body
            == ('{\n    "error": ' + json.dumps(message, ensure_ascii=False) + "\n}").encode()
        )


def test_scalar_output_in_columns(rest):
    answer = rest.predict("zoo", signature("scalar_output", inputs=[1, 2]))
    assert answer.json() == {"outputs": 3.0}


def test_kernel_errors_pass_through(rest):
    answer = rest.predict("zoo", signature("checked", instances=[-1]))
    assert answer.status == 400
    assert "negative!" in answer.error
    assert rest.predict("zoo", signature("checked", instances=[1])).status == 200


def test_versions_and_labels(rest):
    for path, value in [("", 3.0), ("/versions/1", 2.0), ("/versions/2", 3.0),
                        ("/labels/stable", 2.0), ("/labels/canary", 3.0)]:  # fmt: skip
        answer = rest.post(f"/v1/models/versions{path}:predict", {"instances": [1]})
        assert answer.json() == {"predictions": [value]}, path
    answer = rest.post("/v1/models/versions/labels/none:predict", {"instances": [1]})
    assert (answer.status, answer.error) == (400, "Unrecognized servable version label: none")
    answer = rest.post("/v1/models/none/labels/x:predict", {"instances": [1]})
    assert (answer.status, answer.error) == (400, "Unrecognized servable version label: x")
    answer = rest.post("/v1/models/versions/versions/9:predict", {"instances": [1]})
    assert (answer.status, answer.error) == (
        404, "Servable not found for request: Specific(versions, 9)",
    )  # fmt: skip


def test_deep_nesting(rest):
    depth = 500_000
    body = b'{"instances": ' + b"[" * depth + b"]" * depth + b"}"
    assert rest.predict(HALF, body).status == 400
    assert rest.predict(HALF, {"instances": [1]}).status == 200


def test_large_batches(rest):
    values = list(range(100_000))
    answer = rest.predict(HALF, {"instances": values})
    assert answer.json()["predictions"] == [value * 0.5 + 2 for value in values]
