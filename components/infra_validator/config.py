"""The `[infra_validate]` section: how a model has to prove that it can be served."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator


class InfraValidateSection(BaseModel):
    """Before a model is pushed, a server loads it and answers real rows as the model itself does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    """False leaves the InfraValidator out; then the Evaluator's blessing alone decides. Saves one
    start of a server, some 6 CPU seconds."""
    rows: int = Field(default=50, ge=1, le=10_000)
    """Rows of the test split that the server is asked about."""
    tolerance: float = Field(default=1e-3, gt=0, le=0.1)
    """The largest difference between a number that the server answers and the model's own: for
    values above 1 a share of the value."""
    start_seconds: float = Field(default=120.0, gt=0)
    """Time for the server to start and to load the model."""
    answer_seconds: float = Field(default=60.0, gt=0)
    """Time for one answer."""
    warmup_rows: int = Field(default=10, ge=0, le=1000)
    """How many of these rows go into the model's warm-up file (`assets.extra/tf_serving_warmup_requests`), which
    a server replays before it takes requests. They are real rows of the test split, readable by
    whoever can read the pushed model; 0 writes none."""
    url: str = ""
    """REST address of a running TensorFlow Serving, such as `http://staging:8501`; empty: a server
    of ours is started on this machine, on loopback, and ended afterwards."""
    directory: str = ""
    """With `url`: the folder that server watches for `model`, as this machine sees it. The candidate
    becomes a version there and is removed again."""
    model: str = "candidate"
    """With `url`: the model's name on that server."""

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if bool(self.url) != bool(self.directory):
            raise ValueError(
                "url and directory go together: the address of a server, and the folder it watches"
            )
        parts = urlsplit(self.url)
        if self.url and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError(f"url must be http://host:port. Received: {self.url!r}")
        return self
