"""pipeline/commands/run.py: flags, and bad usage answered with exit code 2 before anything heavy starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.commands.run import main


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--config", "nope"], ["nope", "fashion", "taxi"]),
        (["--set", "train.epoch=3"], ["train.epoch", "epochs"]),
        (["--only", "Train"], ["no node 'Train'", "Trainer"]),
        (["--from", "Trainer"], ["needs the outputs of", "Transform", "no earlier run has"]),
        (["--resume"], ["nothing to resume"]),
        (["--engine", "abacus"], ["no engine 'abacus'", "local"]),
        (["--set", 'evaluate.gates=[{metric = "acuracy", min = 0.5}]'], ["acuracy", "accuracy"]),
    ],
)
def test_bad_usage_is_a_sentence(
    flags: list[str], words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = [] if flags[0] == "--config" else ["--config", "taxi"]
    assert main([*source, "--root", str(tmp_path), *flags]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "Traceback" not in said
    for word in words:
        assert word in said
    assert not list(tmp_path.glob("*/runs")), "a run was started"


def test_help_and_plan_import_nothing_heavy(tmp_path: Path, root: Path) -> None:
    for flags in (["--help"], ["--config", "taxi", "--plan", "--root", str(tmp_path)]):
        program = (
            "import sys, pipeline.commands.run\n"
            f"try: pipeline.commands.run.main({flags!r})\n"
            "except SystemExit: pass\n"
            "heavy = [m for m in ('tensorflow', 'tfx', 'apache_beam', 'sklearn') if m in sys.modules]\n"
            "sys.exit(str(heavy) if heavy else 0)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=root, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert ("Trainer" in done.stdout) or ("--resume" in done.stdout)
