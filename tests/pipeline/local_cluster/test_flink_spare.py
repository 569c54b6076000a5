"""A task manager is killed and another one is free: the job goes on there, and nothing is lost or twice.

Skipped, with the reason, where Java, Flink's jars or Beam's job server cannot be had.
"""

import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.engines.checks import get
from pipeline.local_cluster import jobs, state

pytestmark = pytest.mark.slow

TIMES = 200
"""How often the rows are repeated: a job long enough to be hit in the middle."""


def test_a_job_recovers_by_itself(spare: Path, shop_in_files: Any, made: Any) -> None:
    shop = shop_in_files(spare)
    up = state.read(spare / "output")
    assert up is not None
    master = up.flink_master
    managers = {p.pid: p.name for p in up.processes if p.name.startswith("task-manager")}
    assert len(managers) == 3
    total = _repeat(shop)
    killed: dict[str, int] = {}

    def kill_one() -> None:
        deadline = time.monotonic() + 300
        while not killed and time.monotonic() < deadline:
            time.sleep(0.2)
            for job in jobs.finished_and_running(master):
                if job.state == "RUNNING" and len(job.subtasks) == 2:
                    time.sleep(2)  # while rows are read
                    victim = _pid(next(iter(job.subtasks)), managers)
                    psutil.Process(victim).kill()
                    killed[job.id] = victim
                    return

    killer = threading.Thread(target=kill_one)
    killer.start()
    flags = ["--engine", "flink", "--set", "train.epochs=1", "--to", "StatisticsGen"]
    assert shop.run(*flags) == 0
    killer.join()
    [(job_id, _)] = killed.items()

    [hit] = [job for job in jobs.finished_and_running(master) if job.id == job_id]
    assert hit.state == "FINISHED"
    assert get(f"{master}/jobs/{job_id}")["timestamps"]["RESTARTING"] > 0
    assert get(f"{master}/overview")["taskmanagers"] == 2
    run = shop.last()
    assert run.nodes["ExampleGen"].state == run.nodes["StatisticsGen"].state == "ran"
    folder = made(shop).uri(run, "ExampleGen", "examples")
    splits = ("train", "eval", "test")
    assert sum(sum(made(shop).rows(folder, split).values()) for split in splits) == total
    assert sorted(path.name for path in folder.iterdir()) == [
        "Split-eval", "Split-test", "Split-train", "tally.json",
    ]  # fmt: skip


def _repeat(shop: Any) -> int:
    total = 0
    for file in (shop.folder / "rows").iterdir():
        header, *lines = file.read_text().splitlines()
        file.write_text("\n".join([header, *lines * TIMES]) + "\n")
        total += len(lines) * TIMES
    return total


def _pid(manager: str, managers: dict[int, str]) -> int:
    """The process of a task manager that Flink calls `host:port-digits`."""
    port = int(manager.partition(":")[2].partition("-")[0])
    [pid] = [
        pid
        for pid in managers
        for connection in psutil.Process(pid).net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    ]
    return pid
