"""The model's own predictions: by tf.Example and TensorFlow itself, no server in between."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from components.infra_validator.comparison import Row
from data.signatures import EXAMPLES_INPUT, SERVING_EXAMPLES

_BATCH = 64


def own_answers(model: Path, rows: list[bytes]) -> list[Row]:
    """What the signature the Evaluator judged by answers to these serialized tf.Examples.

    Another way into the model than the server's (tf.Example instead of plain columns, a function
    instead of a session), so that both have to be right to agree.
    """
    loaded = tf.saved_model.load(str(model))
    ask = loaded.signatures[SERVING_EXAMPLES]
    found: list[Row] = []
    for start in range(0, len(rows), _BATCH):
        part = rows[start : start + _BATCH]
        outputs = ask(**{EXAMPLES_INPUT: tf.constant(part)})
        arrays = {name: value.numpy() for name, value in outputs.items()}
        found += [_row(arrays, index) for index in range(len(part))]
    return found


def _row(arrays: dict[str, Any], index: int) -> Row:
    return {name: array[index : index + 1].reshape(-1).tolist() for name, array in arrays.items()}
