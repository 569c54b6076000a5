"""`python -m serving` on a candidate: a process of its own, on loopback, ended whatever happens."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.infra_validator.config import InfraValidateSection
from components.infra_validator.refusal import NoServerError, NotServableError
from components.infra_validator.served import Served
from serving.client import Client, ServingClientError

logger = logging.getLogger(__name__)

_ROOT = Path(__file__).parents[2]
_VERSION = 1
_ATTEMPTS = 3
_POLL_SECONDS = 0.1
# The server ends with the process that started it, also when that is killed: nobody else holds the
# other end of its standard input, so that the read returns.
_PROGRAM = """
import os, runpy, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(1)), daemon=True).start()
runpy.run_module("serving", run_name="__main__", alter_sys=True)
"""


class _PortTakenError(Exception):
    """Somebody took the port between our look and the server's."""


@contextmanager
def serve(model: Path, section: InfraValidateSection) -> Iterator[Served]:
    """Serves a SavedModel until the block ends.

    Args:
      model: its directory.
      section: for the time limits.

    Raises:
      NotServableError: it is not loaded in time, or cannot be loaded; the reason is the server's.
      NoServerError: no server could be started at all.
    """
    with tempfile.TemporaryDirectory(prefix="infra-validator-") as name:
        folder = Path(name)
        (folder / "versions").mkdir()
        (folder / "versions" / str(_VERSION)).symlink_to(model.resolve())
        for attempt in range(1, _ATTEMPTS + 1):
            process = _start(folder, port := free_port(), title := f"candidate-{uuid.uuid4().hex}")
            try:
                started = time.monotonic()
                url = f"http://127.0.0.1:{port}"
                _wait(url, title, process, folder, section.start_seconds)
                seconds = time.monotonic() - started
                with Client(url, section.answer_seconds, retries=0) as client:
                    yield Served(
                        client,
                        title,
                        _VERSION,
                        seconds,
                        lambda process=process: _why_gone(process, folder),  # type: ignore[misc]
                    )
                return
            except _PortTakenError:
                if attempt == _ATTEMPTS:
                    raise NoServerError(
                        f"no port to serve on: {port}, and {_ATTEMPTS - 1} others before it, were "
                        "free and then taken. What takes every free port of this machine?"
                    ) from None
            finally:
                _end(process)


def free_port() -> int:
    """A TCP port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(folder: Path, port: int, title: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-P", "-c", _PROGRAM]
    command += [f"--rest_api_port={port}", "--port=0", "--grpc_socket_path=grpc.sock"]
    command += [f"--model_name={title}", f"--model_base_path={folder / 'versions'}"]
    command += ["--max_num_load_retries=0", "--file_system_poll_wait_seconds=0"]
    path = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    # No accelerator: this process holds its memory.
    environment = {**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": ""}
    with (folder / "log.txt").open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=folder,
            start_new_session=True,  # Ctrl-C is ours to handle: it reaches the server through us
        )


def _wait(
    url: str, title: str, process: "subprocess.Popen[bytes]", folder: Path, seconds: float
) -> None:
    """Returns when the model takes requests; a server opens its port only then."""
    deadline = time.monotonic() + seconds
    with Client(url, timeout=2, retries=0) as client:
        while process.poll() is None:
            # Whose port it is, is known by the name, which nobody else has.
            with contextlib.suppress(ServingClientError):
                if client.status(title)[0]["state"] == "AVAILABLE":
                    return
            if time.monotonic() > deadline:
                raise NotServableError(
                    f"not loaded within {seconds:g} s (infra_validate.start_seconds)"
                )
            time.sleep(_POLL_SECONDS)
    log = _log(folder)
    if "address already in use" in log.lower():
        raise _PortTakenError
    if process.returncode > 0 and "did not become available" not in log:
        raise NoServerError(f"python -m serving did not start: {_last_line(log)}")
    raise NotServableError(f"the server could not load it: {_why_gone(process, folder)}")


def _why_gone(process: "subprocess.Popen[bytes]", folder: Path) -> str:
    """Why the server has ended, in its own words; empty while it runs."""
    with contextlib.suppress(
        subprocess.TimeoutExpired
    ):  # a connection breaks before a process ends
        process.wait(timeout=2)
    if process.returncode is None:
        return ""
    log = _log(folder)
    logger.warning("the server's log:\n%s", log[-20_000:])
    if process.returncode < 0:
        return f"the server died of {signal.Signals(-process.returncode).name}. {_last_line(log)}"
    return _last_line(log) or f"the server ended with {process.returncode}"


def _last_line(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith("Failed to start server")]
    return (told or lines or [""])[-1][:1000]


def _log(folder: Path) -> str:
    return (folder / "log.txt").read_text(encoding="utf-8", errors="replace")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kills it: nobody but us has asked it anything, so that there is nothing to drain."""
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
