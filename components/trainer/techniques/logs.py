"""What TensorBoard shows of a training: the numbers of every epoch, training beside evaluation."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

_NOT_MEASURES = {"epoch", "steps", "seconds", "best", "phase", "of"}


class Logs:
    """Event files under `train` and `validation`, where Keras's own callback puts them."""

    def __init__(self, folder: Path | None = None) -> None:
        """Args:
        folder: the ModelRun artifact, which TFX tells people to open; None: nothing is written.
        """
        self._folder = folder
        self._writers: dict[Path, Any] = {}

    def part(self, name: str) -> "Logs":
        """The curves of one of several trainings that belong together."""
        return Logs(self._folder / name if self._folder else None)

    def epoch(self, entry: dict[str, Any]) -> None:
        """Writes an epoch of a training's history.

        Args:
          entry: `epoch` counted from 1 (the step of the curves), perhaps `phase` (the measures of
            each are curves of their own), and measures; those of evaluation start with `eval_`.
        """
        if self._folder is None:
            return
        phase = f"{entry['phase']}_" if entry.get("phase") else ""
        for name, value in entry.items():
            if name in _NOT_MEASURES or isinstance(value, bool | str):
                continue
            side = "validation" if name.startswith("eval_") else "train"
            with self._writer(self._folder / side).as_default():
                label = f"{phase}epoch_{name.removeprefix('eval_')}"
                tf.summary.write(label, np.float32(value), entry["epoch"], _scalar())
        for writer in self._writers.values():
            writer.flush()

    def _writer(self, folder: Path) -> Any:
        if folder not in self._writers:
            self._writers[folder] = tf.summary.create_file_writer(str(folder))
        return self._writers[folder]


def _scalar() -> Any:
    """What marks a number for TensorBoard's scalars; tf.summary.scalar would need TensorBoard here."""
    metadata = tf.compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name = "scalars"
    metadata.data_class = 1  # DATA_CLASS_SCALAR
    return metadata
