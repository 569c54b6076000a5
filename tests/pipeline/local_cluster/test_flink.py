"""pipeline/local_cluster/flink.py: the pipeline on a real cluster of two task managers, one of which is killed.

Skipped, with the reason, where Java, Flink's jars or Beam's job server cannot be had.
"""

import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.commands import cluster
from pipeline.earlier import history
from pipeline.engines.checks import get
from pipeline.local_cluster import jobs, state

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shop(flink: Path, shop_in_files: Any) -> Any:
    return shop_in_files(flink)


def master(folder: Path) -> str:
    up = state.read(folder / "output")
    assert up is not None
    return up.flink_master


def test_two_task_managers_have_joined(flink: Path) -> None:
    managers = get(f"{master(flink)}/taskmanagers")["taskmanagers"]
    assert [manager["slotsNumber"] for manager in managers] == [1, 1]
    up = state.read(flink / "output")
    assert up is not None
    java = [process for process in up.processes if process.name.startswith("task-manager")]
    listening = [
        connection.laddr.ip
        for process in java
        for connection in psutil.Process(process.pid).net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}


def test_a_pushed_model_whose_data_went_through_both_task_managers(shop, flink, made) -> None:
    local = shop.last()
    forced = ["ExampleGen", "StatisticsGen", "Transform", "Trainer", "Evaluator"]
    flags = ["--engine", "flink", "--set", "train.epochs=1"]
    assert shop.run(*flags, "--force", *forced) == 0
    remote = shop.last()
    assert remote.nodes["Pusher"].state == "ran" and remote.summary["pushed"]
    assert [remote.nodes[node].state for node in forced] == ["ran"] * len(forced)
    made(shop).assert_same(local, remote)

    ran = jobs.finished_and_running(master(flink))
    assert len(ran) == 4  # one for each data component
    for job in ran:
        assert job.state == "FINISHED" and job.parallelism == 2
        assert len(job.subtasks) == 2 and all(job.subtasks.values())


def test_the_evaluator_measures_the_same(shop, made) -> None:
    before = shop.last().summary
    flags = ["--set", "train.epochs=1", "--only", "Evaluator", "--force", "Evaluator"]
    assert shop.run("--engine", "local", *flags) == 0
    made(shop).assert_same_metrics(before, shop.last().summary)


def test_a_task_manager_killed_in_the_middle(shop, flink: Path, made) -> None:
    """Its job fails, the node with it; with the task manager back, `--resume` finishes."""
    total = 0
    for file in (shop.folder / "rows").iterdir():
        header, *lines = file.read_text().splitlines()
        file.write_text("\n".join([header, *lines * 40]) + "\n")
        total += len(lines) * 40
    before = {job.id for job in jobs.finished_and_running(master(flink))}
    killed: list[int] = []

    def kill_one() -> None:
        deadline = time.monotonic() + 300
        while not killed and time.monotonic() < deadline:
            time.sleep(0.2)
            for job in jobs.finished_and_running(master(flink)):
                if job.id not in before and job.state == "RUNNING" and len(job.subtasks) == 2:
                    up = state.read(flink / "output")
                    assert up is not None
                    [victim] = [p.pid for p in up.processes if p.name == "task-manager-1"]
                    psutil.Process(victim).kill()
                    killed.append(victim)
                    return

    killer = threading.Thread(target=kill_one)
    killer.start()
    flags = ["--engine", "flink", "--set", "train.epochs=1", "--to", "Transform"]
    assert shop.run(*flags) == 1
    killer.join()
    assert killed
    failed = shop.last()
    assert failed.nodes["ExampleGen"].state == "failed"
    assert "Traceback" not in failed.summary.get("error", "")
    assert "Transform" not in failed.nodes

    up = ["up", "--task-managers", "2", "--root", str(flink / "output")]
    assert cluster.main(up) == 0
    assert shop.run("--resume") == 0
    resumed: history.Run = shop.last()
    assert resumed.nodes["ExampleGen"].state == "ran"
    folder = made(shop).uri(resumed, "ExampleGen", "examples")
    counts = [made(shop).rows(folder, split) for split in ("train", "eval", "test")]
    assert sum(sum(count.values()) for count in counts) == total
