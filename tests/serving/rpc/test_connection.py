"""Connections of the gRPC server, by raw HTTP/2 and by grpcio's client; no model is needed."""

import asyncio
import zlib

import grpc
import ngh2
import pytest


def message(data, flag=0):
    return bytes([flag]) + len(data).to_bytes(4, "big") + data


def test_answers_by_raw_http2(run):
    async def test(_server, _behaviour, client, _address):
        echo = client.ask(b"Echo", message(b"hello"), end=False)  # half-closed never
        packed = zlib.compressobj(wbits=31)
        data = packed.compress(b"packed") + packed.flush()
        gzip = client.ask(b"Echo", message(data, 1), (b"grpc-encoding", b"gzip"))
        many = [client.ask(b"Direct", message(b"%d" % n)) for n in range(90)]
        count = client.ask(b"Count", message(b"2"))
        three = client.ask(b"Count", message(b"3"))
        await client.write()
        await client.read(gzip, count, three, *many)
        assert client.answers[echo][1] == message(b"hello")
        headers = client.answers[echo][0]
        assert (headers[b":status"], headers[b"content-type"]) == (b"200", b"application/grpc")
        assert client.answers[gzip][1] == message(b"packed")
        assert [client.answers[n][1] for n in many] == [message(b"%d" % n) for n in range(90)]
        assert client.answers[count][1] == message(b"0") + message(b"1")
        assert client.status(count) == (0, "")
        assert client.answers[three][1] == message(b"0") + message(b"1") + message(b"2")
        assert client.status(three) == (11, "only three")

    run(test)


def test_calls_that_are_wrong(run):
    async def test(_server, _behaviour, client, _address):
        wrong = {
            client.ask(b"Nothing", message(b"")): (12, "Method not found!"),
            client.ask(b"Talk", message(b"")): (12, "Method not found!"),
            client.ask(b"Echo", message(b""), (b"grpc-encoding", b"br")): (
                12, "Compression br is not supported",
            ),
            client.ask(b"Echo"): (13, "The call carries no message"),
            client.ask(b"Echo", message(b"abc")[:-1]): (
                13, "The call ended before its message was complete",
            ),
            client.ask(b"Echo", message(b"\xff")): (13, "Exception deserializing request!"),
            client.ask(b"Echo", b"\0\xff\xff\xff\xff"): (
                8, "Received message larger than max (4294967295 vs. 2147483647)",
            ),
            client.ask(b"Fail", message(b"")): (13, "KeyError: 'a fault'"),
            client.ask(b"Direct", message(b"refused")): (14, "%C3%BCnavailable%0A100 %25"),
        }  # fmt: skip
        page = client.ask(b"Echo", message(b""), content=b"text/html")
        right = client.ask(b"Echo", message(b"right"))
        await client.write()
        await client.read(page, right, *wrong)
        assert {number: client.status(number) for number in wrong} == wrong
        assert client.answers[page][0] == {b":status": b"415"}
        assert client.answers[right][1] == message(b"right")

    run(test)


def test_calls_that_are_cancelled(run):
    async def test(_server, behaviour, client, _address):
        # Begun and reset in one piece: what the call holds is given back all the same.
        for _ in range(20):
            client.http.reset_stream(client.ask(b"Direct", message(b"later")))
        await client.write()
        begun = [client.ask(b"Direct", message(b"later")) for _ in range(20)]
        waiting = client.ask(b"Wait", message(b""))
        await client.write()
        await asyncio.sleep(0.01)
        for number in (*begun, waiting):
            client.http.reset_stream(number)
        right = client.ask(b"Direct", message(b"later"))
        await client.write()
        await client.read(right)
        assert client.answers[right][1] == message(b"later")
        assert (behaviour.held, behaviour.cancelled) == (0, 1)

    run(test)


def test_a_client_that_goes_away(run):
    async def test(server, behaviour, client, _address):
        client.ask(b"Wait", message(b""))
        client.ask(b"Direct", message(b"later"))
        await client.write()
        while not behaviour.held:
            await asyncio.sleep(0.001)
        client.writer.close()
        while server.connections:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        assert (behaviour.held, behaviour.cancelled) == (0, 1)

    run(test)


def test_deadlines(run, monkeypatch):
    monkeypatch.setattr("serving.rpc.http2_server._SWEEP_SECONDS", 0.05)

    async def test(_server, behaviour, client, _address):
        soon = (b"grpc-timeout", b"100m")
        slow = client.ask(b"Wait", message(b""), soon)
        never = client.ask(b"Echo", message(b"abc")[:-1], soon, end=False)
        await client.write()
        while behaviour.cancelled == 0:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        client.http.end_stream(never)
        await client.write()
        await client.read(slow, never)
        assert client.status(slow) == client.status(never) == (4, "Deadline Exceeded")

    run(test)


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 64,
        b"\0" * 100,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\4\4\0\0\0\0\0\0\0\0\0" + b"\0\0\1\1\5\0\0\0\1\xff",
    ],
)
def test_what_is_not_http2_is_closed(run, said):
    async def test(server, _behaviour, client, _address):
        client.writer.write(said)
        while await asyncio.wait_for(client.reader.read(1 << 16), 20):
            pass
        await asyncio.sleep(0.01)
        assert not server.connections

    run(test)


def test_a_connection_that_never_speaks(run, monkeypatch):
    monkeypatch.setattr("serving.rpc.http2_server._SWEEP_SECONDS", 0.02)

    async def test(_server, _behaviour, client, _address):
        while await asyncio.wait_for(client.reader.read(1 << 16), 20):
            pass

    run(test, patience=0.05)


def test_of_too_many_connections_the_one_idle_for_longest_goes(run, monkeypatch):
    monkeypatch.setattr("serving.rpc.http2_server._MAX_CONNECTIONS", 3)

    async def test(server, behaviour, client, address):
        client.ask(b"Wait", message(b""))
        await client.write()
        while not behaviour.begun:
            await asyncio.sleep(0.001)
        others = []
        for _ in range(4):
            others.append(await asyncio.open_unix_connection(address.removeprefix("unix:")))
            await asyncio.sleep(0.02)
        for reader, _ in others[:2]:  # with GOAWAY; the one with a call stays, and the newest
            said = await asyncio.wait_for(reader.read(), 20)
            assert said.endswith(b"\0\0\x08\7" + bytes(5) + bytes(8))
        assert len(server.connections) == 3 and behaviour.cancelled == 0
        for _, writer in others:
            writer.close()

    run(test)


def test_large_messages_by_grpcios_client(run):
    async def test(_server, _behaviour, _client, address):
        limit = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        async with grpc.aio.insecure_channel(address, options=limit) as channel:
            echo = channel.unary_unary("/t.S/Echo")
            data = bytes(range(48, 112)) * (1 << 18)  # 16 MiB: windows fill and are opened again
            assert await asyncio.gather(*(echo(data) for _ in range(3))) == [data] * 3
            packed = await echo(data, compression=grpc.Compression.Gzip)
            assert packed == data
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.unary_unary("/t.S/Direct")(b"refused")
            assert caught.value.details() == "ünavailable\n100 %"

    run(test)


def test_a_client_that_does_not_read(run):
    async def test(server, _behaviour, client, _address):
        client.http.update_settings({ngh2.Setting.INITIAL_WINDOW_SIZE: (1 << 31) - 1})
        client.http.set_local_window_size((1 << 31) - 1)
        await client.write()
        data = message(b"x" * (1 << 20))
        number = client.ask(b"Echo", data)
        other = client.ask(b"Count", message(b"200000"))
        while client.http.want_write and (piece := client.http.data_to_send()):
            client.writer.write(piece)
            await client.writer.drain()
            with pytest.raises(TimeoutError):  # the server's windows, not its answers
                client.http.receive_data(await asyncio.wait_for(client.reader.read(200), 0.02))
                raise TimeoutError
            client.http.events()
        await asyncio.sleep(0.1)
        (connection,) = server.connections
        assert connection.busy  # it waits; the answer to `Count` is not piled up
        assert connection._http.queued_body_size() < 20 << 20
        await client.write()
        client.answers[number][1] = client.answers[other][1] = b""
        await client.read(number, other)
        assert client.status(other) == (0, "")

    run(test)


def test_the_end(run):
    async def test(server, behaviour, client, address):
        last = client.ask(b"Direct", message(b"later"))
        await client.write()
        while not behaviour.held:
            await asyncio.sleep(0.001)
        stopping = asyncio.create_task(server.stop(5))
        assert await client.read(last)
        assert client.answers[last][1] == message(b"later")
        await stopping
        while await asyncio.wait_for(client.reader.read(1 << 16), 20):  # until it is closed
            pass
        async with grpc.aio.insecure_channel(address) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.unary_unary("/t.S/Echo")(b"", timeout=5)
            assert caught.value.code() == grpc.StatusCode.UNAVAILABLE

    run(test)
