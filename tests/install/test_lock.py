"""The lock files: every pin verified, nothing about where or on what they were made."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from install.relink import TABLE
from install.steps import pins, select

LOCKS = ("requirements.txt", "requirements-dev.txt", "uv.txt", "build.txt")


def blocks(lock: Path) -> list[str]:
    return re.split(r"\n(?=\S)", lock.read_text().strip())


def direct(root: Path, name: str) -> list[Requirement]:
    lines = (root / "install" / name).read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_hashes(root: Path, name: str) -> None:
    for block in blocks(root / "install" / name):
        assert re.match(r"[a-z0-9-]+==[0-9a-z.]+( ; [^\\]+)? \\\n", block), block[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}$", block), block[:80]


@pytest.mark.parametrize("name", LOCKS)
def test_no_host_and_no_path(root: Path, name: str) -> None:
    text = (root / "install" / name).read_text()
    assert "://" not in text
    assert "--index" not in text
    assert not re.search(r"(^|\s)/\w", text)


@pytest.mark.parametrize(
    ("source", "lock"),
    [
        ("requirements.in", "requirements.txt"),
        ("requirements-dev.in", "requirements-dev.txt"),
        ("uv.in", "uv.txt"),
        ("build.in", "build.txt"),
    ],
)
def test_the_lock_answers_its_source(root: Path, source: str, lock: str) -> None:
    locked = pins(root / "install" / lock)
    for requirement in direct(root, source):
        assert requirement.specifier.contains(Version(locked[requirement.name])), requirement


def test_locks_agree(root: Path) -> None:
    runtime = pins(root / "install/requirements.txt")
    development = pins(root / "install/requirements-dev.txt")
    for name in runtime.keys() & development.keys():
        assert runtime[name] == development[name]
    assert pins(root / "install/uv.txt")["uv"] == development["uv"]
    assert pins(root / "install/build.txt")["setuptools"] == runtime["setuptools"]


def test_relinked_wheels_are_the_locked_ones(root: Path) -> None:
    text = (root / "install/requirements.txt").read_text()
    for name, sums in json.loads(TABLE.read_text()).items():
        distribution, version = name.split("-")[:2]
        assert f"\n{distribution.replace('_', '-')}=={version} " in text
        assert f"--hash=sha256:{sums['registry']}" in text


def test_every_direct_dependency_is_explained(root: Path) -> None:
    explained = (root / "docs/dependencies.md").read_text()
    for source in ("requirements.in", "requirements-dev.in", "overrides.in"):
        for requirement in direct(root, source):
            assert re.search(rf"^\| `{requirement.name}` \| .{{20,}} \|$", explained, re.M), (
                f"docs/dependencies.md has no row that says why {requirement.name} is needed"
            )


@pytest.mark.slow
@pytest.mark.parametrize("python", ["3.11", "3.12"])
@pytest.mark.parametrize(
    ("system", "from_source"),
    [
        ("x86_64-manylinux_2_39", {"rouge-score"}),
        ("aarch64-apple-darwin", {"rouge-score", "pyfarmhash"}),
    ],
)
def test_every_system_has_its_wheels(
    root: Path, tmp_path: Path, system: str, from_source: set[str], python: str
) -> None:
    """Asks the registry, installs nothing: all but the named ones come ready-made, as locked."""
    text = "".join((root / "install" / name).read_text() for name in LOCKS[:2])
    names = re.findall(r"^([a-z0-9-]+)==", text, re.M)
    ready = select(text, [name for name in names if name not in from_source], {})
    (tmp_path / "lock.txt").write_text(ready)
    command = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--dry-run"]
    command += ["--no-deps", "--require-hashes", "--no-build", "-r", "lock.txt"]
    command += ["--python-platform", system, "--python-version", python, "--target", "nowhere"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"Would install 2\d\d packages", done.stderr)
