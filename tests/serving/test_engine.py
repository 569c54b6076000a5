"""Where the engine runs a program: in the loop only while that is quick."""

import asyncio
import threading
import time
import types

import numpy as np
import pytest

from serving.engine import Engine
from serving.models.saved_model import Program
from serving.status import Code, ServingError

ROW = [np.zeros(1, np.float32)]


def program(work):
    return Program(None, lambda *arrays: work() or list(arrays), ("x:0",))


def run_all(engine, made, count, arrays=ROW, deadline=None):
    async def main():
        return [await engine.run(made, arrays, deadline) for _ in range(count)]

    return asyncio.run(main())


def test_quick_programs_move_into_the_loop_and_slow_ones_leave_it():
    threads, pause = [], [0.0]

    def work():
        threads.append(threading.current_thread() is threading.main_thread())
        time.sleep(pause[0])

    made, engine = program(work), Engine(2)
    run_all(engine, made, 20)
    assert threads[:8] == [False] * 8
    assert threads[-1] is True
    pause[0] = 0.003
    run_all(engine, made, 6)
    assert threads[-1] is False


def test_a_busy_machine_does_not_make_a_quick_program_slow(monkeypatch):
    """Seldom slow, each time with the core taken away; and a program that is slow all the time."""
    threads, every, times = [], [6], iter(range(1_000_000))

    def work():
        threads.append(threading.current_thread() is threading.main_thread())
        if len(threads) > 20 and len(threads) % every[0] == 0:
            time.sleep(0.003)

    made, engine = program(work), Engine(2)
    run_all(engine, made, 20)
    aside = types.SimpleNamespace(ru_nivcsw=0)

    def usage(_who):
        aside.ru_nivcsw = next(times)
        return aside

    monkeypatch.setattr("serving.engine.resource.getrusage", usage)
    run_all(engine, made, 100)
    assert threads[-1] is True
    every[0] = 1
    run_all(engine, made, 20)
    assert threads[-1] is False


def test_large_inputs_and_slow_programs_stay_in_the_pool():
    threads = []

    def work():
        threads.append(threading.current_thread() is threading.main_thread())

    engine = Engine(2)
    run_all(engine, program(work), 20, [np.zeros(100_000, np.float32)])
    run_all(engine, program(lambda: work() or time.sleep(0.002)), 12)
    assert not any(threads)


def test_many_at_once_do_not_make_a_quick_program_slow():
    threads = []

    def work():
        threads.append(threading.current_thread() is threading.main_thread())
        if not threads[-1]:
            time.sleep(0.001)  # what waiting for the interpreter's lock looks like from here

    async def main():
        for _ in range(4):
            await asyncio.gather(*(engine.run(made, ROW, None) for _ in range(16)))

    made, engine = program(work), Engine(4)
    asyncio.run(main())
    assert threads[-1] is True


def test_deadlines_and_errors():
    engine = Engine(1)
    with pytest.raises(ServingError) as caught:
        run_all(engine, program(lambda: time.sleep(0.5)), 1, deadline=time.monotonic() + 0.05)
    assert caught.value.code == Code.DEADLINE_EXCEEDED

    def fail():
        raise ValueError("bad feed")

    with pytest.raises(ServingError, match="bad feed"):
        run_all(engine, program(fail), 1)
    engine.close()
