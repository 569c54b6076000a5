"""Predict over REST: reads a body in TF Serving's order of checks, runs it, writes the answer."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass

import numpy as np

from serving.engine import Engine
from serving.inference import predict as predicting
from serving.models.core import ServerCore
from serving.models.saved_model import Servable
from serving.request_log import RequestLog
from serving.rest.json_dialect import parse_document, reparse_for_doubles
from serving.rest.request import Form, decode_predict, reads_doubles, signature_name_of
from serving.rest.response import encode_predict
from serving.rest.routes import Route
from serving.status import invalid_argument

_LARGE_BODY = 128 << 10


@dataclass(slots=True)
class _Call:
    """A predict request that has been read; its servable is held."""

    servable: Servable
    signature_name: str
    form: Form
    arrays: dict[str, np.ndarray]
    prepared: predicting.Prepared


class RestPredict:
    """Answers predict requests.

    Args:
        core: The models.
        engine: Runs them.
        request_log: Receives sampled calls.
        check_method: Enforce method names of signatures.
    """

    def __init__(
        self, core: ServerCore, engine: Engine, request_log: RequestLog, check_method: bool
    ) -> None:
        self._core = core
        self._engine = engine
        self._request_log = request_log
        self._check_method = check_method

    def answer(self, route: Route, body: bytes, deadline: float | None) -> bytes | Awaitable[bytes]:
        """Answers at once where the engine can, else returns what to wait for.

        Args:
            route: Model, and version or label.
            body: Request body, decompressed.
            deadline: `time.monotonic` value, None for none.

        Raises:
            ServingError: here or when awaited, whatever is wrong with the request.
        """
        if len(body) > _LARGE_BODY:
            return self._predict_large(route, body, deadline)
        call = self._read(route, body)
        held = True
        try:
            outputs = predicting.predict_now(self._engine, call.prepared)
            if outputs is not None:
                self._log_predict(call, outputs)
                return encode_predict(call.form, outputs)
            held = False
        finally:
            if held:
                call.servable.release()
        return self._predict_later(call, deadline)

    async def _predict_large(self, route: Route, body: bytes, deadline: float | None) -> bytes:
        """Reads and writes large bodies in a thread, so that others are answered meanwhile."""
        call = await self._engine.in_thread(lambda: self._read(route, body))
        try:
            outputs = await predicting.predict(self._engine, call.prepared, deadline)
        finally:
            call.servable.release()
        self._log_predict(call, outputs)
        return await self._engine.in_thread(lambda: encode_predict(call.form, outputs))

    def _read(self, route: Route, body: bytes) -> _Call:
        """Checks a predict body in TF Serving's order; the caller must release the servable."""
        doc = parse_document(body)
        signature_name = signature_name_of(doc)
        servable = self._core.servable(route.name, route.version, route.label)
        try:
            plan = predicting.plan_of(servable, signature_name)
            if plan is None:
                raise invalid_argument(
                    f'Serving signature name: "{signature_name or predicting.DEFAULT_SIGNATURE}" '
                    "not found in signature def"
                )
            if reads_doubles(plan.inputs):
                doc = reparse_for_doubles(body, doc)
            form, arrays = decode_predict(doc, signature_name, plan.inputs)
            prepared = predicting.prepare(servable, plan, arrays, (), self._check_method)
        except BaseException:
            servable.release()
            raise
        return _Call(servable, signature_name, form, arrays, prepared)

    async def _predict_later(self, call: _Call, deadline: float | None) -> bytes:
        try:
            outputs = await predicting.predict(self._engine, call.prepared, deadline)
        finally:
            call.servable.release()
        self._log_predict(call, outputs)
        return encode_predict(call.form, outputs)

    def _log_predict(self, call: _Call, outputs: dict[str, np.ndarray]) -> None:
        if self._request_log.samples(call.servable.name):
            self._request_log.predict_arrays(
                call.servable, call.signature_name, call.arrays, outputs
            )
