"""From what TFMA extracted of a batch to arrays: labels, predictions and weights of each model."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from tensorflow_model_analysis import constants

from components.evaluator import sequences
from components.evaluator.chunk import Chunk
from components.evaluator.sequences import Array
from data.signatures import CHOSEN
from data.tasks import Task

Models = Sequence[tuple[str, str]]
"""(name, prediction key) of each model that is measured."""


def chunks(extracts: Mapping[str, Any], models: Models, task: Task) -> dict[str, Chunk]:
    """All rows of a batch, by model.

    Args:
      extracts: batched: labels, predictions, example weights and serialized inputs.
      models: the models that are measured.
      task: the task.

    Raises:
      ValueError: a model lacks an output.
    """
    examples = extracts.get(constants.INPUT_KEY)
    found: dict[str, Chunk] = {}
    for name, key in models:
        answers = _own(extracts.get(constants.PREDICTIONS_KEY), name)
        answer = _flat(_named(answers, key))
        chosen = _flat(_named(answers, CHOSEN)) if task is Task.MULTILABEL else None
        label = _own(extracts.get(constants.LABELS_KEY), name)
        labels, predictions = _measured(task, label, answer, chosen)
        weights = _own(extracts.get(constants.EXAMPLE_WEIGHTS_KEY), name)
        count = len(predictions)
        texts = [b""] * count if examples is None else list(np.ravel(examples))
        found[name] = Chunk(
            labels,
            predictions,
            np.ones(count) if weights is None else _first(_flat(weights)),
            *_numbers(texts),
            examples=None if examples is None else _objects(texts),
            answers=_objects(_texts(answer, count)) if task is Task.SEQUENCE else None,
        )
    if len(found) < 2:
        return found
    differs = _differs([chunk.labels for chunk in found.values()])
    return {name: replace(chunk, differs=differs) for name, chunk in found.items()}


def single(extracts: Mapping[str, Any]) -> dict[str, Any]:
    """One row's extracts as a batch of one."""
    keys = (constants.LABELS_KEY, constants.PREDICTIONS_KEY, constants.EXAMPLE_WEIGHTS_KEY)
    found = {key: _one(extracts[key]) for key in keys if extracts.get(key) is not None}
    example = extracts.get(constants.INPUT_KEY)
    return found if example is None else {**found, constants.INPUT_KEY: np.array([example], object)}


def _differs(labels: Sequence[Array]) -> Array:
    """(rows,) bool: where two models have not the same label."""
    one, other = labels[0], labels[-1]
    if one.shape != other.shape:
        return np.ones(len(one), bool)
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    return ~same.reshape(len(one), -1).all(axis=1)


def _measured(task: Task, label: Any, answer: Array, chosen: Array | None) -> tuple[Array, Array]:
    """(labels, predictions) as a `Chunk` holds them."""
    count = len(answer)
    if task is Task.SEQUENCE:
        return _compared(_texts(label, count), _texts(answer, count))
    values = np.full((count, 1), np.nan) if label is None else _flat(label).astype(np.float64)
    predictions = answer.astype(np.float64)
    if chosen is None:
        return _first(values), predictions
    if values.shape[1] != predictions.shape[1]:
        values = np.full(predictions.shape, np.nan)
    return values, np.concatenate([predictions, chosen.astype(np.float64)], axis=1)


def _compared(truths: list[str | None], guesses: list[str | None]) -> tuple[Array, Array]:
    labels = np.array([np.nan if t is None else zlib.crc32(t.encode()) for t in truths])
    counts = np.full((len(truths), len(sequences.COLUMNS)), np.nan)
    for number, (truth, guess) in enumerate(zip(truths, guesses, strict=True)):
        if guess is not None:  # a missing label is counted as such, not as a missing prediction
            counts[number] = sequences.compare(truth or "", guess)
    return labels.reshape(len(truths)), counts


def _numbers(examples: list[bytes]) -> tuple[Array, Array]:
    """A random number per row, the same for the same batch, and a hash."""
    hashes = np.array([zlib.crc32(example) for example in examples], np.int64)
    batch = zlib.crc32(hashes.tobytes())
    return np.random.default_rng(batch).random(len(examples)), hashes


def _objects(items: Sequence[Any]) -> Array:
    found: Array = np.empty(len(items), object)
    found[:] = items
    return found


def _own(value: Any, model: str) -> Any:
    """The part of an extract that is one model's."""
    return value[model] if isinstance(value, Mapping) and model in value else value


def _named(answers: Any, key: str) -> Any:
    """One of a model's outputs; TFMA hands a single one over without its name."""
    if not isinstance(answers, Mapping):
        return answers
    if key not in answers:
        raise ValueError(
            f"the model has no output '{key}'. Its outputs: {', '.join(sorted(answers))}"
        )
    return answers[key]


def _flat(value: Any) -> Array:
    """(rows, …) -> (rows, values); of sparse values each row's first, NaN where it has none."""
    if hasattr(value, "indices"):
        found: Array = np.full((value.dense_shape[0], 1), np.nan)
        first = value.indices[:, 1] == 0
        found[value.indices[first, 0], 0] = value.values[first]
        return found
    array = np.asarray(value)
    return array.reshape(len(array), -1) if array.size else array.reshape(len(array), 0)


def _first(values: Array) -> Array:
    """(rows, values) -> (rows,): the first value of each; NaN for none."""
    return values[:, 0].astype(np.float64) if values.shape[1] else np.full(len(values), np.nan)


def _texts(value: Any, rows: int) -> list[str | None]:
    """The first text of each row; None where there is none."""
    texts = np.zeros((rows, 0)) if value is None else _flat(value)
    if not texts.shape[1]:
        return [None] * rows
    return [
        item.decode(errors="replace") if isinstance(item, bytes) else str(item)
        for item in texts[:, 0].tolist()
    ]


def _one(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _one(item) for key, item in value.items()}
    return None if value is None else np.reshape(value, (1, -1))
