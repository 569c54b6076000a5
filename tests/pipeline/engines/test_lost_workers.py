"""A worker that is lost answers with an error: whatever was asked, and whatever is asked later."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest


def ends() -> Iterator[Any]:
    """A stream that gRPC ends before it knows that it broke."""
    yield from ()


def breaks() -> Iterator[Any]:
    raise grpc.RpcError
    yield


@pytest.mark.parametrize("stream", [ends, breaks])
def test_what_was_asked_and_what_is_asked_later_is_answered(stream: Any) -> None:
    from apache_beam.portability.api import beam_fn_api_pb2

    from pipeline.engines.lost_workers import LOST, Connection

    connection = Connection()
    before = connection.push(beam_fn_api_pb2.InstructionRequest(instruction_id="1"))
    connection.set_input(stream())
    assert before.get(timeout=30).error == LOST
    after = connection.push(beam_fn_api_pb2.InstructionRequest(instruction_id="2"))
    assert after.get(timeout=30).error == LOST
    connection.close()


def test_answers_come_through() -> None:
    from apache_beam.portability.api import beam_fn_api_pb2

    from pipeline.engines.lost_workers import Connection

    connection = Connection()
    asked = connection.push(beam_fn_api_pb2.InstructionRequest(instruction_id="1"))
    connection.set_input(iter([beam_fn_api_pb2.InstructionResponse(instruction_id="1")]))
    assert not asked.get(timeout=30).error
