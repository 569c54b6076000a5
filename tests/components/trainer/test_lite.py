"""The network alone: beside the history, with inputs that the served model answers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.signatures import LITE_INPUTS, SCORES, SERVING_DEFAULT

COLUMNS: dict[str, type] = {"Trip Miles": float, "class": str, "name": float, "tip": str}
FEATURES = {"Trip Miles": ["log", "buckets"], "class": "vocabulary", "name": "zscore"}


def _rows(count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    for _ in range(count):
        miles, word = float(rng.normal()), str(rng.choice(["a", "b", ""]))
        tip = "yes" if miles + (word == "a") > 0.5 else "no"
        name = None if rng.random() < 0.2 else float(rng.normal())
        rows.append({"Trip Miles": miles, "class": word, "name": name, "tip": tip})
    return rows


def _train(train: Callable[..., Any], **told: str) -> Any:
    settings = {"epochs": 2, "hidden": [8]}
    return train(COLUMNS, _rows(200), "tip", "binary", ["no", "yes"], FEATURES, settings, told=told)


def test_the_network_answers_its_inputs_as_the_model_answers_rows(
    train: Callable[..., Any],
) -> None:
    import tensorflow as tf

    trained = _train(train, lite="yes")
    served = tf.saved_model.load(trained.saved_model).signatures
    rows = _rows(40)
    columns = {
        "Trip Miles": tf.constant([row["Trip Miles"] for row in rows]),
        "class": tf.constant([row["class"] for row in rows]),
        "name": tf.constant([np.nan if r["name"] is None else r["name"] for r in rows], tf.float32),
    }
    inputs = served[LITE_INPUTS](**columns)
    assert not any(value.dtype == tf.string for value in inputs.values())
    folder = trained.folder / "run" / "lite"
    network = tf.saved_model.load(str(folder))
    answer = network.signatures[SERVING_DEFAULT](**inputs)
    expected = served[SERVING_DEFAULT](**columns)[SCORES]
    np.testing.assert_allclose(answer[SCORES], expected, atol=1e-6)
    saved = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
    written = saved.get_variable_to_shape_map()
    weights = [name for name in written if saved.get_variable_to_dtype_map()[name] == tf.float32]
    assert len(weights) == len(trained.kept["model"].trainable_variables)

    told = json.loads((folder / "network.json").read_text())
    assert {item["name"] for item in told["inputs"]} == set(inputs)
    described = {item["feature"]: item for item in told["inputs"]}
    assert described["class"]["dtype"] == "int64" and described["class"]["ids"] >= 3
    for item in told["inputs"]:
        assert list(inputs[item["name"]].shape[1:]) == item["shape"][1:]
    assert (told["output"], told["task"]) == (SCORES, "binary")
    assert told["classes"] == ["no", "yes"]


def test_nothing_of_it_unless_asked(train: Callable[..., Any]) -> None:
    import tensorflow as tf

    trained = _train(train)
    assert LITE_INPUTS not in tf.saved_model.load(trained.saved_model).signatures
    assert not (trained.folder / "run" / "lite").exists()


def test_a_model_without_such_a_part_is_refused() -> None:
    from components.trainer import lite
    from components.trainer.config import TrainSection
    from components.trainer.spec import Spec
    from components.trainer.target import Target
    from data.tasks import Task

    spec = Spec((), Task.SEQUENCE, (), Target((), 1.0), TrainSection())
    with pytest.raises(ValueError, match=r"lite\.formats: a model of task sequence cannot"):
        lite.required(None, spec)


def test_thresholds_are_told(train: Callable[..., Any], tmp_path: Path) -> None:
    """Whoever has the file alone decides as the served model does."""
    rng = np.random.default_rng(0)
    rows = []
    for x in rng.normal(size=200):
        words = [word for word, low in (("p", 0.0), ("q", 1.0)) if x > low]
        rows.append({"x": float(x), "y": words})
    columns: dict[str, type] = {"x": float, "y": str}
    trained = train(
        columns, rows, "y", "multilabel", ["p", "q"], {"x": "zscore"},
        {"epochs": 2, "hidden": [8]}, told={"lite": "yes"},
    )  # fmt: skip
    told = json.loads((trained.folder / "run" / "lite" / "network.json").read_text())
    assert told["thresholds"] == trained.history["thresholds"]
    assert set(told["thresholds"]) == {"p", "q"}
