"""The REST grammar: which path, with which method, means what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from serving.status import ServingError, invalid_argument

_PREDICTION = re.compile(
    r"/v1/models/([^/:]+)(?:(?:/versions/([0-9]+))|(?:/labels/([^/:]+)))?"
    r":(classify|regress|predict)",
    re.IGNORECASE | re.ASCII,
)
_STATUS = re.compile(
    r"/v1/models(?:/([^/:]+))?(?:(?:/versions/([0-9]+))|(?:/labels/([^/:]+)))?(?:/(metadata))?",
    re.IGNORECASE | re.ASCII,
)
_REST = re.compile(r"/v1/.*", re.IGNORECASE | re.ASCII)
_INT64_MAX = 2**63 - 1


class UnreportedError(ServingError):
    """A failure that TF Serving answers with its status and an empty body."""


@dataclass(frozen=True)
class Route:
    """A parsed request target.

    `verb` is predict, classify, regress, metadata or status. At most one of `version` and
    `label` is set; `name` may be empty on status and metadata.
    """

    verb: str
    name: str
    version: int | None = None
    label: str | None = None


def is_rest(target: str) -> bool:
    """Whether the raw target, query and fragment included, belongs to the REST handler."""
    return _REST.fullmatch(target) is not None


def _decode(text: str) -> str:
    if "%" not in text:
        return text
    raw = unquote_to_bytes(text.encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "surrogateescape")


def parse_route(method: str, target: str) -> Route:
    """Matches a raw request target against TF Serving's two patterns.

    Args:
        method: HTTP method, upper case.
        target: Path with its query, not decoded. Names are decoded after the match.

    Raises:
        ServingError: INVALID_ARGUMENT `Malformed request: <METHOD> <target>`.
        UnreportedError: INVALID_ARGUMENT when the version does not fit in 64 bits.
    """
    pattern = _PREDICTION if method == "POST" else _STATUS if method == "GET" else None
    match = pattern.fullmatch(target) if pattern else None
    if match is None:
        raise malformed(method, target)
    name, digits, label, verb = match.groups()
    version = int(digits) if digits and len(digits) < 4000 else None
    if digits and (version is None or version > _INT64_MAX):
        raise UnreportedError(
            invalid_argument("").code, f"Failed to convert version: {digits} to numeric."
        )
    if method == "POST":
        if verb not in ("classify", "regress", "predict"):  # matched without regard to case
            raise malformed(method, target)
    else:
        verb = "metadata" if verb == "metadata" else "status"
    return Route(verb, _decode(name or ""), version, _decode(label) if label else None)


def malformed(method: str, target: str) -> ServingError:
    """The error for any target or method the grammar does not know."""
    return invalid_argument(f"Malformed request: {method} {target}")
