"""The best epoch so far, by the evaluation split, and the weights it had."""

from collections.abc import Sequence
from typing import Any

from data.metrics import METRICS


class Best:
    """Keeps a copy of the weights whenever the watched metric improves.

    Of epochs that measure the same, the one with the lower loss: on few rows accuracy is soon as high
    as it gets, long before the scores are worth anything.
    """

    def __init__(self, variables: Sequence[Any], metric: str) -> None:
        """Args:
        variables: the weights to keep.
        metric: a key of `data.metrics`, which knows whether higher is better.
        """
        self.variables = list(variables)
        self._key = f"eval_{metric}"
        self._sign = 1 if METRICS[metric].higher_is_better else -1
        self.values: list[Any] = []
        """The weights of the best epoch; none before the first."""
        self.measured: dict[str, float] = {}
        """What the best epoch measured; empty before the first."""

    def offer(self, measured: dict[str, float]) -> bool:
        """Keep the current weights if they beat the best ones; says whether they did."""
        if self.measured:
            gain = self._sign * (measured[self._key] - self.measured[self._key])
            if gain == 0:
                gain = self.measured.get("eval_loss", 0.0) - measured.get("eval_loss", 0.0)
            if not gain > 0:
                return False
        self.measured = dict(measured)
        self.values = [variable.numpy().copy() for variable in self.variables]
        return True

    def restore(self) -> None:
        """Put the best weights back."""
        for variable, value in zip(self.variables, self.values, strict=True):
            variable.assign(value)
