"""A small model of three classes, as Trainer and ExampleGen leave it: SavedModel, network, rows."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CLASSES = ["low", "middle", "high"]


@dataclass
class Made:
    """Where everything lies."""

    folder: Path
    inputs: dict[str, Any]
    """What the network takes of the test rows."""
    answers: Any
    """What it answers to them, (rows, 3)."""

    @property
    def model(self) -> Path:
        return self.folder / "model" / "Format-Serving"

    @property
    def network(self) -> Path:
        return self.folder / "run" / "lite"

    @property
    def examples(self) -> Path:
        return self.folder / "examples"


def rows(count: int, seed: int) -> list[dict[str, Any]]:
    """The label is how large x is, moved by the colour; some x are missing."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        x, colour = float(rng.normal()), str(rng.choice(["red", "green"]))
        number = int(np.clip(np.floor(x + 1.5 + (0.5 if colour == "red" else 0.0)), 0, 2))
        x_or_none = None if rng.random() < 0.1 else x
        found.append({"x": x_or_none, "colour": colour, "size": CLASSES[number]})
    return found


def serialize(row: dict[str, Any], scale: float = 1.0) -> bytes:
    """A tf.Example; x times a scale."""
    import tensorflow as tf

    example = tf.train.Example()
    for name in ("colour", "size"):
        example.features.feature[name].bytes_list.value.append(row[name].encode())
    holder = example.features.feature["x"].float_list
    holder.SetInParent()
    if row["x"] is not None:
        holder.value.append(row["x"] * scale)
    found: bytes = example.SerializeToString()
    return found


def write_examples(folder: Path, scale: float = 1.0) -> None:
    """Splits train and test; the scale is that of train."""
    import tensorflow as tf

    for split, count, seed, factor in (("train", 300, 0, scale), ("test", 200, 1, 1.0)):
        place = folder / f"Split-{split}"
        place.mkdir(parents=True)
        with tf.io.TFRecordWriter(str(place / "a.gz"), tf.io.TFRecordOptions("GZIP")) as writer:
            for row in rows(count, seed):
                writer.write(serialize(row, factor))


@pytest.fixture(scope="session")
def examples() -> Callable[..., None]:
    """Writes splits; `scale` is a factor of the numbers of train."""
    return write_examples


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Trained for a moment, exported with the signatures of the contract."""
    import keras
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("lite")
    write_examples(folder / "examples")
    keras.utils.set_random_seed(0)
    entries = {
        "x": keras.Input((2,), name="x"),
        "colour": keras.Input((), dtype="int64", name="colour"),
    }
    hidden = keras.layers.Concatenate()(
        [entries["x"], keras.layers.Embedding(2, 4)(entries["colour"])]
    )
    for _ in range(2):
        hidden = keras.layers.Dense(32, activation="relu")(hidden)
    network = keras.Model(entries, keras.layers.Dense(3)(hidden))

    def prepare(x: Any, colour: Any) -> dict[str, Any]:
        missing = tf.math.is_nan(x)
        value = tf.where(missing, tf.zeros_like(x), x)
        return {
            "x": tf.stack([value, tf.cast(missing, tf.float32)], axis=1),
            "colour": tf.cast(tf.equal(colour, "red"), tf.int64),
        }

    def lite_inputs(x: Any, colour: Any) -> dict[str, Any]:
        return prepare(x, colour)

    def serving_default(x: Any, colour: Any) -> dict[str, Any]:
        scores = tf.nn.softmax(network(prepare(x, colour)))
        chosen = tf.gather(tf.constant(CLASSES), tf.argmax(scores, axis=1))
        return {"class": chosen, "scores": scores}

    def alone(**given: Any) -> dict[str, Any]:
        return {"scores": tf.nn.softmax(network(given))}

    def tensors(split: list[dict[str, Any]]) -> dict[str, Any]:
        x = [np.nan if row["x"] is None else row["x"] for row in split]
        return {
            "x": tf.constant(x, tf.float32),
            "colour": tf.constant([r["colour"] for r in split]),
        }

    known = rows(300, 0)
    network.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(True))
    labels = np.array([CLASSES.index(row["size"]) for row in known])
    network.fit(prepare(**tensors(known)), labels, epochs=20, batch_size=32, verbose=0)

    plain = {"x": tf.TensorSpec([None], tf.float32), "colour": tf.TensorSpec([None], tf.string)}
    numbers = {"x": tf.TensorSpec([None, 2], tf.float32), "colour": tf.TensorSpec([None], tf.int64)}
    for place, signatures in (
        ("model/Format-Serving", [(serving_default, plain), (lite_inputs, plain)]),
        ("run/lite", [(alone, numbers)]),
    ):
        archive = keras.export.ExportArchive()
        archive.track(network)
        for function, specs in signatures:
            named = {n: tf.TensorSpec(s.shape, s.dtype, name=n) for n, s in specs.items()}
            concrete = tf.function(function, autograph=False)
            concrete.get_concrete_function(**named)
            name = "serving_default" if function is alone else function.__name__
            archive.add_endpoint(name, concrete)
        archive.write_out(str(folder / place), verbose=False)
    told = {
        "inputs": [
            {"name": "colour", "feature": "colour", "dtype": "int64", "shape": ["rows"], "ids": 2},
            {"name": "x", "feature": "x", "dtype": "float32", "shape": ["rows", 2]},
        ],
        "output": "scores",
        "task": "multiclass",
        "classes": CLASSES,
        "thresholds": {},
    }
    (folder / "run" / "lite" / "network.json").write_text(json.dumps(told))
    inputs = {name: value.numpy() for name, value in prepare(**tensors(rows(200, 1))).items()}
    return Made(folder, inputs, tf.nn.softmax(network(inputs)).numpy())
