"""The two wheels built for glibc 2.39: what is refused, what comes out, and that it works."""

import base64
import csv
import hashlib
import json
import os
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from install.elf import NotRelinkable, SharedLibrary
from install.relink import BUILT_FOR, TABLE, relink, relinked_name, sha256

NUMBERS = tuple(int(part) for part in (platform.libc_ver()[1] or "0.0").split(".")[:2])
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or NUMBERS >= (2, 39), reason="nothing is relinked on this system"
)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The registry's two wheels for this Python, as any user's pip gets them."""
    folder = tmp_path_factory.mktemp("registry")
    pins = ["ml-metadata==1.21.0", "tensorflow-data-validation==1.21.0"]
    flags = ["--no-deps", "--only-binary=:all:", "--platform", BUILT_FOR, "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", *flags, *pins]
    subprocess.run(command, check=True)
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def relinked(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("relinked")
    return [relink(wheel, folder) for wheel in wheels]


def libraries(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name.endswith(".so")}


def test_the_table_knows_every_supported_python() -> None:
    table = json.loads(TABLE.read_text())
    assert len(table) == 4
    for name in ("ml_metadata-1.21.0", "tensorflow_data_validation-1.21.0"):
        for tag in ("cp311", "cp312"):
            assert f"{name}-{tag}-{tag}-{BUILT_FOR}.whl" in table


def test_same_bytes_in_another_process(
    wheels: list[Path], relinked: list[Path], tmp_path: Path, root: Path
) -> None:
    for wheel, first in zip(wheels, relinked, strict=True):
        os.utime(wheel, (0, 0))
        command = [sys.executable, "-m", "install.relink", str(wheel), str(tmp_path)]
        subprocess.run(command, cwd=root, check=True, umask=0o077, stdout=subprocess.DEVNULL)
        assert sha256(tmp_path / first.name) == sha256(first)
        assert sha256(first) == json.loads(TABLE.read_text())[wheel.name]["relinked"]


def test_no_newer_requirement_is_left(relinked: list[Path]) -> None:
    newest = {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29), "CXXABI": (1, 3, 13)}  # RHEL 9 has these
    for wheel in relinked:
        for content in libraries(wheel).values():
            for version in SharedLibrary(content).needed_versions():
                family, _, number = version.partition("_")
                if family in newest:
                    assert tuple(map(int, number.split("."))) <= newest[family], version


def test_nothing_else_changed(wheels: list[Path], relinked: list[Path]) -> None:
    for before, after in zip(wheels, relinked, strict=True):
        with zipfile.ZipFile(before) as old, zipfile.ZipFile(after) as new:
            names = {name for name in old.namelist() if not name.endswith("/")}
            assert names == set(new.namelist())
            changed = {name for name in names if old.read(name) != new.read(name)}
        assert {name.rpartition("/")[2] for name in changed if not name.endswith(".so")} == {
            "WHEEL",
            "RECORD",
        }
        for name, content in libraries(after).items():
            original = libraries(before)[name]
            assert len(original) == len(content)
            assert 0 < sum(a != b for a, b in zip(original, content, strict=True)) < 100


def test_record_lists_what_is_there(relinked: list[Path]) -> None:
    for wheel in relinked:
        with zipfile.ZipFile(wheel) as archive:
            record = next(name for name in archive.namelist() if name.endswith("/RECORD"))
            for name, digest, _ in csv.reader(archive.read(record).decode().splitlines()):
                if name != record:
                    wanted = hashlib.sha256(archive.read(name)).digest()
                    assert digest == "sha256=" + base64.urlsafe_b64encode(wanted).decode().strip(
                        "="
                    )


def test_tampered_wheel_is_refused(wheels: list[Path], tmp_path: Path) -> None:
    content = bytearray(wheels[0].read_bytes())
    content[len(content) // 2] ^= 1
    tampered = tmp_path / wheels[0].name
    tampered.write_bytes(content)
    with pytest.raises(NotRelinkable, match=r"is not the wheel that was locked(.|\n)*Received"):
        relink(tampered, tmp_path)
    assert not (tmp_path / relinked_name(tampered.name)).exists()


def test_another_result_is_refused(wheels: list[Path], tmp_path: Path) -> None:
    table = json.loads(TABLE.read_text())
    table[wheels[0].name]["relinked"] = "0" * 64
    other = tmp_path / "relinked.json"
    other.write_text(json.dumps(table))
    with pytest.raises(NotRelinkable, match="different from what was tested"):
        relink(wheels[0], tmp_path, other)
    assert list(tmp_path.iterdir()) == [other]


def test_unknown_wheel_is_refused(wheels: list[Path], tmp_path: Path) -> None:
    other = tmp_path / wheels[0].name.replace("1.21.0", "1.22.0")
    other.write_bytes(wheels[0].read_bytes())
    with pytest.raises(NotRelinkable, match=r"is not in relinked\.json"):
        relink(other, tmp_path)


# libstdc++ sets up std::cout when some library of the process asks it to; the relinked ones no
# longer ask by themselves. A constructed stream has a virtual table, and writes.
SPEAK = """
import ctypes, sys
library = ctypes.CDLL("libstdc++.so.6")
stream = ctypes.c_void_p.in_dll(library, "_ZSt4cout")
if not stream.value:
    sys.exit("std::cout is not initialised")
address = ctypes.c_void_p(ctypes.addressof(stream))
library._ZNSo5writeEPKcl(address, b"spoken", ctypes.c_long(6))
library._ZNSo5flushEv(address)
"""


@pytest.mark.parametrize(
    "module",
    [
        "ml_metadata.metadata_store.pywrap.metadata_store_extension",
        "tensorflow_data_validation.pywrap.tensorflow_data_validation_extension",
    ],
)
def test_imports_and_std_cout_works(module: str) -> None:
    code = f"import {module}\n{SPEAK}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("spoken")


def test_std_cout_needs_someone_to_ask() -> None:
    """The check above means something: without such a library it fails (glibc < 2.39 systems)."""
    done = subprocess.run([sys.executable, "-c", SPEAK], capture_output=True, text=True)
    assert "not initialised" in done.stderr
