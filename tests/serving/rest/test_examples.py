"""Classify and regress bodies."""

import json

import pytest

from serving.rest.examples import Feature, parse_examples
from serving.status import ServingError


def parse(body):
    return parse_examples(body.encode() if isinstance(body, str) else json.dumps(body).encode())


def fails(body):
    with pytest.raises(ServingError) as caught:
        parse(body)
    return caught.value.message


def test_kinds():
    request = parse(
        {
            "signature_name": "s",
            "context": {"c": "x"},
            "examples": [
                {"f": 2.5, "i": [1, True, -3], "b": ["a", {"b64": "/w=="}], "e": []},
                {},
            ],
        }
    )
    assert request.signature_name == "s"
    assert request.context == {"c": Feature("bytes", [b"x"])}
    assert request.examples == [
        {
            "f": Feature("float", [2.5]),
            "i": Feature("int64", [1, 1, -3]),
            "b": Feature("bytes", [b"a", b"\xff"]),
            "e": Feature(),
        },
        {},
    ]


def test_numbers():
    request = parse('{"examples": [{"a": 1e2, "b": NaN, "c": 18446744073709551616, "d": 2}]}')
    kinds = {name: feature.kind for name, feature in request.examples[0].items()}
    assert kinds == {"a": "float", "b": "float", "c": "float", "d": "int64"}
    assert request.context is None


def test_the_last_of_repeated_features_wins():
    assert parse('{"examples": [{"a": 1, "a": 2.5}]}').examples == [{"a": Feature("float", [2.5])}]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {},
            "JSON Value: {} When method is classify, key 'examples' is expected and was not found",
        ),
        (
            {"examples": 1},
            "JSON Value: {\n    \"examples\": 1\n} Expecting 'examples' value to be an list/array",
        ),
        ({"examples": []}, "JSON Value: {\n    \"examples\": []\n} 'examples' value is an empty array"),
        ({"examples": [1]}, "Example must be JSON object but got JSON Number"),
        ({"context": None, "examples": [{}]}, "Example must be JSON object but got JSON Null"),
        ({"examples": [{"a": None}]}, "Feature: a has element with unexpected JSON type: Null"),
        ({"examples": [{"a": [[1]]}]}, "Feature: a has element with unexpected JSON type: Array"),
        ({"examples": [{"a": {"c": 1}}]}, "Feature: a has element with unexpected JSON type: Object"),
        ({"examples": [{"a": [1, 2.5]}]}, "Unexpected element type in feature: a expecting type: int64"),
        ({"examples": [{"a": [2.5, "s"]}]}, "Unexpected element type in feature: a expecting type: float"),
        ({"examples": [{"a": ["s", 1]}]}, "Unexpected element type in feature: a expecting type: bytes"),
        (
            {"examples": [{"a": 2**63}]},
            "Feature: a has uint64_t element. Only int64_t is supported.",
        ),
        ({"examples": [{"a": {"b64": "*"}}]}, "Unable to base64 decode"),
        ('{"examples": [', "JSON Parse error: Invalid value. at offset: 14"),
    ],
)  # fmt: skip
def test_messages(body, message):
    assert fails(body) == message
