"""SavedModels that can and cannot be served, rows to ask them, and a server that already runs."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.infra_validator.embedded import free_port
from serving.client import Client, ServingClientError

ROWS = 20


def write_model(path: Path, behaviour: str = "good") -> Path:
    """A model on `age` and `city`, by plain columns and by tf.Example.

    Args:
      path: where it goes.
      behaviour: of the plain columns: `good`, `nan` (for one row), `hang` (for ever), `fails` (for
        one row), `other class` (and the same score).
    """
    import tensorflow as tf

    def score(age: tf.Tensor, city: tf.Tensor) -> dict[str, tf.Tensor]:
        known = tf.cast(tf.equal(city, "Bern"), tf.float32)
        number = tf.sigmoid(tf.where(tf.math.is_nan(age), 0.0, age) / 10.0 - known)
        named = tf.gather(tf.constant(["no", "yes"]), tf.cast(number > 0.5, tf.int32))
        return {"class": named, "score": number, "scores": tf.stack([1 - number, number], 1)}

    class Model(tf.Module):
        @tf.function(
            input_signature=[
                tf.TensorSpec([None], tf.float32, "age"),
                tf.TensorSpec([None], tf.string, "city"),
            ]
        )
        def columns(self, age: tf.Tensor, city: tf.Tensor) -> dict[str, tf.Tensor]:
            found = score(age, city)
            odd = tf.equal(age, 7.0)
            if behaviour == "nan":
                found["score"] = tf.where(odd, float("nan"), found["score"])
            if behaviour == "other class":
                found["class"] = tf.where(odd, "perhaps", found["class"])
            if behaviour == "fails":
                with tf.control_dependencies([tf.debugging.assert_none_equal(age, 7.0)]):
                    found["score"] = tf.identity(found["score"])
            if behaviour == "hang":
                turns = tf.while_loop(
                    lambda i: i < 2.0, lambda i: (tf.sin(i),), [tf.reduce_sum(age) * 0.0]
                )
                found["score"] += turns[0]
            return found

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
        def examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
            spec = {
                "age": tf.io.FixedLenFeature([], tf.float32, float("nan")),
                "city": tf.io.FixedLenFeature([], tf.string, ""),
            }
            row = tf.io.parse_example(examples, spec)
            return score(row["age"], row["city"])

    model = Model()
    tf.saved_model.save(
        model,
        str(path),
        {"serving_default": model.columns, "serving_examples": model.examples},
    )
    return path


def write_examples(path: Path, count: int = ROWS) -> Path:
    """An Examples artifact with a test split; every fourth age is missing, one city is no UTF-8."""
    import tensorflow as tf

    (path / "Split-test").mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path / "Split-test" / "data-0.gz"), "GZIP") as writer:
        for index in range(count):
            example = tf.train.Example()
            features = example.features.feature
            city = [b"Bern", "Zürich".encode(), b"\xff\x00", b""][index % 4]
            if city:
                features["city"].bytes_list.value.append(city)
            if index % 4:
                features["age"].float_list.value.append(float(index))
            features["label"].bytes_list.value.append(b"yes")
            writer.write(example.SerializeToString())
    return path


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A model by its behaviour, written once."""
    folder = tmp_path_factory.mktemp("candidates")

    def get(behaviour: str) -> Path:
        path = folder / behaviour
        return path if path.exists() else write_model(path, behaviour)

    return get


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty rows."""
    return write_examples(tmp_path_factory.mktemp("examples"))


@dataclass
class Running:
    """A model server on a folder that it watches."""

    url: str
    directory: Path

    def versions(self) -> list[str]:
        """What lies in the folder."""
        return sorted(item.name for item in self.directory.iterdir())


@pytest.fixture(scope="session")
def running(
    tmp_path_factory: pytest.TempPathFactory, models: Callable[[str], Path], root: Path
) -> Iterator[Running]:
    """`python -m serving`, with version 1 of `staging` up: what a TensorFlow Serving looks like."""
    directory = tmp_path_factory.mktemp("staging")
    (directory / "1").symlink_to(models("good"))
    port = free_port()
    command = [sys.executable, "-m", "serving", "--model_name=staging", f"--rest_api_port={port}"]
    command += [f"--model_base_path={directory}", "--port=0", "--max_num_load_retries=0"]
    command += [f"--grpc_socket_path={directory / 'grpc.sock'}"]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    process = subprocess.Popen(command, cwd=root, env=environment, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        with Client(url, timeout=5, retries=0) as client:
            deadline = time.monotonic() + 120
            while True:
                try:
                    client.status("staging")
                    break
                except ServingClientError:
                    assert process.poll() is None and time.monotonic() < deadline
                    time.sleep(0.2)
        yield Running(url, directory)
    finally:
        process.kill()
        process.wait()
