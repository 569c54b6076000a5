"""pipeline/lock.py: one run at a time, and the second one is told who holds it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.lock import LockedError, lock

HOLD = """
import sys, time
from pathlib import Path
from pipeline.lock import lock
with lock(Path(sys.argv[1]), "run-1"):
    print("held", flush=True)
    time.sleep(60)
"""


def _holder(folder: Path, root: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_told_who_holds_it(tmp_path: Path, root: Path) -> None:
    process = _holder(tmp_path, root)
    try:
        with pytest.raises(LockedError) as error, lock(tmp_path, "run-2"):
            pass
        assert "run-1" in str(error.value)
        assert str(process.pid) in str(error.value)
    finally:
        process.kill()
        process.wait()


def test_kill_9_lets_go(tmp_path: Path, root: Path) -> None:
    process = _holder(tmp_path, root)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with lock(tmp_path, "run-2"):
        pass


def test_it_is_free_after_the_block(tmp_path: Path) -> None:
    for run in ("run-1", "run-2"):
        with lock(tmp_path, run):
            pass
