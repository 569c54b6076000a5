"""A site to ask engines about: nothing runs, nothing is set, unless a test says so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.engines.config import EngineSection
from pipeline.engines.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Callable[..., Site]:
    """Makes a site from the keys of `[engine]`."""

    def make(data_bytes: int = 1 << 20, output: Path = tmp_path, **keys: Any) -> Site:
        section = EngineSection.model_validate(keys)
        return Site(section, output, tmp_path, data_bytes, ("ExampleGen", "Evaluator"))

    return make
