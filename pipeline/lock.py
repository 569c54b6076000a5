"""One run at a time per pipeline root; a second one is told who holds it."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LockedError(RuntimeError):
    """Another run holds the root; the message says which process, where and since when."""


@contextmanager
def lock(root: Path, run_id: str) -> Iterator[None]:
    """Holds `<root>/run.lock`; the system lets go of it when the process dies, however it dies.

    Raises:
      LockedError: another process holds it.
    """
    root.mkdir(parents=True, exist_ok=True)
    with open(root / "run.lock", "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(_holder(root)) from None
        file.truncate(0)
        file.write(
            json.dumps(
                {
                    "run": run_id,
                    "pid": os.getpid(),
                    "host": socket.gethostname(),
                    "since": time.strftime("%Y-%m-%d %H:%M:%S"),
                }
            )
        )
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _holder(root: Path) -> str:
    try:
        who = json.loads((root / "run.lock").read_text(encoding="utf-8"))
        holder = f"run {who['run']} (process {who['pid']} on {who['host']}, since {who['since']})"
    except (json.JSONDecodeError, KeyError):
        holder = "another run"
    return (
        f"{holder} is working in {root}. Wait for it, stop it, or give this run its own folder "
        "with --root."
    )
