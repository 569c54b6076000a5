"""Where models lie: a SavedModel's folder, a folder of numbered versions, a Trainer's output."""

from pathlib import Path

BLESSED = "blessed"
"""In a configuration: the last pushed model of the same pipeline."""
_FILE = "saved_model.pb"
_IN_TRAINER_OUTPUT = "Format-Serving"
"""Where TFX's Trainer puts the model that is to be served."""

LITE_FOLDER = "lite"
"""Beside a training's history: the network alone as a SavedModel; in a pushed version below
`assets.extra`: the files made of it."""
LITE_DESCRIPTION = "network.json"
"""In the former: what the network takes and answers."""
LITE_REPORT = "lite.json"
"""In the latter: the same, with the files and how good they are."""


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
    """The SavedModel at a place: the place itself, the one a Trainer put there, or the highest version
    in it; None for none of them.
    """
    for folder in (place, place / _IN_TRAINER_OUTPUT):
        if (folder / _FILE).is_file():
            return folder
    found = versions(place)
    return place / str(max(found)) if found else None
