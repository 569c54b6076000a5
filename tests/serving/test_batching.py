"""Batching: how batches form, what is refused, how arrays are merged and cut apart."""

import asyncio
import time

import numpy as np
import pytest

from serving.batching import Batcher
from serving.batching_arrays import concatenate, split
from serving.batching_queue import BatchingParameters
from serving.models.text_protos import read_declared
from serving.status import Code, ServingError


class FakeServable:
    path = "/none"


def serve(parameters, requests, run=None, deadline=None):
    """Submits all requests at once; their results or errors, and the sizes that were run."""
    program = type("Program", (), {"feeds": ("x:0",), "servable": FakeServable(), "queue": None})()
    sizes = []

    async def default_run(_program, arrays, _deadline):
        sizes.append(len(arrays[0]))
        await asyncio.sleep(0.01)
        return [arrays[0] * 2]

    async def main():
        batcher = Batcher(parameters)
        batcher.run = run or default_run
        limit = None if deadline is None else time.monotonic() + deadline
        calls = [batcher.submit(program, [np.asarray(r)], limit) for r in requests]
        return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(main()), sizes


def test_requests_that_arrive_together_run_together():
    results, sizes = serve(BatchingParameters(), [[1.0], [2.0, 3.0], [4.0]])
    assert sizes == [4]
    assert [r[0].tolist() for r in results] == [[2.0], [4.0, 6.0], [8.0]]


def test_full_batches_and_the_timeout():
    parameters = BatchingParameters(max_batch_size=2, batch_timeout_micros=50_000)
    start = time.monotonic()
    _, sizes = serve(parameters, [[1.0]] * 5)
    assert sizes == [2, 2, 1]
    assert time.monotonic() - start >= 0.05


def test_padding_to_allowed_sizes_is_stripped():
    parameters = BatchingParameters(max_batch_size=8, allowed_batch_sizes=(4, 8))
    results, sizes = serve(parameters, [[1.0], [2.0, 3.0]])
    assert sizes == [4]
    assert [r[0].tolist() for r in results] == [[2.0], [4.0, 6.0]]


def test_a_full_queue_is_unavailable():
    parameters = BatchingParameters(
        max_batch_size=1, max_enqueued_batches=2, batch_timeout_micros=1000
    )
    results, _ = serve(parameters, [[1.0]] * 4)
    errors = [r for r in results if isinstance(r, ServingError)]
    assert [e.code for e in errors] == [Code.UNAVAILABLE, Code.UNAVAILABLE]
    assert errors[0].message.startswith(
        "The batch scheduling queue to which this task was submitted is full"
    )


def test_large_tasks():
    (result,), _ = serve(BatchingParameters(max_batch_size=2), [[1.0, 2.0, 3.0]])
    assert result.message == "Task size 3 is larger than maximum input batch size 2"
    parameters = BatchingParameters(
        max_batch_size=10, enable_large_batch_splitting=True, max_execution_batch_size=2
    )
    (result,), sizes = serve(parameters, [np.arange(5.0)])
    assert sizes == [2, 2, 1]
    assert result[0].tolist() == [0.0, 2.0, 4.0, 6.0, 8.0]


def test_scalars_and_uneven_inputs_are_refused():
    (result,), _ = serve(BatchingParameters(), [1.0])
    assert result.message == "Batching Run() input tensors must have at least one dimension"
    assert result.code == Code.INVALID_ARGUMENT


def test_failures_reach_every_task():
    async def run(*_):
        raise ServingError(Code.INTERNAL, "broken")

    results, _ = serve(BatchingParameters(), [[1.0], [2.0]], run)
    assert [str(r) for r in results] == ["INTERNAL: broken"] * 2


def test_deadlines():
    async def run(*_):
        await asyncio.sleep(5)

    start = time.monotonic()
    results, _ = serve(BatchingParameters(), [[1.0]], run, deadline=0.05)
    assert results[0].code == Code.DEADLINE_EXCEEDED
    assert time.monotonic() - start < 2


def test_merging():
    a, b = np.ones((1, 2)), np.zeros((2, 3))
    with pytest.raises(ServingError) as caught:
        concatenate([[a], [b]], 0, False, ["x:0"])
    assert caught.value.code == Code.FAILED_PRECONDITION
    assert caught.value.message.startswith("Tensors with name 'x:0' from different tasks have ")
    (merged,) = concatenate([[a], [b]], 1, True, ["x:0"])
    assert merged.tolist() == [[1, 1, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_splitting():
    parts = split([np.arange(5)], [1, 3], 5)
    assert [p[0].tolist() for p in parts] == [[0], [1, 2, 3]]
    for output, text in [(np.float32(1), "has 0 dimensions"), (np.arange(2), "0th dimension does")]:
        with pytest.raises(ServingError, match=text):
            split([output], [1], 5)


def test_parameters_file(tmp_path):
    file = tmp_path / "batching.config"
    file.write_text(
        "max_batch_size { value: 32 } batch_timeout_micros { value: 500 } "
        'thread_pool_name { value: "pool" } allowed_batch_sizes: 8 allowed_batch_sizes: 16 '
        "pad_variable_length_inputs: true enable_large_batch_splitting { value: false }"
    )
    parameters = BatchingParameters.from_proto(read_declared(str(file), "BatchingParameters"))
    assert parameters.max_batch_size == 32
    assert parameters.max_enqueued_batches == 10
    assert parameters.thread_pool_name == "pool"
    assert parameters.pad_variable_length_inputs is True
    with pytest.raises(ServingError) as caught:
        parameters.check()
    assert caught.value.message == (
        "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 16; "
        "expected 32"
    )
    file.write_text("max_batch_size: 32")
    with pytest.raises(ServingError, match="Invalid protobuf file: "):
        read_declared(str(file), "BatchingParameters")
