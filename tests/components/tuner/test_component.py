"""components/tuner/component.py with entry.py: TFX's executor, KerasTuner, real trainings of columns."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.tuner import results
from components.tuner.config import TunerSection
from components.tuner.space import Parameter
from data import tuned_values
from data.tuned_values import FILE

SPACE = [
    Parameter(
        name="train.learning_rate", kind="float", low=1e-4, high=1e-1, log=True, default=1e-4
    ),
    Parameter(name="train.hidden", kind="choice", choices=((), (8,), (16, 8)), default=()),
]


def _transformed(folder: Path) -> None:
    """Rows of a label that follows from x, as Transform writes them: metadata and two splits."""
    import tensorflow as tf
    from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io, schema_utils

    numbers = tf.io.FixedLenFeature([], tf.float32)
    spec = {"x": numbers, "y": tf.io.FixedLenFeature([], tf.int64)}
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(spec))
    rng = np.random.default_rng(0)
    rows = [{"x": x, "y": int(x + rng.normal() / 2 > 0)} for x in rng.normal(size=200).tolist()]
    metadata_io.write_metadata(metadata, str(folder / "graph" / "transformed_metadata"))
    for split in ("train", "eval"):
        (folder / "examples" / f"Split-{split}").mkdir(parents=True)
        file = folder / "examples" / f"Split-{split}" / "rows.gz"
        with tf.io.TFRecordWriter(str(file), tf.io.TFRecordOptions("GZIP")) as writer:
            for row in rows:
                example = tf.train.Example()
                example.features.feature["x"].float_list.value.append(row["x"])
                example.features.feature["y"].int64_list.value.append(row["y"])
                writer.write(example.SerializeToString())


@pytest.fixture(scope="module")
def transformed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("transformed")
    _transformed(folder)
    return folder


def _tune(transformed: Path, out: Path, cache: Path, train: dict[str, Any], trials: int) -> None:
    from tfx.dsl.components.base import base_executor
    from tfx.proto import trainer_pb2
    from tfx.types import artifact_utils, standard_artifacts
    from tfx.utils import json_utils, proto_utils

    from components.tuner.component import TunerExecutor

    examples, graph = standard_artifacts.Examples(), standard_artifacts.TransformGraph()
    examples.uri, graph.uri = str(transformed / "examples"), str(transformed / "graph")
    examples.split_names = artifact_utils.encode_split_names(["train", "eval"])
    best, tried = standard_artifacts.HyperParameters(), standard_artifacts.TunerResults()
    best.uri, tried.uri = str(out / "best"), str(out / "tried")
    config = {
        "train": json.dumps(train),
        "task": "binary",
        "label": "y",
        "classes": '["no", "yes"]',
        "tuner": TunerSection(trials=trials, seed=1).model_dump_json(),
        "space": json.dumps([one.model_dump(mode="json") for one in SPACE]),
        "objective": "loss",
        "trial": "components.trainer.trial.run_trial",
        "cache": str(cache),
    }
    none = proto_utils.proto_to_json(trainer_pb2.TrainArgs())
    context = base_executor.BaseExecutor.Context(tmp_dir=str(out), unique_id="1")
    TunerExecutor(context).Do(
        {"examples": [examples], "transform_graph": [graph]},
        {"best_hyperparameters": [best], "tuner_results": [tried]},
        {
            "tuner_fn": "components.tuner.entry.tuner_fn",
            "train_args": none,
            "eval_args": none,
            "custom_config": json_utils.dumps(config),
        },
    )


def test_the_best_values_are_those_of_the_best_real_training(
    transformed: Path, tmp_path: Path
) -> None:
    train = {"epochs": 6, "batch_size": 32}
    _tune(transformed, tmp_path / "out", tmp_path / "cache", train, trials=5)
    found = results.read(tmp_path / "out" / "tried")
    trials = found["trials"]
    assert len(trials) == 5 and trials[0]["values"] == {
        "train.learning_rate": 1e-4,
        "train.hidden": [],
    }
    assert all(np.isfinite(trial["score"]) and trial["seconds"] > 0 for trial in trials)
    best = trials[found["best"] - 1]
    assert best["score"] == min(trial["score"] for trial in trials) < trials[0]["score"]
    assert tuned_values.read(tmp_path / "out" / "best") == best["values"]
    standard = json.loads((tmp_path / "out" / "best" / FILE).read_text())
    assert [one["class_name"] for one in standard["space"]] == ["Float", "Choice"]
    assert not list((tmp_path / "cache" / "tuner").iterdir())


def test_where_every_training_fails_the_node_fails_with_a_reason(
    transformed: Path, tmp_path: Path
) -> None:
    from components.tuner.search import AllFailedError

    train = {"model": "no_such_package.build"}
    with pytest.raises(AllFailedError, match=r"all 2 trials failed.*no module 'no_such_package'"):
        _tune(transformed, tmp_path / "out", tmp_path / "cache", train, trials=2)
    assert not (tmp_path / "out" / "best").exists()
    assert [t["state"] for t in results.read(tmp_path / "out" / "tried")["trials"]] == [
        "failed"
    ] * 2
    assert not list((tmp_path / "cache" / "tuner").iterdir())  # another attempt starts anew
