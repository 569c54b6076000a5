"""Answer bodies byte by byte: number formats, layouts, errors."""

import json
import random
import struct

import numpy as np
import pytest

from serving.rest.request import Form
from serving.rest.response import (
    double_text,
    encode_classifications,
    encode_error,
    encode_predict,
    encode_regressions,
    float_text,
    many_texts,
)
from serving.status import ServingError, invalid_argument


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9000000, "9e+06"), (999999, "999999.0"), (9000002, "9000002.0"), (0.2, "0.2"),
        (8388610, "8.38861e+06"), (0.0, "0.0"), (-0.0, "-0.0"), (float("nan"), "NaN"),
        (float("inf"), "Infinity"), (float("-inf"), "-Infinity"), (0.00003, "3e-05"),
        (1 / 3, "0.333333343"), (3.4028235e38, "3.40282347e+38"), (1e-45, "1.4013e-45"),
        (2.5, "2.5"), (100000, "100000.0"), (1000000, "1e+06"), (16777217, "16777216.0"),
    ],
)  # fmt: skip
def test_float32(value, text):
    assert float_text(float(np.float32(value))) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"), (1 / 3, "0.33333333333333331"), (1e300, "1e+300"), (5.0, "5.0"),
        (123456789.0, "123456789.0"), (0.30000000000000004, "0.30000000000000004"),
    ],
)  # fmt: skip
def test_double(value, text):
    assert double_text(value) == text


def test_every_float32_reads_back():
    rng = random.Random(5)
    for _ in range(5000):
        value = struct.unpack("f", rng.randbytes(4))[0]
        assert np.float32(float_text(value)) == np.float32(value) or value != value


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_many_floats_are_written_like_single_ones(kind):
    rng = np.random.default_rng(9)
    values = np.concatenate(
        [rng.normal(size=300), rng.integers(-(10**8), 10**8, 300), rng.normal(size=99) * 1e30,
         [np.nan, np.inf, -np.inf, 0.0, -0.0, 9e6, 0.2]]
    ).astype(kind)  # fmt: skip
    one = float_text if kind is np.float32 else double_text
    texts = many_texts(values.tolist(), 1 if kind is np.float32 else 2)
    assert texts == [one(value) for value in values.tolist()]


def row(**outputs):
    return encode_predict(Form.ROW, {k: np.asarray(v) for k, v in outputs.items()}).decode()


def column(**outputs):
    return encode_predict(Form.COLUMNAR, {k: np.asarray(v) for k, v in outputs.items()}).decode()


def test_row_layouts():
    f = np.float32
    assert row(y=f([2.5, 3])) == '{\n    "predictions": [2.5, 3.0\n    ]\n}'
    assert row(y=f([[1, 2], [3, 4]])) == ('{\n    "predictions": [[1.0, 2.0], [3.0, 4.0]\n    ]\n}')
    assert row(y=f([])) == '{\n    "predictions": []\n}'
    assert row(y=np.zeros((1, 0), f)) == '{\n    "predictions": [[]\n    ]\n}'
    assert row(a=f([1, 2]), b=np.int64([[3], [4]])) == (
        '{\n    "predictions": [\n        {\n            "a": 1.0,\n            "b": [3]\n'
        '        },\n        {\n            "a": 2.0,\n            "b": [4]\n        }\n    ]\n}'
    )


def test_columnar_layouts():
    f = np.float32
    assert column(y=f(3)) == '{\n    "outputs": 3.0\n}'
    assert column(y=f([2.5, 3])) == ('{\n    "outputs": [\n        2.5,\n        3.0\n    ]\n}')
    assert column(y=f([])) == '{\n    "outputs": []\n}'
    assert column(a=f([1]), b=np.array(b"s", object)) == (
        '{\n    "outputs": {\n        "a": [\n            1.0\n        ],\n'
        '        "b": "s"\n    }\n}'
    )


def test_strings_and_bytes():
    text = np.array([b'"\\/\n\x01\xc3\xa9\xff'], object)
    body = encode_predict(Form.ROW, {"s": text})
    assert body == b'{\n    "predictions": ["\\"\\\\/\\n\\u0001\xc3\xa9\xff"\n    ]\n}'
    body = encode_predict(Form.ROW, {"s_bytes": text})
    assert json.loads(body) == {"predictions": [{"b64": "IlwvCgHDqf8="}]}
    assert b'[{\n            "b64": "' in body
    assert json.loads(column(s_bytes=np.array(b"hi", object))) == {"outputs": {"b64": "aGk="}}


def test_other_dtypes():
    assert json.loads(row(y=np.array([True, False]))) == {"predictions": [True, False]}
    assert json.loads(row(y=np.uint64([2**64 - 1]))) == {"predictions": [2**64 - 1]}
    assert json.loads(row(y=np.int8([-5]))) == {"predictions": [-5]}
    with pytest.raises(ServingError, match="^INVALID_ARGUMENT: Failed to write JSON value for "):
        row(y=np.complex64([1]))
    with pytest.raises(ServingError, match="tensor type: half"):
        column(y=np.float16([1]))


def test_row_needs_a_common_batch():
    with pytest.raises(ServingError) as caught:
        row(y=np.float32(1))
    assert caught.value.message == "Tensor name: y has no shape information "
    with pytest.raises(ServingError) as caught:
        row(a=np.float32([1]), b=np.float32([1, 2]))
    assert caught.value.message == "Tensor name: b has inconsistent batch size: 2 expecting: 1"


def test_results():
    assert encode_classifications([[("a", 0.5), ("", 0.25)], [("c", 0.0)]]).decode() == (
        '{\n    "results": [[["a", 0.5], ["", 0.25]], [["c", 0.0]]\n    ]\n}'
    )
    assert encode_regressions([2.5, 3.0]) == b'{\n    "results": [2.5, 3.0]\n}'
    with pytest.raises(ServingError, match="Cannot convert empty ClassificationResults to JSON"):
        encode_classifications([])


def test_error():
    assert encode_error(invalid_argument('a "b"\n')) == (b'{\n    "error": "a \\"b\\"\\n"\n}')
