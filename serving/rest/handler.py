"""Answers REST requests: dispatch in TF Serving's order, then predict, classify, regress, status."""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Awaitable, Callable

from serving import monitoring
from serving.engine import Engine
from serving.inference.classify import classify_job
from serving.inference.examples import input_of
from serving.inference.regress import regress_job
from serving.models.core import ServerCore
from serving.request_log import RequestLog
from serving.rest.examples import parse_examples
from serving.rest.message import HTML_DEFAULT, TEXT, Request, Response, html_page
from serving.rest.metadata import metadata_json, status_json
from serving.rest.predict import RestPredict
from serving.rest.response import (
    encode_classifications,
    encode_error,
    encode_regressions,
)
from serving.rest.routes import Route, UnreportedError, is_rest, parse_route
from serving.status import Code, ServingError, http_status, invalid_argument

log = logging.getLogger(__name__)

_METHODS = frozenset({"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"})
_GZIP_LIMIT = 100 << 20
_CORS = (
    (b"Access-Control-Allow-Origin", b"*"),
    (b"Access-Control-Allow-Methods", b"POST, GET"),
    (b"Access-Control-Allow-Headers", b"Content-Type"),
)

Pending = Awaitable[Response]


class RestHandler:
    """Turns a request into an answer, at once or later.

    Args:
        core: The models.
        engine: Runs them.
        request_log: Receives sampled predict, classify and regress calls.
        timeout_seconds: Limit for a model run, 0 for none.
        cors: Add CORS headers to every REST answer.
        metrics_path: Path of the Prometheus page, None when monitoring is off.
        check_method: Enforce method names of signatures.
        ready: Whether the readiness endpoint says yes.
    """

    def __init__(
        self,
        core: ServerCore,
        engine: Engine,
        request_log: RequestLog,
        *,
        timeout_seconds: float = 30.0,
        cors: bool = False,
        metrics_path: str | None = None,
        check_method: bool = False,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self._core = core
        self._engine = engine
        self._request_log = request_log
        self._timeout = timeout_seconds
        self._headers = _CORS if cors else ()
        self._metrics_path = metrics_path
        self._check_method = check_method
        self._predict = RestPredict(core, engine, request_log, check_method)
        self._ready = ready

    def handle(self, request: Request) -> Response | Pending:
        """Answers a request; a Response when that took no waiting, else an awaitable of one."""
        method, target = request.method, request.target
        if method not in _METHODS:
            return html_page(501)
        path = target.partition("?")[0].partition("#")[0]
        if path == self._metrics_path:
            return self._metrics(target)
        if not is_rest(target):
            return self._probe(path) or html_page(404)
        if method == "OPTIONS":
            return self._preflight(request)
        start = time.perf_counter()
        route: Route | None = None
        try:
            route = parse_route(method, target)
            answer = self._dispatch(route, request, start)
        except ServingError as error:
            return self._failed(error, route)
        except Exception as error:
            return self._broken(error, route)
        if isinstance(answer, bytes):
            return self._succeeded(answer, route, start)
        return self._finish(answer, route, start)

    def _dispatch(self, route: Route, request: Request, start: float) -> bytes | Awaitable[bytes]:
        if route.verb in ("status", "metadata"):
            if not route.name:
                raise invalid_argument("Missing model name in request.")
            return self._describe(route)
        body = request.body
        if b"gzip" in request.headers.get(b"content-encoding", b""):
            body = _gunzip(body)
        deadline = time.monotonic() + self._timeout if self._timeout > 0 else None
        if route.verb == "predict":
            return self._predict.answer(route, body, deadline)
        return self._examples(route, body, deadline)

    async def _finish(self, answer: Awaitable[bytes], route: Route, start: float) -> Response:
        try:
            return self._succeeded(await answer, route, start)
        except ServingError as error:
            return self._failed(error, route)
        except Exception as error:
            return self._broken(error, route)

    async def _examples(self, route: Route, body: bytes, deadline: float | None) -> bytes:
        parsed = parse_examples(body)
        message = input_of(parsed)
        servable = self._core.servable(route.name, route.version, route.label)
        name = parsed.signature_name
        try:
            if route.verb == "classify":
                classify = classify_job(servable, name, message, self._check_method)
                classes = await classify.run(self._engine, deadline)
                if self._request_log.samples(route.name):
                    self._request_log.classify(servable, name, message, classes)
                return encode_classifications(
                    [
                        [(one.label, one.score) for one in example.classes]
                        for example in classes.classifications
                    ]
                )
            regress = regress_job(servable, name, message, self._check_method)
            values = await regress.run(self._engine, deadline)
            if self._request_log.samples(route.name):
                self._request_log.regress(servable, name, message, values)
            return encode_regressions([one.value for one in values.regressions])
        finally:
            servable.release()

    def _describe(self, route: Route) -> bytes:
        if route.verb == "status":  # a label is ignored, as TF Serving does
            return status_json(self._core.states(route.name, route.version))
        servable = self._core.servable(route.name, route.version, route.label)
        try:
            return metadata_json(servable)
        finally:
            servable.release()

    def _succeeded(self, body: bytes, route: Route, start: float) -> Response:
        verb = route.verb if route.verb in ("predict", "classify", "regress") else ""
        monitoring.request_latency.add(
            route.name, verb, "REST", value=(time.perf_counter() - start) * 1e6
        )
        monitoring.request_count.add(route.name, "OK")
        return Response(200, body, headers=self._headers)

    def _failed(self, error: ServingError, route: Route | None) -> Response:
        monitoring.request_count.add(route.name if route else "", error.code.name)
        body = b"" if isinstance(error, UnreportedError) else encode_error(error)
        return Response(http_status(error.code), body, headers=self._headers)

    def _broken(self, error: Exception, route: Route | None) -> Response:
        log.error("Unexpected failure while answering a request", exc_info=error)
        text = f"{type(error).__name__}: {error}"
        return self._failed(ServingError(Code.INTERNAL, text), route)

    def _preflight(self, request: Request) -> Response:
        origin = request.headers.get(b"origin", b"")
        allowed = b"http://" in origin or b"https://" in origin
        code = Code.OK if allowed else Code.FAILED_PRECONDITION
        monitoring.request_count.add("", code.name)
        if allowed:
            monitoring.request_latency.add("", "", "REST", value=0)
        return Response(http_status(code), b"", HTML_DEFAULT, self._headers)

    def _metrics(self, target: str) -> Response:
        if target != self._metrics_path:
            text = f"Unexpected path: {target}. Should be {self._metrics_path}"
            return Response(400, text.encode("utf-8", "surrogateescape"), TEXT)
        return Response(200, monitoring.prometheus_page(), TEXT)

    def _probe(self, path: str) -> Response | None:
        if path == "/healthz":
            return Response(200, b"ok\n", TEXT)
        if path == "/readyz":
            ready = self._ready()
            return Response(200 if ready else 503, b"ready\n" if ready else b"not ready\n", TEXT)
        return None


def _gunzip(body: bytes) -> bytes:
    """Decompressed body; empty when it is not gzip or larger than 100 MiB."""
    try:
        stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
        data = stream.decompress(body, _GZIP_LIMIT + 1)
    except zlib.error:
        return b""
    return data if stream.eof and len(data) <= _GZIP_LIMIT else b""
