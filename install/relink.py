"""Makes the two wheels that are built for glibc 2.39 load on glibc 2.34 and newer.

Only ml-metadata and tensorflow-data-validation are built that new; what they use of it is four
number parsers, one marker and one way to die (see SYMBOLS). A relinked wheel has the same content
but for those names, its tag and its RECORD, and is the same to the byte wherever it is made:
`relinked.json` says which sha256 the registry's wheel must have, and which the result.

    python -m install.relink WHEEL FOLDER      relink one wheel, checked against the table
    python -m install.relink --record WHEEL…   rewrite the table (for whoever updates the lock)
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import sys
import tempfile
import zipfile
from pathlib import Path

from install.elf import NotRelinkable, SharedLibrary

TABLE = Path(__file__).with_name("relinked.json")
BUILT_FOR, MADE_FOR = "manylinux_2_39_x86_64", "manylinux_2_34_x86_64"

SYMBOLS = {
    # C23's parsers also read 0b…; these libraries parse decimal numbers.
    "__isoc23_strtol": "strtol",
    "__isoc23_strtoul": "strtoul",
    "__isoc23_strtoll": "strtoll",
    "__isoc23_strtoull": "strtoull",
    # Never called: it makes the linker pick a libstdc++ that sets up std::cout, which the other
    # libraries of the process do (a test checks that they did).
    "_ZSt21ios_base_library_initv": "_ZSt9terminatev",
    # Ends the process when an exception leaves a noexcept function; std::terminate does too.
    "__cxa_call_terminate": "_ZSt9terminatev",
}
VERSIONS = {
    "GLIBC_2.38": "GLIBC_2.2.5",
    "GLIBCXX_3.4.32": "GLIBCXX_3.4",
    "CXXABI_1.3.15": "GLIBCXX_3.4",
}


def relinked_name(wheel_name: str) -> str:
    """The file name after relinking: the same but for the platform tag."""
    return wheel_name.replace(BUILT_FOR, MADE_FOR)


def relink(wheel: Path, folder: Path, table: Path = TABLE) -> Path:
    """Write the relinked `wheel` into `folder`, or raise if it is not what the table says.

    Raises:
        NotRelinkable: the wheel is unknown, is not the registry's, or comes out different.
    """
    expected = json.loads(table.read_text(encoding="utf-8")).get(wheel.name)
    if expected is None:
        raise NotRelinkable(f"{wheel.name} is not in {table.name}")
    _verify(wheel, expected["registry"], "is not the wheel that was locked")
    result = _write(wheel, folder)
    try:
        _verify(
            result, expected["relinked"], "came out of relinking different from what was tested"
        )
    except NotRelinkable:
        result.unlink()
        raise
    return result


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _verify(path: Path, expected: str, complaint: str) -> None:
    received = sha256(path)
    if received != expected:
        raise NotRelinkable(
            f"{path.name} {complaint}.\n  Expected sha256 {expected}\n  Received sha256 {received}"
        )


def _write(wheel: Path, folder: Path) -> Path:
    """Relink without looking at the table. Stored, sorted, dated 1980: the same bytes every time."""
    with zipfile.ZipFile(wheel) as source:
        files = {name: source.read(name) for name in source.namelist() if not name.endswith("/")}
    libraries = [name for name in files if name.endswith(".so")]
    if not libraries:
        raise NotRelinkable(f"{wheel.name} holds no shared library")
    for name in libraries:
        library = SharedLibrary(files[name])
        library.lower(SYMBOLS, VERSIONS)
        files[name] = bytes(library.data)
    tag_file = next(name for name in files if name.endswith(".dist-info/WHEEL"))
    files[tag_file] = files[tag_file].replace(BUILT_FOR.encode(), MADE_FOR.encode())
    record = next(name for name in files if name.endswith(".dist-info/RECORD"))
    del files[record]
    files[record] = _record(files, record)
    result = folder / relinked_name(wheel.name)
    partial = result.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as target:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, so that the permissions count
            entry.external_attr = (0o100755 if name in libraries else 0o100644) << 16
            target.writestr(entry, files[name])
    return partial.replace(result)


def _record(files: dict[str, bytes], record: str) -> bytes:
    """The wheel's own list of files with their hashes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for name in sorted(files):
        digest = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(b"=")
        writer.writerow([name, "sha256=" + digest.decode(), len(files[name])])
    writer.writerow([record, "", ""])
    return text.getvalue().encode()


def main(argv: list[str]) -> int:
    if argv[:1] == ["--record"] and len(argv) > 1:
        table = {}
        with tempfile.TemporaryDirectory() as folder:
            for wheel in sorted(Path(name) for name in argv[1:]):
                result = _write(wheel, Path(folder))
                table[wheel.name] = {"registry": sha256(wheel), "relinked": sha256(result)}
        TABLE.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
        print(f"{TABLE.name}: {len(table)} wheels")
        return 0
    if len(argv) != 2:
        print((__doc__ or "").strip(), file=sys.stderr)
        return 2
    try:
        print(relink(Path(argv[0]), Path(argv[1])))
    except NotRelinkable as error:
        print(f"relink: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
