"""Folders that look like SavedModels."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def saved_model(tmp_path: Path) -> Callable[..., Path]:
    """Writes a folder of so many files below a sub-folder, each with this content."""

    def make(name: str, content: str = "", files: int = 3) -> Path:
        folder = tmp_path / name
        (folder / "variables").mkdir(parents=True)
        (folder / "saved_model.pb").write_text(content or name)
        for number in range(files):
            (folder / "variables" / f"part-{number}").write_text((content or name) * 50)
        return folder

    return make
