"""On a Flink 1.19 or 1.20 cluster. Later lines have another batch translation in Beam."""

import importlib.metadata
from pathlib import Path

from pipeline.engines import checks, portable
from pipeline.engines.site import Site
from pipeline.local_cluster import state

JOB_SERVERS = ("beam-runners-flink-1.20-job-server", "beam-runners-flink-1.19-job-server")
ENVIRONMENT_CACHE = 30_000
"""Milliseconds an idle worker is kept within a job: longer than the pause between two stages, short
enough that the workers of finished jobs do not fill the memory."""


def problems(site: Site) -> list[str]:
    """What keeps a job from running on the cluster."""
    section = site.section
    found = []
    if not master(site):
        return [
            "no Flink cluster: set engine.flink_master to its REST address, or "
            f"`{portable.UP}` for one on this machine"
        ]
    found += checks.flink_master(
        master(site), section.parallelism, f"start it, or `{portable.UP}` for one on this machine"
    )
    job_endpoint, _ = portable.addresses(site)
    if job_endpoint:
        cure = f"start it, or `{portable.UP}` for one on this machine"
        found += checks.endpoint(job_endpoint, "the Beam job server (engine.job_endpoint)", cure)
    elif section.job_server_jar:
        jar = Path(site.base, section.job_server_jar)
        found += checks.java()
        kind = next((name for name in JOB_SERVERS if jar.name.startswith(name)), JOB_SERVERS[0])
        found += checks.job_server_jar(jar, kind, importlib.metadata.version("apache-beam"))
        found += checks.folder(section.staging, "engine.staging")
    else:
        found.append(
            "no Beam job server: set engine.job_endpoint to a running one, or engine.job_server_jar"
            " to the jar that Beam starts for each job"
        )
    return found + portable.worker_problems(site) + portable.package_problems(site)


def args(site: Site, wheel: Path) -> list[str]:
    """Beam arguments of `flink`."""
    section = site.section
    job_endpoint, _ = portable.addresses(site)
    if job_endpoint:
        server = [f"--job_endpoint={job_endpoint}"]
    else:
        jar = Path(site.base, section.job_server_jar).resolve()
        server = [f"--flink_job_server_jar={jar}", f"--artifacts_dir={section.staging}"]
    return [
        "--runner=FlinkRunner",
        f"--flink_master={master(site)}",
        *server,
        f"--parallelism={section.parallelism}",
        # Fuses what can be fused before the job is sent: fewer hops between Java and Python.
        "--experiments=pre_optimize=all",
        f"--environment_cache_millis={ENVIRONMENT_CACHE}",
        *portable.shared(site, wheel),
    ]


def master(site: Site) -> str:
    """The JobManager's REST address as set, else that of the cluster on this machine, else empty."""
    own = state.read(site.output)
    return site.section.flink_master or (own.flink_master if own else "")
