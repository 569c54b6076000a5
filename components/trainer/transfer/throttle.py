"""Lets progress through at most a few times a second."""

import time
from collections.abc import Callable
from typing import Any

Event = dict[str, Any]


class Throttle:
    """Passes events on to a receiver, dropping those that come too fast.

    Example:
      if throttle.due():
          throttle.send({"phase": "head", "loss": float(loss)})  # only now is the loss waited for
    """

    def __init__(self, receiver: Callable[[Event], None], seconds: float = 0.4) -> None:
        """Args:
        receiver: gets the events that pass.
        seconds: at least so long from one event to the next that is asked for by `due`.
        """
        self._receiver = receiver
        self._seconds = seconds
        self._last = float("-inf")

    def due(self) -> bool:
        """Whether the last event is long enough ago."""
        return time.monotonic() - self._last >= self._seconds

    def send(self, event: Event) -> None:
        """Pass an event on, due or not: for what must not be lost, such as the end of an epoch."""
        self._last = time.monotonic()
        self._receiver(event)
