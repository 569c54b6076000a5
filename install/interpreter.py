"""Finds a Python that the virtual environment can be made with."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from install.platforms import SUPPORTED_PYTHONS, Interpreter, Refused, is_supported

# Run by each candidate: it knows itself best (a shim, an emulated or a musl build would fool us).
_QUESTION = """
import importlib.util, json, os, platform, sys
try:
    libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
except (AttributeError, ValueError, OSError):
    libc = ""
print(json.dumps({
    # Of a virtual environment, the Python it was made with: the environment may be ours, and go.
    "path": getattr(sys, "_base_executable", None) or sys.executable,
    "version": list(sys.version_info[:3]),
    "implementation": sys.implementation.name,
    "system": sys.platform,
    "machine": platform.machine(),
    "libc": libc,
    "has_venv": all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")),
}))
"""


def ask(command: str) -> Interpreter | None:
    """What the Python behind `command` says of itself; None if it does not start."""
    try:
        answer = subprocess.run(
            [command, "-I", "-c", _QUESTION],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=True,
        )
        said = json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    said["version"] = tuple(said["version"])
    return Interpreter(**said)


def find(
    environment: Mapping[str, str],
    uv: str | None,
    asking: Callable[[str], Interpreter | None] = ask,
) -> Interpreter:
    """The first supported Python that can make a virtual environment.

    Args:
        environment: `PYTHON` in it names the one to use, and no other is tried then.
        uv: path of a uv, which can make an environment for a Python that has no venv, or get one.
        asking: how a candidate is asked about itself.

    Raises:
        Refused: there is none; the text names the package to install.
    """
    wish = environment.get("PYTHON", "")
    if wish:
        python = asking(wish)
        if python is None:
            raise Refused(
                f"PYTHON={wish} does not start. Name a Python 3.11 or 3.12, or leave it out."
            )
        if not is_supported(python):
            raise Refused(f"PYTHON={wish} is {_name(python)}; supported are Python 3.11 and 3.12.")
        if not python.has_venv and uv is None:
            raise Refused(_without_venv([python]))
        return python
    seen = {}
    for command in _candidates(environment):
        python = asking(command)
        if python is None:
            continue
        if is_supported(python) and (python.has_venv or uv is not None):
            return python
        seen[python.path] = python
    if uv is not None:
        for major, minor in SUPPORTED_PYTHONS:
            python = asking(_from_uv(uv, f"{major}.{minor}"))
            if python is not None:
                return python
    raise Refused(_without_venv([python for python in seen.values() if is_supported(python)], seen))


def _candidates(environment: Mapping[str, str]) -> Iterator[str]:
    # The Python that runs this comes first: it is the one the user's `python3` means.
    yield sys.executable
    names = [f"python{major}.{minor}" for major, minor in SUPPORTED_PYTHONS]
    for name in [*names, "python3"]:
        found = shutil.which(name, path=environment.get("PATH"))
        if found:
            yield found
    home = Path(environment.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for major, minor in SUPPORTED_PYTHONS:
        for python in sorted(home.glob(f"versions/{major}.{minor}.*/bin/python"), reverse=True):
            yield str(python)
    for folder in ("/opt/homebrew/bin", "/usr/local/bin", "/usr/bin"):
        for name in names:
            if Path(folder, name).exists():
                yield str(Path(folder, name))


def _from_uv(uv: str, version: str) -> str:
    """Path of a Python that uv has or may download; empty if it has none."""
    subprocess.run([uv, "python", "install", "--quiet", version], stderr=subprocess.DEVNULL)
    found = subprocess.run(
        [uv, "python", "find", "--quiet", version],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return found.stdout.decode().strip()


def _name(python: Interpreter) -> str:
    kind = "Python" if python.implementation == "cpython" else python.implementation
    return f"{kind} {python.label} ({python.path})"


def _without_venv(supported: list[Interpreter], seen: Mapping[str, Interpreter] = {}) -> str:
    if supported:
        names = " and ".join(_name(python) for python in supported)
        version = ".".join(map(str, supported[0].minor))
        return (
            f"{names} cannot make a virtual environment: its venv module is not installed. "
            f"On Debian and Ubuntu: apt-get install python{version}-venv"
        )
    found = ", ".join(_name(python) for python in seen.values()) or "no Python"
    return (
        f"Python 3.11 or 3.12 is needed, and found was {found}. On Debian 12 and Ubuntu 24.04: "
        "apt-get install python3-venv; elsewhere name one with PYTHON=/path/to/python3.12, "
        "or install uv, which brings its own."
    )
