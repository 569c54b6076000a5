"""pipeline/console.py: libraries write to the log, people read the terminal."""

import os
import sys
from pathlib import Path

import pytest

from pipeline.console import quiet_terminal


def test_prints_go_to_the_log_even_from_below_python(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.txt"
    with quiet_terminal(log) as console:
        print("from python", flush=True)
        os.write(2, b"from C++\n")
        console.print("for people")
    print("after", flush=True)
    sys.stderr.flush()
    shown = capfd.readouterr()
    assert shown.out == "for people\nafter\n"
    assert "C++" not in shown.err
    assert log.read_text() == "from python\nfrom C++\n"


def test_the_terminal_comes_back_after_an_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ZeroDivisionError), quiet_terminal(tmp_path / "log.txt"):
        1 / 0  # noqa: B018
    print("here again", flush=True)
    assert capfd.readouterr().out == "here again\n"
