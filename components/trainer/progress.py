"""What the trainer is doing right now, for whoever watches the run.

One JSON object a line goes to the file that PIPELINE_PROGRESS names, if it is set; the runner
shows the last one beside the Trainer's line. Without it (a remote worker) nothing is written.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras

ENVIRONMENT = "PIPELINE_PROGRESS"

_ABOUT: dict[str, Any] = {}


@contextmanager
def about(facts: Mapping[str, Any]) -> Iterator[None]:
    """Within the block every event carries these facts first: which trial of a search it is."""
    _ABOUT.update(facts)
    try:
        yield
    finally:
        _ABOUT.clear()


class Progress:
    """Writes progress events, at most a few a second."""

    def __init__(self, seconds_between: float = 0.3) -> None:
        self._path = os.environ.get(ENVIRONMENT, "")
        self._gap = seconds_between
        self._last = 0.0

    def report(self, event: dict[str, Any], always: bool = False) -> None:
        """Appends one event, such as {"epoch": 2, "of": 10, "loss": 0.31, "rows_per_second": 9e3}."""
        now = time.monotonic()
        if not self._path or (now - self._last < self._gap and not always):
            return
        self._last = now
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps({**_ABOUT, **event}) + "\n")


class FitProgress(keras.callbacks.Callback):
    """Reports epoch, step, loss and speed of a `model.fit`."""

    def __init__(self, progress: Progress, batch_size: int, steps: int) -> None:
        super().__init__()
        self._progress = progress
        self._batch_size = batch_size
        self._steps = steps
        self._epoch = 0
        self._step = 0
        self._started = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch + 1
        self._step = 0
        self._started = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._step = batch + 1
        self._report(logs or {}, always=False)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._report(logs or {}, always=True)

    def _report(self, logs: dict[str, Any], always: bool) -> None:
        seconds = max(time.monotonic() - self._started, 1e-6)
        self._progress.report(
            {
                "epoch": self._epoch,
                "of": self.params.get("epochs", 0),
                "step": self._step,
                "steps": self._steps,
                "rows_per_second": round(self._step * self._batch_size / seconds),
                **{name.replace("val_", "eval_"): float(value) for name, value in logs.items()},
            },
            always=always,
        )
