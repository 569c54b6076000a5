"""A checked request on its way through the model: what to run and what to make of the result."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from serving import monitoring
from serving.engine import Engine
from serving.models.saved_model import Arrays, Program

R = TypeVar("R")


@dataclass(frozen=True)
class Job(Generic[R]):
    """One model run for classify, regress or multi-inference.

    `finish` turns the outputs into the result message. `api` names the runtime latency metric,
    "" for none.
    """

    program: Program
    arrays: list[np.ndarray]
    finish: Callable[[Arrays], R]
    api: str = ""

    def run_here(self) -> R:
        """Runs in the calling thread, without batching; for warm-up.

        Raises:
            ServingError: the model or its outputs.
        """
        return self.finish(self.program(self.arrays))

    async def run(self, engine: Engine, deadline: float | None) -> R:
        """Runs by the engine.

        Raises:
            ServingError: see `Engine.run`, or the outputs are not as they must be.
        """
        start = time.perf_counter()
        outputs = await engine.run(self.program, self.arrays, deadline)
        if self.api:
            elapsed = (time.perf_counter() - start) * 1e6
            monitoring.runtime_latency.add(
                self.program.servable.name, self.api, "TF1", value=elapsed
            )
        return self.finish(outputs)
