"""Whether a server's answers are the model's own, row by row and value by value."""

import base64
import math
from collections.abc import Mapping, Sequence
from typing import Any

from components.infra_validator.refusal import NotServableError
from data.signatures import CLASS, SCORES

Row = Mapping[str, Sequence[Any]]
"""{output: its values for one row, flat}; text as bytes."""


def compare(own: Sequence[Row], answers: Sequence[Any], tolerance: float) -> float:
    """Holds the server's answers against the model's own.

    Args:
      own: per row, what the model answers in this process.
      answers: as many, what came out of `predictions`, parsed from JSON.
      tolerance: the largest difference allowed, absolute below 1 and relative above.

    Returns:
      The largest difference found.

    Raises:
      NotServableError: naming the first row and output that differ.
    """
    largest = 0.0
    for number, (expected, answer) in enumerate(zip(own, answers, strict=True), start=1):
        place = f"row {number} of {len(own)}"
        given = _flat(answer, expected)
        for name, values in sorted(expected.items()):
            if name not in given:
                raise NotServableError(f"{place}: the server's answer lacks '{name}'")
            where = f"{place}, output '{name}'"
            if len(given[name]) != len(values):
                raise NotServableError(
                    f"{where}: {len(given[name])} values from the server, {len(values)} from the "
                    "model itself"
                )
            for theirs, ours in zip(given[name], values, strict=True):
                if name == CLASS and _tied(expected, tolerance):
                    continue  # two classes are as likely as each other: either may be named
                largest = max(largest, _difference(theirs, ours, tolerance, where))
    return largest


def _difference(theirs: Any, ours: Any, tolerance: float, where: str) -> float:
    if isinstance(ours, bytes | str):
        if _as_bytes(theirs) != _as_bytes(ours):
            raise NotServableError(f"{where}: {_differ(theirs, ours)}")
        return 0.0
    if isinstance(theirs, bool) or not isinstance(theirs, int | float):
        raise NotServableError(f"{where}: {_differ(theirs, ours)}")
    if not math.isfinite(theirs) or not math.isfinite(ours):
        who = "the server" if math.isfinite(ours) else "the model"
        value = theirs if math.isfinite(ours) else ours
        raise NotServableError(f"{where}: {who} answered {value}, which is no number to act on")
    difference: float = abs(theirs - ours) / max(1.0, abs(ours))
    if difference > tolerance:
        raise NotServableError(f"{where}: {_differ(theirs, ours)} (tolerance {tolerance:g})")
    return difference


def _differ(theirs: Any, ours: Any) -> str:
    shown = ours.decode("utf-8", "replace") if isinstance(ours, bytes) else ours
    return f"the server answered {theirs!r}, the model itself {shown!r}"


def _flat(answer: Any, expected: Row) -> dict[str, list[Any]]:
    """The answer by output; where there is one output, TensorFlow Serving leaves its name out."""
    if not isinstance(answer, dict) or (len(expected) == 1 and set(answer) == {"b64"}):
        [name] = list(expected) if len(expected) == 1 else [""]
        return {name: list(_leaves(answer))}
    return {name: list(_leaves(value)) for name, value in answer.items()}


def _leaves(value: Any) -> Any:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _as_bytes(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"b64"}:
        return base64.b64decode(value["b64"])
    return value.encode() if isinstance(value, str) else value


def _tied(row: Row, tolerance: float) -> bool:
    scores = sorted(row.get(SCORES, ()))
    return len(scores) > 1 and scores[-1] - scores[-2] <= 2 * tolerance
