"""A JSON parser that accepts, refuses and reports exactly what RapidJSON 1.1.0 does.

It is the parser of last resort: slow (a few microseconds per token) but faithful to the flags
TF Serving sets: iterative (any nesting depth), NaN and Infinity tokens, stop after the first
complete value, a UTF-8 byte order mark skipped, strings passed through without UTF-8 validation.
"""

from __future__ import annotations

import math
import re
from typing import Any

from serving.status import ServingError, invalid_argument


class MultiDict(dict[str, Any]):
    """A JSON object with a repeated key: lookups give the first occurrence, `pairs` gives all."""

    pairs: list[tuple[str, Any]]


_WHITESPACE = re.compile(rb"[ \t\n\r]*")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_DIGITS = re.compile(rb"[0-9]*")
_ESCAPES = {
    0x22: b'"', 0x5C: b"\\", 0x2F: b"/", 0x62: b"\b", 0x66: b"\f",
    0x6E: b"\n", 0x72: b"\r", 0x74: b"\t",
}  # fmt: skip
_HEX = frozenset(b"0123456789abcdefABCDEF")
_POWERS_OF_TEN = tuple(float(f"1e{exponent}") for exponent in range(309))
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


def _fail(text: str, offset: int) -> ServingError:
    return invalid_argument(f"JSON Parse error: {text} at offset: {offset}")


def _parse_hex4(data: bytes, at: int, escape_at: int) -> int:
    digits = data[at : at + 4]
    if len(digits) < 4 or not _HEX.issuperset(digits):
        raise _fail("Incorrect hex digit after \\u escape in string.", escape_at)
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
            raise _fail("Missing a closing quotation mark in string.", at)
        char = data[at]
        if char == 0x22:
            return b"".join(parts).decode("utf-8", "surrogateescape"), at + 1
        if char < 0x20:
            raise _fail("Invalid escape character in string.", at)
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
                    raise _fail("The surrogate pair in string is invalid.", escape_at)
                low = _parse_hex4(data, at + 2, escape_at)
                if not 0xDC00 <= low <= 0xDFFF:
                    raise _fail("The surrogate pair in string is invalid.", escape_at)
                codepoint = (((codepoint - 0xD800) << 10) | (low - 0xDC00)) + 0x10000
                at += 6
            parts.append(_encode(codepoint))
        else:
            raise _fail("Invalid escape character in string.", escape_at)


def _fast_path(significand: float, exponent: int) -> float:
    if exponent < -308:
        return 0.0
    power = _POWERS_OF_TEN[abs(exponent)]
    return significand * power if exponent >= 0 else significand / power


def _scale(significand: float, exponent: int) -> float:
    """RapidJSON's StrtodNormalPrecision: a product of two roundings, not the nearest double."""
    if exponent < -308:
        return _fast_path(_fast_path(significand, -308), exponent + 308)
    return _fast_path(significand, exponent)


def _parse_nan_or_inf(data: bytes, at: int, minus: bool) -> tuple[float, int]:
    # Alternatives are tried in sequence on what the one before has left, so `NInf` is Infinity.
    matched = 0
    while matched < 3 and data[at : at + 1] == b"NaN"[matched : matched + 1]:
        at += 1
        matched += 1
    if matched == 3:
        return math.nan, at
    for letter in b"Inf":
        if at >= len(data) or data[at] != letter:
            raise _fail("Invalid value.", at)
        at += 1
    if at < len(data) and data[at] == 0x69:
        for letter in b"inity":
            if at >= len(data) or data[at] != letter:
                raise _fail("Invalid value.", at)
            at += 1
    return (-math.inf if minus else math.inf), at


def _parse_number(data: bytes, at: int) -> tuple[int | float, int]:
    start = at
    minus = data[at : at + 1] == b"-"
    at += minus
    first = data[at] if at < len(data) else 0
    if first == 0x30:
        end = at + 1
    elif 0x31 <= first <= 0x39:
        end = _DIGITS.match(data, at).end()  # type: ignore[union-attr]
    elif first in b"IN":
        return _parse_nan_or_inf(data, at, minus)
    else:
        raise _fail("Invalid value.", at)
    limit = 2**63 if minus else 2**64 - 1
    digits = data[at:end]
    integer, double, use_double, significant = 0, 0.0, False, len(digits) - 1
    if len(digits) < 19 or (len(digits) <= 20 and int(digits) <= limit):
        integer = int(digits)
    else:  # too large for 64 bits: accumulated as a double, digit by digit
        use_double = True
        taken = 0
        while (wider := integer * 10 + digits[taken] - 48) <= limit:
            integer = wider
            taken += 1
        significant = taken - 1
        double = float(integer)
        for digit in digits[taken:]:
            if double >= 1.7976931348623157e307:
                raise _fail("Number too big to be stored in double.", start)
            double = double * 10 + (digit - 48)
    at = end
    fraction_exponent = exponent = 0
    if data[at : at + 1] == b".":
        at += 1
        end = _DIGITS.match(data, at).end()  # type: ignore[union-attr]
        if end == at:
            raise _fail("Miss fraction part in number.", at)
        while not use_double and at < end and integer <= 2**53 - 1:
            integer = integer * 10 + data[at] - 48
            fraction_exponent -= 1
            significant += integer != 0
            at += 1
        if not use_double:
            double = float(integer)
            use_double = True
        while at < end and significant < 17:
            double = double * 10.0 + (data[at] - 48)
            fraction_exponent -= 1
            significant += double > 0.0
            at += 1
        at = end
    if data[at : at + 1] in (b"e", b"E"):
        if not use_double:
            double = float(integer)
            use_double = True
        at += 1
        negative = data[at : at + 1] == b"-"
        at += data[at : at + 1] in (b"+", b"-")
        end = _DIGITS.match(data, at).end()  # type: ignore[union-attr]
        if end == at:
            raise _fail("Miss exponent in number.", at)
        exponent = min(int(data[at : min(end, at + 4000)]), 2147483647)
        if not negative and end - at > 1 and exponent > 308 - fraction_exponent:
            raise _fail("Number too big to be stored in double.", start)
        exponent = -exponent if negative else exponent
        at = end
    if use_double:
        double = _scale(double, exponent + fraction_exponent)
        return (-double if minus else double), at
    return (-integer if minus else integer), at


def _parse_scalar(data: bytes, at: int) -> tuple[Any, int]:
    char = data[at]
    if char == 0x22:
        return _parse_string(data, at + 1)
    if char in _LITERALS:
        text, value = _LITERALS[char]
        for offset in range(1, len(text)):
            if data[at + offset : at + offset + 1] != text[offset : offset + 1]:
                raise _fail("Invalid value.", at + offset)
        return value, at + len(text)
    return _parse_number(data, at)


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
            raise _fail(_STATE_ERRORS[state], at)
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
                raise _fail(_STATE_ERRORS[state], at)
            else:
                value, at = _parse_scalar(data, at)
        elif state == _MEMBER_KEY:
            if char != 0x3A:
                raise _fail(_STATE_ERRORS[state], at)
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
            raise _fail(_STATE_ERRORS[state], at)
        if not stack:
            return value
        members, is_object = stack[-1]
        if is_object:
            members.append((keys.pop(), value))
            state = _MEMBER_VALUE
        else:
            members.append(value)
            state = _ELEMENT
