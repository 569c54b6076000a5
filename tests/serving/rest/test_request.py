"""Predict bodies: both forms, every conversion, every error text."""

import json

import numpy as np
import pytest

from serving import dtypes
from serving.rest.json_dialect import parse_document
from serving.rest.request import Form, decode_predict, signature_name_of
from serving.status import Code, ServingError

X = {"x": dtypes.DT_FLOAT}
TWO = {"a": dtypes.DT_FLOAT, "b": dtypes.DT_STRING}


def decode(body, inputs=X):
    text = body if isinstance(body, (bytes, str)) else json.dumps(body)
    doc = parse_document(text.encode() if isinstance(text, str) else text)
    return decode_predict(doc, signature_name_of(doc), inputs)


def fails(body, inputs=X, code=Code.INVALID_ARGUMENT):
    with pytest.raises(ServingError) as caught:
        decode(body, inputs)
    assert caught.value.code == code
    return caught.value.message


@pytest.mark.parametrize(
    ("instances", "shape"),
    [
        ([1, 2.5, -3], (3,)),
        ([[1, 2], [3, 4]], (2, 2)),
        ([[[1], [2]]], (1, 2, 1)),
        ([{"x": 1}, {"x": 2}], (2,)),
        ([{"x": [[1, 2]]}], (1, 1, 2)),
        ([[], []], (2, 0)),
        ([[[], []]], (1, 2, 0)),
    ],
)
def test_rows(instances, shape):
    form, arrays = decode({"instances": instances})
    assert form is Form.ROW
    assert arrays["x"].shape == shape
    assert arrays["x"].dtype == np.float32


@pytest.mark.parametrize(
    ("inputs", "shape"),
    [
        (2.0, ()),
        ([], (0,)),
        ([1, 2], (2,)),
        ([[1], [2]], (2, 1)),
        ({"x": [1, 2, 3]}, (3,)),
        ({"x": 5}, ()),
        ({"x": [1], "ignored": "y"}, (1,)),
    ],
)
def test_columns(inputs, shape):
    form, arrays = decode({"inputs": inputs})
    assert form is Form.COLUMNAR
    assert arrays["x"].shape == shape


def test_columns_may_differ_in_batch_size():
    _, arrays = decode({"inputs": {"a": [1, 2], "b": "s"}}, TWO)
    assert arrays["a"].shape == (2,)
    assert arrays["b"].shape == ()
    assert arrays["b"].item() == b"s"


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_non_finite_and_overflowing_floats():
    _, arrays = decode('{"instances": [NaN, Infinity, -Infinity, -NaN, Inf, 1e39, -1e39, 1e-60]}')
    want = [np.nan, np.inf, -np.inf, np.nan, np.inf, np.inf, -np.inf, 0]
    np.testing.assert_array_equal(arrays["x"], np.array(want, np.float32))


@pytest.mark.parametrize("value", ["true", "null", '"1"'])
@pytest.mark.parametrize("dtype", [dtypes.DT_FLOAT, dtypes.DT_DOUBLE])
def test_floats_take_only_numbers(value, dtype):
    kind = {"true": "True", "null": "Null", '"1"': "String"}[value]
    name = dtypes.dtype_name(dtype)
    assert fails(f'{{"inputs": [{value}]}}', {"x": dtype}) == (
        f"JSON Value: {value} Type: {kind} is not of expected type: {name}"
    )


@pytest.mark.parametrize(
    ("dtype", "given", "stored"),
    [
        (dtypes.DT_UINT8, [300, -1, 255], [44, 255, 255]),
        (dtypes.DT_INT8, [200, -129, 5], [-56, 127, 5]),
        (dtypes.DT_INT16, [70000, -1], [4464, -1]),
        (dtypes.DT_INT32, [2147483647, -2147483648], [2147483647, -2147483648]),
        (dtypes.DT_INT64, [2**63 - 1, -(2**63)], [2**63 - 1, -(2**63)]),
        (dtypes.DT_UINT32, [2**32 - 1, 0], [2**32 - 1, 0]),
        (dtypes.DT_UINT64, [2**64 - 1, 0], [2**64 - 1, 0]),
    ],
)
def test_integers(dtype, given, stored):
    _, arrays = decode({"instances": given}, {"x": dtype})
    assert arrays["x"].tolist() == stored
    assert arrays["x"].dtype == dtypes.NUMPY_TYPES[dtype]


@pytest.mark.parametrize(
    ("dtype", "value", "shown"),
    [
        (dtypes.DT_INT32, "1.0", "1.0"),
        (dtypes.DT_INT32, "1e3", "1000.0"),
        (dtypes.DT_INT32, "2147483648", "2147483648"),
        (dtypes.DT_UINT8, "2147483648", "2147483648"),
        (dtypes.DT_INT64, "9223372036854775808", "9223372036854775808"),
        (dtypes.DT_UINT32, "-1", "-1"),
        (dtypes.DT_UINT64, "-1", "-1"),
        (dtypes.DT_UINT64, "18446744073709551616", "18446744073709552000.0"),
    ],
)
def test_integers_out_of_range_or_with_a_fraction(dtype, value, shown):
    assert fails(f'{{"inputs": [{value}]}}', {"x": dtype}) == (
        f"JSON Value: {shown} Type: Number is not of expected type: {dtypes.dtype_name(dtype)}"
    )


def test_booleans():
    _, arrays = decode({"instances": [True, False]}, {"x": dtypes.DT_BOOL})
    assert arrays["x"].tolist() == [True, False]
    assert "Type: Number is not of expected type: bool" in fails(
        {"instances": [1]}, {"x": dtypes.DT_BOOL}
    )
    assert "Type: True is not of expected type: int64" in fails(
        {"instances": [True]}, {"x": dtypes.DT_INT64}
    )


def test_strings_and_base64_mix():
    body = {"instances": [["é", {"b64": "AP8="}], [{"b64": "AP8"}, ""]]}
    _, arrays = decode(body, {"x": dtypes.DT_STRING})
    assert arrays["x"].tolist() == [["é".encode(), b"\0\xff"], [b"\0\xff", b""]]


def test_base64_forms():
    strings = {"x": dtypes.DT_STRING}
    for text in ["aGVsbG8=", "aGVsbG8", "aGVs bG8=", "aGVs\\nbG8"]:
        _, arrays = decode(f'{{"instances": [{{"b64": "{text}"}}]}}', strings)
        assert arrays["x"].tolist() == [b"hello"]
    _, arrays = decode({"inputs": {"b64": "aGVsbG8="}}, strings)
    assert arrays["x"].item() == b"hello"
    assert decode({"inputs": {"b64": ""}}, strings)[1]["x"].item() == b""
    for text in ["aGVsbG8==", "-_-_", "a", "aGVsbG8=x", "é", "===="]:
        assert fails({"inputs": {"b64": text}}, strings) == "Unable to base64 decode"


def test_bad_base64_objects():
    strings = {"x": dtypes.DT_STRING}
    assert fails({"inputs": [{"b64": 1}]}, strings) == (
        'JSON Value: {\n    "b64": 1\n} not formatted correctly for base64 data'
    )
    assert "not formatted correctly for base64" in fails(
        {"inputs": [{"b64": "x", "c": 1}]}, strings
    )
    assert fails({"inputs": [{"b64": "AA=="}]}) == (
        'JSON Value: {\n    "b64": "AA=="\n} Type: Object is not of expected type: float'
    )
    assert fails({"instances": ["a", {"b64": 1}]}, strings) == (
        "Expecting value/list but got object at item 1 of input list"
    )


def test_unsupported_dtype_is_unimplemented_in_columns_and_invalid_in_rows():
    half = {"x": dtypes.DT_HALF}
    text = "Conversion of JSON Value: 1.5 to type: half"
    assert fails({"inputs": [1.5]}, half, Code.UNIMPLEMENTED) == text
    assert fails({"instances": [1.5]}, half) == (
        f"Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: {text}"
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing 'inputs' or 'instances' key"),
        (
            {"instances": [1], "inputs": [1]},
            'JSON Value: {\n    "instances": [1],\n    "inputs": [1]\n} Not formatted correctly '
            "expecting only one of 'inputs' or 'instances' keys to exist ",
        ),
        (
            {"instances": 1},
            "JSON Value: {\n    \"instances\": 1\n} Expecting 'instances' to be an list/array",
        ),
        (
            {"instances": []},
            "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array",
        ),
        (
            {"signature_name": 5, "instances": [1]},
            'JSON Value: {\n    "signature_name": 5,\n    "instances": [1]\n} not formatted '
            "correctly. 'signature_name' key must be a string value.",
        ),
        ({"inputs": [1, [2]]}, "Encountered list at unexpected level: 1 expected < 1"),
        (
            {"inputs": [[1], 2]},
            "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2",
        ),
        (
            {"inputs": [[1, 2], [3]]},
            "Encountered list at unexpected size: 1 at level: 1 expected size: 2",
        ),
        ({"inputs": {}}, "Missing named input: x in 'inputs' object."),
        (
            {"instances": [[1], [1, 2]]},
            "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
            "Expecting tensor size: 1 but got: 2",
        ),
        (
            {"instances": [[[1, 2]], [[1], [2]]]},
            "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
            "Expecting shape [1,2] but got: [2,1]",
        ),
        (
            {"instances": [1, [1]]},
            "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
            "Expecting shape [] but got: [1]",
        ),
        (
            {"instances": [{"x": 1}, {"y": 1}]},
            "Failed to process element: 1 key: y of 'instances' list. Error: INVALID_ARGUMENT: "
            "JSON object: does not have named input: y",
        ),
        (
            {"instances": [{"x": "s"}]},
            "Failed to process element: 0 key: x of 'instances' list. Error: INVALID_ARGUMENT: "
            'JSON Value: "s" Type: String is not of expected type: float',
        ),
        ({"instances": [{"x": 1}, 2]}, "Expecting object but got list at item 1 of input list"),
        (
            {"instances": [1, {"x": 2}]},
            "Expecting value/list but got object at item 1 of input list",
        ),
        (
            {"instances": [{}]},
            "Failed to process element: 0 of 'instances' list. JSON object: {} keys must be "
            "equal to: x",
        ),
    ],
)
def test_messages(body, message):
    assert fails(body) == message


def test_messages_with_two_inputs():
    plain = "expecting {} as multiple input tensors required as per tensorinfo_map"
    assert fails({"instances": [1]}, TWO) == (
        "instances is a plain list, but " + plain.format("list of objects")
    )
    assert fails({"inputs": [1]}, TWO) == (
        "inputs is a plain value/list, but " + plain.format("an object")
    )
    assert fails({"instances": [{"b": "s"}]}, TWO) == (
        "Failed to process element: 0 of 'instances' list. JSON object: {\n"
        '    "b": "s"\n} keys must be equal to: a,b'
    )


def test_signature_without_inputs():
    assert fails({"signature_name": "s"}, {}) == "Failed to get input map for signature: s"
    assert fails({}, {}) == "Failed to get input map for signature: DEFAULT"


def test_repeated_key_in_a_row_keeps_the_first_values():
    _, arrays = decode('{"instances": [{"x": 1, "x": 2}]}')
    assert arrays["x"].tolist() == [1]


def test_very_deep_values_are_refused_without_a_crash():
    depth = 100_000
    body = b'{"instances": ' + b"[" * depth + b"]" * depth + b"}"
    assert "tensor parsing error: x" in fails(body)
    body = b'{"inputs": [1, ' + b"[" * depth + b"]" * depth + b"]}"
    assert fails(body) == "Encountered list at unexpected level: 1 expected < 1"


def test_fast_and_careful_paths_agree():
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(50, 3, 2)).astype(np.float32).tolist()
    fast = decode({"instances": rows})[1]["x"]
    careful = decode(json.dumps({"instances": rows}) + "x")[1]["x"]
    np.testing.assert_array_equal(fast, careful)
