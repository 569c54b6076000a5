"""The `[semi]` section: rows without labels get the labels that a model is sure of."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from data.tasks import Task

ITSELF = "itself"
"""The model that is being trained labels the rows it learns from next."""
TASKS = (Task.BINARY, Task.MULTICLASS)
"""One class a row, so that there is a probability to be sure by."""


SURE = {"self": 0.95, "propagation": 0.5}
"""How probable a row's class has to be, by method."""


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
    confidence: float | None = Field(default=None, ge=0, lt=1)
    """A row is taken with the class that has the highest probability, if that is at least so much. None:
    0.95 where a model labels, 0.5 where labels spread (their probabilities are those of neighbours, mixed:
    0.5 is right nine times of ten, measured on pictures); with `share`, 0."""
    share: float | None = Field(default=None, gt=0, le=1)
    """Take so large a share of the rows at most, the most probable of each class, in the proportions of
    the labelled rows: what is easy to tell does not crowd out the rest. `confidence` holds beside it only
    where it is set. None: every row that is sure enough."""
    teacher: str = ITSELF
    """Who labels: itself, the model of the round before; or, for the first round, another model as in
    distill.teacher: blessed, the name of another pipeline, or a path. Later rounds are labelled by the
    model of the round before in any case."""

    @property
    def least(self) -> float:
        """How probable a class has to be: `confidence`, or what stands for it."""
        if self.confidence is not None:
            return self.confidence
        return SURE[self.method] if self.share is None else 0.0
