"""The JSON dialect: what is accepted, what is refused, with which text at which offset."""

import json
import math
import random

import pytest
import rapidjson

from serving.rest.careful_json import MultiDict, parse_carefully
from serving.rest.debug_text import debug_text, number_text
from serving.rest.json_dialect import members, parse_document, reparse_for_doubles, to_bytes
from serving.status import Code, ServingError


def error_of(body: bytes) -> str:
    with pytest.raises(ServingError) as caught:
        parse_document(body)
    assert caught.value.code == Code.INVALID_ARGUMENT
    return caught.value.message


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (
            b'{"a": [1, 2.5, "x", null, true, false, {}, []]}',
            [1, 2.5, "x", None, True, False, {}, []],
        ),
        (b'\xef\xbb\xbf{"a": 1}', 1),
        (b'{"a": 1} trailing', 1),
        (b'{"a": 1}}}}', 1),
        (b' \t\r\n{ "a" : 1 }', 1),
        (b'{"a": 1e-400}', 0.0),
        (b'{"a": 18446744073709551615}', 2**64 - 1),
        (b'{"a": 18446744073709551616}', 2.0**64),
        (b'{"a": -9223372036854775809}', -(2.0**63)),
        (b'{"a": 123456789012345678901234567890}x', 1.2345678901234568e29),
        (b'{"a": -0}', 0),
        (b'{"a": "\\u0041\\ud83d\\ude00\\/\\b"}', "A\U0001f600/\b"),
        (b'{"a": Infinity}', math.inf),
        (b'{"a": Inf}', math.inf),
        (b'{"a": -Inf}', -math.inf),
        (b'{"a": -Infinity}', -math.inf),
        (b'{"a": -Infinity, "a": 1}', -math.inf),
    ],
)
def test_accepts(body, value):
    got = parse_document(body)["a"]
    assert got == pytest.approx(value) if isinstance(value, float) else got == value
    assert type(got) is type(value)


@pytest.mark.parametrize("token", [b"NaN", b"-NaN"])
def test_accepts_nan(token):
    assert math.isnan(parse_document(b'{"a": ' + token + b"}")["a"])
    assert math.isnan(parse_document(b'{"a": ' + token + b"} x")["a"])


def test_first_of_repeated_keys_is_found():
    doc = parse_document(b'{"a": 1, "b": 2, "a": 3}')
    assert doc["a"] == 1
    assert list(members(doc)) == [("a", 1), ("b", 2), ("a", 3)]
    nested = parse_document(b'{"inputs": {"x": 1, "x": "2"}}')
    assert isinstance(nested["inputs"], MultiDict)
    assert nested["inputs"]["x"] == 1


def test_invalid_utf8_passes_through():
    doc = parse_document(b'{"a": "\xff\xfe", "\xff": 1}')
    assert to_bytes(doc["a"]) == b"\xff\xfe"
    assert to_bytes(list(doc)[1]) == b"\xff"


def test_depth_is_not_limited():
    depth = 500_000
    assert error_of(b'{"a":' + b"[" * depth).endswith(f"at offset: {depth + 5}")
    doc = parse_document(b'{"a":' * 20_000 + b"[" * 20_000 + b"]" * 20_000 + b"}" * 20_000)
    assert debug_text(doc).startswith('{\n    "a": {\n        "a": {')


@pytest.mark.parametrize(
    ("body", "text", "offset"),
    [
        (b" ", "The document is empty.", 1),
        (b"\xef\xbb\xbf", "The document is empty.", 3),
        (b"]", "The document is empty.", 0),
        (b"nope", "Invalid value.", 1),
        (b"nan", "Invalid value.", 1),
        (b'{"a": Nan}', "Invalid value.", 8),
        (b'{"a" 1}', "Missing a colon after a name of object member.", 5),
        (b"{1}", "Missing a name for object member.", 1),
        (b'{"a": 1,}', "Missing a name for object member.", 8),
        (b'{"a": 1 "b"}', "Missing a comma or '}' after an object member.", 8),
        (b'{"a": 1', "Missing a comma or '}' after an object member.", 7),
        (b'{"a": }', "Invalid value.", 6),
        (b'{"a": [1,]}', "Invalid value.", 9),
        (b'{"a": [1 2]}', "Missing a comma or ']' after an array element.", 9),
        (b'{"a": [1', "Missing a comma or ']' after an array element.", 8),
        (b'{"a": "\\ud800"}', "The surrogate pair in string is invalid.", 7),
        (b'{"a": "\\ud800\\u0041"}', "The surrogate pair in string is invalid.", 7),
        (b'{"a": "\\u00g0"}', "Incorrect hex digit after \\u escape in string.", 7),
        (b'{"a": "\\x"}', "Invalid escape character in string.", 7),
        (b'{"a": "\n"}', "Invalid escape character in string.", 7),
        (b'{"a": "b', "Missing a closing quotation mark in string.", 8),
        (b'{"a": +1}', "Invalid value.", 6),
        (b'{"a": .5}', "Invalid value.", 6),
        (b'{"a": 1.}', "Miss fraction part in number.", 8),
        (b'{"a": 1e}', "Miss exponent in number.", 8),
        (b'{"a": 01}', "Missing a comma or '}' after an object member.", 7),
        (b'{"a": 1e400}', "Number too big to be stored in double.", 6),
        (b'{"a": 1/*x*/}', "Missing a comma or '}' after an object member.", 7),
        (b"{'a': 1}", "Missing a name for object member.", 1),
        (b'{"a": 1\x00}', "Missing a comma or '}' after an object member.", 7),
    ],
)
def test_refuses(body, text, offset):
    assert error_of(body) == f"JSON Parse error: {text} at offset: {offset}"


def test_empty_body_has_its_own_text():
    assert error_of(b"") == "JSON Parse error: The document is empty"


@pytest.mark.parametrize(
    ("body", "text"),
    [(b"[1.0, 2]", "[1.0, 2]"), (b"1e3", "1000.0"), (b'"x"', '"x"'), (b"null", "null")],
)
def test_top_level_must_be_an_object(body, text):
    assert error_of(body) == f"JSON Value: {text} Is not object"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ({"a": []}, '{\n    "a": []\n}'),
        ({"a": {"b": [1, {"c": "d\n"}]}}, '{\n    "a": {\n        "b": [1, {\n                "c": "d\\n"\n            }]\n    }\n}'),
        ([1.0, math.nan, 2], "[1.0, "),
        ("\x01/é\x7f", '"\\u0001/é\x7f"'),
    ],
)  # fmt: skip
def test_debug_text(value, text):
    assert debug_text(value) == text


def test_debug_text_stops_after_256_bytes():
    text = debug_text({"instances": [1] * 1000})
    assert text == '{\n    "instances": [' + "1, " * 79 + "1"
    assert debug_text("x" * 1000) == '"' + "x" * 1000 + '"'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"), (-0.0, "-0.0"), (1000.0, "1000.0"), (12.34, "12.34"), (0.001, "0.001"),
        (1e-7, "1e-7"), (1.5e-7, "1.5e-7"), (1e20, "100000000000000000000.0"), (1e21, "1e21"),
        (-1.25e300, "-1.25e300"), (0.000001, "0.000001"), (123456.0, "123456.0"),
    ],
)  # fmt: skip
def test_number_text(value, text):
    assert number_text(value) == text


def test_doubles_round_like_rapidjson():
    body = b'{"a": 123456789012345678901234567890}'
    assert reparse_for_doubles(body, parse_document(body))["a"] == rapidjson.loads(
        b"123456789012345678901234567890", number_mode=rapidjson.NM_NATIVE
    )


def _random_value(rng: random.Random, depth: int = 0) -> str:
    kind = rng.randrange(8 if depth < 4 else 5)
    if kind == 0:
        return str(rng.randrange(-(10 ** rng.randrange(1, 25)), 10 ** rng.randrange(1, 25)))
    if kind == 1:
        return repr(rng.uniform(-1, 1) * 10.0 ** rng.randrange(-30, 30))
    if kind == 2:
        return json.dumps(
            "".join(chr(rng.choice([65, 34, 92, 233, 10, 0x1F600])) for _ in range(3))
        )
    if kind == 3:
        return rng.choice(["null", "true", "false", "NaN", "-Inf", "Infinity", "0.0", "1e5", "-0"])
    if kind == 4:
        return f"{rng.randrange(10**18)}.{rng.randrange(10**18)}e{rng.randrange(-330, 290)}"
    if kind in (5, 6):
        return "[" + " ,".join(_random_value(rng, depth + 1) for _ in range(rng.randrange(4))) + "]"
    return "{" + ",".join(f'"k{i}": {_random_value(rng, depth + 1)}' for i in range(3)) + "}"


def _same(ours, theirs) -> bool:
    if isinstance(ours, float) and math.isnan(ours):
        return isinstance(theirs, float) and math.isnan(theirs)
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(_same, ours, theirs))
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(_same(ours[k], theirs[k]) for k in ours)
    return type(ours) is type(theirs) and ours == theirs


def test_agrees_with_rapidjson_on_generated_documents():
    rng = random.Random(7)
    mode = rapidjson.NM_NATIVE | rapidjson.NM_NAN
    for _ in range(3000):
        text = _random_value(rng).encode()
        try:
            theirs = rapidjson.loads(text, number_mode=mode)
        except rapidjson.JSONDecodeError as error:
            with pytest.raises(ServingError) as caught:
                parse_carefully(text)
            assert str(error).partition(": ")[2] in caught.value.message
            continue
        assert _same(parse_carefully(text), theirs), text


def test_agrees_with_rapidjson_on_damaged_documents():
    rng = random.Random(11)
    mode = rapidjson.NM_NATIVE | rapidjson.NM_NAN
    alphabet = b'{}[],:"\\eE+-.0123456789truefalsn \n'
    for _ in range(3000):
        text = bytearray(_random_value(rng).encode())
        for _ in range(rng.randrange(1, 3)):
            text[rng.randrange(len(text))] = rng.choice(alphabet)
        try:
            theirs = rapidjson.loads(bytes(text), number_mode=mode)
        except UnicodeDecodeError:
            continue
        except rapidjson.JSONDecodeError as error:
            # Trailing bytes are not an error here; nor, in version 1.1.0, are a lone low surrogate
            # and a product that overflows only when it is scaled (18e307).
            if any(word in str(error) for word in ("must not be", "surrogate", "too big")):
                continue
            with pytest.raises(ServingError) as caught:
                parse_carefully(bytes(text))
            offset = str(error).partition("offset ")[2].partition(":")[0]
            assert caught.value.message.endswith(f"offset: {offset}"), (text, error)
            continue
        if text.count(b'"k') <= 3:
            assert _same(parse_carefully(bytes(text)), theirs), text
