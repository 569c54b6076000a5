"""What the data is, as one number: the same content gives the same one wherever and whenever it lies."""

import hashlib
import json
import os
import time
from pathlib import Path

from data.sources import Source

CHUNK = 1 << 20
SETTLED_NS = 2_000_000_000
"""A file younger than this is read again next time: it may change without its time changing."""


def fingerprint(source: Source, cache: Path | None = None) -> str:
    """sha256 over the sorted relative names and contents of a source's files.

    Args:
      source: the files.
      cache: a JSON file that remembers each file's digest by path, size, modification time and
        inode, so that an unchanged gigabyte is not read again. None: everything is read.

    Returns:
      64 hexadecimal digits.
    """
    known = _load(cache)
    kept: dict[str, list[object]] = {}
    total = hashlib.sha256()
    changed = False
    for file in source.files:
        status = file.stat()
        state = [status.st_size, status.st_mtime_ns, status.st_ino]
        entry = known.get(str(file))
        if entry is not None and entry[:3] == state:
            digest = str(entry[3])
            kept[str(file)] = entry
        else:
            digest = _digest(file)
            changed = True
            if time.time_ns() - status.st_mtime_ns > SETTLED_NS:
                kept[str(file)] = [*state, digest]
        name = file.relative_to(source.root).as_posix()
        total.update(f"{name}\0{digest}\n".encode(errors="surrogateescape"))
    if cache is not None and changed:
        others = {path: entry for path, entry in known.items() if os.path.exists(path)}
        _save(cache, others | kept)
    return total.hexdigest()


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _load(cache: Path | None) -> dict[str, list[object]]:
    """What was remembered; nothing where the file is missing or not ours."""
    if cache is None:
        return {}
    try:
        entries = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(entries, dict):
        return {}
    return {
        path: entry
        for path, entry in entries.items()
        if isinstance(entry, list) and len(entry) == 4
    }


def _save(cache: Path, entries: dict[str, list[object]]) -> None:
    """Written beside and renamed: another run never reads half of it."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    beside = cache.with_name(f"{cache.name}.{os.getpid()}")
    beside.write_text(json.dumps(entries), encoding="utf-8")
    beside.replace(cache)
