"""Which systems are refused, and that the sentence says what would do."""

import pytest

from install.platforms import Interpreter, Refused, check_system, is_supported

DEBIAN_12 = {"path": "python3", "version": (3, 11, 2), "libc": "glibc 2.36"}


def machine(**different: object) -> Interpreter:
    return Interpreter(**{**DEBIAN_12, **different})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("different", "sentence"),
    [
        ({"system": "win32", "machine": "AMD64", "libc": ""}, "Windows is not supported.*WSL 2"),
        ({"machine": "aarch64"}, "linux on aarch64 is not supported"),
        ({"libc": ""}, "no glibc .*Alpine.* start from debian or ubuntu"),
        ({"libc": "glibc 2.31"}, "glibc 2.31 is too old"),
        ({"system": "darwin", "machine": "x86_64", "libc": ""}, "macOS on x86_64 is not supported"),
        ({"system": "freebsd14", "libc": ""}, "freebsd14 on x86_64 is not supported"),
    ],
)
def test_refused_with_what_is_supported(different: dict[str, object], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence) as refusal:
        check_system(machine(**different))
    assert "Supported are Linux on x86_64 with glibc 2.34 or newer" in str(refusal.value)


@pytest.mark.parametrize(
    ("different", "relinked"),
    [
        ({}, True),
        ({"libc": "glibc 2.34"}, True),
        ({"libc": "glibc 2.39"}, False),
        ({"libc": "glibc 2.41.9000"}, False),
        ({"system": "darwin", "machine": "arm64", "libc": ""}, False),
    ],
)
def test_relinking_only_where_it_is_needed(different: dict[str, object], relinked: bool) -> None:
    check_system(machine(**different))
    assert machine(**different).needs_relinking is relinked


@pytest.mark.parametrize(
    ("different", "supported"),
    [
        ({}, True),
        ({"version": (3, 12, 9)}, True),
        ({"version": (3, 10, 13)}, False),
        ({"version": (3, 13, 0)}, False),
        ({"implementation": "pypy"}, False),
    ],
)
def test_pythons(different: dict[str, object], supported: bool) -> None:
    assert is_supported(machine(**different)) is supported
