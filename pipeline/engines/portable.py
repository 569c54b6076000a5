"""Through Beam's Job API: a job server, and workers that share nothing with this process."""

import json
import shlex
from pathlib import Path

from pipeline.engines import checks
from pipeline.engines.site import Site
from pipeline.local_cluster import state

UP = "python -m pipeline cluster up"


def problems(site: Site) -> list[str]:
    """What keeps a job from being sent to a job server."""
    cure = f"start it, or `{UP} --kind portable` for one on this machine"
    job_endpoint, _ = addresses(site)
    if not job_endpoint:
        return [f"no job server: set engine.job_endpoint to host:port, or `{UP} --kind portable`"]
    return [
        *checks.endpoint(job_endpoint, "the Beam job server (engine.job_endpoint)", cure),
        *worker_problems(site),
        *package_problems(site),
    ]


def args(site: Site, wheel: Path) -> list[str]:
    """Beam arguments of `portable`."""
    job_endpoint, _ = addresses(site)
    return [
        "--runner=PortableRunner",
        f"--job_endpoint={job_endpoint}",
        # Heeded by Beam's own job service; others have their own measure of parallelism.
        f"--direct_num_workers={site.section.parallelism}",
        *shared(site, wheel),
    ]


def shared(site: Site, wheel: Path) -> list[str]:
    """What every job server needs to know of workers."""
    section = site.section
    _, worker = addresses(site)
    if section.environment == "PROCESS":
        worker = json.dumps({"command": worker})
    return [
        f"--environment_type={section.environment}",
        f"--environment_config={worker}",
        "--sdk_worker_parallelism=1",
        f"--extra_package={wheel}",
        *(f"--extra_package={Path(site.base, name).resolve()}" for name in section.packages),
    ]


def addresses(site: Site) -> tuple[str, str]:
    """(job server, worker) as set, else those of the cluster on this machine, else empty."""
    section = site.section
    own = state.read(site.output)
    return (
        section.job_endpoint or (own.job_endpoint if own else ""),
        section.worker or (own.worker if own and section.environment == "EXTERNAL" else ""),
    )


def worker_problems(site: Site) -> list[str]:
    """No worker can be had, or only one with other code than ours."""
    section = site.section
    _, worker = addresses(site)
    if not worker:
        wanted = {
            "EXTERNAL": "the worker pool's host:port",
            "PROCESS": "the command that starts a worker (Beam's boot)",
            "DOCKER": "the workers' image",
        }[section.environment]
        return [f"engine.worker is not set: {wanted}, or `{UP}` for a cluster on this machine"]
    if section.environment == "EXTERNAL":
        cure = f"start it (docs/engines.md), or `{UP}` for one on this machine"
        found = checks.endpoint(worker, "the worker pool (engine.worker)", cure)
        return found or _stale(site)
    if section.environment == "PROCESS":
        command = Path(shlex.split(worker)[0])
        if not command.is_absolute():
            return [f"engine.worker: the command needs its full path. Received: '{worker}'"]
    return []


def _stale(site: Site) -> list[str]:
    from pipeline.engines import wheel

    own = state.read(site.output)
    if own is None or site.section.worker:
        return []
    if own.wheel != wheel.digest():
        return [f"the workers on this machine have older code than this: `{UP}` gives them today's"]
    return []


def package_problems(site: Site) -> list[str]:
    """A wheel of the user's own that is not there."""
    places = [Path(site.base, name).resolve() for name in site.section.packages]
    return [
        f"engine.packages: no file {place}: build it with `pip wheel --no-deps`"
        for place in places
        if not place.is_file()
    ]
