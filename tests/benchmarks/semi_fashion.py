"""Fashion-MNIST with a label on every tenth picture: what pseudo-labels add to a network on pixels.

    make bench-semi-fashion ARGS="--seeds 5"

Each seed shuffles the committed sample anew: 600 labelled pictures to learn from, 1,000 that choose
the epoch and the round, 5,400 whose labels nobody reads, 1,000 for the test. Three models of one
architecture (small-cnn), the same first weights and at least so many steps each:

  alone     the labelled pictures; it is round 0 of the other two
  itself    one more round with the pictures that `alone` is sure of
  teacher   one more round with those a frozen EfficientNet-Lite0 with a head, trained on the same
            600 pictures, is sure of

Test accuracy is that of the round which eval chose; `chosen` says which.

What runs is the trainer's own code: `self_train`, the picture learner, a teacher asked through its
SavedModel. `kept` is how many of the 5,400 were taken, `right` how many of those labels are true.
"""

import argparse
import json
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pyarrow.parquet as pq

from components.trainer.config import TrainSection
from components.trainer.techniques.semi_config import SemiSection
from data.fashion_mnist.locate import sample
from data.fashion_mnist.originals import CLASSES

PARTS = {"train": 600, "eval": 1000, "unlabelled": 5400, "test": 1000}
NETWORK = {"backbone": "small-cnn", "size": 28, "fine_tune_epochs": 1, "fine_tune_rate": 3e-3}
TEACHER = {"fine_tune_epochs": 0, "head_epochs": 4}


def main() -> None:
    """Measures and prints a line per seed, then the means."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--steps", type=int, default=1200, help="at least so many a model")
    parser.add_argument("--itself", type=float, default=0.95, help="confidence of itself")
    parser.add_argument("--teacher", type=float, default=0.9, help="confidence of the teacher")
    arguments = parser.parse_args()
    print("seed   alone   itself   kept  right chosen   teacher   kept  right chosen   seconds")
    lines = []
    with tempfile.TemporaryDirectory(prefix="semi-fashion-") as folder:
        graph = _graph(Path(folder))
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            lines.append(_seed(seed, arguments, graph, Path(folder) / str(seed)))
            _show(str(seed), lines[-1])
    mean = {key: statistics.mean(line[key] for line in lines) for key in lines[0]}
    _show("mean", mean)
    for name in ("itself", "teacher"):
        gains = [100 * (line[name] - line["alone"]) for line in lines]
        spread = statistics.stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else math.nan
        print(f"{name}: {statistics.mean(gains):+.2f} points (standard error {spread:.2f})")


def _show(name: str, line: dict[str, float]) -> None:
    print(
        f"{name:5} {line['alone']:.4f} "
        + "".join(
            f"{line[who]:8.4f} {line['kept_' + who]:6.0f} {line['right_' + who]:6.3f} "
            f"{line['chosen_' + who]:6.1f}  "
            for who in ("itself", "teacher")
        )
        + f"{line['seconds']:8.0f}",
        flush=True,
    )


def _seed(seed: int, arguments: Any, graph: Any, folder: Path) -> dict[str, float]:
    from components.trainer.entry import labelled_by
    from components.trainer.examples import ExampleFiles
    from components.trainer.pictures.learner import learn
    from components.trainer.techniques.self_training import Rows, self_train

    start = time.perf_counter()
    files, truth, test = _write(seed, folder)
    spec = _spec(graph, files, {**NETWORK, "seed": seed, "least_steps": arguments.steps})
    split = {
        name: ExampleFiles([file], graph, "label") for name, file in files.items() if name != "test"
    }
    found: dict[int, tuple[Any, float]] = {}
    rows_seen: list[float] = []

    def remembered(round_spec: Any, train: Any, evaluation: Any) -> Any:
        """Round 0 is the same training for both, so it is done once."""
        if train.rows not in found or train.rows != PARTS["train"]:
            learned = learn(round_spec, train, evaluation)
            found[train.rows] = learned, _accuracy(learned.outputs, *test)
        rows_seen.append(found[train.rows][1])
        return found[train.rows][0]

    line: dict[str, float] = {}
    taught = labelled_by([files["unlabelled"]], spec, graph, _teacher(seed, graph, files, folder))
    for name, confidence, answers in (
        ("itself", arguments.itself, None),
        ("teacher", arguments.teacher, taught),
    ):
        rows = Rows(
            split["train"],
            split["eval"],
            split["unlabelled"],
            answers,
            lambda more: ExampleFiles([files["train"], *more], graph, "label"),
        )
        scratch = folder / f"rounds-{name}"
        scratch.mkdir()
        rows_seen.clear()
        section = SemiSection(rounds=1, confidence=confidence)
        learned = self_train(remembered, spec, rows, section, "label", scratch)
        rounds = learned.history["semi"]["rounds"]
        chosen = next(told["round"] for told in rounds if told["best"])
        line |= {"alone": rows_seen[0], name: rows_seen[chosen], f"chosen_{name}": chosen}
        line |= {f"{name}_eval_{told['round']}": told["eval_accuracy"] for told in rounds}
        line |= _kept(name, scratch / "round-1.gz", truth)
    return {**line, "seconds": time.perf_counter() - start}


def _kept(name: str, file: Path, truth: dict[bytes, int]) -> dict[str, float]:
    import tensorflow as tf

    right = []
    for record in tf.data.TFRecordDataset([str(file)], compression_type="GZIP"):
        feature = tf.train.Example.FromString(record.numpy()).features.feature
        picture = feature["image"].bytes_list.value[0]
        right.append(truth[picture] == feature["label"].int64_list.value[0])
    return {f"kept_{name}": len(right), f"right_{name}": float(np.mean(right)) if right else 0.0}


def _teacher(seed: int, graph: Any, files: dict[str, str], folder: Path) -> Any:
    """What `labelled_by` is told of a model on frozen features, trained by the real run_fn."""
    from components.trainer.entry import run_fn

    config = {
        "train": json.dumps({"image": {**TEACHER, "seed": seed}}),
        "task": "multiclass",
        "label": "label",
        "classes": json.dumps(CLASSES),
        "columns": '["image"]',
    }
    arguments = SimpleNamespace(
        custom_config=config,
        transform_output=str(folder.parent / "graph"),
        train_files=[files["train"]],
        eval_files=[files["eval"]],
        model_run_dir=str(folder / "teacher-run"),
        hyperparameters=None,
        serving_model_dir=str(folder / "teacher"),
    )
    run_fn(arguments)
    arguments.custom_config = {**config, "labeller": str(folder / "teacher")}
    return arguments


def _spec(graph: Any, files: dict[str, str], image: dict[str, Any]) -> Any:
    from components.trainer.examples import ExampleFiles
    from components.trainer.inputs import model_inputs
    from components.trainer.spec import Spec
    from components.trainer.target import target
    from data.tasks import Task

    labels = ExampleFiles([files["train"]], graph, "label").labels
    return Spec(
        tuple(model_inputs(graph, "label")),
        Task.MULTICLASS,
        CLASSES,
        target(labels, Task.MULTICLASS, list(CLASSES)),
        TrainSection.model_validate({"image": image, "seed": image["seed"]}),
    )


def _accuracy(outputs: Callable[..., Any], pictures: list[bytes], labels: Any) -> float:
    import tensorflow as tf

    run = tf.function(lambda encoded: tf.argmax(outputs({"image": encoded}), 1), autograph=False)
    answers = [
        run(tf.constant(pictures[first : first + 300])).numpy()
        for first in range(0, len(pictures), 300)
    ]
    return float(np.mean(np.concatenate(answers) == labels))


def _write(seed: int, folder: Path) -> tuple[dict[str, str], dict[bytes, int], tuple[Any, Any]]:
    """The splits as transformed examples, all labels by picture, and the test rows."""
    import tensorflow as tf

    folder.mkdir()
    table = pq.read_table(sample())
    pictures: list[bytes] = table["image"].to_pylist()
    labels = np.array([CLASSES.index(name) for name in table["label"].to_pylist()])
    order = np.random.default_rng(seed).permutation(len(labels))
    ends = np.cumsum(list(PARTS.values()))
    parts = dict(zip(PARTS, np.split(order, ends[:-1]), strict=True))
    files = {}
    for name, part in parts.items():
        files[name] = str(folder / f"{name}.gz")
        with tf.io.TFRecordWriter(files[name], "GZIP") as writer:
            for row in part:
                number = -1 if name == "unlabelled" else int(labels[row])
                writer.write(_example(pictures[row], number).SerializeToString())
    truth = dict(zip(pictures, labels.tolist(), strict=True))
    return files, truth, ([pictures[row] for row in parts["test"]], labels[parts["test"]])


def _example(picture: bytes, label: Any) -> Any:
    import tensorflow as tf

    example = tf.train.Example()
    example.features.feature["image"].bytes_list.value.append(picture)
    if isinstance(label, int):
        example.features.feature["label"].int64_list.value.append(label)
    else:
        example.features.feature["label"].bytes_list.value.append(label.encode())
    return example


def _graph(folder: Path) -> Any:
    """The transform graph of the preset, from a few rows."""
    import apache_beam as beam
    import tensorflow as tf
    import tensorflow_transform as tft
    import tensorflow_transform.beam as tft_beam
    from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils
    from tfx_bsl.public import tfxio

    from components.transform.preprocessing import preprocessing_fn

    spec = {name: tf.io.VarLenFeature(tf.string) for name in ("image", "label")}
    schema = schema_utils.schema_from_feature_spec(spec)
    table = pq.read_table(sample()).slice(0, 50).to_pylist()
    with tf.io.TFRecordWriter(str(folder / "raw")) as writer:
        for row in table:
            writer.write(_example(row["image"], row["label"]).SerializeToString())
    config = {
        "features": '{"image": "image"}',
        "task": "multiclass",
        "label": "label",
        "classes": json.dumps(CLASSES),
    }
    source = tfxio.TFExampleRecord(str(folder / "raw"), schema=schema)
    with (
        beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline,
        tft_beam.Context(temp_dir=str(folder / "tmp")),
    ):
        data = pipeline | source.BeamSource(), source.TensorAdapterConfig()
        function = data | tft_beam.AnalyzeDataset(lambda columns: preprocessing_fn(columns, config))
        _ = function | tft_beam.WriteTransformFn(str(folder / "graph"))
        metadata = dataset_metadata.DatasetMetadata(schema)
        _ = metadata | tft_beam.WriteMetadata(str(folder / "graph/metadata"), pipeline)
    return tft.TFTransformOutput(str(folder / "graph"))


if __name__ == "__main__":
    main()
