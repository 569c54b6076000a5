"""Small models whose predictions are a column of the data, evaluated by the real Evaluator."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.evaluator.config import EvaluateSection
from data.signatures import (
    CHOSEN,
    CLASS,
    PREDICTION,
    SCORE,
    SCORES,
    SERVING_EXAMPLES,
    TRANSFORM_FEATURES,
)
from data.tasks import Task

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LABEL = "y"
Row = dict[str, Any]


def write_examples(rows: list[Row], folder: Path) -> None:
    """Rows as tf.Examples in `Split-test`; None is a missing value."""
    import tensorflow as tf

    def feature(value: Any) -> Any:
        values = value if isinstance(value, list | np.ndarray) else [value]
        if not len(values):
            return tf.train.Feature(bytes_list=tf.train.BytesList())
        first = values[0]
        if isinstance(first, bytes | str):
            values = [v.encode() if isinstance(v, str) else v for v in values]
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
        if isinstance(first, int | np.integer):
            return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))

    (folder / "Split-test").mkdir(parents=True)
    file = folder / "Split-test" / "data_tfrecord-00000-of-00001.gz"
    with tf.io.TFRecordWriter(str(file), options="GZIP") as writer:
        for row in rows:
            features = {name: feature(v) for name, v in row.items() if v is not None}
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())


def write_model(
    folder: Path,
    task: Task,
    column: str,
    classes: tuple[str, ...] = (),
    label: str = LABEL,
    needs: str = "",
) -> Path:
    """A SavedModel that answers what a column of the example says.

    Args:
      folder: where; `Format-Serving` below it, as the Trainer writes it.
      task: which outputs it has.
      column: its predictions: a probability, a value, or one score per class.
      classes: in the order of the model's own label numbers.
      label: the label's column.
      needs: a column without which it fails.
    """
    import tensorflow as tf

    several = task in (Task.MULTICLASS, Task.MULTILABEL)
    width = len(classes) if several else 1
    spec = {column: tf.io.FixedLenFeature([width], tf.float32, [float("nan")] * width)}
    if task is Task.SEQUENCE:
        spec = {column: tf.io.FixedLenFeature([], tf.string, "")}
    if needs:
        spec[needs] = tf.io.FixedLenFeature([], tf.float32)
    kind = tf.string if task.has_text_label else tf.float32
    label_spec = {label: tf.io.VarLenFeature(kind)}

    class Echo(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
        def serve(self, examples: Any) -> Any:
            parsed = tf.io.parse_example(examples, spec)
            values = parsed[column]
            if needs:
                values += 0.0 * parsed[needs][:, None]
            if task is Task.REGRESSION:
                return {PREDICTION: values[:, 0]}
            if task is Task.SEQUENCE:
                return {PREDICTION: values, SCORE: tf.zeros_like(values, tf.float32)}
            if task is Task.MULTILABEL:
                return {SCORES: values, CHOSEN: tf.cast(values > 0.5, tf.int64)}
            scores = values if task is Task.MULTICLASS else tf.concat([1 - values, values], 1)
            return {
                CLASS: tf.gather(tf.constant(classes), tf.argmax(scores, axis=1)),
                SCORE: values[:, 0],
                SCORES: scores,
            }

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
        def label(self, examples: Any) -> Any:
            values = tf.io.parse_example(examples, label_spec)[label]
            if task is Task.REGRESSION:
                return {label: tf.sparse.to_dense(values, float("nan"))}
            names = tf.sparse.to_dense(values, "")
            if task is Task.SEQUENCE:
                return {label: names}
            if task is Task.MULTILABEL:
                found = names[:, :, None] == tf.constant([[list(classes)]])
                return {label: tf.cast(tf.reduce_any(found, 1), tf.float32)}
            same = tf.cast(names == tf.constant([list(classes)]), tf.int64)  # (batch, classes)
            known = tf.reduce_max(same, 1, keepdims=True)
            return {label: tf.argmax(same, 1)[:, None] * known + known - 1}

    model = Echo()
    tf.saved_model.save(
        model,
        str(folder / "Format-Serving"),
        {SERVING_EXAMPLES: model.serve, TRANSFORM_FEATURES: model.label},
    )
    return folder


class Evaluation:
    """What one run of the Evaluator left."""

    def __init__(self, folder: Path, blessing: Any) -> None:
        from components.evaluator import verdict

        self.folder = folder / "evaluation"
        self.blessing = blessing
        self.verdict = verdict.read(self.folder)
        self.blessed = bool(blessing.get_int_custom_property("blessed"))

    def gate(self, metric: str, slice_name: str = "", threshold: str = "") -> dict[str, Any]:
        """The one line about a metric on a slice, that begins with `threshold`."""
        [found] = [
            line
            for line in self.verdict["gates"]
            if (line["metric"], line["slice"]) == (metric, slice_name)
            and line["threshold"].startswith(threshold)
        ]
        return dict(found)

    def tfma(self) -> Any:
        """TFMA's own ValidationResult."""
        import tensorflow_model_analysis as tfma

        return tfma.load_validation_result(str(self.folder))


@pytest.fixture(scope="session")
def evaluate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Evaluation]]:
    """Runs the Evaluator's executor on rows and models; nothing of it is replaced."""
    from tfx.dsl.components.base import base_beam_executor, base_executor
    from tfx.types import standard_artifacts
    from tfx.utils import proto_utils

    from components.evaluator.component import VerdictExecutor
    from components.evaluator.eval_config import eval_config

    def run(
        rows: list[Row],
        section: EvaluateSection,
        task: Task,
        classes: tuple[str, ...],
        model: Path,
        baseline: Path | None = None,
        weight: str = "",
    ) -> Evaluation:
        folder = tmp_path_factory.mktemp("evaluator")
        write_examples(rows, folder / "examples")
        examples = standard_artifacts.Examples()
        examples.uri, examples.split_names = str(folder / "examples"), '["test"]'
        inputs = {"examples": [examples], "model": [_model(model, 7)]}
        if baseline:
            inputs["baseline_model"] = [_model(baseline, 3)]
        outputs = {
            "evaluation": [standard_artifacts.ModelEvaluation()],
            "blessing": [standard_artifacts.ModelBlessing()],
        }
        for name, [artifact] in outputs.items():
            artifact.uri = str(folder / name)
            Path(artifact.uri).mkdir()
        config = eval_config(section, task, LABEL, list(classes), weight)
        context = base_beam_executor.BaseBeamExecutor.Context(
            beam_pipeline_args=["--runner=FnApiRunner", "--sdk_container_image=unused"],
            tmp_dir=str(folder / "tmp"),
            unique_id="1",
        )
        assert issubclass(VerdictExecutor, base_executor.BaseExecutor)
        VerdictExecutor(context).Do(
            inputs,
            outputs,
            {
                "eval_config": proto_utils.proto_to_json(config),
                "example_splits": json.dumps(["test"]),
                "fairness_indicator_thresholds": "null",
            },
        )
        return Evaluation(folder, outputs["blessing"][0])

    def _model(path: Path, number: int) -> Any:
        artifact = standard_artifacts.Model()
        artifact.uri, artifact.id = str(path), number
        return artifact

    yield run


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes a model whose predictions are a column; see `write_model`."""

    def make(task: Task, column: str, classes: tuple[str, ...] = (), **settings: Any) -> Path:
        folder = tmp_path_factory.mktemp(f"model-{column}")
        return write_model(folder, task, column, classes, **settings)

    return make


@pytest.fixture(scope="session")
def write_rows() -> Callable[..., None]:
    """Rows as tf.Examples; see `write_examples`."""
    return write_examples
