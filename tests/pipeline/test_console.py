"""pipeline/console.py: libraries write to the log, people read the terminal."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os, sys
from pathlib import Path
from pipeline.console import quiet_terminal
try:
    with quiet_terminal(Path(sys.argv[1])) as console:
        print("from python")
        print("a warning", file=sys.stderr)
        os.write(2, b"from C++\\n")
        console.print("for people")
        if sys.argv[2:]:
            1 / 0
except ZeroDivisionError:
    pass
print("after")
"""


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], cwd=root, capture_output=True, text=True
    )


def test_prints_go_to_the_log_even_from_below_python(tmp_path: Path, root: Path) -> None:
    log = tmp_path / "log.txt"
    done = _run(root, str(log))
    assert done.stdout == "for people\nafter\n"
    assert done.stderr == ""
    assert set(log.read_text().splitlines()) == {"from python", "a warning", "from C++"}


def test_the_terminal_comes_back_after_an_error(tmp_path: Path, root: Path) -> None:
    assert _run(root, str(tmp_path / "log.txt"), "fail").stdout == "for people\nafter\n"


LOGGING = """
import logging, sys
from pathlib import Path
from pipeline.console import quiet_terminal
logging.basicConfig()
with quiet_terminal(Path(sys.argv[1])):
    logging.getLogger("components.trainer").info("precision: float32")
    logging.getLogger("components.trainer").warning("once")
    logging.getLogger("a_library").info("of no interest")
logging.getLogger("components.trainer").info("too late")
"""


def test_what_our_packages_say_is_in_the_log_once(tmp_path: Path, root: Path) -> None:
    log = tmp_path / "log.txt"
    command = [sys.executable, "-c", LOGGING, str(log)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")
    first, second = log.read_text().splitlines()
    assert first.endswith(" INFO components.trainer: precision: float32")
    assert second.endswith(" WARNING components.trainer: once")
