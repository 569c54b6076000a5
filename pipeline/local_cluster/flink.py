"""A Flink cluster on loopback: one JobManager and task managers of one slot each."""

import shutil
import subprocess
from pathlib import Path

from pipeline.engines import checks
from pipeline.local_cluster import processes
from pipeline.local_cluster.state import Process

# What Flink's own configuration opens for Java 17.
OPENED = (
    *(
        f"--add-exports={name}=ALL-UNNAMED"
        for name in (
            "java.base/sun.net.util",
            "java.rmi/sun.rmi.registry",
            "java.security.jgss/sun.security.krb5",
        )
    ),
    *(
        f"--add-opens=java.base/{name}=ALL-UNNAMED"
        for name in (
            "java.lang",
            "java.net",
            "java.io",
            "java.nio",
            "sun.nio.ch",
            "java.lang.reflect",
            "java.text",
            "java.time",
            "java.util",
            "java.util.concurrent",
            "java.util.concurrent.atomic",
            "java.util.concurrent.locks",
        )
    ),
)

SETTINGS = """# Written by `python -m pipeline cluster up`.
jobmanager.rpc.address: 127.0.0.1
jobmanager.rpc.port: {rpc}
jobmanager.bind-host: 127.0.0.1
jobmanager.memory.process.size: 1024m
rest.address: 127.0.0.1
rest.bind-address: 127.0.0.1
rest.port: {rest}
taskmanager.host: 127.0.0.1
taskmanager.bind-host: 127.0.0.1
taskmanager.numberOfTaskSlots: 1
taskmanager.memory.process.size: {memory}m
taskmanager.memory.managed.fraction: 0.4
# TFDV's and TFT's jobs have dozens of exchanges at a time, and each asks for 512 buffers of 32 KiB
# by default: more than there are.
taskmanager.memory.network.min: 320m
taskmanager.memory.network.max: 320m
taskmanager.network.sort-shuffle.min-buffers: 64
# A task manager that died is noticed within 15 seconds; its job starts again where another has a
# slot, and fails where none has one: a new one has 20 seconds to come, three times.
heartbeat.interval: 3000
heartbeat.timeout: 15000
restart-strategy.type: fixed-delay
restart-strategy.fixed-delay.attempts: 3
restart-strategy.fixed-delay.delay: 2s
slot.request.timeout: 20000
# Beam's streams of elements over 10 MB otherwise break the RPC layer.
pekko.framesize: 209715200b
io.tmp.dirs: {scratch}
web.submit.enable: false
"""
MEMORY = 2048
"""MiB of a task manager's JVM; its Python worker comes on top (docs/engines.md)."""


def write_settings(folder: Path, memory: int = MEMORY) -> str:
    """Flink's configuration; returns the REST address."""
    settings = folder / "conf"
    scratch = folder / "scratch"
    settings.mkdir(parents=True, exist_ok=True)
    scratch.mkdir(exist_ok=True)
    rest = processes.free_port()
    text = SETTINGS.format(rpc=processes.free_port(), rest=rest, memory=memory, scratch=scratch)
    (settings / "config.yaml").write_text(text, encoding="utf-8")
    return f"http://127.0.0.1:{rest}"


def start_job_manager(flink: Path, folder: Path, rest: str) -> Process:
    """Starts the JobManager and waits until its REST API answers."""
    command = _command(
        flink,
        folder,
        "GET_JM_RESOURCE_PARAMS",
        "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
        "--executionMode",
        "cluster",
    )
    process = processes.start("job-manager", command, folder, {})
    processes.wait(process, lambda: overview(rest) is not None, folder)
    return process


def start_task_manager(flink: Path, folder: Path, number: int) -> Process:
    """Starts one task manager; `wait_for_slots` tells when it has joined."""
    command = _command(
        flink,
        folder,
        "GET_TM_RESOURCE_PARAMS",
        "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
    )
    return processes.start(f"task-manager-{number}", command, folder, {})


def wait_for_slots(rest: str, slots: int, last: Process, folder: Path) -> None:
    """Waits until the cluster has that many task slots."""
    processes.wait(last, lambda: (overview(rest) or {}).get("slots-total", 0) >= slots, folder)


def overview(rest: str) -> dict[str, int] | None:
    """Task managers and slots as the JobManager counts them; None while it does not answer."""
    try:
        return checks.get(f"{rest}/overview")
    except (OSError, ValueError):
        return None


def _command(flink: Path, folder: Path, resources: str, main: str, *more: str) -> list[str]:
    jars = ":".join(str(jar) for jar in sorted((flink / "lib").glob("*.jar")))
    java = shutil.which("java") or "java"
    settings = str(folder / "conf")
    asked = [java, "-cp", f"{flink}/bin/bash-java-utils.jar:{jars}"]
    asked += ["org.apache.flink.runtime.util.bash.BashJavaUtils", resources]
    done = subprocess.run(
        [*asked, "--configDir", settings], capture_output=True, text=True, check=True
    )
    mark = "BASH_JAVA_UTILS_EXEC_RESULT:"
    flags, *dynamic = [
        line.removeprefix(mark).split()
        for line in done.stdout.splitlines()
        if line.startswith(mark)
    ]
    command = [java, *flags, *OPENED, "-cp", jars, main, "--configDir", settings, *more]
    return [*command, *(word for line in dynamic for word in line)]
