"""Where a phase of transfer learning is: epoch, step, loss so far; kept, and found again."""

from typing import Any

import numpy as np
import tensorflow as tf

from components.trainer.techniques.checkpoints import State, assign, values
from components.trainer.transfer.best import Best
from components.trainer.transfer.phase import Phase

_NEVER = 2**31 - 1


class Place:
    """The place of one phase, with everything that a killed training needs to go on from it."""

    def __init__(self, phase: Phase, optimizer: Any, best: Best, rng: np.random.Generator) -> None:
        """Args:
        phase: what is trained.
        optimizer: built for the phase's variables.
        best: the best epoch so far.
        rng: what draws the order of an epoch when it begins.
        """
        self._phase, self._optimizer, self._best, self._rng = phase, optimizer, best, rng
        self.epoch = 1
        """The epoch to go on in."""
        self.step = 0
        """Steps of it that are done."""
        self.history: list[dict[str, Any]] = []
        self._total, self._first_bad = tf.zeros(()), tf.constant(_NEVER)
        self._drawn = rng.bit_generator.state

    def resume(self) -> None:
        """Takes up the state that a killed training left, if there is one."""
        state = self._phase.run.checkpoints.load(self._phase.name)
        if state is None:
            return
        facts = state.facts
        assign(self._phase.variables, state.arrays["variables"])
        assign(self._phase.others, state.arrays.get("others", []))
        assign(self._optimizer.variables, state.arrays["optimizer"])
        self._best.values = state.arrays.get("best", [])
        self._best.measured = facts["measured"]
        self.epoch, self.step, self.history = facts["epoch"], facts["step"], facts["history"]
        self._total = tf.constant(facts["total"], tf.float32)
        self._rng.bit_generator.state = facts["drawn"]

    def begin(self, epoch: int) -> None:
        """An epoch begins, or goes on; its order is drawn next."""
        if epoch != self.epoch:
            self.epoch, self.step, self._total = epoch, 0, tf.zeros(())
        self._drawn = self._rng.bit_generator.state

    def add(self, loss: Any, step: int) -> None:
        """A step is done; nothing waits for its loss."""
        bad = tf.where(tf.math.is_finite(loss), _NEVER, step)
        self._first_bad = tf.minimum(self._first_bad, bad)
        self._total += loss
        self.step = step

    def mean_loss(self, rows: int) -> float:
        """Of the epoch so far, which is so many rows.

        Raises:
          FloatingPointError: it is not a finite number; the message names the batch.
        """
        loss = float(self._total) / rows
        if not np.isfinite(loss):
            bad = int(self._first_bad)
            where = f"batch {bad}" if bad != _NEVER else f"the sum over {self.step} batches"
            raise FloatingPointError(
                f"the loss is not a finite number in phase {self._phase.name}, epoch {self.epoch}, "
                f"{where}: lower its learning rate (it starts at {self._phase.rate}), or set "
                f"train.clip_norm. Received: {loss}"
            )
        return loss

    def save_if_due(self) -> None:
        """Keeps the state in the middle of an epoch."""
        if self._phase.run.checkpoints.due():
            self._save(self.epoch, self.step, self._drawn)

    def end(self, entry: dict[str, Any]) -> None:
        """An epoch is over and measured."""
        self.history.append(entry)
        if self._phase.run.checkpoints.due():
            self._save(self.epoch + 1, 0, self._rng.bit_generator.state)

    def finish(self) -> None:
        """The phase is over: a training that is killed in a later one need not repeat it."""
        self._save(self._phase.epochs + 1, 0, self._rng.bit_generator.state)

    def _save(self, epoch: int, step: int, drawn: Any) -> None:
        arrays = {
            "variables": values(self._phase.variables),
            "others": values(self._phase.others),
            "optimizer": values(self._optimizer.variables),
            "best": self._best.values,
        }
        facts = {
            "epoch": epoch,
            "step": step,
            "total": float(self._total) if step else 0.0,
            "drawn": drawn,
            "measured": self._best.measured,
            "history": self.history,
        }
        self._phase.run.checkpoints.save(self._phase.name, State(arrays, facts))
