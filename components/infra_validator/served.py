"""A model behind a server, whoever started it, and how it is asked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from components.infra_validator.refusal import NotServableError
from serving.client import Client, ServingClientError

_ROWS, _BYTES = 16, 8 << 20
"""The most rows, and about the most bytes, that one request carries."""


@dataclass(frozen=True)
class Served:
    """One version that takes requests."""

    client: Client
    model: str
    version: int
    load_seconds: float
    why_gone: Callable[[], str] = lambda: ""
    """Why the server has ended; empty while it runs, or where that cannot be known."""

    def ask(self, rows: list[dict[str, Any]]) -> list[Any]:
        """One answer per row, asked for in batches.

        Raises:
          NotServableError: it refuses a row, takes too long, dies of it, or gives no answer to it.
        """
        answers = []
        for batch in _batches(rows):
            where = f"asked for {len(batch)} row{'s' * (len(batch) > 1)}"
            try:
                found = self.client.predict(self.model, batch, version=self.version)
            except ServingClientError as error:
                raise NotServableError(f"{where}: {self.why_gone() or error}") from None
            except (ValueError, KeyError, TypeError) as error:
                raise NotServableError(f"{where}: the answer cannot be read: {error}") from None
            if not isinstance(found, list) or len(found) != len(batch):
                number = len(found) if isinstance(found, list) else "no list of"
                raise NotServableError(f"{where}: the server gave {number} answers")
            answers += found
        return answers


def _batches(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    batches: list[list[dict[str, Any]]] = []
    room = 0
    for row in rows:
        size = sum(_size(value) for value in row.values())
        if not batches or len(batches[-1]) == _ROWS or size > room:
            batches.append([])
            room = _BYTES
        batches[-1].append(row)
        room -= size
    return batches


def _size(value: Any) -> int:
    value = value.get("b64", "") if isinstance(value, dict) else value
    return len(value) if isinstance(value, str) else 16
