"""The bookkeeping of a `model.fit`: steps, epochs, the best weights, patience, states to go on from."""

import math
import time
from collections.abc import Callable
from typing import Any

import keras

from components.trainer.techniques.checkpoints import State, assign, values
from components.trainer.techniques.run import TrainingRun

PHASE = "fit"
"""The name of its checkpoint."""


class Record(keras.callbacks.Callback):
    """Stops after exactly so many steps or when patience ends, and brings the best weights back.

    Keras has callbacks for the parts of it, but none that can be killed in the middle of an epoch
    and go on: they forget the best weights, the patience and how far into the data they were.
    """

    def __init__(
        self,
        steps: int,
        per_epoch: int,
        batch: int,
        patience: int,
        run: TrainingRun,
        explain: Callable[[int, int], str],
    ) -> None:
        """Args:
        steps: how many in all.
        per_epoch: how many make an epoch.
        batch: rows per step.
        patience: stop after so many epochs without a better `val_loss`.
        run: where states and logs go.
        explain: (first step, last step) to what was wrong with their batches.
        """
        super().__init__()
        self._steps, self._per_epoch, self._batch = steps, per_epoch, batch
        self._patience, self._run, self._explain = patience, run, explain
        self.done = 0
        """Steps taken so far."""
        self._before = 0
        self._waited = 0
        self._best: list[Any] = []
        self._loss_to_beat = math.inf
        self._started = self._trained = 0.0
        self.epochs: list[dict[str, Any]] = []

    @property
    def over(self) -> bool:
        """Whether there is nothing left to train."""
        return self.done >= self._steps or self._waited >= self._patience

    def begin(self, model: keras.Model, loss: float) -> None:
        """The weights of an earlier model, and their loss on the eval split, are the first to beat."""
        self._loss_to_beat, self._best = loss, model.get_weights()
        self._run.notes["warm_start"]["eval_loss"] = loss

    def resume(self, model: keras.Model) -> None:
        """Takes up the state of a training that was killed, if there is one."""
        state = self._run.checkpoints.load(PHASE)
        if state is None:
            return
        assign(model.variables, state.arrays["model"])
        assign(model.optimizer.variables, state.arrays["optimizer"])
        self._best = state.arrays.get("best", self._best)
        self.done, self._waited = state.facts["done"], state.facts["waited"]
        self.epochs = state.facts["epochs"]

    def finish(self, model: keras.Model) -> None:
        """Puts the best epoch's weights into the model."""
        if self._best:
            model.set_weights(self._best)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._started = time.perf_counter()
        self._before = self.done

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        last, self.done = self.done, self._before + batch + 1
        self._trained = time.perf_counter()
        self._refuse_nonsense((logs or {}).get("loss"), last + 1)
        if self.done >= self._steps:
            self.model.stop_training = True
        elif self.done % self._per_epoch and self._run.checkpoints.due():
            self._save()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        measured = {
            name.replace("val_", "eval_"): float(value) for name, value in (logs or {}).items()
        }
        best = min([self._loss_to_beat, *(entry["eval_loss"] for entry in self.epochs)])
        better = measured["eval_loss"] < best
        self._waited = 0 if better else self._waited + 1
        if better:
            self._best = self.model.get_weights()
        rows = (self.done - self._before) * self._batch
        entry = {
            "epoch": epoch + 1,
            "steps": self.done,
            **measured,
            "seconds": round(time.perf_counter() - self._started, 3),
            "rows_per_second": round(rows / max(self._trained - self._started, 1e-6)),
            "best": better,
        }
        self.epochs.append(entry)
        self._run.logs.epoch(entry)
        if self.over:
            self.model.stop_training = True
        elif self._run.checkpoints.due():
            self._save()

    def _save(self) -> None:
        arrays = {
            "model": values(self.model.variables),
            "optimizer": values(self.model.optimizer.variables),
        }
        if self._best:
            arrays["best"] = self._best
        facts = {"done": self.done, "waited": self._waited, "epochs": self.epochs}
        self._run.checkpoints.save(PHASE, State(arrays, facts))

    def _refuse_nonsense(self, loss: Any, first: int) -> None:
        if loss is None or math.isfinite(loss):
            return
        steps = f"step {self.done}" if first == self.done else f"steps {first} to {self.done}"
        raise FloatingPointError(
            f"the loss is not a finite number in {steps} (epoch {self._before // self._per_epoch + 1}"
            f"): {self._explain(first, self.done)}. Received: {loss}"
        )
