"""Going back: what a server sees, what MLMD remembers, and what is refused, on real stores."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2

from components.pusher.versions import WithdrawnError, manifests, publish, served
from pipeline.commands import rollback
from pipeline.lock import lock


class Pipeline:
    """`output/trips` as three runs leave it: three models trained, blessed and pushed."""

    def __init__(self, output: Path, pushes: int = 3) -> None:
        self.output, self.root = output, output / "trips"
        self.serving = self.root / "serving" / "trips"
        self.root.mkdir(parents=True)
        config = metadata_store_pb2.ConnectionConfig()
        config.sqlite.filename_uri = str(self.root / "metadata.sqlite")
        config.sqlite.connection_mode = 3  # create
        self.store = metadata_store.MetadataStore(config)
        self.models = [self.push(number) for number in range(1, pushes + 1)]

    def push(self, number: int) -> int:
        model = self.root / f"model-{number}"
        model.mkdir()
        (model / "saved_model.pb").write_text(f"model {number}")
        blessing = self.root / f"blessing-{number}"
        blessing.mkdir()
        (blessing / "BLESSED").touch()
        model_id = self._put("Model", str(model))
        self._put("ModelBlessing", str(blessing), blessed=1, current_model_id=model_id)
        version = publish(
            model,
            self.serving,
            {
                "run": f"run-{number}",
                "model": str(model),
                "model_id": model_id,
                "metrics": {"auc": 0.9 + number / 100},
            },
        )
        target = str(self.serving / str(version))
        self._put("PushedModel", "", pushed=1, pushed_destination=target)
        return model_id

    def _put(self, kind: str, uri: str, **properties: Any) -> int:
        artifact_type = metadata_store_pb2.ArtifactType(name=kind)
        artifact = metadata_store_pb2.Artifact(
            type_id=self.store.put_artifact_type(artifact_type), uri=uri
        )
        for name, value in properties.items():
            field = "int_value" if isinstance(value, int) else "string_value"
            setattr(artifact.custom_properties[name], field, value)
        [number] = self.store.put_artifacts([artifact])
        return int(number)

    def blessed(self) -> list[int]:
        """Models whose blessing stands."""
        items = self.store.get_artifacts_by_type("ModelBlessing")
        standing = [item for item in items if item.custom_properties["blessed"].int_value]
        assert all((Path(item.uri) / "BLESSED").exists() for item in standing)
        return [item.custom_properties["current_model_id"].int_value for item in standing]

    def run(self, *arguments: str) -> int:
        return rollback.main(["--root", str(self.output), *arguments])


@pytest.fixture
def trips(tmp_path: Path) -> Pipeline:
    return Pipeline(tmp_path)


def test_back_to_the_one_before(trips: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert trips.run("--why", "too many false alarms") == 0
    assert served(trips.serving) == [1, 2]
    assert trips.blessed() == trips.models[:2]
    why = manifests(trips.serving)[3]["withdrawn"]
    assert why.startswith("rolled back to version 2 on 20") and why.endswith(
        ": too many false alarms"
    )
    shown = capsys.readouterr().out
    assert "Withdrawn: version 3. Served now: version 2." in shown
    assert "Blessings taken back: 1." in shown
    assert "run-3" in shown and "withdrawn" in shown


def test_what_mlmd_says_of_the_withdrawn_model(trips: Pipeline) -> None:
    assert trips.run() == 0
    blessings = trips.store.get_artifacts_by_type("ModelBlessing")
    [gone] = [item for item in blessings if not item.custom_properties["blessed"].int_value]
    assert (
        gone.custom_properties["revoked"].string_value == manifests(trips.serving)[3]["withdrawn"]
    )
    assert gone.custom_properties["current_model_id"].int_value == trips.models[2]
    assert sorted(path.name for path in Path(gone.uri).iterdir()) == ["NOT_BLESSED"]
    pushed = {
        Path(item.custom_properties["pushed_destination"].string_value).name: item
        for item in trips.store.get_artifacts_by_type("PushedModel")
    }
    assert [pushed[v].custom_properties["pushed"].int_value for v in "123"] == [1, 1, 0]
    assert pushed["3"].custom_properties["not_pushed"].string_value.startswith("withdrawn: ")


def test_further_back_takes_everything_between(trips: Pipeline) -> None:
    assert trips.run("--to", "1") == 0
    assert served(trips.serving) == [1]
    assert trips.blessed() == trips.models[:1]


def test_a_number_is_never_used_again_nor_the_model_pushed_again(trips: Pipeline) -> None:
    assert trips.run() == 0
    with pytest.raises(WithdrawnError):
        publish(trips.root / "model-3", trips.serving, {})
    trips.push(4)
    assert served(trips.serving) == [1, 2, 4]
    assert trips.run() == 0
    assert served(trips.serving) == [1, 2]


REFUSED = {
    "the newest": (["--to", "3"], "version 3 is the one served already"),
    "unknown": (["--to", "9"], "version 9 is not there. One can go back to: 1, 2"),
    "another pipeline": (["--config", "nosuch"], "no configuration 'nosuch'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, trips: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, sentence = REFUSED[case]
    assert trips.run(*arguments) == (2 if "--config" in arguments else 1)
    assert sentence in capsys.readouterr().err
    assert served(trips.serving) == [1, 2, 3] and trips.blessed() == trips.models


def test_nothing_to_go_back_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trips = Pipeline(tmp_path, pushes=1)
    assert trips.run() == 1
    assert "version 1 is the only one" in capsys.readouterr().err
    assert served(trips.serving) == [1] and trips.blessed() == trips.models


def test_back_to_a_withdrawn_one(trips: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert trips.run("--why", "slow") == 0
    assert trips.run("--to", "3") == 1
    said = capsys.readouterr().err
    assert (
        "version 3 was withdrawn (rolled back to version 2" in said and "never used again" in said
    )


def test_listing_changes_nothing(trips: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert trips.run("--list", "--config", "trips") == 0
    shown = capsys.readouterr().out
    assert "auc 0.9300" in shown and "served" in shown and "kept" in shown
    assert served(trips.serving) == [1, 2, 3]


def test_not_while_a_run_is_working(trips: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    holder = (
        "import sys, time; from pathlib import Path; from pipeline.lock import lock\n"
        "with lock(Path(sys.argv[1]), 'r1'): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", holder, str(trips.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        assert trips.run() == 1
        other.kill()
    assert "run r1 (process" in capsys.readouterr().err
    assert served(trips.serving) == [1, 2, 3]
    with lock(trips.root, "free again"):
        pass


def test_which_pipeline(
    trips: Pipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Pipeline(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "trips").rename(tmp_path / "other")
    assert trips.run() == 2
    assert "which pipeline? Name one of: other, trips" in capsys.readouterr().err


def test_a_folder_named_in_the_configuration(tmp_path: Path) -> None:
    trips = Pipeline(tmp_path / "output")
    trips.serving.rename(tmp_path / "models")
    trips.serving = tmp_path / "models"
    toml = tmp_path / "trips.toml"
    toml.write_text(
        'name = "trips"\n[data]\npath = "x.csv"\nlabel = "y"\ntask = "regression"\n'
        f'[push]\ndirectory = "{tmp_path / "models"}"\n'
    )
    assert trips.run("--config", str(toml)) == 0
    assert served(trips.serving) == [1, 2] and trips.blessed() == trips.models[:2]


def test_versions_without_metadata(trips: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    (trips.root / "metadata.sqlite").unlink()
    toml = trips.output / "trips.toml"
    toml.write_text('name = "trips"\n[data]\npath = "x"\nlabel = "y"\ntask = "regression"\n')
    assert trips.run("--config", str(toml)) == 0
    assert served(trips.serving) == [1, 2]
    assert "No blessing of it was found" in capsys.readouterr().out


def test_without_tensorflow(trips: Pipeline) -> None:
    code = (
        "import sys; from pipeline.commands.rollback import main\n"
        f"assert main(['--root', {str(trips.output)!r}]) == 0\n"
        "assert not {'tensorflow', 'tfx', 'apache_beam'} & set(sys.modules), 'heavy'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
