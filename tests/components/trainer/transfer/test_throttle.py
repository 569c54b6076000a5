"""Progress gets through at most so often, and what matters always."""

from typing import Any

from components.trainer.transfer.throttle import Throttle


def test_due_only_after_the_pause(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    now = [100.0]
    monkeypatch.setattr("components.trainer.transfer.throttle.time.monotonic", lambda: now[0])
    events: list[dict[str, Any]] = []
    throttle = Throttle(events.append, seconds=0.4)
    for tenth in range(10):  # one second, ten offers
        now[0] = 100 + tenth / 10 + 1e-6 * tenth
        if throttle.due():
            throttle.send({"tenth": tenth})
    assert [event["tenth"] for event in events] == [0, 4, 8]
    throttle.send({"tenth": "last"})  # not due, and still sent
    assert events[-1] == {"tenth": "last"}
