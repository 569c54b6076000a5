"""Versions on a real file system: watched, killed, raced for, deleted by hand, taken back."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from components.pusher import versions
from components.pusher.versions import (
    PublishError,
    WithdrawnError,
    file_hashes,
    manifests,
    publish,
    served,
    withdraw,
)

Make = Callable[..., Path]
PUBLISH = (
    "import os, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
    "from components.pusher.versions import publish;"
    "sys.argv[4:] and os.setuid(int(sys.argv[4]));"
    "print(publish(Path(sys.argv[2]), Path(sys.argv[3]), {'run': sys.argv[2]}))"
)


def start(root: Path, model: Path, target: Path, *user: str) -> subprocess.Popen[str]:
    """Publishes in another process."""
    return subprocess.Popen(
        [sys.executable, "-c", PUBLISH, str(root), str(model), str(target), *user],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def rubbish(target: Path) -> list[str]:
    """What no finished writer leaves."""
    left = [item.name for item in target.iterdir() if item.name.endswith(("incoming", "withdrawn"))]
    return left + [item.name for item in (target / "manifests").glob("*.partial")]


def test_published_whole_with_a_manifest(tmp_path: Path, saved_model: Make) -> None:
    model, target = saved_model("a"), tmp_path / "not" / "there" / "yet"
    assert publish(model, target, {"run": "r1", "metrics": {"auc": 0.9}}) == 1
    assert file_hashes(target / "1") == file_hashes(model)
    manifest = manifests(target)[1]
    assert manifest["run"] == "r1" and manifest["metrics"] == {"auc": 0.9}
    assert manifest["version"] == 1 and manifest["files"] == file_hashes(model)
    assert set(manifest["files"]) == {"saved_model.pb", *(f"variables/part-{n}" for n in range(3))}
    assert rubbish(target) == []


def test_the_same_model_is_not_pushed_twice(tmp_path: Path, saved_model: Make) -> None:
    target = tmp_path / "served"
    assert [publish(saved_model(name), target, {}) for name in "ab"] == [1, 2]
    assert publish(tmp_path / "b", target, {"run": "again"}) == 2
    assert publish(tmp_path / "a", target, {}) == 3  # not the newest one: news to a server
    assert served(target) == [1, 2, 3]
    assert "run" not in manifests(target)[2]


def test_numbers_only_grow(tmp_path: Path, saved_model: Make) -> None:
    target = tmp_path / "served"
    for name in "abc":
        publish(saved_model(name), target, {})
    withdraw(target, 3, "worse in production")
    assert served(target) == [1, 2]
    assert publish(saved_model("d"), target, {}) == 4
    for number in (2, 4):  # by hand
        versions.shutil.rmtree(target / str(number))
    assert publish(saved_model("e"), target, {}) == 5
    (target / "manifests" / "5.json").unlink()
    assert publish(saved_model("f"), target, {}) == 6
    assert served(target) == [1, 5, 6]


def test_a_withdrawn_model_is_not_pushed_again(tmp_path: Path, saved_model: Make) -> None:
    target = tmp_path / "served"
    publish(saved_model("a"), target, {})
    bad = saved_model("b")
    publish(bad, target, {})
    withdraw(target, 2, "rolled back on Monday")
    with pytest.raises(WithdrawnError, match="this model was version 2: rolled back on Monday"):
        publish(bad, target, {})
    assert served(target) == [1] and manifests(target)[2]["withdrawn"] == "rolled back on Monday"


def test_a_warmup_file_makes_no_other_model(tmp_path: Path, saved_model: Make) -> None:
    target = tmp_path / "served"
    models = [saved_model(name, content="same") for name in ("a", "b")]
    warmup = models[1] / "assets.extra" / "tf_serving_warmup_requests"
    warmup.parent.mkdir()
    warmup.write_bytes(b"requests")
    assert [publish(model, target, {}) for model in reversed(models)] == [1, 1]
    assert manifests(target)[1]["files"] == file_hashes(models[1])
    publish(saved_model("c"), target, {})
    withdraw(target, 1, "bad")
    for model in models:
        with pytest.raises(WithdrawnError):
            publish(model, target, {})


def test_other_names_are_no_versions(tmp_path: Path) -> None:
    for name in ("7", "007", "x", "-1", ".8.abc.incoming", "manifests"):
        (tmp_path / name).mkdir()
    (tmp_path / "9").write_text("a file")
    assert served(tmp_path) == [7]
    assert served(tmp_path / "nowhere") == [] and manifests(tmp_path / "nowhere") == {}


def test_a_watcher_never_sees_half_a_version(tmp_path: Path, saved_model: Make) -> None:
    target = tmp_path / "served"
    models = [saved_model(f"m{number}", files=60) for number in range(5)]
    names = set(file_hashes(models[0]))
    seen: dict[int, int] = {}
    wrong: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for version in served(target):
                folder = target / str(version)
                found = {f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file()}
                seen[version] = seen.get(version, 0) + 1
                if found != names:
                    wrong.append(f"{version}: {len(found)} of {len(names)} files")
                if not (target / "manifests" / f"{version}.json").exists():
                    wrong.append(f"{version}: no manifest")

    watcher = threading.Thread(target=watch)
    watcher.start()
    for model in models:
        publish(model, target, {})
    time.sleep(0.1)
    done.set()
    watcher.join()
    assert sorted(seen) == [1, 2, 3, 4, 5]
    assert wrong == []


def test_killed_while_copying(tmp_path: Path, saved_model: Make, root: Path) -> None:
    target = tmp_path / "served"
    publish(saved_model("a"), target, {})
    big = saved_model("big", files=6000)
    writer = start(root, big, target)
    deadline = time.monotonic() + 60
    while len(list(target.glob(".*.incoming/variables/*"))) < 5:
        assert time.monotonic() < deadline and writer.poll() is None, "not caught in the act"
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate()
    assert served(target) == [1]
    assert any(name.endswith("incoming") for name in rubbish(target))
    assert publish(saved_model("c"), target, {}) == 2  # 2 never was: nobody could have seen it
    assert rubbish(target) == []


def test_killed_between_manifest_and_rename(tmp_path: Path, saved_model: Make) -> None:
    target = tmp_path / "served"
    publish(saved_model("a"), target, {})
    versions.shutil.copytree(saved_model("b"), target / ".2.feed.incoming")
    versions.write_manifest(target, 2, {"run": "killed"})
    (target / "manifests" / "3.feed.partial").write_text("{")
    assert publish(saved_model("c"), target, {"run": "next"}) == 2
    assert manifests(target)[2]["run"] == "next"
    assert rubbish(target) == []


def test_two_processes_at_once(tmp_path: Path, saved_model: Make, root: Path) -> None:
    target = tmp_path / "served"
    models = [saved_model(name, files=200) for name in ("one", "two", "three")]
    writers = [start(root, model, target) for model in models]
    printed = [writer.communicate(timeout=120) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0], printed
    assert sorted(int(out) for out, _ in printed) == [1, 2, 3]
    for (out, _), model in zip(printed, models, strict=True):
        assert file_hashes(target / out.strip()) == file_hashes(model)
        assert manifests(target)[int(out)]["run"] == str(model)
    assert rubbish(target) == []


def test_a_folder_that_cannot_be_made(tmp_path: Path, saved_model: Make) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        PublishError, match=r"cannot write to .*/file/served: Not a directory\. .*push\.directory"
    ):
        publish(saved_model("a"), tmp_path / "file" / "served", {})


def test_a_folder_that_is_read_only(root: Path) -> None:
    """As a user who may not write; root may write anywhere."""
    nobody = ["65534"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as name:  # not below tmp_path, which others may not enter
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "model").mkdir()
        (folder / "model" / "saved_model.pb").write_text("x")
        target = folder / "served"
        target.mkdir()
        target.chmod(0o555)
        writer = start(root, folder / "model", target, *nobody)
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 1
        assert f"PublishError: cannot write to {target}: Permission denied." in errors
        assert served(target) == []


def test_no_model(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="there is no model in"):
        publish(tmp_path / "nothing", tmp_path / "served", {})
    assert not (tmp_path / "served").exists()


def test_a_version_put_there_by_hand_can_be_withdrawn(tmp_path: Path, saved_model: Make) -> None:
    target = tmp_path / "served"
    publish(saved_model("a"), target, {})
    model = saved_model("b")
    versions.shutil.copytree(model, target / "8")
    withdraw(target, 8, "who put it there?")
    with pytest.raises(WithdrawnError):
        publish(model, target, {})
    assert publish(saved_model("c"), target, {}) == 9
    assert json.loads((target / "manifests" / "8.json").read_text())["withdrawn"]
