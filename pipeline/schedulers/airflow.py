"""The pipeline as an Airflow DAG file: one task per node, each `python -m pipeline step NODE`.

TFX's own Airflow runner pins Airflow below 3 inside the pipeline's environment, runs components by a
launcher that knows no compiled pipelines, and imports TensorFlow in the scheduler each time the file
is read. This file imports Airflow alone; its tasks run in the pipeline's environment.
"""

import json
import shlex
from pathlib import Path

from pipeline.nodes import NODES

TEMPLATE = '''"""Airflow DAG of the pipeline `{name}`; written by `python -m pipeline compile --to airflow`."""

import datetime

try:  # Airflow 3
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.operators.bash import BashOperator

UPSTREAM = {upstream}
STEP = {step}

with DAG(
    dag_id={name!r},
    schedule={schedule},
    start_date=datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
    catchup=False,
    # One node at a time, one run at a time: a run holds its output folder, and SQLite is its memory.
    max_active_runs=1,
    max_active_tasks=1,
    default_args={{"retries": 1, "retry_delay": datetime.timedelta(minutes=1)}},
) as dag:
    tasks = {{
        node: BashOperator(
            task_id=node,
            bash_command=f"{{STEP}} {{node}} --run-id '{{{{{{{{ run_id }}}}}}}}'",
            trigger_rule="all_done" if node == "finish" else "all_success",
        )
        for node in UPSTREAM
    }}
    for node, before in UPSTREAM.items():
        for other in before:
            tasks[other] >> tasks[node]
'''


def graph(off: frozenset[str]) -> dict[str, list[str]]:
    """{task: tasks before it}: the nodes between `start` and `finish`.

    Args:
      off: nodes that the configuration switches off.
    """
    found: dict[str, list[str]] = {"start": []}
    for node in NODES:
        if node.id not in off:
            before = [name for name in (*node.inputs, *node.after) if name not in off]
            found[node.id] = before or ["start"]
    found["finish"] = [node.id for node in NODES if node.id not in off]
    return found


def dag_file(
    name: str, off: frozenset[str], project: Path, python: str, flags: list[str], schedule: str = ""
) -> str:
    """The text of the DAG file.

    Args:
      name: the pipeline's, and the DAG's id.
      off: nodes that the configuration switches off.
      project: the repository, as the workers see it.
      python: the Python of its environment.
      flags: for every step: `--config`, `--root`, `--set`, `--engine`.
      schedule: a cron expression; empty: started by hand.
    """
    step = shlex.join([python, "-m", "pipeline", "step", *flags])
    upstream = json.dumps(graph(off), indent=4)
    return TEMPLATE.format(
        name=name,
        upstream=upstream,
        step=repr(f"cd {shlex.quote(str(project))} && {step}"),
        schedule=repr(schedule or None),
    )
