"""The `[deploy]` section: what the files for the real TensorFlow Serving are filled in with."""

from pydantic import BaseModel, ConfigDict, Field

_QUANTITY = r"^\d+(\.\d+)?(m|[KMGT]i?)?$"
_LABEL = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"


class DeploySection(BaseModel):
    """Deployment files, written by `python -m pipeline deploy`. They reach no node of a run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: str = Field(default="tensorflow/serving:2.20.0", pattern=r"^[\w./:@-]+$")
    """The container that serves."""
    rest_port: int = Field(default=8501, ge=1, le=65535)
    """Where REST is reached from outside the container."""
    grpc_port: int = Field(default=8500, ge=1, le=65535)
    """Where gRPC is."""
    versions: int = Field(default=2, ge=1, le=100)
    """Newest versions kept loaded; two let a client go on with the one before."""
    max_batch_size: int = Field(default=64, ge=1)
    """Rows in a batch across requests."""
    batch_timeout_micros: int = Field(default=1000, ge=0)
    """Longest wait for a batch to fill, in microseconds."""
    max_enqueued_batches: int = Field(default=100, ge=1)
    """Batches that may wait; beyond them requests are answered 503."""
    batch_threads: int = Field(default=4, ge=1)
    """Batches that run at once; about the number of cores."""
    namespace: str = Field(default="default", pattern=_LABEL)
    """Of Kubernetes."""
    replicas: int = Field(default=2, ge=1)
    """Pods, or for KServe the fewest."""
    cpu: str = Field(default="2", pattern=_QUANTITY)
    """Cores asked for per replica, as Kubernetes writes them: `2`, `500m`."""
    memory: str = Field(default="2Gi", pattern=_QUANTITY)
    """Memory per replica, asked for and allowed."""
    volume_claim: str = Field(default="models", pattern=_LABEL)
    """The PersistentVolumeClaim that holds the served folder under the model's name."""
    storage_uri: str = Field(default="", pattern=r"^([a-z0-9]+://[^\s\"\\]+)?$")
    """For KServe: where the version directories are; empty: `pvc://<volume_claim>/<model>`."""
