"""The steps of `make setup` that download and install, each by pip or uv with pinned hashes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from install import index
from install.elf import NotRelinkable
from install.platforms import Interpreter
from install.relink import BUILT_FOR, relink, relinked_name, sha256

HEARTBEAT_SECONDS = 15


class Failed(Exception):
    """A step did not work; the text is for the person who ran it."""


def say(line: str) -> None:
    print(f"setup: {line}", flush=True)


class Installer:
    """Fills one virtual environment from the lock files of one folder.

    Args:
        folder: holds `requirements.txt`, `requirements-dev.txt`, `build.txt`, `uv.txt` and
            `relinked.json`.
        venv: the environment, made by `make_venv`.
        python: what it is made with.
        outer_uv: a uv found on this machine, used where Python cannot install one.
        environment: variables for pip and uv: indexes, certificates, proxies.
    """

    def __init__(
        self,
        folder: Path,
        venv: Path,
        python: Interpreter,
        outer_uv: str | None,
        environment: Mapping[str, str],
    ) -> None:
        self.folder = folder
        self.venv = venv
        self.python = python
        self.uv = outer_uv
        self.environment = dict(environment)
        self.environment.pop("PYTHONPATH", None)

    @property
    def inside(self) -> str:
        return str(self.venv / "bin" / "python")

    def make_venv(self) -> None:
        if Path(self.inside).exists():
            return
        # Neither call clears the folder: setup.json lies in it already.
        if self.python.has_venv:
            self._run("making .venv", [self.python.path, "-m", "venv", str(self.venv)])
        else:
            command = [str(self.uv), "venv", "--allow-existing", "--python", self.python.path]
            self._run("making .venv", [*command, str(self.venv)])

    def install_uv(self) -> None:
        """uv at its locked version; pip's settings are passed on to it from here on."""
        pinned = pins(self.folder / "uv.txt")["uv"]
        own = str(self.venv / "bin" / "uv")
        if _version_of(own) == pinned:
            self.uv = own
        elif self.python.has_venv and _version_of(self.uv) != pinned:
            self._pip("installing uv", "install", "-r", str(self.folder / "uv.txt"))
            self.uv = own
        settings = index.pip_settings(self.inside)
        self.environment = index.uv_environment(settings, self.environment)

    def relinked_wheels(self) -> dict[str, Path]:
        """The wheels that need an older glibc, by name; made where they are not there yet."""
        table: dict[str, dict[str, str]] = json.loads((self.folder / "relinked.json").read_text())
        tag = "-cp{}{}-".format(*self.python.minor)
        wanted = {name: sums for name, sums in table.items() if tag in name}
        kept = self.venv / "relinked"
        kept.mkdir(exist_ok=True)
        results = {distribution(name): kept / relinked_name(name) for name in wanted}
        if all(
            results[distribution(name)].exists()
            and sha256(results[distribution(name)]) == sums["relinked"]
            for name, sums in wanted.items()
        ):
            return results
        say(
            f"{self.python.libc} is older than the 2.39 that {' and '.join(sorted(results))} are "
            "built for: downloading, checking and relinking them"
        )
        with tempfile.TemporaryDirectory() as scratch:
            pinned = Path(scratch, "pins.txt")
            pinned.write_text(
                "".join(
                    f"{distribution(name)}=={name.split('-')[1]} --hash=sha256:{sums['registry']}\n"
                    for name, sums in wanted.items()
                )
            )
            # pip can fetch a wheel for another platform, which uv cannot.
            self._uv("installing pip", ["pip"])
            version = "{}.{}".format(*self.python.minor)
            self._pip(
                "downloading two wheels",
                *("download", "--dest", scratch, "--no-deps", "--only-binary=:all:"),
                *("--platform", BUILT_FOR, "--python-version", version, "-r", str(pinned)),
            )
            try:
                for name in wanted:
                    relink(Path(scratch, name), kept, self.folder / "relinked.json")
            except (NotRelinkable, OSError) as error:
                raise Failed(f"relinking failed: {error}") from error
        return results

    def install_lock(self, replaced: Mapping[str, Path]) -> None:
        """Everything in the lock, with `replaced` distributions from files of ours."""
        count = len(pins(self.folder / "requirements.txt"))
        self._uv(f"installing about {count} locked packages", None, replaced)

    def _uv(
        self,
        title: str,
        only: Sequence[str] | None,
        replaced: Mapping[str, Path] = {},
    ) -> None:
        text = "".join(
            (self.folder / name).read_text(encoding="utf-8")
            for name in ("requirements.txt", "requirements-dev.txt")
        )
        with tempfile.TemporaryDirectory() as scratch:
            lock = Path(scratch, "lock.txt")
            lock.write_text(select(text, only, replaced), encoding="utf-8")
            command = [str(self.uv), "pip", "install", "--python", self.inside, "--no-deps"]
            command += ["--require-hashes", "-r", str(lock)]
            command += ["--build-constraints", str(self.folder / "build.txt")]
            if self.environment.get("PYTHONDONTWRITEBYTECODE"):
                # Python may not keep what it compiles here, and TFX compiles for 10 s at each start.
                command += ["--compile-bytecode"]
            self._run(title, command)

    def _pip(self, title: str, verb: str, *arguments: str) -> None:
        flags = ["--require-hashes", "--no-input", "--disable-pip-version-check"]
        self._run(title, [self.inside, "-m", "pip", verb, *flags, *arguments])

    def _run(self, title: str, command: Sequence[str]) -> None:
        """Run quietly with a sign of life; show what it said only if it fails."""
        say(title)
        started, log = time.monotonic(), self.venv / "setup.log"
        with log.open("ab+") as output:
            begin = output.tell()
            process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env=self.environment
            )
            try:
                while True:
                    try:
                        process.wait(HEARTBEAT_SECONDS)
                        break
                    except subprocess.TimeoutExpired:
                        say(f"  … {time.monotonic() - started:.0f} s")
            except BaseException:
                process.terminate()
                process.wait()
                raise
            output.seek(begin)
            said = output.read().decode(errors="replace").strip()
        if process.returncode:
            last = "\n".join(said.splitlines()[-25:])
            print(last, file=sys.stderr)
            raise Failed(
                f"{title} failed (exit code {process.returncode}); the tool's own words are above, "
                f"all of them in {log}. Call `make setup` again when the cause is removed."
            )


def pins(lock: Path) -> dict[str, str]:
    """Distribution → version, for every pin in a lock file."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    heads = [line.split(" ")[0].split("==") for line in lines if line[:1].isalnum()]
    return {head[0]: head[1] for head in heads}


def select(text: str, only: Sequence[str] | None, replaced: Mapping[str, Path]) -> str:
    """The pins of a lock, or `only` some, with `replaced` distributions read from local files."""
    blocks: list[str] = []
    for line in text.splitlines():
        if line[:1].isalnum():
            blocks.append(line + "\n")
        elif line.startswith("    --hash="):
            blocks[-1] += line + "\n"
    kept = [block for block in blocks if block.split("==")[0] not in replaced]
    if only is not None:
        kept = [block for block in kept if block.split("==")[0] in only]
    for name, file in replaced.items():
        kept.append(f"{name} @ {file.resolve().as_uri()} --hash=sha256:{sha256(file)}\n")
    return "".join(kept)


def distribution(wheel_name: str) -> str:
    return wheel_name.split("-")[0].replace("_", "-")


def _version_of(uv: str | None) -> str:
    try:
        said = subprocess.run([uv or "", "--version"], stdout=subprocess.PIPE)
    except OSError:
        return ""
    return [*said.stdout.decode().split(), "", ""][1]
