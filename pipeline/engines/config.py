"""The `[engine]` section: what the data work runs on, and where that is."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

EngineName = Literal["auto", "local", "processes", "portable", "flink", "spark", "dataflow"]


class NodeEngine(BaseModel):
    """What one node does differently."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: EngineName | None = None
    """Another engine for this node alone, such as `local` for an Evaluator on one large machine."""
    args: tuple[str, ...] = ()
    """Further Beam arguments; a later one overrides an earlier one of the same name."""


class Dataflow(BaseModel):
    """Where a Dataflow job runs; only used by the engine `dataflow`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    project: str = ""
    """Google Cloud project id."""
    region: str = ""
    """Such as `europe-west1`."""
    staging: str = ""
    """`gs://bucket/folder` for staged packages and temporary files."""
    image: str = ""
    """The workers' image, with the same Python and lock as here."""
    machine_type: str = "n2-standard-4"
    """Machine type of a worker; 4 GiB per core is enough (docs/engines.md)."""
    max_workers: int = Field(default=10, ge=1)
    """Upper bound of autoscaling."""
    service_account: str = ""
    """Email of the workers' account; empty: the project's default."""


class EngineSection(BaseModel):
    """What the components' Beam jobs run on. Results do not depend on it, so the cache does not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: EngineName = "auto"
    """auto, local, processes, portable, flink, spark or dataflow; `--engine` overrides it. auto is
    `local` for small data and `processes` for large (docs/engines.md)."""
    workers: int = Field(default=0, ge=0)
    """processes: how many; 0: one per core, at most one per 3 GiB of memory."""
    parallelism: int = Field(default=2, ge=1)
    """flink: how many subtasks a job is cut into; no more than the cluster has task slots."""
    job_endpoint: str = ""
    """portable, flink: `host:port` of a running Beam job server. Empty: that of
    `python -m pipeline cluster up`."""
    flink_master: str = ""
    """flink: the JobManager's REST address, such as `http://10.0.0.5:8081`."""
    job_server_jar: str = ""
    """flink: beam-runners-flink-1.20-job-server (or 1.19, as the cluster) of our Beam version; Beam
    starts it for each job where no job_endpoint is named."""
    environment: Literal["EXTERNAL", "PROCESS", "DOCKER"] = "EXTERNAL"
    """portable, flink: how a task manager gets a Python worker: from a worker pool that runs beside
    it, by starting a process, or by starting a container."""
    worker: str = ""
    """portable, flink: the pool's `host:port` as seen from a task manager (EXTERNAL), the command
    (PROCESS), or the image (DOCKER). Empty: the pool of `python -m pipeline cluster up`."""
    staging: str = ""
    """flink: a folder that this machine and every task manager see under the same path, for the
    artifacts of jobs. Only read where Beam starts the job server."""
    packages: tuple[str, ...] = ()
    """Wheels of one's own that workers need, beside ours; relative to the configuration."""
    args: tuple[str, ...] = ()
    """Further Beam arguments for every node."""
    nodes: dict[str, NodeEngine] = {}
    """What single nodes do differently: `[engine.nodes.Evaluator]`."""
    dataflow: Dataflow = Dataflow()
