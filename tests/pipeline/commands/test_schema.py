"""`schema show | diff | accept` after a run whose data does not fit: TFDV's statistics, real MLMD."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2
from tensorflow_metadata.proto.v0 import schema_pb2

from pipeline import config
from pipeline.commands import schema
from pipeline.schema import changes

SCHEMA = """# Curated by hand.
feature {
  name: "tipped"  # the label
  type: BYTES
  presence { min_fraction: 1 min_count: 1 }
  value_count { min: 1 max: 1 }
  string_domain { value: "no" value: "yes" }
}
feature {
  name: "fare"
  type: FLOAT
  presence { min_fraction: 1 min_count: 1 }
  value_count { min: 1 max: 1 }
  float_domain { min: 0 max: 500 }  # dollars
}
feature {
  name: "seconds"
  type: INT
  presence { min_fraction: 1 min_count: 1 }
  value_count { min: 1 max: 1 }
}
feature {
  name: "company"
  type: BYTES
  presence { min_fraction: 1 min_count: 1 }
  value_count { min: 1 max: 1 }
}
"""
TOML = """
name = "trips"
[data]
path = "trips.csv"
label = "tipped"
task = "binary"
schema = "trips.pbtxt"
"""
FITTING = {
    "tipped": [b"no", b"yes"] * 50,
    "fare": [float(number) for number in range(100)],
    "seconds": list(range(100)),
    "company": [b"Blue", b"Red"] * 50,
}
SPOILED = {
    "tipped": [b"maybe", *FITTING["tipped"][1:]],
    "fare": [900.0, *FITTING["fare"][1:]],
    "seconds": [b"soon", *(str(number).encode() for number in range(99))],
    "surge": [1.5] * 100,
}
"""`company` is gone, `surge` is new."""


def statistics(data: dict[str, list[Any]], folder: Path) -> Path:
    """An ExampleStatistics artifact: the data as train, the first ten rows as eval."""
    import pyarrow as pa
    from tensorflow_data_validation.statistics import stats_impl, stats_options

    for split, rows in (("train", 100), ("eval", 10)):
        columns = [pa.array([[value] for value in values[:rows]]) for values in data.values()]
        batch = pa.RecordBatch.from_arrays(columns, list(data))
        options = stats_options.StatsOptions()
        made = stats_impl.generate_statistics_in_memory(batch, options)
        (folder / f"Split-{split}").mkdir(parents=True)
        (folder / f"Split-{split}" / "FeatureStats.pb").write_bytes(made.SerializeToString())
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Statistics of both data sets, with the anomalies a run would find."""
    folder = tmp_path_factory.mktemp("made")
    parsed = text_format.Parse(SCHEMA, schema_pb2.Schema())
    for name, data in (("fitting", FITTING), ("spoiled", SPOILED)):
        statistics(data, folder / name / "statistics")
        changes.validate(folder / name / "statistics", parsed, folder / name / "anomalies")
    return {name: folder / name for name in ("fitting", "spoiled")}


class Workplace:
    """A user's folder: configuration, schema, and `output` with a run."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.toml, self.pbtxt = folder, folder / "trips.toml", folder / "trips.pbtxt"
        self.root = folder / "output" / "trips"
        self.toml.write_text(TOML)
        self.pbtxt.write_text(SCHEMA)

    def ran(self, artifacts: Path, run_id: str = "20260101-000000") -> None:
        """Records a run that got as far as ExampleValidator."""
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "runs" / run_id).mkdir(parents=True)
        request = self.root / "runs" / run_id / "request.json"
        request.write_text(json.dumps({"nodes": {}, "source": str(self.toml)}))
        connection = metadata_store_pb2.ConnectionConfig()
        connection.sqlite.filename_uri = str(self.root / "metadata.sqlite")
        connection.sqlite.connection_mode = 3  # create
        store = metadata_store.MetadataStore(connection)
        for node, kind, key in (
            ("StatisticsGen", "ExampleStatistics", "statistics"),
            ("ExampleValidator", "ExampleAnomalies", "anomalies"),
        ):
            _record(store, run_id, node, kind, key, str(artifacts / key))

    def __call__(self, *arguments: str) -> int:
        command, *rest = arguments
        where = ["--config", str(self.toml), "--root", str(self.folder / "output")]
        return schema.main([command, *where, *rest])

    def fits(self) -> bool:
        return self("diff") == 0


def _record(store: Any, run_id: str, node: str, kind: str, key: str, uri: str) -> None:
    pb = metadata_store_pb2
    artifact = pb.Artifact(type_id=store.put_artifact_type(pb.ArtifactType(name=kind)), uri=uri)
    execution = pb.Execution(type_id=store.put_execution_type(pb.ExecutionType(name=node)))
    event = pb.Event(type=pb.Event.OUTPUT)
    event.path.steps.add(key=key)
    contexts = [
        pb.Context(type_id=store.put_context_type(pb.ContextType(name=name)), name=value)
        for name, value in (("pipeline_run", run_id), ("node", f"trips.{node}"))
    ]
    store.put_execution(
        execution, [(artifact, event)], contexts, reuse_context_if_already_exist=True
    )


@pytest.fixture
def user(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def test_show(user: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    assert user("show") == 0
    shown = capsys.readouterr().out
    assert "seconds" in shown and 'value: "no" value: "yes"' in shown and "float" in shown


def test_data_that_fits(
    user: Workplace, made: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    user.ran(made["fitting"])
    assert user("diff") == 0
    assert "The data of run 20260101-000000 fits the schema." in capsys.readouterr().out
    assert user("accept", "--all") == 0
    assert "Nothing to accept" in capsys.readouterr().out
    assert user.pbtxt.read_text() == SCHEMA and not list(user.folder.glob("*.bak"))


def test_diff_names_every_column(
    user: Workplace, made: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    user.ran(made["spoiled"])
    assert user("diff") == 3
    shown = " ".join(capsys.readouterr().out.split())
    for column in ("tipped", "fare", "seconds", "company", "surge"):
        assert column in shown
    assert "largest 900" in shown and "checking again" not in shown
    assert "schema accept --config" in shown


def test_accepting_one_column_leaves_the_rest(
    user: Workplace, made: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    user.ran(made["spoiled"])
    assert user("accept", "--column", "fare") == 0
    before, after = "max: 500 }  # dollars", "max: 900.0 }  # dollars"
    expected = SCHEMA.replace(
        f"float_domain {{ min: 0 {before}", f"float_domain {{ min: 0.0 {after}"
    )
    assert user.pbtxt.read_text() == expected
    assert (user.folder / "trips.pbtxt.bak").read_text() == SCHEMA
    shown = capsys.readouterr().out
    assert f"+  float_domain {{ min: 0.0 {after}" in shown
    assert user("diff") == 3  # with the schema as it is now
    shown = capsys.readouterr().out
    assert "checking again" in shown and "fare" not in shown and "company" in shown


def test_accepting_all_but_the_label_and_what_is_broken(
    user: Workplace, made: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    user.ran(made["spoiled"])
    assert user("accept", "--all") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "left as it is tipped: the label's classes change only by --column" in shown
    assert "left as it is seconds: some of its values have not the type INT" in shown
    assert "The model sees surge from the next run on" in shown
    now = text_format.Parse(user.pbtxt.read_text(), schema_pb2.Schema())
    assert [feature.name for feature in now.feature] == ["tipped", "fare", "seconds", "surge"]
    assert list(now.feature[0].string_domain.value) == ["no", "yes"]
    assert "# Curated by hand." in user.pbtxt.read_text()
    assert user("diff") == 3
    assert "surge" not in capsys.readouterr().out


def test_the_label_by_name(user: Workplace, made: dict[str, Path]) -> None:
    user.ran(made["spoiled"])
    assert user("accept", "--column", "tipped", "--column", "company") == 0
    now = text_format.Parse(user.pbtxt.read_text(), schema_pb2.Schema())
    assert list(now.feature[0].string_domain.value) == ["no", "yes", "maybe"]
    assert [feature.name for feature in now.feature] == ["tipped", "fare", "seconds"]


@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        ("nosuch", "has nothing to accept for 'nosuch'. It has: tipped, fare, company, surge"),
        ("seconds", "'seconds': some of its values have not the type INT. Mend the data"),
    ],
)
def test_what_cannot_be_accepted(
    column: str,
    sentence: str,
    user: Workplace,
    made: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    user.ran(made["spoiled"])
    assert user("accept", "--column", column) == 1
    assert sentence in capsys.readouterr().err
    assert user.pbtxt.read_text() == SCHEMA


def test_the_newest_run_counts(user: Workplace, made: dict[str, Path]) -> None:
    user.ran(made["spoiled"], "20260101-000000")
    user.ran(made["fitting"], "20260102-000000")
    assert user("diff") == 0


def test_no_run_yet(user: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    assert user("diff") == 1
    assert "has statistics of its data. Run the pipeline first." in capsys.readouterr().err


def test_a_presets_schema_is_not_touched(
    tmp_path: Path, made: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    preset = config.PRESETS / "taxi.pbtxt"
    text = preset.read_text()
    assert schema.main(["accept", "--config", "taxi", "--root", str(tmp_path), "--all"]) == 1
    assert "belongs to the preset 'taxi'" in capsys.readouterr().err
    assert preset.read_text() == text


def test_without_a_schema(user: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    user.toml.write_text(TOML.replace('schema = "trips.pbtxt"\n', ""))
    assert user("show") == 2
    assert "names no schema (data.schema)" in capsys.readouterr().err


def test_comments_that_cannot_be_kept_are_in_the_backup(
    user: Workplace, made: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    listed = SCHEMA.replace("}\nfeature {\n", "},\n{\n").replace("feature {", "feature: [{")
    user.pbtxt.write_text(f"{listed.rstrip()}]\n")
    user.ran(made["spoiled"])
    assert user("accept", "--column", "fare") == 0
    assert "Comments are lost" in capsys.readouterr().out
    assert "# Curated by hand." in (user.folder / "trips.pbtxt.bak").read_text()
    now = text_format.Parse(user.pbtxt.read_text(), schema_pb2.Schema())
    assert now.feature[1].float_domain.max == 900


def test_deleted_artifacts_are_passed_over(
    user: Workplace, made: dict[str, Path], tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(made["spoiled"], copy)
    user.ran(made["fitting"], "20260101-000000")
    user.ran(copy, "20260102-000000")
    shutil.rmtree(copy)
    assert user("diff") == 0


def test_without_a_configuration_it_is_that_of_the_last_run(
    user: Workplace, made: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root = ["--root", str(user.folder / "output")]
    assert schema.main(["diff", *root]) == 2
    assert "Give --config" in capsys.readouterr().err
    user.ran(made["spoiled"])
    assert schema.main(["diff", *root]) == 3
