"""The portable contract: every data component through the real Job API, on workers with our wheel alone.

What breaks on a cluster breaks here (a module that only the client has, a closure that does not
pickle, a coder that two processes do not share), without a JVM. Two workers share each job, so
results must not depend on who did what.
"""

import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.earlier import history, lineage
from pipeline.engines import table
from pipeline.engines.config import EngineSection
from pipeline.engines.site import Site
from pipeline.local_cluster import state

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shop(portable: Path, shop_in_files: Any) -> Any:
    return shop_in_files(portable)


def workers(portable: Path) -> list[psutil.Process]:
    """The pool's worker processes: children of the process that forks."""
    up = state.read(portable / "output")
    assert up is not None
    [pool] = [process.pid for process in up.processes if process.name == "worker-pool"]
    below = psutil.Process(pool).children(recursive=True)
    return [process for process in below if process.ppid() != pool]


def test_data_components_give_what_the_local_engine_gives(shop, portable: Path, made) -> None:
    local = shop.last()
    seen: set[int] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            seen.update(worker.pid for worker in workers(portable))

    watcher = threading.Thread(target=watch)
    watcher.start()
    forced = ["ExampleGen", "StatisticsGen", "Transform"]
    flags = ["--engine", "portable", "--set", "train.epochs=1", "--to", "Transform"]
    assert shop.run(*flags, "--force", *forced) == 0
    done.set()
    watcher.join()
    remote = shop.last()
    assert [remote.nodes[node].state for node in forced] == ["ran"] * 3
    assert len(seen) >= 2 * len(forced)  # two workers a job, none of them this process
    made(shop).assert_same(local, remote)


def test_the_evaluator_measures_the_same(shop, made) -> None:
    """Slice by slice, on the model that the local run trained."""
    flags = ["--engine", "portable", "--set", "train.epochs=1", "--only", "Evaluator"]
    before = next(run for run in history.runs(shop.root) if "Trainer" in run.nodes).summary
    assert shop.run(*flags, "--force", "Evaluator") == 0
    after = shop.last().summary
    assert shop.states()["Evaluator"] == "ran"
    made(shop).assert_same_metrics(before, after)


def test_bulk_inference(shop, portable: Path, made) -> None:
    """TFX's own BulkInferrer with the pushed kind of model."""
    import tensorflow as tf
    from tfx.components.bulk_inferrer import executor
    from tfx.proto import bulk_inferrer_pb2
    from tfx.types import standard_artifacts, standard_component_specs
    from tfx.utils import proto_utils

    first = next(run for run in reversed(history.runs(shop.root)))
    examples = standard_artifacts.Examples()
    examples.uri = str(made(shop).uri(first, "ExampleGen", "examples"))
    examples.split_names = '["train", "eval", "test"]'
    examples.set_string_custom_property("payload_format", "FORMAT_TF_EXAMPLE")
    examples.set_string_custom_property("file_format", "tfrecords_gzip")
    model = standard_artifacts.Model()
    model.uri = str(made(shop).uri(first, "Trainer", "model"))
    result = standard_artifacts.InferenceResult()
    result.uri = str(portable / "predictions")

    site = Site(EngineSection(name="portable"), portable / "output", portable, 0)
    arguments = table.beam_args(site, table.choose(site))[""]
    spec = bulk_inferrer_pb2.ModelSpec(model_signature_name=["serving_examples"])
    context = executor.Executor.Context(
        beam_pipeline_args=arguments, tmp_dir=str(portable / "tmp"), unique_id="1"
    )
    executor.Executor(context).Do(
        {"examples": [examples], "model": [model]},
        {"inference_result": [result]},
        {
            standard_component_specs.DATA_SPEC_KEY: proto_utils.proto_to_json(
                bulk_inferrer_pb2.DataSpec(example_splits=["test"])
            ),
            standard_component_specs.MODEL_SPEC_KEY: proto_utils.proto_to_json(spec),
        },
    )
    files = [str(file) for file in (portable / "predictions").rglob("*.gz")]
    predicted = sum(1 for _ in tf.data.TFRecordDataset(files, compression_type="GZIP"))
    assert predicted == sum(made(shop).rows(Path(examples.uri), "test").values()) > 0


def test_a_worker_killed_in_the_middle_fails_the_node_and_resume_finishes(
    shop, portable: Path, made
) -> None:
    flags = ["--engine", "portable", "--set", "train.epochs=1", "--to", "Transform"]
    killed: list[int] = []

    def kill_one() -> None:
        deadline = time.monotonic() + 300
        while not killed and time.monotonic() < deadline:
            time.sleep(0.1)
            if _running(shop, "ExampleGen"):
                for worker in workers(portable)[:1]:
                    killed.append(worker.pid)
                    worker.kill()

    killer = threading.Thread(target=kill_one)
    killer.start()
    # Other data: what this run makes is nowhere yet.
    total = _repeat(shop, 40)
    assert shop.run(*flags) == 1
    killer.join()
    assert killed
    failed = shop.last()
    assert failed.nodes["ExampleGen"].state == "failed"
    assert "Traceback" not in failed.summary.get("error", "")

    assert shop.run("--resume") == 0
    resumed = shop.last()
    assert resumed.nodes["ExampleGen"].state == "ran"
    folder = made(shop).uri(resumed, "ExampleGen", "examples")
    counts = [made(shop).rows(folder, split) for split in ("train", "eval", "test")]
    assert sum(sum(count.values()) for count in counts) == total
    # Nothing of the failed attempt is among what later nodes read.
    live = lineage.outputs(shop.root, failed.id).get("ExampleGen", {})
    assert all(Path(artifact.uri) != folder for items in live.values() for artifact in items)


def _running(shop: Any, node: str) -> bool:
    newest = max((shop.root / "runs").iterdir())
    events = [e for e in history.read_lines(newest / "events.jsonl") if e["node"] == node]
    return bool(events) and events[-1]["event"] == "start"


def _repeat(shop: Any, times: int) -> int:
    """Writes every row so many times; how many rows there are then."""
    total = 0
    for file in (shop.folder / "rows").iterdir():
        header, *lines = file.read_text().splitlines()
        file.write_text("\n".join([header, *lines * times]) + "\n")
        total += len(lines) * times
    return total
