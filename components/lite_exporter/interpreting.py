"""A LiteRT file, asked by the interpreter that phones have."""

import os
import warnings
from pathlib import Path

import numpy as np
import tensorflow as tf

from components.lite_exporter.rows import Array
from data.signatures import SERVING_DEFAULT

_BATCH = 64


class Interpreted:
    """A file, loaded."""

    def __init__(self, file: Path, threads: int = 0) -> None:
        """Args:
        file: `*.tflite`.
        threads: how many it may use; 0: as many as the machine has cores.
        """
        with warnings.catch_warnings():
            # It says that it moves to a package of its own, ai-edge-litert. The code is the same.
            warnings.filterwarnings("ignore", message=r"(?s).*tf\.lite\.Interpreter is deprecated")
            self._interpreter = tf.lite.Interpreter(
                model_path=str(file), num_threads=threads or os.cpu_count()
            )
        self._runner = self._interpreter.get_signature_runner(SERVING_DEFAULT)

    def answer(self, inputs: dict[str, Array]) -> Array:
        """The numbers it answers with, (rows, outputs) float32.

        Args:
          inputs: {input: (rows, ...)} as `lite_inputs` gives them.
        """
        rows = len(next(iter(inputs.values())))
        parts = [
            self.once({name: value[start : start + _BATCH] for name, value in inputs.items()})
            for start in range(0, rows, _BATCH)
        ]
        return np.concatenate([part.reshape(len(part), -1) for part in parts])

    def once(self, inputs: dict[str, Array]) -> Array:
        """One call."""
        (answer,) = self._runner(**inputs).values()
        found: Array = answer
        return found
