"""A tf.Example as plain columns: types, what is missing, bytes."""

import math

import pytest

from data.plain_row import plain_row


@pytest.fixture(scope="module")
def example():
    from tensorflow.core.example import example_pb2

    made = example_pb2.Example()
    features = made.features.feature
    features["whole"].int64_list.value.append(2**40)
    features["part"].float_list.value.append(0.5)
    features["text"].bytes_list.value.append("Zürich\0".encode())
    features["picture"].bytes_list.value.append(b"\x89PNG\xff")
    features["empty"].float_list.SetInParent()
    features["nothing"].SetInParent()
    return made


def test_values(example) -> None:
    columns = {"whole": False, "part": False, "text": True, "picture": True}
    assert plain_row(example, columns) == {
        "whole": 2**40,
        "part": 0.5,
        "text": "Zürich\0",
        "picture": {"b64": "iVBOR/8="},
    }


def test_what_is_missing(example) -> None:
    row = plain_row(example, {"absent": True, "empty": False, "nothing": False})
    assert row["absent"] == "" and math.isnan(row["empty"]) and math.isnan(row["nothing"])
    assert "absent" not in example.features.feature  # asking leaves no trace


def test_other_columns_stay_out(example) -> None:
    assert plain_row(example, {}) == {}
