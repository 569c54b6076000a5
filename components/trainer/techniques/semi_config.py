"""The `[semi]` section: rows without labels get the labels that a model is sure of."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from data.tasks import Task

ITSELF = "itself"
"""The model that is being trained labels the rows it learns from next."""
TASKS = (Task.BINARY, Task.MULTICLASS)
"""One class a row, so that there is a probability to be sure by."""


class SemiSection(BaseModel):
    """Pseudo-labels (Lee 2013): train, label what the model is sure of, train again on both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rounds: int = Field(default=0, ge=0, le=20)
    """How often the rows of `data.unlabelled` are labelled and everything is trained again, from the
    beginning. The best round on the eval split is kept, the one without such rows (0) included. 0: no
    pseudo-labels."""
    method: Literal["self", "propagation"] = "self"
    """Who labels. self: a model, which learns a class from its inputs (`teacher`). propagation: labels
    spread from labelled rows to those that are near, by the vectors of `[clusters]`: transformed
    columns, or the pooled features of a pretrained network. One round is all there is to that."""
    neighbours: int = Field(default=10, ge=1)
    """propagation: how many of the nearest rows each row is connected with."""
    confidence: float = Field(default=0.95, ge=0, lt=1)
    """A row is taken with the class that has the highest probability, if that is at least so much."""
    teacher: str = ITSELF
    """Who labels: itself, the model of the round before; or, for the first round, another model as in
    distill.teacher: blessed, the name of another pipeline, or a path. Later rounds are labelled by the
    model of the round before in any case."""
