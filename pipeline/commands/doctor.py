"""`python -m pipeline doctor`: what this machine and environment lack, and what to do about it.

Reads files and asks the operating system; imports neither TensorFlow nor anything that does.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.machinery import PathFinder
from pathlib import Path

import psutil
from packaging.requirements import Requirement
from rich.console import Console
from rich.markup import escape
from rich.table import Table

PACKAGES = ("pipeline", "components", "data", "serving")
PYTHONS = ((3, 11), (3, 12))
RELINKED = ("ml-metadata", "tensorflow-data-validation")
"""Built for glibc 2.39; `make setup` relinks them where glibc is older."""

GIB = 1 << 30


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    BROKEN = "broken"


@dataclass(frozen=True)
class Check:
    """One row: what was looked at, how it is, what was found, what to do (empty: nothing)."""

    what: str
    state: State
    found: str
    advice: str = ""


def diagnose(root: Path, output: Path, environment: Mapping[str, str] = os.environ) -> list[Check]:
    """Every check, in the order in which a person would go through them.

    Args:
        root: the folder that holds our packages, `install/` and `.venv`.
        output: where runs are written.
        environment: the variables of this process.
    """
    return [
        python(root),
        glibc(),
        *versions(root),
        keras(environment),
        *(shadow(name, root) for name in PACKAGES),
        writable(output),
        disk(output),
        memory(),
        cores(),
        gpu(),
        java(),
    ]


def python(root: Path) -> Check:
    version, prefix = platform.python_version(), Path(sys.prefix)
    if sys.version_info[:2] not in PYTHONS:
        return Check(
            "Python", State.BROKEN, version, "use 3.11 or 3.12: remove .venv, then make setup"
        )
    if not (root / "install").is_dir():  # installed by pip: no setup of ours to look at
        return Check("Python", State.OK, f"{version} in {prefix}")
    if prefix.resolve() != (root / ".venv").resolve():
        return Check(
            "Python", State.WARN, f"{version} in {prefix}", "make setup; .venv/bin/python -m …"
        )
    try:
        state = json.loads((prefix / "setup.json").read_text(encoding="utf-8"))["state"]
    except (OSError, ValueError, KeyError):
        state = "not made by make setup"
    if state != "done":
        return Check("Python", State.BROKEN, f"{version}, .venv {state}", "make setup")
    return Check("Python", State.OK, f"{version} in .venv")


def glibc() -> Check:
    """Old systems need the relinked wheels, and the registry's would not even import there."""
    if sys.platform != "linux":
        return Check("glibc", State.OK, f"not used on {sys.platform}")
    name, version = platform.libc_ver()
    if name != "glibc":
        return Check("glibc", State.BROKEN, "this Linux has none", "use Debian, Ubuntu or RHEL")
    numbers = tuple(int(part) for part in version.split(".")[:2])
    if numbers < (2, 34):
        return Check("glibc", State.BROKEN, version, "2.34 or newer is needed")
    if numbers >= (2, 39):
        return Check("glibc", State.OK, f"{version}, wheels as the registry has them")
    wrong = [name for name in RELINKED if not _is_relinked(name)]
    if wrong:
        found = f"{version}, not relinked: {', '.join(wrong)}"
        return Check("glibc", State.BROKEN, found, "remove .venv, then make setup")
    return Check("glibc", State.OK, f"{version}, {len(RELINKED)} wheels relinked for it")


def _is_relinked(name: str) -> bool:
    try:
        tags = importlib.metadata.distribution(name).read_text("WHEEL") or ""
    except importlib.metadata.PackageNotFoundError:
        return False
    return "manylinux_2_39" not in tags


def versions(root: Path) -> Iterator[Check]:
    """What is installed against what is locked."""
    locked = dict(_locked(root / "install"))
    if not locked:
        yield Check("Locked versions", State.WARN, "no lock: installed by pip", "a clone has one")
        return
    missing, different = [], []
    for name, wanted in sorted(locked.items()):
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
            continue
        if found != wanted:
            different.append(f"{name} {found} (locked: {wanted})")
    if missing:
        yield Check("Missing packages", State.BROKEN, _some(missing), "make setup")
    if different:
        advice = "remove .venv, then make setup"
        yield Check("Other versions", State.BROKEN, _some(different), advice)
    if not missing and not different:
        yield Check("Locked versions", State.OK, f"all {len(locked)} as locked")


def _locked(folder: Path) -> Iterator[tuple[str, str]]:
    """Each pin that applies to this Python and system."""
    for file in ("requirements.txt", "requirements-dev.txt"):
        if not (folder / file).exists():
            continue
        for line in (folder / file).read_text(encoding="utf-8").splitlines():
            if line[:1].isalnum():
                pin = Requirement(line.rstrip(" \\"))
                if pin.marker is None or pin.marker.evaluate():
                    yield pin.name, str(pin.specifier).removeprefix("==")


def _some(items: list[str], limit: int = 5) -> str:
    rest = f" and {len(items) - limit} more" if len(items) > limit else ""
    return ", ".join(items[:limit]) + rest


def keras(environment: Mapping[str, str]) -> Check:
    """We use Keras 3 (`import keras`); TensorFlow Transform brings Keras 2 (tf-keras) beside it."""
    backend = environment.get("KERAS_BACKEND", "tensorflow")
    if backend != "tensorflow":
        return Check(
            "Keras", State.BROKEN, f"KERAS_BACKEND={backend}", "unset KERAS_BACKEND: TFX exports TF"
        )
    if "TF_USE_LEGACY_KERAS" in environment:
        found = f"TF_USE_LEGACY_KERAS={environment['TF_USE_LEGACY_KERAS']}"
        return Check("Keras", State.WARN, found, "unset it: it turns tf.keras into Keras 2 or 3")
    try:
        ours, legacy = (importlib.metadata.version(name) for name in ("keras", "tf-keras"))
        tensorflow = importlib.metadata.version("tensorflow")
    except importlib.metadata.PackageNotFoundError as error:
        return Check("Keras", State.BROKEN, f"{error.name} is not installed", "make setup")
    if not ours.startswith("3.") or legacy.split(".")[:2] != tensorflow.split(".")[:2]:
        found = f"keras {ours}, tf-keras {legacy}, tensorflow {tensorflow}"
        return Check("Keras", State.BROKEN, found, "remove .venv, then make setup")
    return Check("Keras", State.OK, f"{ours}; tf-keras {legacy} for Transform's layer only")


def shadow(name: str, root: Path, path: list[str] | None = None) -> Check:
    """Our package names are generic: another one of the same name may come first on sys.path."""
    what, ours = f"Package {name}", (root / name).resolve()
    entries = [entry or os.curdir for entry in (sys.path if path is None else path)]
    first = PathFinder.find_spec(name, entries)
    places = list(first.submodule_search_locations or [first.origin or ""]) if first else []
    if not places:
        return Check(what, State.BROKEN, "not found", f"run it in {root}")
    if Path(places[0]).resolve() != ours:
        return Check(
            what,
            State.BROKEN,
            f"{places[0]} hides ours",
            "uninstall it, or drop it from PYTHONPATH",
        )
    behind = [
        entry
        for entry in entries
        if (Path(entry, name, "__init__.py")).exists() and Path(entry, name).resolve() != ours
    ]
    if behind:
        return Check(what, State.WARN, f"ours, but also in {behind[0]}", "uninstall the other")
    return Check(what, State.OK, "ours")


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder


def writable(output: Path) -> Check:
    try:
        with tempfile.TemporaryFile(dir=_existing(output)):
            return Check("Output folder", State.OK, f"{output} can be written")
    except OSError as error:
        advice = "name another with --root"
        return Check("Output folder", State.BROKEN, f"{output}: {error.strerror}", advice)


def disk(output: Path) -> Check:
    free = shutil.disk_usage(_existing(output)).free / GIB
    state = State.BROKEN if free < 1 else State.WARN if free < 5 else State.OK
    advice = "" if state is State.OK else "python -m pipeline gc removes what old runs left"
    return Check("Disk", state, f"{free:.1f} GiB free", advice)


def memory() -> Check:
    known = psutil.virtual_memory()
    found = f"{known.available / GIB:.1f} of {known.total / GIB:.1f} GiB free"
    if known.available < 3 * GIB:
        return Check("Memory", State.WARN, found, "the presets use up to 3 GiB; close something")
    return Check("Memory", State.OK, found)


def cores() -> Check:
    usable = len(psutil.Process().cpu_affinity()) if sys.platform == "linux" else os.cpu_count()
    if usable == 1:
        return Check("Cores", State.WARN, "1", "it works; times in the README are for 2")
    return Check("Cores", State.OK, str(usable))


def gpu(which: Callable[[str], str | None] = shutil.which) -> Check:
    """TensorFlow from the lock has no CUDA libraries; a GPU is used once they are there."""
    command = which("nvidia-smi")
    if command is None and not Path("/proc/driver/nvidia/version").exists():
        return Check("GPU", State.OK, "none; everything runs on the CPU")
    names = "an NVIDIA driver"
    if command is not None:
        try:
            asked = subprocess.run(
                [command, "--query-gpu=name", "--format=csv,noheader"],
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
            )
            names = ", ".join(asked.stdout.split("\n")).strip(", ")
        except (OSError, subprocess.SubprocessError):
            return Check("GPU", State.WARN, "nvidia-smi fails", "check the driver, or use the CPU")
    if importlib.util.find_spec("nvidia") is None:
        version = importlib.metadata.version("tensorflow")
        advice = f"to use it: .venv/bin/pip install 'tensorflow[and-cuda]=={version}'"
        return Check("GPU", State.WARN, f"{names}, no CUDA libraries", advice)
    return Check("GPU", State.OK, names)


def java() -> Check:
    found = shutil.which("java")
    return Check("Java", State.OK, found or "none; only a Flink cluster needs it")


def main(argv: list[str]) -> int:
    """Print the table; 1 if something is broken."""
    parser = argparse.ArgumentParser(prog="python -m pipeline doctor", description=__doc__)
    parser.add_argument(
        "--root", type=Path, default=Path("output"), help="where runs are written (default: output)"
    )
    options = parser.parse_args(argv)
    checks = diagnose(Path(__file__).resolve().parents[2], options.root)
    table = Table("", "", "found", "what to do", box=None, pad_edge=False)
    marks = {
        State.OK: "[green]ok[/]",
        State.WARN: "[yellow]warn[/]",
        State.BROKEN: "[bold red]broken[/]",
    }
    for check in checks:
        table.add_row(marks[check.state], check.what, escape(check.found), escape(check.advice))
    Console(highlight=False).print(table)
    return int(any(check.state is State.BROKEN for check in checks))
