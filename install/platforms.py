"""Which Pythons and systems the locked dependencies have wheels for, and what to say otherwise."""

from __future__ import annotations

from dataclasses import dataclass

SUPPORTED_PYTHONS = ((3, 12), (3, 11))
"""Newest first. TFX 1.21 has no wheels for 3.10 or 3.13."""

RELINK_BELOW = (2, 39)
"""Two of TFX's wheels are built for this glibc; on an older one they are relinked."""

OLDEST_GLIBC = (2, 34)
"""What the relinked wheels still need: Debian 12, Ubuntu 22.04, RHEL 9 have it."""

SUPPORTED = (
    "Supported are Linux on x86_64 with glibc 2.34 or newer (Debian 12, Ubuntu 22.04, RHEL 9 and "
    "later) and macOS 12 or newer on Apple silicon, each with Python 3.11 or 3.12."
)


class Refused(Exception):
    """Nothing can be set up here; the text says why and what would help."""


@dataclass(frozen=True)
class Interpreter:
    """A Python that was started and asked about itself."""

    path: str
    version: tuple[int, int, int]
    implementation: str = "cpython"
    system: str = "linux"
    machine: str = "x86_64"
    libc: str = ""
    """`glibc 2.36` on most Linux systems; empty on macOS and with musl."""
    has_venv: bool = True

    @property
    def label(self) -> str:
        return ".".join(map(str, self.version))

    @property
    def minor(self) -> tuple[int, int]:
        return self.version[:2]

    @property
    def glibc(self) -> tuple[int, int] | None:
        if not self.libc.startswith("glibc "):
            return None
        major, minor = self.libc.split()[1].split(".")[:2]
        return int(major), int(minor)

    @property
    def needs_relinking(self) -> bool:
        return self.glibc is not None and self.glibc < RELINK_BELOW


def check_system(python: Interpreter) -> None:
    """Raise Refused where no Python of any version would help."""
    if python.system == "darwin":
        if python.machine != "arm64":
            raise Refused(f"macOS on {python.machine} is not supported. {SUPPORTED}")
        return
    if python.system.startswith("win"):
        raise Refused(
            "Windows is not supported: TFX has no wheels for it. "
            f"Ubuntu 24.04 under WSL 2 works. {SUPPORTED}"
        )
    if python.system != "linux" or python.machine != "x86_64":
        raise Refused(f"{python.system} on {python.machine} is not supported. {SUPPORTED}")
    if python.glibc is None:
        raise Refused(
            "This Linux has no glibc (Alpine and others use musl), which TensorFlow's wheels need. "
            f"In a container, start from debian or ubuntu. {SUPPORTED}"
        )
    if python.glibc < OLDEST_GLIBC:
        raise Refused(f"{python.libc} is too old. {SUPPORTED}")


def is_supported(python: Interpreter) -> bool:
    """Whether the lock can be installed for this Python (its system was checked before)."""
    return python.implementation == "cpython" and python.minor in SUPPORTED_PYTHONS
