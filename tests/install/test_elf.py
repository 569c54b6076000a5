"""The editor of version requirements, on the C compiler's own smallest library where there is one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from install.elf import NotRelinkable, SharedLibrary, sysv_hash

# A function bound to a version that older systems lack, and one under a name they have.
SOURCE = """
#include <stdlib.h>
long number(const char *text) { return strtol(text, 0, 10); }
void leave(void) { exit(0); }
"""


@pytest.fixture
def library(tmp_path: Path) -> bytes:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    (tmp_path / "tiny.c").write_text(SOURCE)
    command = [compiler, "-shared", "-fPIC", "-o", "tiny.so", "tiny.c"]
    subprocess.run(command, cwd=tmp_path, check=True)
    return (tmp_path / "tiny.so").read_bytes()


@pytest.mark.parametrize(
    ("name", "value"), [("GLIBC_2.2.5", 0x09691A75), ("GLIBCXX_3.4", 0x08922974)]
)
def test_hash_is_the_linkers(name: str, value: int) -> None:
    assert sysv_hash(name) == value  # as `readelf -V --wide` and `objdump -p` print them


def test_reads_versions(library: bytes) -> None:
    assert "GLIBC_2.2.5" in SharedLibrary(library).needed_versions()


def test_renames_and_keeps_size(library: bytes) -> None:
    edited = SharedLibrary(library)
    renames = {name: name for name in ("strtol", "exit", "__isoc23_strtol", "__cxa_finalize")}
    edited.lower(renames | {"strtol": "abs", "__isoc23_strtol": "abs"}, {"GLIBC_2.2.5": "GLIBC_2"})
    assert "GLIBC_2" in edited.needed_versions()
    assert "GLIBC_2.2.5" not in edited.needed_versions()
    assert len(edited.data) == len(library)
    assert b"\0abs\0" in edited.data


def test_symbol_without_an_older_name(library: bytes) -> None:
    with pytest.raises(NotRelinkable, match="no older name is known for .*exit"):
        SharedLibrary(library).lower({}, {"GLIBC_2.2.5": "GLIBC_2"})


def test_name_that_does_not_fit(library: bytes) -> None:
    longer = {name: name for name in ("strtol", "__isoc23_strtol", "__cxa_finalize")}
    with pytest.raises(NotRelinkable, match="does not fit"):
        SharedLibrary(library).lower(
            longer | {"exit": "a_name_longer_than_exit"}, {"GLIBC_2.2.5": "GLIBC_2"}
        )


def test_not_a_library() -> None:
    with pytest.raises(NotRelinkable, match="not a 64-bit"):
        SharedLibrary(b"#!/bin/sh\n")
