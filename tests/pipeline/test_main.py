"""pipeline/__main__.py: every command is there and answers --help without TensorFlow."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.__main__ import COMMANDS, main


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_answers_help_quickly(command: str, root: Path) -> None:
    program = (
        "import sys\nfrom pipeline.__main__ import main\n"
        f"try: main([{command!r}, '--help'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "sys.exit('TensorFlow was imported' if 'tensorflow' in sys.modules else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout.lower()


def test_an_unknown_command_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["roll-back"]) == 2
    said = capsys.readouterr().err
    assert "roll-back" in said and "rollback" in said


def test_no_command_is_help_and_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "status" in capsys.readouterr().out
