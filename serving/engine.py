"""Decides where a model run happens: in the event loop, in a thread, or within a batch.

A run of a tiny model takes 5 microseconds; handing it to a thread and back takes 50. A run of a
large one takes milliseconds and must not stop the event loop. So a program starts in the pool,
and moves into the loop once its measured cost is small; slow runs move it back.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from serving.models.saved_model import Arrays, Program
from serving.status import Code, ServingError

if TYPE_CHECKING:
    from serving.batching import Batcher

T = TypeVar("T")

_OF_THREAD: int | None = getattr(resource, "RUSAGE_THREAD", None)  # Linux has it

_PROVING_RUNS = 8  # runs in the pool before a program may run in the loop
_CHEAP_SECONDS = 0.0003
_SLOW_SECONDS = 0.002
_SLOW_RUNS = 3.0  # of them, to leave the loop
_PUSHED_ASIDE = 0.2  # of a slow run, where another process had the core meanwhile
_FORGIVEN = 0.02  # part of a slow run made up for by a quick one
_LONGEST_BACK_OFF_SECONDS = 320.0  # time in the pool after that; begins with 5, doubles each time
_FORGET = 1.05  # growth of the remembered cost per run
_SMALL_BYTES = 1 << 16  # larger inputs always go to the pool


class Engine:
    """Runs programs with a deadline.

    Args:
        threads: Size of the pool.
        batcher: Merges runs across requests, None to run each on its own.
    """

    def __init__(self, threads: int, batcher: Batcher | None = None) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="run")
        self._pooled = 0  # runs handed to the pool and not yet back; changed in the loop alone
        self._times_pushed_aside = 0
        self._batcher = batcher
        if batcher is not None:
            batcher.run = self.run_alone
            batcher.run_now = self._in_loop

    async def run(
        self, program: Program, arrays: Sequence[np.ndarray], deadline: float | None
    ) -> Arrays:
        """Runs a program on one request's arrays.

        Args:
            program: What to run.
            arrays: One array per feed.
            deadline: `time.monotonic` value after which the request fails, None for never.

        Raises:
            ServingError: DEADLINE_EXCEEDED, UNAVAILABLE (batching queue full), or whatever the
                model raises.
        """
        if self._batcher is not None:
            return await self._batcher.submit(program, arrays, deadline)
        return await self.run_alone(program, arrays, deadline)

    def try_now(self, program: Program, arrays: Sequence[np.ndarray]) -> Arrays | None:
        """Runs in the event loop if that is allowed: cheap, small, no batching. Else None."""
        return None if self._batcher is not None else self._in_loop(program, arrays)

    def _in_loop(self, program: Program, arrays: Sequence[np.ndarray]) -> Arrays | None:
        if program.runs < _PROVING_RUNS or program.cost >= _CHEAP_SECONDS:
            return None
        start = time.monotonic()
        if start < program.not_before or sum([array.nbytes for array in arrays]) > _SMALL_BYTES:
            return None
        result = program(arrays)
        if (end := time.monotonic()) - start > _SLOW_SECONDS:
            # The machine may have been busy with something else: a few slow runs are needed.
            program.slow_runs += _PUSHED_ASIDE if self._pushed_aside() else 1
            if program.slow_runs >= _SLOW_RUNS:
                program.slow_runs, program.runs, program.cost = 0, 0, float("inf")
                program.not_before = end + program.back_off
                program.back_off = min(2 * program.back_off, _LONGEST_BACK_OFF_SECONDS)
        elif program.slow_runs:
            program.slow_runs = max(program.slow_runs - _FORGIVEN, 0.0)
        return result

    def _pushed_aside(self) -> bool:
        """Whether this thread was taken off its core since the last time this was asked.

        Then the run has waited for other processes, which a thread of the pool would not spare it.
        """
        times = resource.getrusage(_OF_THREAD).ru_nivcsw if _OF_THREAD is not None else 0
        before, self._times_pushed_aside = self._times_pushed_aside, times
        return times > before

    async def run_alone(
        self, program: Program, arrays: Sequence[np.ndarray], deadline: float | None
    ) -> Arrays:
        """Runs a program without batching; see `run`."""
        result = self._in_loop(program, arrays)
        if result is not None:
            return result
        loop = asyncio.get_running_loop()
        self._pooled += 1
        future = loop.run_in_executor(self._pool, self._timed, program, arrays)
        future.add_done_callback(self._left_pool)
        if deadline is None:
            return await future
        try:
            return await asyncio.wait_for(future, deadline - time.monotonic())
        except TimeoutError:
            raise ServingError(
                Code.DEADLINE_EXCEEDED, "Timed out waiting for notification"
            ) from None

    def _left_pool(self, _: object) -> None:
        self._pooled -= 1

    def _timed(self, program: Program, arrays: Sequence[np.ndarray]) -> Arrays:
        begin, cpu = time.monotonic(), time.thread_time()
        result = program(arrays)
        # With others in the pool every run also waits for the interpreter's lock, and by the clock
        # none would ever be cheap: then the thread's own CPU time counts. A model that waits
        # without using CPU is found out in the loop, where the clock counts.
        alone = self._pooled <= 1
        elapsed = time.monotonic() - begin if alone else time.thread_time() - cpu
        # The quickest of the last runs: whatever else the machine does only adds to the others.
        program.cost = min(elapsed, program.cost * _FORGET)
        program.runs += 1
        return result

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Does other work of a request in the pool."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Drops what has not started."""
        self._pool.shutdown(wait=False, cancel_futures=True)
