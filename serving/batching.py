"""Merges the runs of concurrent requests into batches, by TF Serving's batching parameters."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence

import numpy as np

from serving import monitoring
from serving.batching_arrays import concatenate, split
from serving.batching_queue import Batch, BatchingParameters, BatchQueue, Task
from serving.models.saved_model import Arrays, Program
from serving.models.text_protos import read_declared
from serving.status import Code, ServingError, invalid_argument

PER_MODEL_FILE = "batching_params.pbtxt"
Run = Callable[[Program, Sequence[np.ndarray], float | None], Awaitable[Arrays]]

RunNow = Callable[[Program, Sequence[np.ndarray]], Arrays | None]


class Batcher:
    """One scheduler for all models, one queue per signature and version.

    Everything happens in the event loop; only the runs themselves may leave it. A batch is
    formed at the end of a pass through the loop, so that requests that arrived together are run
    together even without a timeout.

    Args:
        parameters: For all models.
        per_model: Read `batching_params.pbtxt` from each version directory instead; versions
            without it are not batched.
    """

    def __init__(self, parameters: BatchingParameters, per_model: bool = False) -> None:
        self.run: Run
        self.run_now: RunNow = lambda _program, _arrays: None
        self._parameters = parameters
        self._per_model = per_model
        self._waiting: dict[BatchQueue, None] = {}  # queues that hold batches, in turn
        self._running = 0
        self._pump_scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._background: set[asyncio.Task[None]] = set()

    def _parameters_for(self, path: str) -> BatchingParameters | None:
        if not self._per_model:
            return self._parameters
        file = os.path.join(path, PER_MODEL_FILE)
        if not os.path.exists(file):
            return None
        return BatchingParameters.from_proto(read_declared(file, "BatchingParameters"))

    def check(self, path: str) -> None:
        """Refuses to load a version whose batching parameters are wrong.

        Raises:
            ServingError: INVALID_ARGUMENT.
        """
        parameters = self._parameters_for(path)
        if parameters is not None:
            parameters.check()

    def _queue(self, program: Program) -> BatchQueue | None:
        if program.queue is None:
            parameters = self._parameters_for(program.servable.path)
            program.queue = BatchQueue(program, parameters) if parameters else False
        return program.queue or None

    async def submit(
        self, program: Program, arrays: Sequence[np.ndarray], deadline: float | None
    ) -> Arrays:
        """Runs one request's arrays as part of a batch.

        Args:
            program: What to run.
            arrays: One array per feed, all with the same first dimension.
            deadline: `time.monotonic` value, None for none.

        Raises:
            ServingError: INVALID_ARGUMENT for arrays that cannot be batched, UNAVAILABLE when
                the queue is full, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED when a whole batch
                waited past its deadlines, or what the model raises.
        """
        queue = self._queue(program)
        if queue is None:
            return await self.run(program, arrays, deadline)
        size = _rows(arrays)
        for _ in arrays:
            monitoring.input_batch_size.add(value=size)
        parameters = queue.parameters
        if size > parameters.max_batch_size:
            raise invalid_argument(
                f"Task size {size} is larger than maximum input batch size "
                f"{parameters.max_batch_size}"
            )
        now = time.monotonic()
        loop = asyncio.get_running_loop()
        step = parameters.execution_size
        tasks = [
            Task(
                [array[start : start + step] for array in arrays] if size > step else list(arrays),
                min(step, size - start),
                deadline,
                loop.create_future(),
                now,
            )
            for start in range(0, max(size, 1), step)
        ]
        queue.add(tasks, now)
        self._waiting[queue] = None
        self._schedule_pump()
        timer = None
        if deadline is not None:
            timer = loop.call_at(loop.time() + deadline - now, _expire, tasks)
        try:
            parts = [await task.future for task in tasks]
        finally:
            if timer is not None:
                timer.cancel()
            for task in tasks:
                if task.future.done() and not task.future.cancelled():
                    task.future.exception()  # mark as seen
        if len(parts) == 1:
            return parts[0]
        return [np.concatenate(column) for column in zip(*parts, strict=True)]

    def _schedule_pump(self) -> None:
        if not self._pump_scheduled:
            self._pump_scheduled = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        """Starts every batch that is due while there are threads for it."""
        self._pump_scheduled = False
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = time.monotonic()
        wake: float | None = None
        for queue in list(self._waiting):
            while queue.due(now) and self._running < self._parameters.num_batch_threads:
                self._start(queue, queue.batches.popleft())
            if not queue.batches:
                del self._waiting[queue]
                continue
            if not queue.due(now):
                opened = queue.batches[0].opened + queue.parameters.batch_timeout_micros / 1e6
                wake = opened if wake is None else min(wake, opened)
        if wake is not None:
            self._timer = loop.call_later(max(wake - now, 0), self._pump)

    def _start(self, queue: BatchQueue, batch: Batch) -> None:
        """Runs a batch here and now if the engine may, else in a task."""
        try:
            merged, deadline = self._merge(queue, batch)
            outputs = self.run_now(queue.program, merged)
            if outputs is not None:
                self._deliver(queue, batch, outputs)
                return
        except ServingError as error:
            _fail(batch, error)
            return
        self._running += 1
        task = asyncio.get_running_loop().create_task(self._process(queue, batch, merged, deadline))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _process(
        self, queue: BatchQueue, batch: Batch, merged: Arrays, deadline: float | None
    ) -> None:
        try:
            self._deliver(queue, batch, await self.run(queue.program, merged, deadline))
        except ServingError as error:
            _fail(batch, error)
        except BaseException as error:
            _fail(batch, ServingError(Code.INTERNAL, str(error)))
            raise
        finally:
            self._running -= 1
            self._schedule_pump()

    def _merge(self, queue: BatchQueue, batch: Batch) -> tuple[Arrays, float | None]:
        """The batch's input arrays, and the latest deadline of its tasks."""
        parameters = queue.parameters
        now = time.monotonic()
        for task in batch.tasks:
            monitoring.queuing_latency.add(
                parameters.thread_pool_name, value=(now - task.enqueued) * 1e6
            )
        deadlines = [task.deadline for task in batch.tasks]
        if all(deadline is not None and deadline <= now for deadline in deadlines):
            raise ServingError(
                Code.RESOURCE_EXHAUSTED, "Run() timeout exceeded while waiting in batching queue"
            )
        latest = None if None in deadlines else max(d for d in deadlines if d is not None)
        padded = parameters.padded_size(batch.size)
        monitoring.padding_size.add(str(padded), value=padded - batch.size)
        monitoring.processed_batch_size.add(value=padded)
        merged = concatenate(
            [task.arrays for task in batch.tasks],
            padded - batch.size,
            parameters.pad_variable_length_inputs,
            queue.program.feeds,
        )
        return merged, latest

    @staticmethod
    def _deliver(queue: BatchQueue, batch: Batch, outputs: Arrays) -> None:
        monitoring.wrapped_run_count.add()
        padded = queue.parameters.padded_size(batch.size)
        parts = split(outputs, [task.size for task in batch.tasks], padded)
        for task, part in zip(batch.tasks, parts, strict=True):
            if not task.future.done():
                task.future.set_result(part)


def _fail(batch: Batch, error: ServingError) -> None:
    for task in batch.tasks:
        if not task.future.done():
            task.future.set_exception(error)


def _expire(tasks: list[Task]) -> None:
    for task in tasks:
        if not task.future.done():
            task.future.set_exception(
                ServingError(Code.DEADLINE_EXCEEDED, "Timed out waiting for notification")
            )


def _rows(arrays: Sequence[np.ndarray]) -> int:
    if not arrays:
        raise invalid_argument("Batching Run() must have at least one input tensor")
    for array in arrays:
        if not array.ndim:
            raise invalid_argument("Batching Run() input tensors must have at least one dimension")
        if len(array) != len(arrays[0]):
            raise invalid_argument(
                "Batching Run() input tensors must have equal 0th-dimension size"
            )
    return len(arrays[0])
