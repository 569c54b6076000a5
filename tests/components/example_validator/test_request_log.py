"""components/example_validator/request_log.py: rows and answers out of TFRecords of PredictionLog."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.example_validator import request_log

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes PredictionLogs into a file."""

    def made(*logs: Any, name: str = "a.tfrecord") -> Path:
        import tensorflow as tf

        with tf.io.TFRecordWriter(str(tmp_path / name)) as writer:
            for log in logs:
                writer.write(log.SerializeToString())
        return tmp_path / name

    return made


def predicted(
    inputs: dict[str, Any], scores: Any = None, seconds: int = 100, version: int = 1
) -> Any:
    """One predict call."""
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    log = prediction_log_pb2.PredictionLog()
    log.log_metadata.timestamp_secs = seconds
    log.log_metadata.model_spec.version.value = version
    for name, values in inputs.items():
        log.predict_log.request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
    if scores is not None:
        log.predict_log.response.outputs["scores"].CopyFrom(tf.make_tensor_proto(scores))
    return log


def example(**columns: Any) -> Any:
    """A tf.Example."""
    import tensorflow as tf

    made = tf.train.Example()
    for name, value in columns.items():
        feature = made.features.feature[name]
        if isinstance(value, str):
            feature.bytes_list.value.append(value.encode())
        elif isinstance(value, int):
            feature.int64_list.value.append(value)
        elif value is not None:
            feature.float_list.value.append(value)
    return made


def test_columns_and_what_is_missing(write: Write) -> None:
    nan = float("nan")
    inputs = {"age": [30.0, nan], "city": ["Bern", ""], "pair": [[1.0, nan], [2.0, 3.0]]}
    found = request_log.read([write(predicted(inputs))])
    assert found.sample == [
        {"age": [30.0], "city": [b"Bern"], "pair": [1.0]},
        {"age": [], "city": [], "pair": [2.0, 3.0]},
    ]
    assert (found.rows, found.requests, dict(found.versions)) == (2, 1, {1: 2})


def test_examples_however_they_come(write: Write) -> None:
    from tensorflow_serving.apis import prediction_log_pb2

    rows = [example(age=1.5, city="Oslo"), example(age=None, city="")]
    as_bytes = predicted({"examples": [row.SerializeToString() for row in rows]})
    classified, regressed = (prediction_log_pb2.PredictionLog() for _ in range(2))
    classified.classify_log.request.input.example_list.examples.extend(rows)
    with_context = regressed.regress_log.request.input.example_list_with_context
    with_context.context.CopyFrom(example(city="Oslo", age=0.0))
    with_context.examples.extend([example(age=1.5), example(age=None, city="")])
    wanted = [{"age": [1.5], "city": [b"Oslo"]}, {"age": [], "city": []}]
    for log in (as_bytes, classified, regressed):
        assert request_log.read([write(log)]).sample == wanted


def test_scores_add_up_by_class(write: Write) -> None:
    from tensorflow_serving.apis import prediction_log_pb2

    classified = prediction_log_pb2.PredictionLog()
    classified.classify_log.request.input.example_list.examples.add()
    one = classified.classify_log.response.result.classifications.add()
    for label, score in (("yes", 0.5), ("no", 0.5)):
        one.classes.add(label=label, score=score)
    logs = (
        predicted({"age": [1.0, 2.0]}, [[0.25, 0.75], [1.0, 0.0]]),
        predicted({"age": [1.0]}, [[0.1, 0.2, 0.7]]),  # another model's classes
        classified,
    )
    found = request_log.read([write(*logs)], lambda version: ["no", "yes"])
    assert found.scores == {"no": 1.75, "yes": 1.25}
    assert (found.answered, found.rows) == (3, 4)


def test_each_version_has_its_own_order_of_classes(write: Write) -> None:
    logs = [predicted({"age": [1.0]}, [[0.9, 0.1]], version=version) for version in (1, 2)]
    orders = {1: ["no", "yes"], 2: ["yes", "no"]}
    found = request_log.read([write(*logs)], orders.__getitem__)
    assert found.scores == pytest.approx({"no": 1.0, "yes": 1.0})


def test_only_what_is_new_enough(write: Write) -> None:
    logs = [predicted({"age": [float(at)]}, seconds=at, version=at) for at in (100, 200, 300)]
    found = request_log.read([write(*logs)], since=200)
    assert found.sample == [{"age": [200.0]}, {"age": [300.0]}]
    assert (found.first, found.last, dict(found.versions)) == (200, 300, {200: 1, 300: 1})


def test_a_sample_is_of_all_rows_and_the_same_each_time(write: Write) -> None:
    files = [
        write(predicted({"age": [float(first + at) for at in range(500)]}), name=f"{first}")
        for first in (0, 500)
    ]
    found, again = (request_log.read(files, keep=100) for _ in range(2))
    ages = [row["age"][0] for row in found.sample]
    assert found.sample == again.sample and found.rows == 1000
    assert len(ages) == len(set(ages)) == 100
    assert 30 < sum(age >= 500 for age in ages) < 70


def test_a_file_that_is_being_written(write: Write, tmp_path: Path) -> None:
    whole = write(predicted({"age": [1.0]}), predicted({"age": [2.0]})).read_bytes()
    cut = tmp_path / "cut.tfrecord"
    cut.write_bytes(whole[:-3])
    (tmp_path / "empty.tfrecord").write_bytes(b"")
    found = request_log.read([cut, tmp_path / "empty.tfrecord"])
    assert found.sample == [{"age": [1.0]}]
    assert found.cut_off == [cut]


def test_another_kind_of_file_is_said(tmp_path: Path) -> None:
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(tmp_path / "rows.tfrecord")) as writer:
        writer.write(b"\xff\xff not a message")
    with pytest.raises(ValueError, match=r"rows.tfrecord is no request log"):
        request_log.read([tmp_path / "rows.tfrecord"])


def test_other_calls_and_unwanted_columns(write: Write) -> None:
    from tensorflow_serving.apis import prediction_log_pb2

    other = prediction_log_pb2.PredictionLog()
    other.session_run_log.request.model_spec.name = "m"
    log = predicted({"picture": [b"\x89PNG"], "age": [1.0]})
    found = request_log.read([write(other, log)], leave_out=["picture"])
    assert found.sample == [{"age": [1.0]}]
    assert (found.other, found.requests) == (1, 1)
