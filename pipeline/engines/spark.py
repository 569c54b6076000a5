"""On Spark 3.5 through a running Beam job server, by the same seam as Flink."""

from pathlib import Path

from pipeline.engines import checks, portable
from pipeline.engines.site import Site

JOB_SERVER = "beam-runners-spark-3-job-server"


def problems(site: Site) -> list[str]:
    """What keeps a job from being sent to Spark's job server."""
    job_endpoint, _ = portable.addresses(site)
    if not job_endpoint:
        return [
            f"no Beam job server for Spark: start {JOB_SERVER} with the master's address and set "
            f"engine.job_endpoint, or `{portable.UP} --kind spark` for one on this machine"
        ]
    cure = f"start it, or `{portable.UP} --kind spark` for one on this machine"
    return [
        *checks.endpoint(job_endpoint, "the Beam job server (engine.job_endpoint)", cure),
        *portable.worker_problems(site),
        *portable.package_problems(site),
    ]


def args(site: Site, wheel: Path) -> list[str]:
    """Beam arguments of `spark`."""
    job_endpoint, _ = portable.addresses(site)
    # PortableRunner, not SparkRunner: the job server knows its master, and SparkRunner would only
    # add a way to start one.
    return [
        "--runner=PortableRunner",
        f"--job_endpoint={job_endpoint}",
        *portable.shared(site, wheel),
    ]
