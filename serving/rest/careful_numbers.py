"""Number tokens as RapidJSON 1.1.0 reads them: integers by range, doubles by two roundings."""

from __future__ import annotations

import math
import re

from serving.status import ServingError, invalid_argument

_DIGITS = re.compile(rb"[0-9]*")
_POWERS_OF_TEN = tuple(float(f"1e{exponent}") for exponent in range(309))


def parse_failure(text: str, offset: int) -> ServingError:
    """The error for bytes that are no JSON; `offset` counts from the body's first byte."""
    return invalid_argument(f"JSON Parse error: {text} at offset: {offset}")


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
            raise parse_failure("Invalid value.", at)
        at += 1
    if at < len(data) and data[at] == 0x69:
        for letter in b"inity":
            if at >= len(data) or data[at] != letter:
                raise parse_failure("Invalid value.", at)
            at += 1
    return (-math.inf if minus else math.inf), at


def parse_number(data: bytes, at: int) -> tuple[int | float, int]:
    """Reads a number token.

    Args:
        data: The body.
        at: Offset of the token's first byte.

    Returns:
        The number (integers beyond 64 bits are floats) and the offset behind it.

    Raises:
        ServingError: no number is there, or one beyond the range of a double.
    """
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
        raise parse_failure("Invalid value.", at)
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
                raise parse_failure("Number too big to be stored in double.", start)
            double = double * 10 + (digit - 48)
    at = end
    fraction_exponent = exponent = 0
    if data[at : at + 1] == b".":
        at += 1
        end = _DIGITS.match(data, at).end()  # type: ignore[union-attr]
        if end == at:
            raise parse_failure("Miss fraction part in number.", at)
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
            raise parse_failure("Miss exponent in number.", at)
        exponent = min(int(data[at : min(end, at + 4000)]), 2147483647)
        if not negative and end - at > 1 and exponent > 308 - fraction_exponent:
            raise parse_failure("Number too big to be stored in double.", start)
        exponent = -exponent if negative else exponent
        at = end
    if use_double:
        double = _scale(double, exponent + fraction_exponent)
        return (-double if minus else double), at
    return (-integer if minus else integer), at
