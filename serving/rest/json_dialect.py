"""Request bodies in TF Serving's JSON dialect: three parsers, the fastest that cannot be wrong.

orjson reads what nearly everyone sends. What it refuses because of NaN or Infinity, RapidJSON
itself reads. Whatever may show a quirk (repeated keys, trailing bytes, invalid UTF-8, deep
nesting, any error, whose text and offset the client sees) goes to `careful_json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import orjson
import rapidjson

from serving.rest.careful_json import MultiDict, parse_carefully
from serving.rest.debug_text import debug_text
from serving.status import invalid_argument

_NATIVE_WITH_NAN = rapidjson.NM_NATIVE | rapidjson.NM_NAN
_NUMBERS = {int, float}
# Doubles for which the nearest value and RapidJSON's product of roundings may differ.
_LONG_NUMBER = re.compile(rb"[0-9][0-9.]{15}|[0-9.][eE][+-]?[0-9]{2}")


def _quotes(value: Any) -> int:
    """Number of quotation marks in the compact text of a value without escapes."""
    if type(value) is str:
        return 2
    if type(value) is dict:
        return 2 * len(value) + sum(map(_quotes, value.values()))
    if type(value) is list:
        kinds = set(map(type, value))
        return 0 if kinds <= _NUMBERS else sum(map(_quotes, value))
    return 0


def _repeats_a_key(body: bytes, doc: dict[str, Any]) -> bool:
    """Whether keys may have been dropped: the body has more quotation marks than the document."""
    if b"\\" in body:
        return True
    quotes = body.count(b'"')
    if quotes == 2 * len(doc):
        return False
    try:
        return quotes != _quotes(doc)
    except RecursionError:
        return True


def parse_document(body: bytes) -> dict[str, Any]:
    """Parses a request body whose top level must be an object.

    Args:
        body: Raw bytes of the request, already decompressed.

    Returns:
        The object; see `careful_json.parse_carefully` for the types of its values.

    Raises:
        ServingError: INVALID_ARGUMENT with RapidJSON's text and offset, or `Is not object`.
    """
    if not body:
        raise invalid_argument("JSON Parse error: The document is empty")
    doc: Any = None
    try:
        doc = orjson.loads(body)
    except orjson.JSONDecodeError:
        if b"NaN" in body or b"Inf" in body:
            try:
                doc = rapidjson.loads(body, number_mode=_NATIVE_WITH_NAN)
            except (ValueError, RecursionError):
                doc = None
    if type(doc) is not dict or _repeats_a_key(body, doc):
        doc = parse_carefully(body)
    if not isinstance(doc, dict):
        raise invalid_argument(f"JSON Value: {debug_text(doc)} Is not object")
    return doc


def reparse_for_doubles(body: bytes, doc: dict[str, Any]) -> dict[str, Any]:
    """The same document with RapidJSON's rounding, needed only where doubles are read.

    RapidJSON multiplies a truncated significand by a power of ten, so that numbers of 17 or more
    digits can differ from the nearest double in the last place. float32 never shows it.
    """
    return parse_carefully(body) if _LONG_NUMBER.search(body) else doc


def members(value: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """All members of a JSON object in order, repeated keys included."""
    return value.pairs if isinstance(value, MultiDict) else value.items()


def json_type(value: Any) -> str:
    """RapidJSON's name of a value's type: Null, True, False, Object, Array, String or Number."""
    if value is None:
        return "Null"
    if value is True:
        return "True"
    if value is False:
        return "False"
    if isinstance(value, dict):
        return "Object"
    if isinstance(value, list):
        return "Array"
    return "String" if isinstance(value, str) else "Number"


def to_bytes(text: str) -> bytes:
    """The bytes a JSON string stands for, including those that are not UTF-8."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
