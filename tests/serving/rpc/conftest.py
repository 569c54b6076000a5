"""A server without models, in the test's own loop, and a raw HTTP/2 client of it."""

import asyncio

import grpc
import ngh2
import pytest

from serving.rpc.http2_server import Http2Server
from serving.status import Code, ServingError

HEADERS = [(b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"t")]


class Behaviour:
    """Methods of the service `t.S`; `held` counts calls that have not given back what they hold, `begun` some that ran."""

    def __init__(self):
        self.held = 0
        self.begun = 0
        self.cancelled = 0

    async def echo(self, request, _context):
        return request

    async def fail(self, _request, _context):
        raise KeyError("a fault")

    async def wait(self, _request, context):
        self.begun += 1
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return b"%r" % context.time_remaining()

    async def count(self, request, context):
        for number in range(int(request)):
            await context.write(b"%d" % number)
        if request == b"3":
            await context.abort(grpc.StatusCode.OUT_OF_RANGE, "only three")

    def direct(self, request, _deadline):
        """At once, by waiting, or not at all."""
        self.begun += 1
        if request == b"later":
            self.held += 1
            return self._later()
        if request == b"refused":
            raise ServingError(Code.UNAVAILABLE, "ünavailable\n100 %")
        return request

    async def _later(self):
        try:
            await asyncio.sleep(0.05)
            return b"later"
        finally:
            self.held -= 1

    def service(self):
        unary, stream = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
        same = {"request_deserializer": bytes, "response_serializer": bytes}
        return grpc.method_handlers_generic_handler(
            "t.S",
            {
                "Echo": unary(self.echo, lambda data: data.decode().encode(), bytes),
                "Fail": unary(self.fail, **same),
                "Wait": unary(self.wait, **same),
                "Direct": unary(self.echo, **same),
                "Count": stream(self.count, **same),
                "Talk": grpc.stream_unary_rpc_method_handler(self.echo, **same),
            },
        )


class Client:
    """Raw HTTP/2 against the server."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.http = ngh2.Connection(ngh2.Role.CLIENT)
        self.http.initiate_connection()
        self.answers = {}  # headers and trailers, data, by stream
        self.ended = set()

    def ask(self, method, data=None, *headers, end=True, content=b"application/grpc"):
        asked = [*HEADERS, (b":path", b"/t.S/" + method), (b"te", b"trailers")]
        asked += [(b"content-type", content), *headers]
        number = self.http.send_request(asked, end_stream=data is None)
        self.answers[number] = [{}, b""]
        if data is not None:
            self.http.send_data(number, data, end_stream=end)
        return number

    async def write(self):
        self.writer.write(self.http.data_to_send())
        await self.writer.drain()

    async def read(self, *numbers):
        """Until these streams are over; False when the server closes instead."""
        while not self.ended.issuperset(numbers):
            data = await asyncio.wait_for(self.reader.read(1 << 16), 20)
            if not data:
                return False
            self.http.receive_data(data)
            for event in self.http.events():
                if isinstance(event, ngh2.ResponseReceived | ngh2.TrailersReceived):
                    self.answers[event.stream_id][0].update(event.headers)
                elif isinstance(event, ngh2.DataReceived):
                    self.answers[event.stream_id][1] += event.data
                elif isinstance(event, ngh2.StreamClosed):
                    self.ended.add(event.stream_id)
            await self.write()
        return True

    def status(self, number):
        found = self.answers[number][0]
        return int(found[b"grpc-status"]), found.get(b"grpc-message", b"").decode()


@pytest.fixture
def run(tmp_path):
    """Runs a test with (server, behaviour, client, address) in one loop; options are the server's."""

    def start(test, **options):
        async def body():
            behaviour = Behaviour()
            server = Http2Server({"/t.S/Direct": behaviour.direct}, **options)
            server.add_generic_rpc_handlers((behaviour.service(),))
            await server.listen_unix(f"{tmp_path}/s")
            reader, writer = await asyncio.open_unix_connection(f"{tmp_path}/s")
            try:
                await test(server, behaviour, Client(reader, writer), f"unix:{tmp_path}/s")
            finally:
                writer.close()
                await server.stop(0)

        asyncio.run(body())

    return start
