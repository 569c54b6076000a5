"""Where a pipeline's models went, by what its runs wrote of themselves: `push.directory` may be anywhere."""

from pathlib import Path

from pipeline.earlier import history


def folders(root: Path) -> list[Path]:
    """Every folder that runs have pushed to, the one pushed to last first; then those under `root`.

    A folder that is gone is left out.

    Args:
      root: the pipeline's own folder.
    """
    pushed = [run.summary["pushed"] for run in history.runs(root) if run.summary.get("pushed")]
    found = [_today(root, Path(item["path"]).parent) for item in pushed]
    found += sorted((root / "serving").glob("*"))
    unique: dict[Path, Path] = {}
    for path in found:
        if path.is_dir():
            unique.setdefault(path.resolve(), path)
    return list(unique.values())


def folder(root: Path, named: str = "") -> Path:
    """The folder of a pipeline's models: the one its configuration names, or that was pushed to last.

    Args:
      root: the pipeline's own folder; its name is the pipeline's.
      named: `push.directory`; empty where it names none.

    Returns:
      A full path; where nothing was ever pushed, the one that would be pushed to.
    """
    place = Path(named) if named else next(iter(folders(root)), root / "serving" / root.name)
    return place.resolve()


def _today(root: Path, folder: Path) -> Path:
    """The same folder under `root`, for a pipeline whose folder was moved or copied since."""
    own = root / "serving" / folder.name
    inside = folder.parts[-3:-1] == (root.name, "serving")
    return own if inside and own.is_dir() else folder
