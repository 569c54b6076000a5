"""docs/configuration.md says what the code says."""

import importlib.util
from pathlib import Path


def test_the_page_is_up_to_date(root: Path) -> None:
    path = root / "docs" / "make_configuration.py"
    spec = importlib.util.spec_from_file_location("make_configuration", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = (root / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert written == module.page(), "run `python docs/make_configuration.py`"


def test_every_key_is_explained(root: Path) -> None:
    rows = [
        line
        for line in (root / "docs" / "configuration.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    assert len(rows) > 30
    unexplained = [row for row in rows if row.rstrip(" |").endswith("`")]
    assert unexplained == []
