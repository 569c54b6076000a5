"""The combiner: order and bundling do not matter, accumulators are small, weights reach TFMA."""

import itertools
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from components.evaluator.chunk import Chunk, from_arrays
from components.evaluator.metric import Gather, _Reduce
from components.evaluator.tally import Kept, Tally
from data.tasks import Task

RANDOM = np.random.default_rng(1)
LABELS = RANDOM.integers(0, 3, 3000).astype(float)
SCORES = RANDOM.dirichlet(np.ones(3), 3000).astype(np.float32)
WEIGHTS = RANDOM.random(3000)
ALL = from_arrays(LABELS, SCORES, WEIGHTS)


def gather(bundles: list[list[Chunk]], through_pickle: bool, kept: Kept) -> Tally:
    """As Beam does it: an accumulator per bundle, compacted, shipped, merged."""
    combine = Gather("key", Task.MULTICLASS, kept)
    parts = []
    for bundle in bundles:
        part = combine.create_accumulator()
        for chunk in bundle:
            part = combine.add_input(part, chunk)
        part = combine.compact(part)
        parts.append(pickle.loads(pickle.dumps(part)) if through_pickle else part)
    half = len(parts) // 2
    merged = [combine.merge_accumulators(parts[:half]), combine.merge_accumulators(parts[half:])]
    return combine.extract_output(combine.merge_accumulators(merged))["key"]


@pytest.mark.parametrize("through_pickle", [True, False])
@pytest.mark.parametrize("sizes", [[3000], [1, 0, 2999], [1000, 7, 993, 1000]])
def test_bundles_do_not_matter(sizes: list[int], through_pickle: bool) -> None:
    ends = np.cumsum([0, *sizes])
    places = [np.arange(a, b) for a, b in itertools.pairwise(ends)]
    bundles = [[ALL.rows(part) for part in np.array_split(place, 3)] for place in places]
    tally = gather(bundles, through_pickle, Kept(sample=100))
    decisions = SCORES.argmax(axis=1)
    assert tally.value("example_count") == 3000
    expected = sk.f1_score(LABELS, decisions, average="macro", sample_weight=WEIGHTS)
    assert tally.value("f1") == pytest.approx(expected)
    expected = np.mean(
        [sk.roc_auc_score(c == LABELS, SCORES[:, c], sample_weight=WEIGHTS) for c in range(3)]
    )
    assert tally.value("auc") == pytest.approx(expected, rel=1e-9)
    assert tally.sample is not None and sorted(tally.sample.hashes) == list(range(100))


def test_nothing_gathered() -> None:
    tally = gather([[], []], True, Kept())
    assert tally.value("example_count") == 0 and tally.why_not() == "example_count"
    assert np.isnan(tally.value("f1"))


@pytest.mark.parametrize(
    ("extracts", "label", "scores"),
    [
        ({"labels": np.array([1]), "predictions": {"score": np.array([0.5])}}, 1, [0.5]),
        (
            {"labels": {"m": np.array([[2]])}, "predictions": {"m": {"score": np.array([[0.5]])}}},
            2,
            [0.5],
        ),
        ({"labels": {"m": None}, "predictions": {"m": np.array([0.9])}}, np.nan, [0.9]),
        ({"labels": np.array([]), "predictions": np.array(0.25)}, np.nan, [0.25]),
    ],
)
def test_a_row_is_reduced_whatever_its_shape(extracts: Any, label: float, scores: Any) -> None:
    [chunk] = _Reduce("m", "score", Task.BINARY).process(extracts)
    np.testing.assert_equal(chunk.labels, [label])
    np.testing.assert_equal(chunk.predictions, [scores])
    assert chunk.weights == [1]


def test_a_model_without_the_output_is_named() -> None:
    extracts = {"labels": np.array([1]), "predictions": {"class": 1, "scores": 2}}
    with pytest.raises(ValueError, match="no output 'score'. Its outputs: class, scores"):
        list(_Reduce("", "score", Task.BINARY).process(extracts))


def test_weights_count_in_tfma(tmp_path: Path) -> None:
    """The same metric class with TFMA's own example weights and predictions from a column."""
    import tensorflow as tf
    import tensorflow_model_analysis as tfma
    from google.protobuf import text_format
    from tensorflow_model_analysis.proto import config_pb2

    weights = RANDOM.random(200).astype(np.float32) * 4
    labels = RANDOM.integers(0, 2, 200)
    scores = RANDOM.random(200).astype(np.float32)

    def floats(value: Any) -> Any:
        return tf.train.Feature(float_list=tf.train.FloatList(value=[float(value)]))

    with tf.io.TFRecordWriter(str(tmp_path / "rows")) as writer:
        for y, p, w in zip(labels, scores, weights, strict=True):
            columns = {"y": floats(y), "p": floats(p), "w": floats(w)}
            features = tf.train.Features(feature=columns)
            writer.write(tf.train.Example(features=features).SerializeToString())
    metrics = "".join(
        f'metrics {{ class_name: "Statistic" module: "components.evaluator.metric" config: '
        f'\'"name": "{key}", "statistic_key": "{key}", "task": "binary"\' }}'
        for key in ("auc", "f1", "example_count")
    )
    config = text_format.Parse(
        f'model_specs {{ label_key: "y" prediction_key: "p" example_weight_key: "w" }}'
        f"metrics_specs {{ {metrics} }}",
        config_pb2.EvalConfig(),
    )
    result = tfma.run_model_analysis(
        eval_config=config,
        data_location=str(tmp_path / "rows"),
        output_path=str(tmp_path / "result"),
        pipeline_options=_options(),
    )
    found = {k: v["doubleValue"] for k, v in result.get_metrics_for_slice().items()}
    assert found["auc"] == pytest.approx(sk.roc_auc_score(labels, scores, sample_weight=weights))
    assert found["f1"] == pytest.approx(sk.f1_score(labels, scores > 0.5, sample_weight=weights))
    assert found["example_count"] == 200


def _options() -> Any:
    from apache_beam.options.pipeline_options import PipelineOptions

    return PipelineOptions(["--runner=FnApiRunner"])
