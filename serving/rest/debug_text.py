"""JSON values as TF Serving prints them inside error messages: pretty, and cut off early."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from serving.rest.careful_json import MultiDict

_LIMIT = 256  # bytes after which no further token is written
_ESCAPES = {code: f"\\u{code:04X}" for code in range(0x20)} | {
    0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0C: "\\f", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\",
}  # fmt: skip


def quote(text: str) -> str:
    """A JSON string as RapidJSON writes it: only `"`, `\\` and control characters escaped."""
    return f'"{text.translate(_ESCAPES)}"'


def number_text(value: float) -> str:
    """A double as RapidJSON's dtoa writes it: `1000.0`, `0.001`, `1e30`, `1.5e-7`."""
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else "0.0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent_text = f"{float.__repr__(abs(value))}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent_text or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21:  # 1234e7 -> 12340000000.0
        text = digits + "0" * (point - len(digits)) + ".0"
    elif 0 < point <= 21:  # 1234e-2 -> 12.34
        text = f"{digits[:point]}.{digits[point:]}"
    elif -6 < point <= 0:  # 1234e-6 -> 0.001234
        text = "0." + "0" * -point + digits
    else:  # 1e30, 1.234e33
        rest = f".{digits[1:]}" if len(digits) > 1 else ""
        text = f"{digits[0]}{rest}e{point - 1}"
    return sign + text


class _Level:
    """An open container: its remaining tokens and how many have been written."""

    def __init__(self, value: Any) -> None:
        self.in_array = isinstance(value, list)
        self.count = 0
        self.rest: Iterator[Any]
        if isinstance(value, list):
            self.rest = iter(value)
        else:
            pairs = value.pairs if isinstance(value, MultiDict) else value.items()
            self.rest = iter([token for pair in pairs for token in pair])


def _scalar(value: Any) -> str | None:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, float):
        return number_text(value) if math.isfinite(value) else None
    return str(value)


def debug_text(value: Any) -> str:
    """Text of a JSON value for an error message.

    Objects take a line per member, arrays one line. Nothing is written once 256 bytes are out,
    nor after a NaN or an infinity. Works at any nesting depth.

    Args:
        value: A parsed JSON value.

    Returns:
        The text; longer than 256 bytes only by its last token.
    """
    out: list[str] = []
    size = 0
    levels: list[_Level] = []

    def put(text: str) -> None:
        nonlocal size
        out.append(text)
        size += len(text.encode("utf-8", "surrogateescape"))

    def prefix() -> None:
        if not levels:
            return
        level = levels[-1]
        if level.in_array:
            if level.count:
                put(", ")
        elif level.count % 2 == 0:
            put((",\n" if level.count else "\n") + "    " * len(levels))
        else:
            put(": ")
        level.count += 1

    token: Any = value
    while size < _LIMIT:
        prefix()
        if isinstance(token, (dict, list)):
            put("[" if isinstance(token, list) else "{")
            levels.append(_Level(token))
        else:
            text = _scalar(token)
            if text is None:
                break
            put(text)
        while levels:
            try:
                token = next(levels[-1].rest)
                break
            except StopIteration:
                if size >= _LIMIT:
                    return "".join(out)
                level = levels.pop()
                if not level.in_array and level.count:
                    put("\n" + "    " * len(levels))
                put("]" if level.in_array else "}")
        else:
            break
    return "".join(out)
