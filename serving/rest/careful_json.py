"""A JSON parser that accepts, refuses and reports exactly what RapidJSON 1.1.0 does.

It is the parser of last resort: slow (a few microseconds per token) but faithful to the flags
TF Serving sets: iterative (any nesting depth), NaN and Infinity tokens, stop after the first
complete value, a UTF-8 byte order mark skipped, strings passed through without UTF-8 validation.
"""

from __future__ import annotations

import re
from typing import Any

from serving.rest.careful_numbers import parse_failure, parse_number


class MultiDict(dict[str, Any]):
    """A JSON object with a repeated key: lookups give the first occurrence, `pairs` gives all."""

    pairs: list[tuple[str, Any]]


_WHITESPACE = re.compile(rb"[ \t\n\r]*")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_ESCAPES = {
    0x22: b'"', 0x5C: b"\\", 0x2F: b"/", 0x62: b"\b", 0x66: b"\f",
    0x6E: b"\n", 0x72: b"\r", 0x74: b"\t",
}  # fmt: skip
_HEX = frozenset(b"0123456789abcdefABCDEF")
_LITERALS = {0x6E: (b"null", None), 0x74: (b"true", True), 0x66: (b"false", False)}

# What may come next. The names are those of RapidJSON's iterative parser states.
_OBJECT_INITIAL, _MEMBER_DELIMITER, _MEMBER_KEY, _MEMBER_VALUE = range(4)
_KEY_VALUE_DELIMITER, _ARRAY_INITIAL, _ELEMENT_DELIMITER, _ELEMENT, _START = range(4, 9)
_STATE_ERRORS = {
    _START: "The document is empty.",
    _OBJECT_INITIAL: "Missing a name for object member.",
    _MEMBER_DELIMITER: "Missing a name for object member.",
    _MEMBER_KEY: "Missing a colon after a name of object member.",
    _MEMBER_VALUE: "Missing a comma or '}' after an object member.",
    _KEY_VALUE_DELIMITER: "Invalid value.",
    _ARRAY_INITIAL: "Invalid value.",
    _ELEMENT_DELIMITER: "Invalid value.",
    _ELEMENT: "Missing a comma or ']' after an array element.",
}
_VALUE_STATES = (_START, _KEY_VALUE_DELIMITER, _ARRAY_INITIAL, _ELEMENT_DELIMITER)


def _parse_hex4(data: bytes, at: int, escape_at: int) -> int:
    digits = data[at : at + 4]
    if len(digits) < 4 or not _HEX.issuperset(digits):
        raise parse_failure("Incorrect hex digit after \\u escape in string.", escape_at)
    return int(digits, 16)


def _encode(codepoint: int) -> bytes:
    return chr(codepoint).encode("utf-8", "surrogatepass")


def _parse_string(data: bytes, at: int) -> tuple[str, int]:
    """String starting after its opening quote; returns it and the offset past the closing one."""
    parts: list[bytes] = []
    while True:
        end = _PLAIN.match(data, at).end()  # type: ignore[union-attr]
        if end > at:
            parts.append(data[at:end])
            at = end
        if at >= len(data) or data[at] == 0:
            raise parse_failure("Missing a closing quotation mark in string.", at)
        char = data[at]
        if char == 0x22:
            return b"".join(parts).decode("utf-8", "surrogateescape"), at + 1
        if char < 0x20:
            raise parse_failure("Invalid escape character in string.", at)
        escape_at = at
        escape = data[at + 1] if at + 1 < len(data) else 0
        if escape in _ESCAPES:
            parts.append(_ESCAPES[escape])
            at += 2
        elif escape == 0x75:
            codepoint = _parse_hex4(data, at + 2, escape_at)
            at += 6
            if 0xD800 <= codepoint <= 0xDBFF:
                if data[at : at + 2] != b"\\u":
                    raise parse_failure("The surrogate pair in string is invalid.", escape_at)
                low = _parse_hex4(data, at + 2, escape_at)
                if not 0xDC00 <= low <= 0xDFFF:
                    raise parse_failure("The surrogate pair in string is invalid.", escape_at)
                codepoint = (((codepoint - 0xD800) << 10) | (low - 0xDC00)) + 0x10000
                at += 6
            parts.append(_encode(codepoint))
        else:
            raise parse_failure("Invalid escape character in string.", escape_at)


def _parse_scalar(data: bytes, at: int) -> tuple[Any, int]:
    char = data[at]
    if char == 0x22:
        return _parse_string(data, at + 1)
    if char in _LITERALS:
        text, value = _LITERALS[char]
        for offset in range(1, len(text)):
            if data[at + offset : at + offset + 1] != text[offset : offset + 1]:
                raise parse_failure("Invalid value.", at + offset)
        return value, at + len(text)
    return parse_number(data, at)


def _close_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    repeated = MultiDict(reversed(pairs))
    repeated.pairs = pairs
    return repeated


def parse_carefully(data: bytes) -> Any:
    """Parses the first JSON value of `data` the way TF Serving's RapidJSON does.

    Args:
        data: Request body. What follows the first complete value is ignored.

    Returns:
        dict (`MultiDict` where a key is repeated), list, str, int, float, bool or None. Bytes of
        a string that are not UTF-8 are lone surrogates (`surrogateescape`). Integers fit in
        int64 or uint64; larger ones are floats.

    Raises:
        ServingError: INVALID_ARGUMENT `JSON Parse error: <text> at offset: <byte>`.
    """
    at = 0
    for mark in b"\xef\xbb\xbf":
        at += at < len(data) and data[at] == mark
    # One entry per open container: (its members so far, the key waiting for a value).
    stack: list[tuple[list[Any], bool]] = []
    keys: list[str] = []
    state = _START
    while True:
        at = _WHITESPACE.match(data, at).end()  # type: ignore[union-attr]
        char = data[at] if at < len(data) else 0
        if char == 0:
            raise parse_failure(_STATE_ERRORS[state], at)
        value: Any
        if state in _VALUE_STATES:
            if char == 0x7B or char == 0x5B:
                stack.append(([], char == 0x7B))
                state = _OBJECT_INITIAL if char == 0x7B else _ARRAY_INITIAL
                at += 1
                continue
            if char == 0x5D and state == _ARRAY_INITIAL:
                value = stack.pop()[0]
                at += 1
            elif char in b"],}:":
                raise parse_failure(_STATE_ERRORS[state], at)
            else:
                value, at = _parse_scalar(data, at)
        elif state == _MEMBER_KEY:
            if char != 0x3A:
                raise parse_failure(_STATE_ERRORS[state], at)
            state = _KEY_VALUE_DELIMITER
            at += 1
            continue
        elif char == 0x22 and state in (_OBJECT_INITIAL, _MEMBER_DELIMITER):
            key, at = _parse_string(data, at + 1)
            keys.append(key)
            state = _MEMBER_KEY
            continue
        elif char == 0x2C and state in (_MEMBER_VALUE, _ELEMENT):
            state = _MEMBER_DELIMITER if state == _MEMBER_VALUE else _ELEMENT_DELIMITER
            at += 1
            continue
        elif char == 0x7D and state in (_OBJECT_INITIAL, _MEMBER_VALUE):
            value = _close_object(stack.pop()[0])
            at += 1
        elif char == 0x5D and state == _ELEMENT:
            value = stack.pop()[0]
            at += 1
        else:
            raise parse_failure(_STATE_ERRORS[state], at)
        if not stack:
            return value
        members, is_object = stack[-1]
        if is_object:
            members.append((keys.pop(), value))
            state = _MEMBER_VALUE
        else:
            members.append(value)
            state = _ELEMENT
