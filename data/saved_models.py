"""Where models lie: a SavedModel's folder, or a folder of numbered versions as servers watch it."""

from pathlib import Path

_FILE = "saved_model.pb"


def versions(place: Path) -> list[int]:
    """Numbers of the versions in a folder, none where it is not there."""
    if not place.is_dir():
        return []
    return [
        int(folder.name)
        for folder in place.iterdir()
        if folder.name.isdigit() and (folder / _FILE).is_file()
    ]


def latest(place: Path) -> Path | None:
    """The SavedModel at a place: the place itself or the highest version in it; None for neither."""
    if (place / _FILE).is_file():
        return place
    found = versions(place)
    return place / str(max(found)) if found else None
