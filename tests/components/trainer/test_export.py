"""The export proof: the same raw rows give the same answers on every way into the model."""

import inspect
import math
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.signatures import CLASS, PREDICTION, SCORE, SCORES, SERVING_DEFAULT, SERVING_EXAMPLES

COLUMNS: dict[str, type] = {
    "trip miles": float,  # a space
    "paid/with": str,  # a slash
    "größe": float,  # not ASCII
    "1st": int,  # starts with a digit
    "class": str,  # a Python keyword
    "name": float,
    "examples": float,  # the other signature's input
    "tips?": str,
    "start": int,  # Unix seconds
    "label": float,  # not the label
}
FEATURES = {
    "trip miles": ["log", "buckets"],
    "paid/with": "vocabulary",
    "größe": "minmax",
    "1st": "vocabulary",
    "class": {"as": "hash", "buckets": 7},
    "name": "zscore",
    "examples": {"as": ["buckets", "raw"], "buckets": 4},
    "tips?": "vocabulary",
    "start": "date",
    "label": "zscore",
}
WORDS = ["Cash", "Credit Card", "ünïcode ☂", "", "two\nlines", " leading", "日本"]
ANSWER = "the answer?"
"""The label's column."""


def _rows(count: int, seed: int, strange: bool = False) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for _ in range(count):
        row: dict[str, Any] = {}
        for name, kind in COLUMNS.items():
            if rng.random() < 0.15:
                row[name] = None
            elif kind is str:
                row[name] = str(rng.choice(WORDS)) + ("?" if strange and rng.random() < 0.3 else "")
            elif name == "start":
                row[name] = int(rng.integers(1_360_000_000, 1_480_000_000))
            elif kind is int:
                row[name] = int(rng.integers(0, 9 if not strange else 30))
            else:
                wild = 1e6 if strange and rng.random() < 0.1 else 1.0
                row[name] = float(np.float32(rng.normal() * 10 * wild))
        rows.append(row)
    return rows


def _signal(row: dict[str, Any]) -> float:
    return (row["trip miles"] or 0.0) + (8.0 if row["paid/with"] == "Cash" else 0.0)


def _labelled(task: str) -> tuple[list[dict[str, Any]], type, list[str]]:
    rows = _rows(300, seed=0)
    classes = {"binary": ["no", "yes"], "multiclass": ["a", "b b", "ü"], "regression": []}[task]
    for row in rows:
        value = _signal(row)
        if task == "regression":
            row[ANSWER] = 5000.0 + 100.0 * value
        else:
            row[ANSWER] = classes[min(int(value > 0) + int(value > 8), len(classes) - 1)]
    return rows, float if task == "regression" else str, classes


@pytest.fixture(scope="module", params=["binary", "multiclass", "regression"])
def trained(request: pytest.FixtureRequest, train: Callable[..., Any]) -> Any:
    rows, kind, classes = _labelled(request.param)
    columns = {**COLUMNS, ANSWER: kind}
    settings = {"steps": 60, "batch_size": 32, "learning_rate": 0.01}
    return train(columns, rows, ANSWER, request.param, classes, FEATURES, settings)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """100 raw rows: values never seen, missing numbers, empty text, line breaks."""
    return [*_rows(98, seed=1, strange=True), {}, dict.fromkeys(COLUMNS)]


def _columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """As a REST client would send them: NaN and "" where missing."""
    plain: dict[str, Any] = {}
    for name, kind in COLUMNS.items():
        values = [row.get(name) for row in rows]
        if kind is str:
            plain[name] = np.array([value or "" for value in values], object)
        else:
            dtype = np.float64 if kind is int else np.float32
            plain[name] = np.array([math.nan if v is None else v for v in values], dtype)
    return plain


@pytest.fixture(scope="module")
def in_memory(trained: Any, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What the Trainer's own model says, before any export."""
    import tensorflow as tf

    graph = trained.kept["graph"]
    spec = {n: s for n, s in graph.raw_feature_spec().items() if n != ANSWER}
    raw = tf.io.parse_example(tf.constant(trained.examples(rows)), spec)
    features = graph.transform_features_layer()(raw)
    return {name: value.numpy() for name, value in trained.kept["answer"](features).items()}


def _same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert set(found) == set(expected)
    for name, value in expected.items():
        got = np.asarray(found[name])
        if name == CLASS:
            assert [_text(item) for item in got.ravel()] == [_text(item) for item in value]
        else:
            np.testing.assert_allclose(got, value, rtol=1e-5, atol=1e-6, err_msg=name)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def test_answers_are_readable(trained: Any, in_memory: dict[str, Any]) -> None:
    if PREDICTION in in_memory:
        assert 3000 < float(np.median(in_memory[PREDICTION])) < 7000  # the label's own unit
        return
    assert set(in_memory) == {CLASS, SCORE, SCORES}
    np.testing.assert_allclose(in_memory[SCORES].sum(axis=1), 1, rtol=1e-5)
    assert len({_text(name) for name in in_memory[CLASS]}) > 1


def test_saved_model_load_by_both_signatures(
    trained: Any, rows: list[dict[str, Any]], in_memory: dict[str, Any]
) -> None:
    import tensorflow as tf

    loaded = tf.saved_model.load(trained.saved_model)
    examples = tf.constant(trained.examples(rows))
    _same(loaded.signatures[SERVING_EXAMPLES](examples=examples), in_memory)
    plain = {name: tf.constant(values) for name, values in _columns(rows).items()}
    _same(loaded.signatures[SERVING_DEFAULT](**plain), in_memory)


def _by_session(folder: str, feeds: dict[str, Any]) -> dict[str, Any]:
    """{signature: {output: values}} from a TF1-style session, which is how servers load a model."""
    import tensorflow as tf

    found = {}
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], folder)
        for name, values in feeds.items():
            signature = graph.signature_def[name]
            assert set(signature.inputs) == set(values)
            fetches = {key: tensor.name for key, tensor in signature.outputs.items()}
            feed = {signature.inputs[key].name: value for key, value in values.items()}
            found[name] = session.run(fetches, feed)
    return found


def test_every_weight_is_written_once(trained: Any) -> None:
    import tensorflow as tf

    saved = tf.train.load_checkpoint(str(Path(trained.saved_model) / "variables" / "variables"))
    kinds = saved.get_variable_to_dtype_map()
    shapes = saved.get_variable_to_shape_map()
    written = sum(math.prod(shape) for name, shape in shapes.items() if kinds[name] == tf.float32)
    assert written == trained.kept["model"].count_params()


def test_tf1_session_by_both_signatures(
    trained: Any, rows: list[dict[str, Any]], in_memory: dict[str, Any], tmp_path: Path
) -> None:
    feeds = {
        SERVING_DEFAULT: _columns(rows),
        SERVING_EXAMPLES: {"examples": np.array(trained.examples(rows), object)},
    }
    if trained.task == "binary":  # once in a process that has imported TensorFlow and nothing else
        found = _in_a_process_of_its_own(trained.saved_model, feeds, tmp_path)
    else:
        found = _by_session(trained.saved_model, feeds)
    _same(found[SERVING_DEFAULT], in_memory)
    _same(found[SERVING_EXAMPLES], in_memory)


def _in_a_process_of_its_own(folder: str, feeds: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    sent, answer = tmp_path / "sent", tmp_path / "answer"
    sent.write_bytes(pickle.dumps(feeds))
    code = (
        f"import pickle, sys\nfrom typing import Any\n{inspect.getsource(_by_session)}\n"
        "folder, sent, answer = sys.argv[1:]\n"
        "found = _by_session(folder, pickle.load(open(sent, 'rb')))\n"
        "assert 'tensorflow_transform' not in sys.modules\n"
        "pickle.dump(found, open(answer, 'wb'))\n"
    )
    arguments = [sys.executable, "-c", code, folder, str(sent), str(answer)]
    subprocess.run(arguments, check=True, env={"TF_CPP_MIN_LOG_LEVEL": "3", "PATH": ""})
    found: dict[str, Any] = pickle.loads(answer.read_bytes())
    return found


def test_bulk_inferrer(
    trained: Any, rows: list[dict[str, Any]], in_memory: dict[str, Any], tmp_path: Path
) -> None:
    """TFX's own component, on serialized examples without the label."""
    import tensorflow as tf
    from tfx.components.bulk_inferrer import executor
    from tfx.proto import bulk_inferrer_pb2
    from tfx.types import artifact_utils, standard_artifacts
    from tfx.utils import proto_utils

    examples = standard_artifacts.Examples()
    examples.uri, examples.split_names = (
        str(tmp_path / "examples"),
        artifact_utils.encode_split_names(["all"]),
    )
    (tmp_path / "examples" / "Split-all").mkdir(parents=True)
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    path = tmp_path / "examples" / "Split-all" / "data-00000-of-00001.gz"
    serialized = trained.examples(rows)
    with tf.io.TFRecordWriter(str(path), options) as writer:
        for example in serialized:
            writer.write(example)
    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "model")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "Format-Serving").symlink_to(trained.saved_model)
    result = standard_artifacts.InferenceResult()
    result.uri = str(tmp_path / "result")
    context = executor.Executor.Context(
        beam_pipeline_args=["--runner=FnApiRunner"], tmp_dir=str(tmp_path / "tmp"), unique_id="1"
    )
    executor.Executor(context).Do(
        {"examples": [examples], "model": [model]},
        {"inference_result": [result]},
        {
            "model_spec": proto_utils.proto_to_json(
                bulk_inferrer_pb2.ModelSpec(model_signature_name=[SERVING_EXAMPLES])
            ),
            "data_spec": proto_utils.proto_to_json(bulk_inferrer_pb2.DataSpec()),
            "output_example_spec": None,
        },
    )
    from tensorflow_serving.apis import prediction_log_pb2

    answers = {}
    files = [str(file) for file in (tmp_path / "result").glob("**/*.gz")]
    for record in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record).predict_log
        (sent,) = tf.make_ndarray(log.request.inputs["examples"]).ravel()
        answers[_canonical(sent)] = {
            n: tf.make_ndarray(t)[0] for n, t in log.response.outputs.items()
        }
    found = {
        name: np.stack([np.asarray(answers[_canonical(example)][name]) for example in serialized])
        for name in in_memory
    }
    _same(found, in_memory)


def _canonical(serialized: bytes) -> bytes:
    """A tf.Example with its features in order: BulkInferrer writes them in any."""
    import tensorflow as tf

    example = tf.train.Example.FromString(serialized)
    canonical: bytes = example.SerializeToString(deterministic=True)
    return canonical


def test_label_comes_from_transform_features(trained: Any) -> None:
    import tensorflow as tf

    labelled, _, classes = _labelled(trained.task)
    loaded = tf.saved_model.load(trained.saved_model)
    examples = tf.constant(trained.examples(labelled[:20], label=True))
    (found,) = loaded.signatures["transform_features"](examples=examples).values()
    expected = [row[ANSWER] if not classes else classes.index(row[ANSWER]) for row in labelled[:20]]
    np.testing.assert_allclose(np.ravel(found), expected, rtol=1e-6)
