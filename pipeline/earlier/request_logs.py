"""Where request logs lie: what servers on this machine wrote, or what a command names."""

import glob
from collections.abc import Sequence
from pathlib import Path

FOLDER = "requests"
"""Below a pipeline's own folder: what `serve --log_requests` writes to."""
PAGES = "monitor"
"""Below a pipeline's own folder: what `monitor` writes."""


def files(names: Sequence[str]) -> list[Path]:
    """Every file that is meant, sorted.

    Args:
      names: files, folders (their `*.tfrecord`), or patterns.

    Raises:
      ValueError: nothing there; the message says how a log comes to be.
    """
    found = {path for name in names for path in _meant(name) if path.is_file()}
    if not found:
        raise ValueError(
            f"no request log: {', '.join(names)}. `python -m pipeline serve --log_requests 1` writes "
            "one; in production it is a model's `logging_config` (docs/serving.md)"
        )
    return sorted(found)


def _meant(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        return list(path.glob("*.tfrecord"))
    return [path] if path.is_file() else [Path(match) for match in glob.glob(name)]
