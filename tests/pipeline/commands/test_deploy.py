"""`python -m pipeline deploy`: files where one asked for them, and what to type next."""

import json
from pathlib import Path

import pytest
import yaml

from pipeline.commands.deploy import main


def test_files_for_a_preset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a b"
    root = tmp_path / "output"
    flags = ["--config", "taxi", "--root", str(root), "--out", str(out)]
    assert main([*flags, "--set", "deploy.rest_port=9001"]) == 0
    compose = yaml.safe_load((out / "docker-compose.yaml").read_text())["services"]["serving"]
    assert compose["volumes"][0]["source"] == str(root / "taxi" / "serving" / "taxi")
    assert compose["ports"] == ["127.0.0.1:9001:8501", "127.0.0.1:8500:8500"]
    said = capsys.readouterr().out
    assert f"docker compose -f '{out}'/docker-compose.yaml up" in said
    assert "--url http://localhost:9001 --model taxi" in said
    assert "Nothing is pushed" in said
    (root / "taxi" / "serving" / "taxi" / "1").mkdir(parents=True)
    assert main(flags) == 0
    assert "Nothing is pushed" not in capsys.readouterr().out


def test_the_pushed_folder_may_lie_elsewhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "served"
    flags = ["--config", "taxi", "--out", str(tmp_path / "out")]
    assert main([*flags, "--set", f"push.directory={elsewhere}"]) == 0
    compose = yaml.safe_load((tmp_path / "out" / "docker-compose.yaml").read_text())
    assert compose["services"]["serving"]["volumes"][0]["source"] == str(elsewhere)
    # Not named, but the last run pushed there.
    (elsewhere / "1").mkdir(parents=True)
    run = tmp_path / "output" / "taxi" / "runs" / "20260101-000000"
    run.mkdir(parents=True)
    (run / "request.json").write_text(json.dumps({"config": {}, "plan": []}))
    (run / "summary.json").write_text(json.dumps({"pushed": {"path": str(elsewhere / "1")}}))
    assert main([*flags, "--root", str(tmp_path / "output")]) == 0
    compose = yaml.safe_load((tmp_path / "out" / "docker-compose.yaml").read_text())
    assert compose["services"]["serving"]["volumes"][0]["source"] == str(elsewhere)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--config", "taxy"], "Did you mean 'taxi'"),
        (["--config", "taxi", "--set", "deploy.replica=1"], "Did you mean 'replicas'"),
        (["--config", "taxi", "--set", "deploy.cpu=much"], "deploy.cpu"),
    ],
)
def test_mistakes(flags: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(flags) == 2
    assert words in capsys.readouterr().err


def test_a_place_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["--config", "taxi", "--out", str(tmp_path / "file" / "x")]) == 1
    assert "cannot write" in capsys.readouterr().err
