"""Clusters whose workers have only our wheel, a data set for them, and what runs made of it."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from tensorflow_metadata.proto.v0 import statistics_pb2

from pipeline.commands import cluster
from pipeline.earlier import history, lineage
from pipeline.engines import checks
from pipeline.local_cluster import jars, state


@pytest.fixture(scope="module")
def portable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in whose `output` a portable cluster is up."""
    yield from _up(tmp_path_factory.mktemp("portable"), "portable")


@pytest.fixture(scope="module")
def flink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in whose `output` a Flink cluster of two task managers is up."""
    _need("flink-1.19")
    yield from _up(tmp_path_factory.mktemp("flink"), "flink", "--task-managers", "2")


@pytest.fixture(scope="module")
def spare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """As `flink`, with a task manager more than jobs take."""
    _need("flink-1.19")
    yield from _up(tmp_path_factory.mktemp("spare"), "flink", "--task-managers", "3")


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in whose `output` Beam's job server runs with Spark inside."""
    _need("spark")
    yield from _up(tmp_path_factory.mktemp("spark"), "spark")


def _need(line: str) -> None:
    if missing := checks.java():
        pytest.skip(missing[0])
    try:
        jars.job_server(line)
        if line.startswith("flink-"):
            jars.flink(line.removeprefix("flink-"))
    except jars.JarError as error:
        pytest.skip(str(error))


def _up(folder: Path, kind: str, *flags: str) -> Iterator[Path]:
    output = folder / "output"
    assert cluster.main(["up", "--kind", kind, "--root", str(output), *flags]) == 0
    yield folder
    up = state.read(output)
    assert up is not None
    assert cluster.main(["down", "--root", str(output)]) == 0
    assert [process.name for process in up.processes if process.found()] == []


@pytest.fixture(scope="session")
def shop_in_files(new_shop: Any) -> Callable[[Path], Any]:
    """Makes a data set in four files, run on the local engine once.

    No two rows have the same features: equal rows score the same but for the last digit, which the
    size of the batch decides, and ranks that come apart by it are another average precision.
    """

    def make(folder: Path) -> Any:
        made = new_shop(folder, infra_validator=False)
        header, *lines = (made.folder / "shop.csv").read_text().splitlines()
        rows = list({line.rpartition(",")[0]: line for line in lines}.values())
        (made.folder / "rows").mkdir()
        for number in range(4):
            part = [header, *rows[number::4]]
            (made.folder / "rows" / f"{number}.csv").write_text("\n".join(part) + "\n")
        made.config.write_text(made.config.read_text().replace('"shop.csv"', '"rows"'))
        assert made.run("--engine", "local", "--set", "train.epochs=1") == 0
        return made

    return make


class Made:
    """What runs of a data set made."""

    def __init__(self, shop: Any) -> None:
        self._shop = shop

    def uri(self, run: history.Run, node: str, key: str) -> Path:
        """The folder of an artifact."""
        return Path(lineage.outputs(self._shop.root, run.id)[node][key][-1].uri)

    def rows(self, folder: Path, split: str) -> Counter[bytes]:
        """The examples of a split, whatever their order, their files, or the order of their
        features (which every process has its own of)."""
        import tensorflow as tf

        files = sorted(str(file) for file in (folder / f"Split-{split}").glob("*.gz"))
        assert files
        found = tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator()
        parsed = (tf.train.Example.FromString(row) for row in found)
        return Counter(example.SerializeToString(deterministic=True) for example in parsed)

    def assert_same(self, one: history.Run, other: history.Run) -> None:
        """Examples, statistics and the transform graph of two runs do not differ."""
        for split in ("train", "eval", "test"):
            a, b = (self.uri(run, "ExampleGen", "examples") for run in (one, other))
            assert a != b and self.rows(a, split) == self.rows(b, split)
            a, b = (self.uri(run, "StatisticsGen", "statistics") for run in (one, other))
            assert a != b and _statistics(a, split) == _statistics(b, split)
        for split in ("train", "eval"):
            a, b = (self.uri(run, "Transform", "transformed_examples") for run in (one, other))
            assert a != b and self.rows(a, split) == self.rows(b, split)
        a, b = (self.uri(run, "Transform", "transform_graph") for run in (one, other))
        for name in ("transformed_metadata/schema.pbtxt", "transform_fn/assets"):
            assert _content(a / name) == _content(b / name)

    def assert_same_metrics(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        """Two evaluations of one model, slice by slice."""
        for one, other in (
            (before["metrics"]["test"], after["metrics"]["test"]),
            *((before["slices"][name], after["slices"][name]) for name in before["slices"]),
        ):
            assert other == pytest.approx(one, rel=1e-6)
        assert before["slices"] and before["metrics"]["test"]


@pytest.fixture(scope="session")
def made() -> Callable[[Any], Made]:
    """Reads what runs of a data set made."""
    return Made


def _statistics(folder: Path, split: str) -> dict[str, Any]:
    """Statistics by column, without what is sampled or sketched."""
    [file] = (folder / f"Split-{split}").glob("*.pb")
    found = statistics_pb2.DatasetFeatureStatisticsList.FromString(file.read_bytes())
    [dataset] = found.datasets
    columns: dict[str, Any] = {"": dataset.num_examples}
    for feature in dataset.features:
        feature.num_stats.ClearField("histograms")
        tree = json_format.MessageToDict(feature)
        columns[feature.path.step[0]] = json.loads(
            json.dumps(tree), parse_float=lambda text: round(float(text), 6)
        )
    return columns


def _content(place: Path) -> dict[str, bytes]:
    files = [place] if place.is_file() else sorted(f for f in place.rglob("*") if f.is_file())
    return {file.name: file.read_bytes() for file in files}
