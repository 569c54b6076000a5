"""The `[push]` section: where the blessed model goes."""

from pydantic import BaseModel, ConfigDict


class PushSection(BaseModel):
    """The directory a model server watches."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    directory: str = ""
    """Empty: `serving/<pipeline name>` under the pipeline's output folder."""
