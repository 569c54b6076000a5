"""What waits to be batched: parameters, tasks, batches and the queue of one signature."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.models.saved_model import Arrays, Program
from serving.status import Code, ServingError, invalid_argument


@dataclass(frozen=True)
class BatchingParameters:
    """TF Serving's BatchingParameters with its defaults; sizes are rows, times microseconds."""

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = os.cpu_count() or 1
    thread_pool_name: str = ""
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False
    enable_large_batch_splitting: bool = False
    max_execution_batch_size: int = 0

    @classmethod
    def from_proto(cls, proto: Any) -> BatchingParameters:
        """Parameters of a parsed file; what it does not set keeps its default."""
        values: dict[str, Any] = {}
        for field, value in proto.ListFields():
            repeated = field.name == "allowed_batch_sizes"
            values[field.name] = tuple(value) if repeated else getattr(value, "value", value)
        return cls(**values)

    @property
    def execution_size(self) -> int:
        """Rows of the largest batch that is run."""
        if self.enable_large_batch_splitting and self.max_execution_batch_size:
            return self.max_execution_batch_size
        return self.max_batch_size

    def check(self) -> None:
        """Refuses sizes that contradict each other.

        Raises:
            ServingError: INVALID_ARGUMENT.
        """
        sizes = self.allowed_batch_sizes
        if sizes and sizes[-1] != self.max_batch_size:
            raise invalid_argument(
                "Last entry in allowed_batch_sizes must match max_batch_size; last entry was "
                f"{sizes[-1]}; expected {self.max_batch_size}"
            )
        if list(sizes) != sorted(set(sizes)):
            raise invalid_argument("allowed_batch_sizes must be in ascending order.")

    def padded_size(self, size: int) -> int:
        """Rows a batch is padded to: the next allowed size."""
        return next((allowed for allowed in self.allowed_batch_sizes if allowed >= size), size)


@dataclass
class Task:
    """A request's arrays, or a slice of them, waiting to be run."""

    arrays: list[np.ndarray]
    size: int
    deadline: float | None
    future: asyncio.Future[Arrays]
    enqueued: float


class Batch:
    """Tasks that will be run together; `closed` when no more fit."""

    def __init__(self, opened: float) -> None:
        self.tasks: list[Task] = []
        self.size = 0
        self.opened = opened
        self.closed = False


class BatchQueue:
    """Batches of one program, the last of which may still grow."""

    def __init__(self, program: Program, parameters: BatchingParameters) -> None:
        self.program = program
        self.parameters = parameters
        self.batches: deque[Batch] = deque()

    def add(self, tasks: list[Task], now: float) -> None:
        """Puts tasks into the open batch or new ones, all of them or none.

        Raises:
            ServingError: UNAVAILABLE when the queue is full.
        """
        limit = self.parameters.execution_size
        last = self.batches[-1] if self.batches else None
        room = limit - last.size if last is not None and not last.closed else 0
        needed, left = 0, room
        for task in tasks:
            if task.size > left:
                needed, left = needed + 1, limit
            left -= task.size
        if len(self.batches) + needed > self.parameters.max_enqueued_batches:
            raise ServingError(
                Code.UNAVAILABLE,
                "The batch scheduling queue to which this task was submitted is full; currently "
                f"{len(self.batches)} batches enqueued and max_enqueued_batches is "
                f"{self.parameters.max_enqueued_batches}",
            )
        for task in tasks:
            if last is None or last.closed or last.size + task.size > limit:
                if last is not None:
                    last.closed = True
                last = Batch(now)
                self.batches.append(last)
            last.tasks.append(task)
            last.size += task.size
            last.closed = last.size >= limit

    def due(self, now: float) -> bool:
        """Whether the first batch is full or has waited long enough."""
        if not self.batches:
            return False
        first = self.batches[0]
        return first.closed or now >= first.opened + self.parameters.batch_timeout_micros / 1e6
