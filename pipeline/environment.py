"""Finds the Python that has the dependencies: commands work before `.venv` is activated."""

import importlib.util
import os
import sys
from pathlib import Path

NEEDED = "tfx"
"""A package that is in every environment these commands can run in."""


def enter() -> None:
    """Starts the same command again in `.venv`, where this Python lacks the dependencies.

    Standard library only, and to be called before anything else is imported.

    Raises:
      SystemExit: with 2, after a sentence, where there is no such environment.
    """
    if importlib.util.find_spec(NEEDED) is not None:
        return
    environment = Path(__file__).resolve().parent.parent / ".venv"
    python = environment / "bin" / "python"
    inside = Path(sys.executable).parent == python.parent  # never started again and again
    if inside or not python.is_file():
        what = "is not complete" if inside else "is not there"
        print(
            f"error: the dependencies are not installed for {sys.executable}, and {environment} "
            f"{what}. Run `make setup` first.",
            file=sys.stderr,
        )
        raise SystemExit(2)
    sys.stdout.flush()
    os.execv(python, [str(python), *sys.orig_argv[1:]])
