"""pipeline/schedulers/airflow.py: the DAG file is the graph, and Airflow's own loader takes it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from pipeline.commands.compile import main
from pipeline.nodes import NODES
from pipeline.schedulers import airflow

LOADER = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder=sys.argv[1])
dags = {
    name: {t.task_id: [sorted(t.upstream_task_ids), t.bash_command, t.trigger_rule] for t in dag.tasks}
    for name, dag in bag.dags.items()
}
print(json.dumps({"errors": {k: str(v) for k, v in bag.import_errors.items()}, "dags": dags}))
"""


OFF = frozenset(node.id for node in NODES if node.switch)
"""What the small data set's configuration leaves out."""


def test_the_tasks_are_the_nodes_between_start_and_finish() -> None:
    found = airflow.graph(frozenset())
    assert list(found) == ["start", *(node.id for node in NODES), "finish"]
    for node in NODES:
        assert set(found[node.id]) == {*node.inputs, *node.after} or found[node.id] == ["start"]
    assert set(found["finish"]) == {node.id for node in NODES}


def test_what_is_switched_off_is_no_task() -> None:
    found = airflow.graph(frozenset({"InfraValidator"}))
    assert "InfraValidator" not in found
    assert not any("InfraValidator" in before for before in found.values())


@pytest.mark.slow
def test_airflow_itself_loads_it(shop, tmp_path: Path, environment) -> None:
    dags = tmp_path / "dags"
    flags = ["--config", str(shop.config), "--root", str(tmp_path / "my runs")]
    flags += ["--output", str(dags / "shop.py"), "--schedule", "0 3 * * *", "--python", "python3"]
    assert main(["--to", "airflow", *flags, "--set", "train.epochs=3"]) == 0
    home = {"AIRFLOW_HOME": str(tmp_path / "home"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    done = subprocess.run(
        [str(environment("airflow-loader")), "-c", LOADER, str(dags)],
        capture_output=True,
        text=True,
        env={**os.environ, **home},
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert loaded["errors"] == {}
    tasks = loaded["dags"]["shop"]
    assert {name: task[0] for name, task in tasks.items()} == {
        name: sorted(before) for name, before in airflow.graph(OFF).items()
    }
    command = tasks["Transform"][1]
    assert "python3 -m pipeline step" in command and "--set=train.epochs=3" in command
    assert f"'{tmp_path / 'my runs'}'" in command
    assert command.endswith("Transform --run-id '{{ run_id }}'")
    assert tasks["finish"][2] == "all_done" and tasks["Transform"][2] == "all_success"
