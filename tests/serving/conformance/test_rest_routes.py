"""URLs, methods, headers: what a client sees before any model is involved."""

import gzip
import socket

import pytest

PREDICT = "/v1/models/half_plus_two:predict"
BODY = '{"instances": [1.0, 2.0, 5.0]}'
NOT_FOUND_PAGE = (
    b"<HTML><HEAD>\n<TITLE>404 Not Found</TITLE>\n</HEAD><BODY>\n<H1>Not Found</H1>\n"
    b"</BODY></HTML>\n"
)


@pytest.mark.parametrize(
    "target",
    [
        PREDICT,
        "/V1/Models/half_plus_two:predict",
        "/v1/models/half%5Fplus%5Ftwo:predict",
        "/v1/models/half_plus_two/versions/123:predict",
        "/v1/models/half_plus_two/VERSIONS/0123:predict",
    ],
)
def test_predict_targets(rest, target):
    answer = rest.post(target, BODY)
    assert answer.status == 200
    assert answer.json() == {"predictions": [2.5, 3.0, 4.5]}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert "date" in answer.headers


def test_layout_byte_by_byte(rest):
    assert rest.post(PREDICT, '{"instances": [1.0, 2.0]}').body == (
        b'{\n    "predictions": [2.5, 3.0\n    ]\n}'
    )
    assert rest.post(PREDICT, '{"inputs": [1.0]}').body == (
        b'{\n    "outputs": [\n        2.5\n    ]\n}'
    )


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", PREDICT + "?x=1"),
        ("POST", "/v1/models/half_plus_two:PREDICT"),
        ("POST", "/v1/models/half_plus_two"),
        ("POST", "/v1/models/half_plus_two:explain"),
        ("GET", "/v1/models/"),
        ("GET", PREDICT),
        ("GET", "/v1/models/half_plus_two/versions/x"),
        ("PUT", "/v1/models/half_plus_two"),
        ("DELETE", "/v1/models/half_plus_two"),
        ("PATCH", PREDICT),
        ("GET", "/v1/"),
        ("POST", "/v1/anything"),
    ],
)
def test_malformed(rest, method, target):
    answer = rest.call(method, target, BODY if method == "POST" else None)
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.body.decode() == (f'{{\n    "error": "Malformed request: {method} {target}"\n}}')


@pytest.mark.parametrize("target", ["/", "/v1", "/v2/models", "/models", "/favicon.ico", "/v1x/y"])
def test_outside_the_api(rest, target):
    answer = rest.get(target)
    assert answer.status == 404
    assert answer.body == NOT_FOUND_PAGE
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "BREW"])
def test_unknown_methods(rest, method):
    answer = rest.call(method, "/v1/models/half_plus_two")
    assert answer.status == 501
    assert answer.headers["content-type"].startswith("text/html")


def test_head(rest):
    answer = rest.call("HEAD", "/v1/models/half_plus_two")
    assert (answer.status, answer.body) == (400, b"")


def test_options(rest):
    answer = rest.call("OPTIONS", PREDICT, headers={"Origin": "http://example.org"})
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-type"] == "text/html; charset=ISO-8859-1"
    assert rest.call("OPTIONS", PREDICT).status == 400
    assert rest.call("OPTIONS", PREDICT, headers={"Origin": "ftp://x"}).status == 400


@pytest.mark.parametrize("target", ["/v1/models", "/v1/models/versions/123", "/v1/models/labels/x"])
def test_missing_name(rest, target):
    answer = rest.get(target)
    assert (answer.status, answer.error) == (400, "Missing model name in request.")


def test_version_beyond_64_bits(rest):
    answer = rest.get("/v1/models/half_plus_two/versions/9223372036854775808")
    assert (answer.status, answer.body) == (400, b"")
    assert answer.headers["content-type"] == "application/json"


def test_gzip(rest):
    body = gzip.compress(BODY.encode())
    headers = {"Content-Encoding": "x-gzip, gzip"}
    assert rest.call("POST", PREDICT, body, headers).json() == {"predictions": [2.5, 3.0, 4.5]}
    for broken in (b"not gzip", body[:-9]):
        answer = rest.call("POST", PREDICT, broken, headers)
        assert answer.error == "JSON Parse error: The document is empty"


def test_content_type_is_not_looked_at(rest):
    assert rest.call("POST", PREDICT, BODY, {"Content-Type": "text/plain"}).status == 200


def _raw(rest, data: bytes, answers: int = 1) -> bytes:
    with socket.create_connection((rest.host, rest.port), timeout=20) as connection:
        connection.sendall(data)
        received = b""
        while received.count(b"HTTP/1.1 ") < answers or not received.endswith(b"}"):
            chunk = connection.recv(65536)
            if not chunk:
                break
            received += chunk
    return received


def test_chunked_body(rest):
    head = f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"10\r\n" + BODY[:16].encode() + b"\r\n"
    chunks += b"%x\r\n" % (len(BODY) - 16) + BODY[16:].encode() + b"\r\n0\r\n\r\n"
    assert b"2.5, 3.0, 4.5" in _raw(rest, head.encode() + chunks)


def test_pipelined_requests_are_answered_in_order(rest):
    requests = b""
    for value in range(5):
        body = f'{{"instances": [{value}]}}'
        requests += f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    received = _raw(rest, requests, answers=5)
    values = [line.split(b"[")[1] for line in received.split(b"\n") if b"predictions" in line]
    assert values == [b"2.0", b"2.5", b"3.0", b"3.5", b"4.0"]


def test_monitoring_page(rest):
    rest.post(PREDICT, BODY)
    rest.get("/v1/models/none")
    page = rest.get("/monitoring/prometheus/metrics")
    assert page.status == 200
    assert page.headers["content-type"] == "text/plain"
    lines = page.body.decode().splitlines()
    assert "# TYPE :tensorflow:serving:request_count counter" in lines
    assert "# TYPE :tensorflow:serving:request_latency histogram" in lines
    sample = ':tensorflow:serving:request_count{model_name="half_plus_two",status="OK"} '
    assert any(line.startswith(sample) for line in lines)
    latency = (
        ':tensorflow:serving:request_latency_bucket{model_name="half_plus_two",API="predict",'
        'entrypoint="REST",le="32.4"} '
    )
    assert any(line.startswith(latency) for line in lines)
    wrong = rest.get("/monitoring/prometheus/metrics?x=1")
    assert (wrong.status, wrong.headers["content-type"]) == (400, "text/plain")
    assert wrong.body == (
        b"Unexpected path: /monitoring/prometheus/metrics?x=1. "
        b"Should be /monitoring/prometheus/metrics"
    )
