"""pipeline/runner.py: real runs on small data: pushed, unchanged, partial, stopped, crashed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from ml_metadata.proto import metadata_store_pb2

from components.pusher.versions import file_hashes, served
from pipeline.earlier import history, lineage


def test_a_first_run_ends_with_a_pushed_model(shop_after_a_run) -> None:
    summary = shop_after_a_run.last().summary
    assert summary["status"] == "ok"
    assert {node["state"] for node in summary["nodes"]} == {"ran"}
    assert summary["metrics"]["test"]["auc"] > 0.6
    assert set(summary["slices"]) >= {"city=Bern", "city=Oslo", "city=Rome"}
    assert summary["gates"] and all(gate["passed"] for gate in summary["gates"])
    version = Path(summary["pushed"]["path"])
    assert (version / "saved_model.pb").is_file()
    assert served(shop_after_a_run.serving) == [1]


def test_a_server_was_asked_before_the_push(shop_after_a_run) -> None:
    summary = shop_after_a_run.last().summary
    infra = summary["infra"]
    assert infra["asked"] and infra["blessed"] and infra["why"] == ""
    assert infra["server"] == "python -m serving" and infra["rows"] == 50
    assert infra["difference"] <= infra["tolerance"]
    version = Path(summary["pushed"]["path"])
    warmup = "assets.extra/tf_serving_warmup_requests"
    assert (version / warmup).stat().st_size > 0
    manifest = json.loads((shop_after_a_run.serving / "manifests" / "1.json").read_text())
    assert manifest["files"] == file_hashes(version) and warmup in manifest["files"]


def test_a_model_no_server_loads_in_time_is_not_pushed(shop, capfd) -> None:
    asking = ("--set", "infra_validate.enabled=true")
    hasty = (*asking, "--set", "infra_validate.start_seconds=0.05")
    assert shop.run(*hasty) == 4
    summary = shop.last().summary
    assert summary["status"] == "not_blessed" and summary["pushed"] is None
    why = "not loaded within 0.05 s (infra_validate.start_seconds)"
    assert summary["infra"]["why"] == why
    assert summary["not_pushed"] == f"not servable: {why}"
    assert all(gate["passed"] for gate in summary["gates"])
    assert served(shop.serving) == []
    shown = " ".join(capfd.readouterr().out.split())
    assert f"Not pushed, not servable: {why}" in shown and " served " in shown
    # Unchanged: said without running. With more time it is asked again, and only that runs.
    assert shop.run(*hasty) == 4
    assert "Not servable then" in capfd.readouterr().out
    assert shop.run(*asking) == 0
    ran = {node for node, state in shop.states().items() if state == "ran"}
    assert ran == {"Baseline", "InfraValidator", "Pusher"}


def test_the_splits_are_the_parts_asked_for(shop_after_a_run) -> None:
    import tensorflow as tf

    [examples] = lineage.outputs(shop_after_a_run.root, shop_after_a_run.last().id)["ExampleGen"][
        "examples"
    ]
    counts = {}
    for split in ("train", "eval", "test"):
        files = [str(file) for file in Path(examples.uri, f"Split-{split}").glob("*")]
        counts[split] = sum(1 for _ in tf.data.TFRecordDataset(files, compression_type="GZIP"))
    assert sum(counts.values()) == 600
    assert 300 < counts["train"] < 420 and counts["eval"] > 70 and counts["test"] > 70


def test_nothing_changed_says_so_without_tensorflow(shop_after_a_run, root: Path) -> None:
    flags = [
        "--config",
        str(shop_after_a_run.config),
        "--root",
        str(shop_after_a_run.folder / "output"),
    ]
    program = (
        f"import sys, pipeline.commands.run; code = pipeline.commands.run.main({flags!r}); "
        "sys.exit(code or ('tensorflow' in sys.modules) * 9)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "nothing has changed since run" in done.stdout
    assert len(history.runs(shop_after_a_run.root)) == 1


def test_a_life(shop) -> None:
    """One data set through everything that happens to it, each step on what the last one left."""
    assert shop.run() == 0

    # One setting: only what depends on it, and judged against the model before.
    assert shop.run("--set", "train.epochs=3") == 0
    states = shop.states()
    assert {n for n, s in states.items() if s == "ran"} == {
        "Trainer",
        "Baseline",
        "Evaluator",
        "Pusher",
    }
    change = next(gate for gate in shop.last().summary["gates"] if "baseline" in gate["threshold"])
    assert change["baseline"] is not None
    assert served(shop.serving) == [1, 2]

    # The same again, against the newly blessed model: unchanged.
    count = len(history.runs(shop.root))
    assert shop.run("--set", "train.epochs=3") == 0
    assert len(history.runs(shop.root)) == count

    # A gate that cannot be reached: exit 4, nothing pushed, the reason in the table.
    gate = 'evaluate.gates=[{metric = "accuracy", min = 0.999}]'
    assert shop.run("--set", "train.epochs=3", "--set", gate) == 4
    assert shop.states()["Trainer"] == "cached"
    assert [g["passed"] for g in shop.last().summary["gates"]] == [False]
    assert shop.last().summary["pushed"] is None
    assert served(shop.serving) == [1, 2]
    # And again: still exit 4, said without running.
    count = len(history.runs(shop.root))
    assert shop.run("--set", "train.epochs=3", "--set", gate) == 4
    assert len(history.runs(shop.root)) == count

    # A part: from Trainer to Evaluator, with what the last run left before it.
    assert shop.run("--set", "train.epochs=1", "--from", "Trainer", "--to", "Evaluator") == 0
    states = shop.states()
    assert states["Transform"] == states["Pusher"] == "skipped"
    assert states["Trainer"] == states["Evaluator"] == "ran"
    assert served(shop.serving) == [1, 2]

    # Forced: the same code and data once more.
    assert shop.run("--set", "train.epochs=1", "--force", "Evaluator") == 0
    assert shop.states()["Trainer"] == "cached"
    assert shop.states()["Evaluator"] == "ran"

    # Bad rows: exit 3 with a table, and nothing after the gate ran.
    lines = (shop.folder / "shop.csv").read_text().splitlines()
    spoiled = [line.replace("Bern", "Atlantis") for line in lines]
    (shop.folder / "shop.csv").write_text("\n".join(spoiled) + "\n")
    assert shop.run() == 3
    assert shop.last().summary["status"] == "data_anomalies"
    assert any(row["column"] == "city" for row in shop.last().summary["anomalies"])
    assert shop.states()["Transform"] == "skipped"


def test_kill_9_loses_at_most_the_node_it_hits(shop, root: Path) -> None:
    command = [sys.executable, "run_local.py", "--config", str(shop.config)]
    command += ["--root", str(shop.folder / "output")]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not _started(shop.root, "Transform"):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    killed = shop.last()
    assert killed.status == "unfinished"
    assert killed.nodes["Transform"].state == "running"
    assert not served(shop.serving)

    assert shop.run("--resume") == 0
    states = shop.states()
    assert states["ExampleGen"] == states["StatisticsGen"] == states["DataGate"] == "cached"
    assert states["Transform"] == states["Pusher"] == "ran"
    assert served(shop.serving) == [1]
    assert shop.run("--resume") == 2  # it finished: nothing to resume


def _started(root: Path, node: str) -> bool:
    return any(
        event["node"] == node
        for file in root.glob("runs/*/events.jsonl")
        for event in history.read_lines(file)
    )


def test_a_failure_in_ones_own_code_names_its_frame(shop, root: Path) -> None:
    (shop.folder / "my_model.py").write_text("def build(spec):\n    return 1 / 0\n")
    command = [sys.executable, "run_local.py", "--config", str(shop.config)]
    command += ["--root", str(shop.folder / "output"), "--set", "train.model=my_model.build"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Trainer failed." in done.stdout
    assert "division by zero" in done.stdout
    assert "my_model.py:2 in build" in done.stdout.replace("\n", "")
    assert "--resume" in done.stdout
    assert "Traceback" not in done.stdout


def test_artifacts_are_standard(shop_after_a_run) -> None:
    store = lineage.open_store(shop_after_a_run.root)
    names = {kind.name for kind in store.get_artifact_types()}
    assert names >= {
        "Examples",
        "ExampleStatistics",
        "Schema",
        "TransformGraph",
        "Model",
        "ModelEvaluation",
        "ModelBlessing",
        "PushedModel",
    }
    live = metadata_store_pb2.Artifact.LIVE
    assert all(artifact.state == live for artifact in store.get_artifacts())


def test_the_manifest_says_what_and_where_from(shop_after_a_run) -> None:
    manifest = json.loads((shop_after_a_run.serving / "manifests" / "1.json").read_text())
    assert manifest["run"] == shop_after_a_run.last().id
    assert manifest["metrics"]["auc"] == shop_after_a_run.last().summary["metrics"]["test"]["auc"]
    assert set(manifest["signatures"]) == {
        "serving_default",
        "serving_examples",
        "transform_features",
    }
    assert len(manifest["schema_hash"]) == len(manifest["data_fingerprint"]) == 64
