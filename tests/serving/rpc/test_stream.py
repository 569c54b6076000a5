"""A call's message as it arrives."""

import pytest

from serving.rpc.call import CallEnded
from serving.rpc.stream import Stream

METHOD = None  # not asked here


def test_any_cut_of_the_bytes():
    data = b"\0\0\0\0\x06abcdef"
    for cut in range(len(data)):
        stream = Stream(METHOD, None, b"identity")
        assert stream.receive(data[:cut]) is None
        assert stream.receive(data[cut:]) == b"abcdef"
        assert stream.complete
    stream = Stream(METHOD, None, b"identity")
    found = [stream.receive(data[index : index + 1]) for index in range(len(data))]
    assert found == [None] * (len(data) - 1) + [b"abcdef"]


def test_an_empty_message_and_surplus_bytes():
    assert Stream(METHOD, None, b"identity").receive(b"\0\0\0\0\0") == b""
    assert Stream(METHOD, None, b"identity").receive(b"\0\0\0\0\1ab") == b"a"


def test_compressed():
    stream = Stream(METHOD, None, b"gzip")
    assert stream.receive(b"\1\0\0\0\1a") == b"a" and stream.compressed


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"\0\x80\0\0\0", 8), (b"\0\0\0\0\7", 8), (b"\2\0\0\0\1a", 13), (b"\x80\0\0\0\1", 13)],
)
def test_refused(data, code):
    for cut in range(len(data)):
        stream = Stream(METHOD, None, b"gzip", max_bytes=6)
        with pytest.raises(CallEnded) as caught:
            stream.receive(data[:cut])
            stream.receive(data[cut:])
        assert caught.value.code == code
