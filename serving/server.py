"""Builds the server from its flags, runs it, and ends it without dropping a request."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from serving.batching import Batcher
from serving.batching_queue import BatchingParameters
from serving.engine import Engine
from serving.greeting import curl_line
from serving.inference.replay import Replayer
from serving.listening import cannot_listen, check_free
from serving.models.core import ServerCore
from serving.models.manager import Manager
from serving.models.saved_model import Servable, load_servable
from serving.models.state import StateMonitor
from serving.models.storage import StorageWatcher
from serving.models.text_protos import read_declared
from serving.models.warmup import warm_up
from serving.request_log import RequestLog
from serving.rest.handler import RestHandler
from serving.rest.http import HttpServer
from serving.rest.http_protocol import HttpLimits
from serving.rpc.server import RpcServer
from serving.settings import access_log, first_config, metrics_path, session_options
from serving.status import ServingError

log = logging.getLogger("serving")


class Server:
    """All parts of one server process.

    Args:
        flags: From `parse_flags`.

    Raises:
        ServingError: a configuration file is invalid.
    """

    def __init__(self, flags: argparse.Namespace) -> None:
        self._flags = flags
        self._ready = False
        self._stop = asyncio.Event()
        self._request_log = RequestLog()
        self._batcher = self._make_batcher()
        self._engine = Engine(flags.rest_api_num_threads, self._batcher)
        self._options = session_options(flags)
        self._monitor = StateMonitor()
        self._replayer = Replayer(flags.enable_signature_method_name_check)
        manager = Manager(
            self._load,
            self._monitor,
            load_threads=flags.num_load_threads,
            unload_threads=flags.num_unload_threads,
            max_retries=flags.max_num_load_retries,
            retry_seconds=flags.load_retry_interval_micros / 1e6,
        )
        self.core = ServerCore(
            manager,
            StorageWatcher(manager.aspire, flags.file_system_poll_wait_seconds),
            self._monitor,
            initial_load_threads=4 * (os.cpu_count() or 1),
            load_threads=flags.num_load_threads,
            labels_for_unavailable=flags.allow_version_labels_for_unavailable_models,
            on_config=self._request_log.configure,
        )
        self._handler = RestHandler(
            self.core,
            self._engine,
            self._request_log,
            timeout_seconds=flags.rest_api_timeout_in_ms / 1000,
            cors=flags.rest_api_enable_cors_support,
            metrics_path=metrics_path(flags),
            check_method=flags.enable_signature_method_name_check,
            ready=lambda: self._ready,
        )
        self._http = HttpServer(
            self._handler.handle,
            HttpLimits(flags.max_request_bytes, flags.idle_seconds),
            access_log(flags.access_log),
        )
        self._rpc = RpcServer(
            self.core,
            self._engine,
            self._request_log,
            check_method=flags.enable_signature_method_name_check,
            as_content=flags.enable_serialization_as_tensor_content,
            health=flags.enable_grpc_healthcheck_service,
            max_message_bytes=flags.max_request_bytes,
            idle_seconds=flags.idle_seconds,
        )

    def _make_batcher(self) -> Batcher | None:
        flags = self._flags
        if not flags.enable_batching:
            return None
        parameters = BatchingParameters()
        if flags.batching_parameters_file:
            parameters = BatchingParameters.from_proto(
                read_declared(flags.batching_parameters_file, "BatchingParameters")
            )
        return Batcher(parameters, flags.enable_per_model_batching_parameters)

    def _load(self, name: str, version: int, path: str) -> Servable:
        if self._batcher is not None:
            self._batcher.check(path)
        servable = load_servable(name, version, path, self._options)
        try:
            if self._flags.enable_model_warmup:
                warm_up(
                    path,
                    lambda entry: self._replayer.replay(servable, entry),
                    self._flags.num_request_iterations_for_warmup or 1,
                )
        except BaseException:
            servable.close()
            raise
        return servable

    async def run(self) -> int:
        """Serves until SIGTERM or SIGINT.

        Returns:
            Exit status: 0 after a signal, 1 when the server could not start.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        try:
            check_free(self._flags.host, self._flags.port, "--port")
            check_free(self._flags.host, self._flags.rest_api_port, "--rest_api_port")
            config = first_config(self._flags)
        except ServingError as error:
            return _failed_to_start(error)
        loading = loop.create_task(_in_daemon_thread(lambda: self.core.reload(config)))
        stopping = loop.create_task(self._stop.wait())
        try:
            await asyncio.wait({loading, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not loading.done():
                return 0
            loading.result()
            await self._open()
        except ServingError as error:
            return _failed_to_start(error)
        finally:
            self.core.stopping.set()
        self.core.stopping.clear()
        poll = loop.create_task(self._poll_config())
        self._ready = True
        await stopping
        log.info("Draining: waiting for running requests")
        self._ready = False
        poll.cancel()
        await asyncio.gather(
            self._http.drain(self._flags.drain_seconds), self._rpc.stop(self._flags.drain_seconds)
        )
        self.core.stop()
        self._engine.close()
        self._request_log.close()
        log.info("Stopped")
        return 0

    async def _open(self) -> None:
        flags = self._flags
        await self._rpc.start(
            flags.host, flags.port, flags.grpc_socket_path, flags.ssl_config_file,
            flags.grpc_channel_arguments,
        )  # fmt: skip
        if flags.port:
            log.info("Running gRPC ModelServer at %s:%d ...", flags.host, flags.port)
        if flags.rest_api_port:
            try:
                port = await self._http.start(flags.host, flags.rest_api_port)
            except OSError as error:
                address = f"{flags.host}:{flags.rest_api_port}"
                raise cannot_listen(address, "--rest_api_port", error) from None
            log.info("Exporting HTTP/REST API at:%s:%d ...", flags.host, port)
            host = "localhost" if flags.host in ("127.0.0.1", "0.0.0.0") else flags.host
            for name in sorted(self.core.configured()):
                url = f"http://{host}:{port}"
                if line := curl_line(self.core, name, url, flags.example_request_file):
                    print(line, flush=True)  # by itself, to be copied

    async def _poll_config(self) -> None:
        flags = self._flags
        if not flags.model_config_file or flags.model_config_file_poll_wait_seconds <= 0:
            return
        while True:
            await asyncio.sleep(flags.model_config_file_poll_wait_seconds)
            try:
                await _in_daemon_thread(lambda: self.core.reload(first_config(flags)))
            except ServingError as error:
                log.error("Cannot follow %s: %s", flags.model_config_file, error)


async def _in_daemon_thread(job: Callable[[], None]) -> None:
    """Runs a job that may wait for ever in a thread that does not hold up the process's end."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if not future.done():
            future.set_result(None) if error is None else future.set_exception(error)

    def work() -> None:
        error: Exception | None = None
        try:
            job()
        except Exception as caught:
            error = caught
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=work, name="config", daemon=True).start()
    await future


def _failed_to_start(error: ServingError) -> int:
    print(f"Failed to start server. Error: {error}", file=sys.stderr, flush=True)
    return 1


def _loop_factory() -> Callable[[], Any] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], Any] = uvloop.new_event_loop
    return factory


def serve(flags: argparse.Namespace) -> int:
    """Runs a server with these flags; the process's exit status."""
    logging.basicConfig(
        level=flags.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    # TensorFlow's modules are a million objects: a full collection over them stops the server
    # for a third of a second. They stay for good, so the collector need not look at them.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    with contextlib.suppress(ValueError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    async def run() -> int:
        try:
            server = Server(flags)
        except ServingError as error:
            return _failed_to_start(error)
        return await server.run()

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        status = runner.run(run())
    # Threads that load a model cannot be interrupted and hold nothing worth waiting for.
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
