"""Starts the processes of the cluster, each in a session of its own, and stops exactly those."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from pipeline.local_cluster.state import Process

PATIENCE = 20.0
"""Seconds between asking a process to stop and ending it."""


class StartError(RuntimeError):
    """A part of the cluster did not start; the message ends with the last lines of its log."""


def start(name: str, command: list[str], folder: Path, environment: dict[str, str]) -> Process:
    """Starts a process that outlives this one; its output goes to `<folder>/<name>.log`.

    Args:
      name: for logs and messages.
      command: what to run.
      folder: its working directory.
      environment: variables beside those of this process.
    """
    with open(folder / f"{name}.log", "wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Process(name, process.pid, psutil.Process(process.pid).create_time())


def wait(process: Process, ready: Callable[[], bool], folder: Path, seconds: float = 90.0) -> None:
    """Waits until `ready()`.

    Raises:
      StartError: the process ended, or is not ready in time.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if process.found() is None:
            raise StartError(f"{process.name} ended while it started:\n{tail(folder, process)}")
        if time.monotonic() > deadline:
            raise StartError(
                f"{process.name} is not ready after {seconds:.0f} s:\n{tail(folder, process)}"
            )
        time.sleep(0.2)


def tail(folder: Path, process: Process, lines: int = 15) -> str:
    """The end of a process's log."""
    text = (folder / f"{process.name}.log").read_text(encoding="utf-8", errors="replace")
    return "\n".join(text.splitlines()[-lines:])


def listens(address: str) -> bool:
    """Somebody accepts connections at `host:port`."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 1.0).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    """A port on loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop(processes: list[Process]) -> list[str]:
    """Stops these processes, the last one started first, and what they started in turn.

    Returns:
      The names of those that were running.
    """
    found: list[psutil.Process] = []
    names = []
    for process in reversed(processes):
        if (running := process.found()) is not None:
            names.append(process.name)
            found += [running, *_children(running)]
    for each in found:
        _tell(each.terminate)
    _, alive = psutil.wait_procs(found, PATIENCE)
    for each in alive:
        _tell(each.kill)
    psutil.wait_procs(alive, PATIENCE)
    return names


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _tell(action: Callable[[], None]) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        action()
