"""A job service and workers in processes of their own, whose only code of ours is the wheel."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import cluster
from pipeline.local_cluster import state


@pytest.fixture(scope="module")
def portable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in whose `output` a portable cluster is up."""
    folder = tmp_path_factory.mktemp("portable")
    output = folder / "output"
    assert cluster.main(["up", "--kind", "portable", "--root", str(output)]) == 0
    yield folder
    up = state.read(output)
    assert up is not None
    assert cluster.main(["down", "--root", str(output)]) == 0
    assert [process.name for process in up.processes if process.found()] == []
