"""gRPC's own bytes: deadlines, statuses, compression."""

import zlib

import pytest

from serving.rpc import framing
from serving.rpc.call import CallEnded


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"1S", 1.0), (b"250m", 0.25), (b"99999999n", 0.099999999), (b"2H", 7200.0), (b"3M", 180.0),
        (b"10u", 1e-5), (b"0S", 0.0), (b"", None), (b"S", None), (b"1", None), (b"1x", None),
        (b"-1S", None), (b"1.5S", None), (b"123456789S", None), (b"\xb2S", None),
    ],
)  # fmt: skip
def test_timeout_seconds(text, seconds):
    assert framing.timeout_seconds(text) == (None if seconds is None else pytest.approx(seconds))


def test_status_text_is_percent_encoded():
    assert framing.status_headers(5, "100 % – ~\n") == [
        (b"grpc-status", b"5"),
        (b"grpc-message", b"100 %25 %E2%80%93 ~%0A"),
    ]
    assert framing.status_headers(0, "") == [(b"grpc-status", b"0")]
    assert framing.status_headers(3, "\udcff") == [
        (b"grpc-status", b"3"),
        (b"grpc-message", b"?"),
    ]


def test_framed():
    assert framing.framed(b"abc") == b"\0\0\0\0\3abc"


def test_inflated(monkeypatch):
    packed = zlib.compressobj(wbits=31)
    data = packed.compress(b"x" * 1000) + packed.flush()
    assert framing.inflated(data, b"gzip") == b"x" * 1000
    assert framing.inflated(zlib.compress(b"y"), b"deflate") == b"y"
    for broken, encoding in [
        (data[:-9], b"gzip"), (data, b"deflate"), (b"", b"gzip"), (data, b"identity"),
    ]:  # fmt: skip
        with pytest.raises(CallEnded) as caught:
            framing.inflated(broken, encoding)
        assert caught.value.code == 13
    monkeypatch.setattr(framing, "MAX_INFLATED_BYTES", 999)
    with pytest.raises(CallEnded, match="larger than max") as caught:
        framing.inflated(data, b"gzip")
    assert caught.value.code == 8
    monkeypatch.setattr(framing, "MAX_INFLATED_BYTES", 1000)
    assert framing.inflated(data, b"gzip") == b"x" * 1000
