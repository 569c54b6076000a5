"""`make setup`: a virtual environment with every dependency at its locked version.

Runs on the standard library of Python 3.9 or newer, before anything is installed. What it did is
noted in `.venv/setup.json`: a second call finds nothing to do, one that was interrupted is made
anew by the next. The lock is `install/requirements*.txt`, every file in it pinned by sha256.

    python -m install.bootstrap [--root FOLDER]
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from install import interpreter
from install.platforms import Interpreter, Refused, check_system
from install.steps import Failed, Installer, say

DONE, UNFINISHED = "done", "unfinished"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make setup", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    root: Path = parser.parse_args(argv).root
    try:
        setup(root, os.environ)
    except (Refused, Failed) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: interrupted; the next `make setup` begins again", file=sys.stderr)
        return 130
    return 0


def setup(root: Path, environment: Mapping[str, str]) -> None:
    """Bring `root/.venv` to what the files in `root/install` say, doing only what is missing."""
    locks = lock_fingerprint(root / "install")
    wish = environment.get("PYTHON", "")
    wished = interpreter.ask(wish) if wish else None
    if is_done(root / ".venv", locks, wished):
        return
    here = interpreter.ask(sys.executable)
    if here is not None:
        check_system(here)
    with alone(root / "install"):
        if is_done(root / ".venv", locks, wished):  # another setup has just finished
            return
        install(root, locks, environment)


def install(root: Path, locks: str, environment: Mapping[str, str]) -> None:
    venv, started = root / ".venv", time.monotonic()
    outer_uv = shutil.which("uv", path=environment.get("PATH"))
    if outer_uv and venv in Path(outer_uv).parents:
        outer_uv = None  # ours, and it may be cleared
    python = interpreter.find(environment, outer_uv)
    check_system(python)
    say(f"Python {python.label} ({python.path}), {python.libc or python.system}, {python.machine}")
    if not can_go_on(venv, python):
        clear(venv)
    write_note(venv, UNFINISHED, locks, python)
    installer = Installer(root / "install", venv, python, outer_uv, environment)
    installer.make_venv()
    installer.install_uv()
    replaced = installer.relinked_wheels() if python.needs_relinking else {}
    installer.install_lock(replaced)
    write_note(venv, DONE, locks, python)
    say(f"ready in {time.monotonic() - started:.0f} s; nothing to do next time")


def lock_fingerprint(folder: Path) -> str:
    """Changes when any file that decides what is installed does."""
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.suffix in (".txt", ".json", ".py"):
            digest.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def read_note(venv: Path) -> dict[str, object]:
    try:
        note = json.loads((venv / "setup.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def write_note(venv: Path, state: str, locks: str, python: Interpreter) -> None:
    venv.mkdir(exist_ok=True)
    partial = venv / "setup.json.partial"
    note = {"state": state, "locks": locks, "python": python.minor, "libc": python.libc}
    partial.write_text(json.dumps(note) + "\n", encoding="utf-8")
    partial.replace(venv / "setup.json")


def is_done(venv: Path, locks: str, wished: Interpreter | None) -> bool:
    note = read_note(venv)
    return (
        note.get("state") == DONE
        and note.get("locks") == locks
        and (wished is None or note.get("python") == list(wished.minor))
        and (venv / "bin" / "python").exists()  # false too if the Python it links to is gone
    )


def can_go_on(venv: Path, python: Interpreter) -> bool:
    """Whether what is there is whole, so that only differences need installing."""
    note = read_note(venv)
    if venv.exists() and not note and any(venv.iterdir()):
        raise Refused(
            f"{venv} is there but was not made by `make setup`. Move it away or remove it."
        )
    return (
        note.get("state") == DONE
        and note.get("python") == list(python.minor)
        and note.get("libc") == python.libc
        and (venv / "bin" / "python").exists()
    )


def clear(venv: Path) -> None:
    """Empty the folder but keep it: it may be a link or a mounted volume."""
    if not venv.exists():
        return
    if read_note(venv).get("state") == UNFINISHED:
        say("the last setup did not finish; beginning again")
    # The note goes last, so that a half-cleared folder still reads as ours and unfinished.
    for child in sorted(venv.iterdir(), key=lambda child: child.name == "setup.json"):
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One setup at a time; the system lets go of the lock however a process ends."""
    import fcntl  # not on Windows, which was refused by now

    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("another setup is at work here; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


if __name__ == "__main__":
    sys.exit(main())
