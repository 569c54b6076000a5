"""A training on two devices learns what one device learns, and its model is served as any other."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from components.trainer.techniques.devices import together

PROGRAM = """
import json, sys
import keras, numpy as np, tensorflow as tf
from types import SimpleNamespace

[cpu] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

from components.trainer.entry import run_fn
from components.trainer.heads import HEADS
from components.trainer.techniques.devices import together
from components.trainer.techniques.optimizing import Optimizing
from components.trainer.techniques.run import TrainingRun
from components.trainer.transfer.activations import Activations
from components.trainer.transfer.best import Best
from components.trainer.transfer.phase import Phase
from components.trainer.transfer.phases import train
from components.trainer.transfer.throttle import Throttle
from data.tasks import Task


def phase(devices, dropout):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 33).astype(np.int32)  # batches of 16: the last has one row
    rows = Activations((rng.normal(size=(33, 3)) + labels[:, None]).astype(np.float32), None, labels,
                       rng.uniform(0.5, 1.5, 33).astype(np.float32))
    run = TrainingRun(Optimizing(clip_norm=0.1), together=together(devices))
    with run.together.scope():
        first = keras.initializers.GlorotUniform(seed=1)
        head = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(dropout, seed=1),
                                 keras.layers.Dense(2, kernel_initializer=first)])
    loop = Phase("head", lambda x, training: head(x, training=training), head.trainable_variables,
                 2, 0.05, 16, run=run)
    history = train(loop, rows, rows, HEADS[Task.MULTICLASS], Best(head.trainable_variables, "accuracy"),
                    np.random.default_rng(1), Throttle(lambda event: None))
    return [w.tolist() for w in head.get_weights()], [entry["loss"] for entry in history]


def main(folder, made, config):
    found = {}
    for devices in ("one", 2):
        place = f"{made}/{devices}"
        settings = {**config["settings"], "devices": devices}
        run_fn(SimpleNamespace(
            custom_config={**config["told"], "train": json.dumps(settings)},
            transform_output=f"{folder}/graph", train_files=[f"{folder}/train*.gz"],
            eval_files=[f"{folder}/eval*.gz"], model_run_dir=f"{place}/run",
            hyperparameters=None,
            serving_model_dir=f"{place}/model"))
        found[str(devices)] = phase(devices, 0.0)
    phase(2, 0.5)  # dropout has counters, which are on every device too
    with open(f"{made}/phases.json", "w") as file:
        json.dump(found, file)


main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
"""
COLUMNS: dict[str, type] = {"x": float, "kind": str, "y": str}
FEATURES = {"x": "zscore", "kind": "vocabulary"}


@pytest.fixture(scope="module")
def made(transform: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models and histories of one device and of two, from a process that has two logical ones."""
    rng = np.random.default_rng(0)
    rows = [
        {"x": float(x), "kind": "ab"[n % 2], "y": "yes" if x > 0 else "no"}
        for n, x in enumerate(rng.normal(size=200))
    ]
    told = {"task": "binary", "label": "y", "classes": json.dumps(["no", "yes"])}
    features = {"features": json.dumps(FEATURES)}
    folder = transform(COLUMNS, rows, {**told, **features, "preprocessing": ""})
    told |= {"columns": json.dumps(["x", "kind"]), "texts": "[]", "vocabularies": '["kind"]'}
    # Every step takes all rows: in which order, Keras decides anew where it distributes them.
    settings = {"hidden": [8], "epochs": 12, "batch_size": 200, "dropout": 0.0, "clip_norm": 0.1}
    settings["steps_per_execution"] = (
        1  # several devices always take one: an epoch is as long for both
    )
    result = tmp_path_factory.mktemp("devices")
    config = json.dumps({"told": told, "settings": settings})
    subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), str(result), config],
        env=os.environ,
        check=True,
        timeout=300,
    )
    return result


def test_columns_learn_the_same_and_are_served(made: Path) -> None:
    import tensorflow as tf

    epochs, scores = [], []
    for devices in ("one", "2"):
        history = json.loads((made / devices / "run" / "history.json").read_text())
        epochs.append(history["epochs"])
        loaded = tf.saved_model.load(str(made / devices / "model"))
        x, kind = tf.constant([-1.0, 0.1, 2.0]), tf.constant(["a", "b", ""])
        scores.append(loaded.signatures["serving_default"](x=x, kind=kind)["score"].numpy())
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-4)
    for one, two in zip(*epochs, strict=True):
        assert one["steps"] == two["steps"]
        for name in ("loss", "eval_loss", "eval_auc"):
            assert one[name] == pytest.approx(two[name], rel=1e-4), name


def test_a_phase_of_transfer_learning_learns_the_same(made: Path) -> None:
    """Weighted rows, clipped gradients, and a last batch of one row, of which one device has none."""
    found = json.loads((made / "phases.json").read_text())
    for one, two in zip(*(found[devices][0] for devices in ("one", "2")), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["one"][1], found["2"][1], rtol=1e-5)


def test_more_devices_than_there_are_is_a_sentence() -> None:
    assert together("auto").count == 1 and together("one").count == 1 and together(1).count == 1
    with pytest.raises(ValueError, match="Received: 3; this machine has 1 logical CPU device"):
        together(3)
