"""The manager's rules, without TensorFlow models: fakes load instantly."""

import threading
import time

import pytest

from serving.models.manager import Manager
from serving.models.policy import Act, Phase, Snapshot, next_action
from serving.models.state import State, StateMonitor
from serving.models.storage import Monitored, VersionPolicy, aspired_versions, parse_version
from serving.status import Code, ServingError


def snap(version, phase, aspired=True):
    return Snapshot(version, phase, aspired)


@pytest.mark.parametrize(
    ("versions", "action"),
    [
        ([], None),
        ([snap(1, Phase.NEW), snap(2, Phase.NEW)], (Act.LOAD, 2)),
        ([snap(1, Phase.READY, False), snap(2, Phase.NEW)], (Act.LOAD, 2)),
        ([snap(1, Phase.READY, False), snap(2, Phase.BUSY)], None),
        ([snap(1, Phase.READY, False), snap(2, Phase.ERROR)], None),
        ([snap(1, Phase.READY, False), snap(2, Phase.READY)], (Act.UNLOAD, 1)),
        ([snap(1, Phase.READY, False)], (Act.UNLOAD, 1)),
        ([snap(1, Phase.READY, False), snap(2, Phase.READY, False), snap(3, Phase.NEW)],
         (Act.UNLOAD, 1)),
        ([snap(1, Phase.READY), snap(2, Phase.READY)], None),
    ],
)  # fmt: skip
def test_policy(versions, action):
    assert next_action(versions) == action


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("1", 1), ("00000123", 123), ("123_tmp", None), ("latest", None), (".tmp", None),
        ("-5", -5), ("9223372036854775808", None), ("", None), ("1.0", None), ("١", None),
    ],
)  # fmt: skip
def test_version_names(name, version):
    assert parse_version(name) == version


def test_aspired_versions(tmp_path):
    for name in ("1", "02", "2", "10", "tmp"):
        (tmp_path / name).mkdir()

    def wanted(policy):
        return aspired_versions(Monitored("m", str(tmp_path), policy))

    assert wanted(VersionPolicy()) == {10: f"{tmp_path}/10"}
    assert list(wanted(VersionPolicy("latest", count=2))) == [10, 2]
    assert wanted(VersionPolicy("latest", count=2))[2] == f"{tmp_path}/2"
    assert set(wanted(VersionPolicy("all"))) == {1, 2, 10}
    assert set(wanted(VersionPolicy("specific", versions=(1, 7)))) == {1}
    with pytest.raises(OSError):
        aspired_versions(Monitored("m", str(tmp_path / "none")))


class FakeServable:
    def __init__(self):
        self.closed = False

    def acquire(self):
        return not self.closed

    def close(self):
        self.closed = True


@pytest.fixture
def managed():
    monitor, loads = StateMonitor(), []
    failures = set()

    def load(_name, version, _path):
        loads.append(version)
        if version in failures:
            raise ServingError(Code.NOT_FOUND, f"no {version}")
        return FakeServable()

    manager = Manager(load, monitor, max_retries=1, retry_seconds=-1)

    def settle():
        while manager.tick():
            pass

    return manager, monitor, loads, failures, settle


def states(monitor):
    return {version: state.state for version, state in monitor.versions("m")}


def test_swap_failure_and_return(managed):
    manager, monitor, loads, failures, settle = managed
    manager.aspire("m", {1: "a"})
    settle()
    manager.aspire("m", {2: "b"})
    settle()
    assert states(monitor) == {2: State.AVAILABLE, 1: State.END}
    failures.add(3)
    manager.aspire("m", {3: "c"})
    settle()
    assert loads == [1, 2, 3, 3]  # one retry
    assert monitor.version("m", 3).error.message == "no 3"
    assert manager.serving() == {"m": [2]}
    manager.aspire("m", {3: "c"})  # not tried again while it stays aspired
    settle()
    assert loads == [1, 2, 3, 3]
    manager.aspire("m", {2: "b"})  # waits: version 2 is on its way out, but still needed
    settle()
    assert manager.serving() == {"m": [2]}
    manager.aspire("m", {4: "d"})
    settle()
    assert manager.serving() == {"m": [4]}
    manager.aspire("m", {2: "b"})
    settle()
    assert manager.serving() == {"m": [2]}
    manager.aspire("m", {})
    settle()
    assert manager.serving() == {}
    with pytest.raises(ServingError, match=r"Latest\(m\)"):
        manager.servable("m", None)


def test_unloading_waits_for_requests():
    from serving.models.saved_model import Servable

    class Session:
        closed = False

        def close(self):
            Session.closed = True

    class Graph:
        signature_def = {}

    servable = Servable("m", 1, "p", Session(), Graph(), True)
    assert servable.acquire()
    closing = threading.Thread(target=servable.close)
    closing.start()
    time.sleep(0.1)
    assert not Session.closed
    assert not servable.acquire()
    servable.release()
    closing.join(timeout=5)
    assert Session.closed
