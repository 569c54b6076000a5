"""On this machine: `local` in this process, `processes` in several; `auto` chooses by the data's size."""

import os
from pathlib import Path

import psutil

from pipeline.engines.site import Site

RUNNER = "--runner=FnApiRunner"
"""Always named: left to choose, Beam tries to download one."""

PROCESSES_FROM = 128 << 20
"""Bytes of input from which `auto` takes several processes. Measured (docs/measurements.md): two workers
cost 63 to 92 CPU seconds a run more than none, at 2 to 189 MiB. On two idle cores the gain so begins
at some 35 MiB; here it is 30 % of the time, for 41 % more CPU."""

MEMORY_PER_WORKER = 3 << 30
"""Bytes: TensorFlow and TFMA imported, and the data in work."""


def in_process(site: Site) -> list[str]:
    """Beam arguments of `local`."""
    # Without some package or image named, every Beam component first packs a copy of TFX to ship to
    # workers (2 s each); in this process there is nobody to ship it to.
    return [RUNNER, "--sdk_container_image=unused"]


def in_processes(site: Site) -> list[str]:
    """Beam arguments of `processes`."""
    return [
        RUNNER,
        "--direct_running_mode=multi_processing",
        f"--direct_num_workers={workers(site)}",
        "--sdk_container_image=unused",
    ]


def workers(site: Site) -> int:
    """How many worker processes: as set, or what cores and memory allow; at least two."""
    return site.section.workers or max(2, _room())


def choose(site: Site) -> str:
    """What `auto` stands for: several processes for much data, where more than one has a core."""
    several = (site.section.workers or _room()) > 1
    return "processes" if several and site.data_bytes >= PROCESSES_FROM else "local"


def _room() -> int:
    """How many worker processes this machine has cores and memory for."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    )
    return min(cores, int(psutil.virtual_memory().total) // MEMORY_PER_WORKER)


def import_path(project: Path, base: Path, inherited: str) -> str:
    """PYTHONPATH for worker processes: our packages, one's own beside the configuration.

    Args:
      project: the folder of our packages.
      base: the configuration's folder.
      inherited: PYTHONPATH as it is.
    """
    places = [str(project), str(base), *inherited.split(os.pathsep)]
    return os.pathsep.join(dict.fromkeys(place for place in places if place))
