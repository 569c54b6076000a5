"""Pre-training on real examples: it learns the columns, from all rows, and leaves the head alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS: dict[str, type] = {"a": float, "b": float, "kind": str, "y": str}
FEATURES = {"a": "zscore", "b": "zscore", "kind": "vocabulary"}
SETTINGS = {"steps": 20, "batch_size": 10, "hidden": [16, 8], "dropout": 0.0}


def _rows(count: int, seed: int, label: bool = True) -> list[dict[str, Any]]:
    """One quantity seen three ways, so that each column tells the others."""
    rng = np.random.default_rng(seed)
    return [
        {
            "a": float(x + rng.normal() / 20),
            "b": float(rng.normal() / 20 - 3 * x),
            "kind": "low" if x < -0.4 else "high" if x > 0.4 else "middle",
            "y": ("yes" if x > 0 else "no") if label else None,
        }
        for x in rng.normal(size=count)
    ]


def _config(task: str = "binary") -> dict[str, str]:
    return {
        "features": json.dumps(FEATURES),
        "task": task,
        "label": "y",
        "classes": json.dumps(["no", "yes"]),
    }


def test_all_layers_but_the_last_learn_the_columns(transform: Callable[..., Path]) -> None:
    import keras
    import tensorflow_transform as tft

    from components.trainer.columns.building import build_model
    from components.trainer.columns.pretraining import pretrain
    from components.trainer.config import TrainSection
    from components.trainer.examples import ExampleFiles
    from components.trainer.inputs import model_inputs
    from components.trainer.spec import Spec
    from components.trainer.target import target
    from components.trainer.techniques.pretrain_config import PretrainSection
    from components.trainer.techniques.run import Pretraining, TrainingRun
    from data.tasks import Task

    more = _rows(400, seed=2, label=False)
    place = transform(COLUMNS, _rows(20, seed=0), _config(), _rows(200, seed=1), more)
    graph = tft.TFTransformOutput(str(place / "graph"))

    def files(*patterns: str) -> Any:
        return ExampleFiles([str(place / pattern) for pattern in patterns], graph, "y")

    every = files("train*.gz", "Split-unlabelled/*.gz")
    section = PretrainSection(epochs=40, learning_rate=0.02, batch_size=60)
    spec = Spec(
        tuple(model_inputs(graph, "y")),
        Task.BINARY,
        ("no", "yes"),
        target(files("train*.gz").labels, Task.BINARY, ["no", "yes"]),
        TrainSection.model_validate(SETTINGS),
        TrainingRun(pretraining=Pretraining(section, every)),
    )
    keras.utils.set_random_seed(0)
    model = build_model(spec)
    before = [weight.numpy() for weight in model.trainable_weights]
    told = pretrain(model, spec, every, files("eval*.gz"))
    assert told["rows"] == 420
    losses = [epoch["eval_loss"] for epoch in told["epochs"]]
    assert min(losses) < 0.6 * losses[0], losses

    moved = {
        weight.path: not np.array_equal(old, weight.numpy())
        for old, weight in zip(before, model.trainable_weights, strict=True)
    }
    head = model.layers[-1]
    still = {weight.path for weight in head.trainable_weights}
    assert {path for path, did in moved.items() if not did} == still
    assert len(moved) - len(still) >= 5  # the table, and weight and bias of two layers


def test_run_fn_begins_with_what_was_learned(train: Callable[..., Any]) -> None:
    rows, more = _rows(40, seed=0), _rows(150, seed=2, label=False)
    told = {"pretrain": json.dumps({"epochs": 3, "batch_size": 30})}
    inputs = (COLUMNS, rows, "y", "binary", ["no", "yes"], FEATURES, SETTINGS)
    trained = train(*inputs, told=told, unlabelled=more)
    pretrained = trained.history["pretrain"]
    assert pretrained["rows"] == 190 and len(pretrained["epochs"]) == 3
    assert trained.history["rows"] == 40
    plain = train(*inputs, unlabelled=more)
    assert "pretrain" not in plain.history
    assert trained.history["epochs"][0]["loss"] != plain.history["epochs"][0]["loss"]
    assert set(trained.kept["model"].input) == {"a", "b", "kind"}  # no decoder is served


def test_texts_are_refused(train: Callable[..., Any]) -> None:
    import pytest

    rows = [{"t": "some words", "y": "yes"}, {"t": "others", "y": "no"}] * 20
    told = {"pretrain": '{"epochs": 1}'}
    columns: dict[str, type] = {"t": str, "y": str}
    with pytest.raises(ValueError, match=r"pretrain\.epochs is for columns and pictures"):
        train(columns, rows, "y", "binary", ["no", "yes"], {"t": "text"}, {}, told=told)
