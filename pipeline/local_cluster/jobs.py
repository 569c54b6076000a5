"""What a Flink cluster did, as its own REST API tells it: which task managers ran which jobs."""

from dataclasses import dataclass

from pipeline.engines.checks import get


@dataclass(frozen=True)
class Job:
    """One job."""

    id: str
    name: str
    state: str
    """RUNNING, FINISHED, FAILED, CANCELED, …"""
    seconds: float
    subtasks: dict[str, int]
    """{task manager: how many subtasks it ran}."""
    parallelism: int
    """The largest of its steps."""

    def on_task_managers(self) -> str:
        """As words: `12 + 9 subtasks on 2 task managers`."""
        counts = " + ".join(str(count) for count in self.subtasks.values()) or "no"
        return f"{counts} subtasks on {len(self.subtasks)} task managers"


def finished_and_running(master: str) -> list[Job]:
    """Every job that the JobManager remembers, the oldest first.

    Args:
      master: the REST address.

    Raises:
      OSError: it does not answer.
    """
    jobs = sorted(get(f"{master}/jobs/overview")["jobs"], key=lambda job: job["start-time"])
    return [_job(master, job) for job in jobs]


def _job(master: str, overview: dict[str, str]) -> Job:
    details = get(f"{master}/jobs/{overview['jid']}")
    subtasks: dict[str, int] = {}
    for vertex in details["vertices"]:
        place = f"{master}/jobs/{overview['jid']}/vertices/{vertex['id']}/taskmanagers"
        for manager in get(place)["taskmanagers"]:
            name = str(manager.get("taskmanager-id") or manager.get("endpoint"))
            ran = sum(manager["status-counts"].values()) - manager["status-counts"].get(
                "CREATED", 0
            )
            if name != "(unassigned)" and ran:
                subtasks[name] = subtasks.get(name, 0) + ran
    return Job(
        id=overview["jid"],
        name=str(overview["name"]),
        state=str(overview["state"]),
        seconds=float(details["duration"]) / 1000,
        subtasks=subtasks,
        parallelism=max((int(v["parallelism"]) for v in details["vertices"]), default=0),
    )
