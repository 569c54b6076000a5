"""The `[tuner]` section: how many trainings try which settings, and what becomes of the best."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Values(BaseModel):
    """What is tried of one setting: numbers from `min` to `max`, both included, or one of `choices`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min: int | float | None = None
    max: int | float | None = None
    log: bool = False
    """Between min and max tenfold steps are equally likely, not equal ones: for learning rates."""
    choices: tuple[Any, ...] = ()
    """All of one kind: numbers, texts, or lists."""

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if self.min is None and self.max is None and self.choices and not self.log:
            return self
        if self.choices or self.min is None or self.max is None:
            raise ValueError(
                "give it a min and a max, perhaps log = true for a learning rate; or choices = [...]"
            )
        if self.min >= self.max:
            raise ValueError(f"min should be below max. Received: {self.min} and {self.max}")
        if self.log and self.min <= 0:
            raise ValueError(f"log = true needs a min above 0. Received: {self.min}")
        return self


class TunerSection(BaseModel):
    """Searches for better settings of the Trainer before it trains: trains on train, judges on eval."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trials: int = Field(default=0, ge=0)
    """How many trainings; the first has the settings as configured. 0: no search. It runs again when
    the data, these settings or those of `[train]` change; `reuse` keeps what was found."""
    algorithm: Literal["random", "bayesian", "hyperband"] = "random"
    """random; bayesian: a third of the trials at random, then where a Gaussian process expects most;
    hyperband: many short trainings, the better third of them again for three times the epochs."""
    objective: str = ""
    """What a trial is judged by, on eval, in the epoch whose weights the Trainer would keep: loss, or
    what the task watches: accuracy, auc, hamming_loss, mae. Empty: what the Trainer chooses that epoch
    by (columns and sequences: loss; pictures and texts: accuracy, hamming_loss, mae)."""
    space: dict[str, Values] = {}
    """What to try, by the settings' names: `"train.learning_rate" = { min = 1e-4, max = 1e-2, log =
    true }`, `"train.hidden" = { choices = [[64], [128, 64]] }`. Empty: the usual ones of the kind of
    model (components/tuner/spaces.py)."""
    prune: bool = True
    """random and bayesian: end a trial whose best epoch so far is worse than the median of the earlier
    trials' at that epoch. hyperband ends its trials by itself."""
    prune_after: int = Field(default=2, ge=1)
    """No trial is ended before it has had so many epochs."""
    max_epochs: int = Field(default=9, ge=2)
    """hyperband: the epochs of its longest trainings; the shortest have a ninth of them."""
    seed: int = Field(default=0, ge=0)
    """Another number tries other values. Every trial trains with train.seed."""
    reuse: str = ""
    """Train with values that were found before, without a search: last, those of this pipeline's last
    search; or the path of a `best_hyperparameters.txt` or of its folder."""
