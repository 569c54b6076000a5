"""A training that begins with the weights of an earlier model, and says which of them it took."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from components.trainer.target import Target
from components.trainer.techniques import weights
from components.trainer.techniques.weights import Described, Meaning
from components.trainer.transfer.batches import Array
from data.saved_models import latest

logger = logging.getLogger(__name__)

_NAMED = 10


class WarmStartError(ValueError):
    """A model that this training cannot begin with; the message says why."""


class Start:
    """The model to begin with. Either its weights fit, or the training does not begin."""

    def __init__(self, place: Path) -> None:
        """Args:
        place: a SavedModel, a folder of versions, or what a Trainer made.

        Raises:
          WarmStartError: no model there, or one that does not say what its weights are.
        """
        found = latest(place)
        if found is None:
            raise WarmStartError(
                f"train.warm_start: no SavedModel at {place}. It may have been removed since: name "
                "another model, or set train.warm_start = false to train anew"
            )
        kept = weights.read(found)
        if kept is None:
            raise WarmStartError(
                f"train.warm_start: {found} does not say what its weights are (it has no "
                f"{weights.FILE} that is understood here). Only a model this pipeline's Trainer "
                "has written can be begun with: train one anew with train.warm_start = false"
            )
        self.path, self._kept = found, kept
        self._forget()

    @property
    def target(self) -> Target:
        """Of the labels it was trained on: a regression's outputs are stretched by it."""
        return Target(tuple(self._kept.target["start"]), float(self._kept.target["deviation"]))

    def check(self, facts: dict[str, Any]) -> None:
        """Refuses a network of another kind.

        Args:
          facts: as `Described.facts`, of the network that is to begin with this one.

        Raises:
          WarmStartError: naming the keys that differ.
        """
        self._forget()  # whoever trains several times begins each time with the same
        there, here = self._kept.facts, weights_as_json(facts)
        differ = [
            f"{key} is {here.get(key, 'absent')!r} here and {there.get(key, 'absent')!r} there"
            for key in sorted({*there, *here})
            if there.get(key) != here.get(key)
        ]
        if differ:
            raise WarmStartError(
                f"train.warm_start: {self.path} is another network: {'; '.join(differ)}. Make them "
                "the same, name another model, or set train.warm_start = false to train anew"
            )

    def into(self, described: Described, part: str) -> None:
        """Puts the weights of one part into a network that is built.

        Rows that stand for the same are matched; those of values the earlier model did not know
        keep their first weights.

        Raises:
          WarmStartError: a weight without rows to match has another shape or is on one side only.
        """
        mine = described.named(part)
        wrong = []
        for name, variable in mine.items():
            meaning = described.meanings.get(id(variable))
            why = self._take(name, variable, meaning)
            if why:
                wrong.append(f"{name} {why}")
        for name in self._kept.arrays:
            if name.startswith(f"{part}: ") and name not in mine:
                if name in self._kept.meanings:
                    self._left += self._kept.meanings[name].labels
                else:
                    wrong.append(f"{name} is there and not here")
        if wrong:
            raise WarmStartError(
                f"train.warm_start: {self.path} does not fit this network: {_some(wrong)}. Build "
                "the same network, or set train.warm_start = false to train anew"
            )

    def end(self) -> dict[str, Any]:
        """What was taken, for the log and for history.json.

        Returns:
          `model`; `taken`, `of`: numbers, counted; `new`: what had no weights there; `left`: what
          has none here.

        Raises:
          WarmStartError: nothing fitted.
        """
        if not self._taken:
            raise WarmStartError(
                f"train.warm_start: no weight of {self.path} fits this network. Name another model, "
                "or set train.warm_start = false to train anew"
            )
        new, left = list(dict.fromkeys(self._new)), list(dict.fromkeys(self._left))
        logger.info(
            "warm start from %s: %d of %d numbers taken; new here: %s; only there: %s",
            self.path,
            self._taken,
            self._all,
            _some(new) or "nothing",
            _some(left) or "nothing",
        )
        return {
            "model": str(self.path),
            "taken": self._taken,
            "of": self._all,
            "new": new,
            "left": left,
        }

    def _forget(self) -> None:
        self._taken = self._all = 0
        self._new: list[str] = []
        self._left: list[str] = []

    def _take(self, name: str, variable: Any, meaning: Meaning | None) -> str:
        """Puts one weight in; returns why not, where it does not fit."""
        value = np.array(variable.numpy())
        self._all += value.size
        array, there = self._kept.arrays.get(name), self._kept.meanings.get(name)
        if array is None:
            if meaning is None:
                return "is here and not there"
            self._new += meaning.labels
            return ""
        if meaning is None or there is None or meaning == there:
            if array.shape != value.shape:
                return f"has shape {value.shape} here and {array.shape} there"
            variable.assign(array)
            self._taken += value.size
            return ""
        if meaning.axis != there.axis or _others(array, there) != _others(value, meaning):
            return f"has shape {value.shape} here and {array.shape} there"
        self._match(variable, value, meaning, array, there)
        return ""

    def _match(
        self, variable: Any, value: Array, meaning: Meaning, array: Array, there: Meaning
    ) -> None:
        places = {label: at for at, label in enumerate(there.labels)}
        pairs = [(n, places[label]) for n, label in enumerate(meaning.labels) if label in places]
        mine, theirs = np.moveaxis(value, meaning.axis, 0), np.moveaxis(array, there.axis, 0)
        mine[[here for here, _ in pairs]] = theirs[[at for _, at in pairs]]  # a view of `value`
        variable.assign(value)
        self._taken += len(pairs) * (value.size // max(len(meaning.labels), 1))
        self._new += [label for label in meaning.labels if label not in places]
        self._left += [label for label in there.labels if label not in set(meaning.labels)]


def weights_as_json(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts as they come back from a file: tuples are lists there."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in facts.items()}


def _others(array: Array, meaning: Meaning) -> tuple[int, ...]:
    return tuple(size for axis, size in enumerate(array.shape) if axis != meaning.axis)


def _some(words: Sequence[str]) -> str:
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + more
