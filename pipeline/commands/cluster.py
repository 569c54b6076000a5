"""`cluster up|down|status`: a cluster on this machine's loopback, for laptops and CI, not a product."""

import argparse
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.engines import checks, wheel
from pipeline.local_cluster import flink, jars, jobs, processes, state
from pipeline.local_cluster.state import Cluster, Process

KINDS = ("flink", "portable", "spark")


@dataclass(frozen=True)
class Size:
    """How much of a cluster."""

    task_managers: int = 2
    """Flink: of one slot each. Spark: threads."""
    memory: int = flink.MEMORY
    """MiB of a task manager."""
    job_server: bool = True
    """Whether Beam's job server runs too; without it Beam starts one for each job, from a jar."""
    flink: str = "1.19"
    """Flink's line; 1.20 needs the job server's jar of our Beam version."""


def main(argv: list[str]) -> int:
    """Starts, stops or shows the cluster; 0 if that was done, 1 if not, 2 on bad usage."""
    options = _parser().parse_args(argv)
    if not sys.platform.startswith("linux") and sys.platform != "darwin":
        print(
            f"error: a local cluster needs Linux or macOS, this is {sys.platform}", file=sys.stderr
        )
        return 2
    try:
        match options.action:
            case "up":
                size = Size(
                    options.task_managers, options.memory, options.job_server, options.flink
                )
                return up(options.root, options.kind, size)
            case "down":
                return down(options.root)
        return status(options.root)
    except (jars.JarError, processes.StartError, wheel.WheelError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def up(output: Path, kind: str, size: Size) -> int:
    """Starts what is not running yet, and gives the workers today's code."""
    running = state.read(output)
    if running is not None and running.kind != kind and any(p.found() for p in running.processes):
        print(
            f"error: a {running.kind} cluster is up in {state.folder(output)}: "
            f"`python -m pipeline cluster down` first",
            file=sys.stderr,
        )
        return 1
    if kind != "portable" and (missing := checks.java()):
        print(f"error: {missing[0]}", file=sys.stderr)
        return 1
    if kind != "portable" and size.job_server:
        jars.job_server(_line(kind, size))  # what cannot be had is said before anything starts
    folder = state.folder(output)
    folder.mkdir(parents=True, exist_ok=True)
    cluster = running if running and running.kind == kind else Cluster(kind)
    cluster = replace(cluster, processes=[p for p in cluster.processes if p.found()])
    starters = {"flink": _flink, "portable": _portable, "spark": _spark}
    try:
        cluster = _worker_pool(cluster, output)
        starters[kind](cluster, output, size)
    except BaseException:
        left = state.read(output)
        processes.stop(left.processes if left else [])
        state.forget(output)
        raise
    return status(output)


def down(output: Path) -> int:
    """Stops exactly the processes that `up` started."""
    cluster = state.read(output)
    if cluster is None:
        print(f"no cluster is up in {state.folder(output)}")
        return 0
    stopped = processes.stop(cluster.processes)
    state.forget(output)
    print(f"stopped: {', '.join(stopped) or 'nothing, all had ended already'}")
    return 0


def status(output: Path) -> int:
    """Prints the processes, and which task managers ran which jobs; 1 if something is down."""
    cluster = state.read(output)
    if cluster is None:
        print(f"no cluster is up in {state.folder(output)}")
        return 1
    ended = 0
    for process in cluster.processes:
        runs = process.found() is not None
        ended += not runs
        print(f"  {process.name:<16} {process.pid:>8}  {'runs' if runs else 'ENDED'}")
    print(f"  {'job server':<16} {cluster.job_endpoint or 'none'}")
    print(f"  {'workers':<16} {cluster.worker}")
    if cluster.flink_master:
        print(f"  {'Flink':<16} {cluster.flink_master}")
        for job in jobs.finished_and_running(cluster.flink_master):
            print(f"  job {job.name}: {job.state}, {job.seconds:.0f} s, {job.on_task_managers()}")
    print(f"run on it: python run_local.py --config taxi --engine {cluster.kind}")
    return int(ended > 0)


def _worker_pool(cluster: Cluster, output: Path) -> Cluster:
    """The pool, restarted if its workers would have older code."""
    digest = wheel.digest()
    old = [p for p in cluster.processes if p.name == "worker-pool"]
    if old and cluster.wheel == digest:
        return cluster
    # Beam's own job service runs our code as well.
    outdated = ["worker-pool", "job-server"] if cluster.kind == "portable" else ["worker-pool"]
    processes.stop([p for p in cluster.processes if p.name in outdated])
    folder = state.folder(output)
    site = folder / f"site-{digest}"
    if not site.is_dir():
        for older in folder.glob("site-*"):
            shutil.rmtree(older)
        shutil.copytree(wheel.unpacked(wheel.build(output / "cache" / "wheels")), site)
    (folder / "worker-logs").mkdir(exist_ok=True)
    # The port of a pool that is restarted stays: a cluster knows it.
    address = cluster.worker or f"localhost:{processes.free_port()}"
    command = [sys.executable, "-m", "pipeline.local_cluster.worker_pool"]
    command += ["--port", address.rpartition(":")[2], "--logs", str(folder / "worker-logs")]
    # Workers find our packages in the wheel alone: neither the repository nor this folder has them.
    environment = {"PYTHONPATH": str(site), "TF_CPP_MIN_LOG_LEVEL": "2"}
    pool = processes.start("worker-pool", command, folder / "worker-logs", environment)
    rest = [p for p in cluster.processes if p.name not in outdated]
    cluster = replace(cluster, worker=address, wheel=digest, processes=[*rest, pool])
    state.write(output, cluster)
    processes.wait(pool, lambda: processes.listens(address), folder / "worker-logs")
    return cluster


def _flink(cluster: Cluster, output: Path, size: Size) -> None:
    folder, home = state.folder(output), jars.flink(size.flink)
    names = {process.name for process in cluster.processes}
    if "job-manager" not in names:
        # Without its JobManager, nothing of an earlier cluster is of use.
        rest = [p for p in cluster.processes if p.name != "worker-pool"]
        processes.stop(rest)
        address = flink.write_settings(folder, size.memory)
        manager = flink.start_job_manager(home, folder, address)
        pool = [p for p in cluster.processes if p.name == "worker-pool"]
        cluster = _add(replace(cluster, flink_master=address, processes=pool), output, manager)
        names = {"job-manager"}
    last = cluster.processes[-1]
    for number in range(1, size.task_managers + 1):
        if f"task-manager-{number}" not in names:
            last = flink.start_task_manager(home, folder, number)
            cluster = _add(cluster, output, last)
    flink.wait_for_slots(cluster.flink_master, size.task_managers, last, folder)
    if size.job_server and "job-server" not in names:
        program = jars.job_server(_line("flink", size))
        _java_job_server(cluster, output, program, f"--flink-master={cluster.flink_master}")


def _spark(cluster: Cluster, output: Path, size: Size) -> None:
    if "job-server" not in {process.name for process in cluster.processes}:
        program = jars.job_server("spark")
        master = f"--spark-master-url=local[{size.task_managers}]"
        _java_job_server(cluster, output, program, master)


def _portable(cluster: Cluster, output: Path, size: Size) -> None:
    """Beam's own job service: no JVM, the real Job API."""
    if "job-server" in {process.name for process in cluster.processes}:
        return
    folder, port = state.folder(output), processes.free_port()
    command = [sys.executable, "-m", "pipeline.local_cluster.job_service"]
    command += ["--port", str(port), "--staging", str(folder / "staging")]
    environment = {"PYTHONPATH": str(folder / f"site-{cluster.wheel}")}
    server = processes.start("job-server", command, folder, environment)
    _ready(cluster, output, server, f"localhost:{port}")


def _java_job_server(cluster: Cluster, output: Path, program: list[str], master: str) -> None:
    folder, port = state.folder(output), processes.free_port()
    (folder / "staging").mkdir(exist_ok=True)
    command = [shutil.which("java") or "java", *flink.OPENED, "-Xmx512m", *program]
    command += [f"--job-port={port}", "--artifact-port=0", "--expansion-port=0"]
    command += [f"--artifacts-dir={folder / 'staging'}", "--job-host=localhost", master]
    server = processes.start("job-server", command, folder, {})
    _ready(cluster, output, server, f"localhost:{port}")


def _line(kind: str, size: Size) -> str:
    return f"flink-{size.flink}" if kind == "flink" else kind


def _ready(cluster: Cluster, output: Path, server: Process, address: str) -> None:
    cluster = _add(replace(cluster, job_endpoint=address), output, server)
    processes.wait(server, lambda: processes.listens(address), state.folder(output))


def _add(cluster: Cluster, output: Path, process: Process) -> Cluster:
    """Written down at once: whatever happens next, `down` knows it."""
    cluster = replace(cluster, processes=[*cluster.processes, process])
    state.write(output, cluster)
    return cluster


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline cluster", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("action", choices=("up", "down", "status"))
    parser.add_argument(
        "--kind",
        choices=KINDS,
        default="flink",
        help="flink; portable: Beam's own job service, no JVM; spark: a job server with Spark inside",
    )
    parser.add_argument(
        "--task-managers", type=int, default=2, metavar="N", help="flink: of one slot each"
    )
    parser.add_argument(
        "--memory", type=int, default=flink.MEMORY, metavar="MIB", help="flink: of a task manager"
    )
    parser.add_argument(
        "--no-job-server",
        dest="job_server",
        action="store_false",
        help="flink: only the cluster and the workers; engine.job_server_jar starts one per job",
    )
    parser.add_argument(
        "--flink",
        choices=sorted(jars.FLINK),
        default="1.19",
        help="Flink's line; 1.20 needs the job server's jar of our Beam version",
    )
    parser.add_argument(
        "--root", type=Path, default=Path("output"), metavar="DIR", help="where runs are written"
    )
    return parser
