"""Calls that do not go as they should: deadlines, patience, unread answers, compression."""

import asyncio
import contextlib
import zlib

import grpc
import ngh2
import pytest


def message(data, flag=0):
    return bytes([flag]) + len(data).to_bytes(4, "big") + data


def packed(data):
    stream = zlib.compressobj(9, wbits=31)
    return message(stream.compress(data) + stream.flush(), 1)


GZIP = (b"grpc-encoding", b"gzip")


def test_past_its_deadline_nothing_runs(run):
    async def test(_server, behaviour, client, _address):
        timeouts = [(b"grpc-timeout", text) for text in (b"0n", b"1n", b"00000000H")]
        late = [
            client.ask(name, message(b"later"), timeout)
            for timeout in timeouts
            for name in (b"Direct", b"Wait")
        ]
        # What is no deadline is none.
        other = [(b"grpc-timeout", text) for text in (b"1", b"-1S", b"123456789S", b"1d", b"")]
        right = [client.ask(b"Direct", message(b"now"), timeout) for timeout in other]
        await client.write()
        await client.read(*late, *right)
        assert {client.status(number) for number in late} == {(4, "Deadline Exceeded")}
        assert {client.answers[number][1] for number in right} == {message(b"now")}
        assert behaviour.begun == len(right)

    run(test)


def test_a_call_half_said_is_ended_and_an_idle_connection_is_not(run, monkeypatch):
    monkeypatch.setattr("serving.rpc.http2_server._SWEEP_SECONDS", 0.02)

    async def test(_server, _behaviour, client, _address):
        half = [client.ask(b"Echo", data, end=False) for data in (b"", b"\0", message(b"abc")[:-1])]
        await client.write()
        await client.read(*half)  # reset, too: the client is to send no more
        text = "The call's message did not come within 0.1 s"
        assert [client.status(number) for number in half] == [(4, text)] * 3
        await asyncio.sleep(0.3)
        right = client.ask(b"Echo", message(b"right"))
        await client.write()
        assert await client.read(right)
        assert client.answers[right][1] == message(b"right")

    run(test, patience=0.1)


def test_answers_nobody_reads_hold_up_calls_and_then_end_the_connection(run, monkeypatch):
    monkeypatch.setattr("serving.rpc.http2_server._SWEEP_SECONDS", 0.02)
    monkeypatch.setattr("serving.rpc.calls._UNREAD_BYTES", 3000)

    async def test(server, behaviour, client, _address):
        client.http.update_settings({ngh2.Setting.INITIAL_WINDOW_SIZE: 0})
        numbers = [client.ask(b"Direct", message(b"x" * 1000)) for _ in range(50)]
        await client.write()
        await asyncio.sleep(0.05)
        (connection,) = server.connections
        assert 3000 < connection.out.unread < 5000 and behaviour.begun == 3
        client.http.update_settings({ngh2.Setting.INITIAL_WINDOW_SIZE: 2000})
        await client.write()
        assert await client.read(*numbers)  # it reads again: all are answered
        assert {client.answers[number][1] for number in numbers} == {message(b"x" * 1000)}
        client.http.update_settings({ngh2.Setting.INITIAL_WINDOW_SIZE: 0})
        client.ask(b"Direct", message(b"x"))
        await client.write()
        with contextlib.suppress(ConnectionError):
            while await asyncio.wait_for(client.reader.read(1 << 16), 20):
                client.http.ping()  # that it speaks does not help
                await client.write()
        assert not server.connections

    run(test, patience=0.3)


def test_compressed_messages(run, monkeypatch):
    monkeypatch.setattr("serving.rpc.framing.MAX_INFLATED_BYTES", 1 << 20)

    async def test(_server, _behaviour, client, _address):
        noise = b"".join(b"%d" % hash((n, n)) for n in range(1000))
        small, large = packed(b"small"), packed(noise)
        assert len(large) > 4096
        right = {
            client.ask(b"Echo", small, GZIP): b"small",
            client.ask(b"Echo", large, GZIP): noise,
            client.ask(b"Echo", message(b"plain"), GZIP): b"plain",
            client.ask(b"Echo", message(b"x"), (b"grpc-encoding", b"identity")): b"x",
            client.ask(b"Echo", message(zlib.compress(b"y"), 1), (b"grpc-encoding", b"deflate")): b"y",
        }  # fmt: skip
        bombs = [client.ask(b"Echo", packed(bytes(size)), GZIP) for size in (2 << 20, 20 << 20)]
        broken = [client.ask(b"Echo", message(data[5:-9], 1), GZIP) for data in (small, large)] + [
            client.ask(b"Echo", small)
        ]
        await client.write()
        await client.read(*right, *bombs, *broken)
        assert {n: client.answers[n][1] for n in right} == {n: message(d) for n, d in right.items()}
        assert [client.status(n)[0] for n in bombs] == [8, 8]
        assert [client.status(n) for n in broken] == [
            (13, f"The message cannot be decompressed: {why}")
            for why in ("it is cut off", "it is cut off", "no grpc-encoding was given")
        ]

    run(test)


def test_a_message_over_the_limit_stops_the_upload(run):
    async def test(_server, _behaviour, _client, address):
        async with grpc.aio.insecure_channel(address) as channel:
            for method in ("Echo", "Direct"):
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await channel.unary_unary(f"/t.S/{method}")(bytes(30 << 20), timeout=20)
                assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
                assert "31457280 vs. 1000" in caught.value.details()
            assert await channel.unary_unary("/t.S/Echo")(b"x" * 1000, timeout=20) == b"x" * 1000

    run(test, max_message_bytes=1000)


def test_metadata_of_every_kind(run):
    async def test(_server, _behaviour, _client, address):
        async with grpc.aio.insecure_channel(address) as channel:
            metadata = [
                ("k", "v"),
                ("k", "w"),
                ("k-bin", bytes(range(256))),
                ("authorization", "x"),
            ]
            echo = channel.unary_unary("/t.S/Echo")
            assert await echo(b"a", metadata=metadata, timeout=20) == b"a"
            assert await echo(b"b", metadata=[("k", "v" * 40_000)], timeout=20) == b"b"
            # Beyond all measure: that ends the connection, and the client makes another one.
            with pytest.raises(grpc.aio.AioRpcError):
                await echo(b"a", metadata=[("k", "v" * 100_000)], timeout=20)
            assert await echo(b"c", timeout=20, wait_for_ready=True) == b"c"

    run(test)
