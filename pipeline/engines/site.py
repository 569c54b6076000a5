"""What an engine is told of the run it works for, and how it says that it cannot."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.engines.config import EngineSection


class EngineError(ValueError):
    """The engine cannot run here; the message has a line per thing that is missing, and its cure."""


@dataclass(frozen=True)
class Site:
    """A run, as far as engines care."""

    section: EngineSection
    output: Path
    """The folder of all pipelines' outputs: caches and the local cluster are in it."""
    base: Path
    """Where the configuration's relative paths start."""
    data_bytes: int
    """Size of the input files."""
    nodes: tuple[str, ...] = ()
    """Every node's id, for those that the section names."""
