"""A training's state on disk, so that one that was killed goes on where it was."""

import hashlib
import json
import logging
import os
import shutil
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from components.trainer.transfer.batches import Array

logger = logging.getLogger(__name__)

_FACTS = "facts"


@dataclass(frozen=True)
class State:
    """What one phase of a training needs to go on."""

    arrays: dict[str, list[Array]]
    """Lists of weights by name."""
    facts: dict[str, Any]
    """Everything else, as JSON holds it."""


class Checkpoints:
    """The states of one training, a file per phase. Without a folder nothing is kept.

    TFX gives every execution a new output folder, so the states lie elsewhere, in a folder named
    after what the training is made of (`key`): the same training finds them, another does not.
    """

    def __init__(self, folder: Path | None = None, seconds: float = 60.0) -> None:
        """Args:
        folder: of this training alone; made when the first state is written.
        seconds: at least so long between two states; 0: none are written.
        """
        self._folder = folder if seconds > 0 else None
        self._seconds = seconds
        self._last = time.monotonic()

    def part(self, name: str) -> "Checkpoints":
        """The states of one of several trainings that belong together; `clear` removes them too."""
        return Checkpoints(self._folder / name if self._folder else None, self._seconds)

    def due(self) -> bool:
        """Whether the last state is long enough ago for another."""
        return self._folder is not None and time.monotonic() - self._last >= self._seconds

    def save(self, phase: str, state: State) -> None:
        """Writes a state, whole or not at all."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        flat = {
            f"{name}/{number}": array
            for name, arrays in state.arrays.items()
            for number, array in enumerate(arrays)
        }
        facts = np.frombuffer(json.dumps(state.facts).encode(), np.uint8)
        partial = self._folder / f"{phase}.partial"
        with open(partial, "wb") as file:
            np.savez(file, allow_pickle=False, **{_FACTS: facts, **flat})
        os.replace(partial, self._folder / f"{phase}.npz")
        self._last = time.monotonic()

    def load(self, phase: str) -> State | None:
        """The state of a phase; None where there is none, or it cannot be read."""
        file = self._folder / f"{phase}.npz" if self._folder else None
        if file is None or not file.is_file():
            return None
        try:
            with np.load(file, allow_pickle=False) as content:
                facts = json.loads(content[_FACTS].tobytes())
                arrays: dict[str, list[Array]] = {}
                for key in content.files:
                    if key != _FACTS:  # in the order they were written
                        arrays.setdefault(key.rpartition("/")[0], []).append(content[key])
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            logger.warning("training starts anew: %s cannot be read (%s)", file, error)
            return None
        logger.info("training goes on from %s", file)
        return State(arrays, facts)

    def clear(self) -> None:
        """Removes every state: the training is complete."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def key(*facts: Any) -> str:
    """A name for a training: the same data, configuration and code give the same one."""
    code = hashlib.sha256()
    room = Path(__file__).parent.parent
    for file in sorted(room.rglob("*.py")):
        code.update(file.read_bytes())
    text = json.dumps([*facts, code.hexdigest()], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def values(variables: Sequence[Any]) -> list[Array]:
    """Copies of variables."""
    return [np.array(variable.numpy()) for variable in variables]


def assign(variables: Sequence[Any], arrays: Sequence[Array]) -> None:
    """Puts copies back.

    Raises:
      ValueError: they belong to another network.
    """
    if [tuple(v.shape) for v in variables] != [a.shape for a in arrays]:
        raise ValueError("a checkpoint of another network: remove it, or train with another seed")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
