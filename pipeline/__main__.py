"""`python -m pipeline COMMAND`: everything but the run itself, each command a module of its own."""

import importlib
import sys

from pipeline.environment import enter

COMMANDS = {
    "init": "write a configuration and a schema for your own data",
    "run": "run a pipeline (what run_local.py does)",
    "status": "the last runs, the blessed and the pushed model",
    "report": "write, open, compare or serve the reports of runs",
    "schema": "show, diff or accept the curated schema",
    "rollback": "go back to the version served before",
    "serve": "serve what the last run pushed",
    "monitor": "what a server was asked, against the data its model was trained on",
    "deploy": "files for the real TensorFlow Serving: docker compose, Kubernetes, KServe",
    "compile": "the same graph for Kubeflow Pipelines or Airflow",
    "step": "one node of a run, for schedulers",
    "cluster": "a Flink cluster on this machine: up, down, status",
    "doctor": "check this machine and this installation",
}


def main(argv: list[str]) -> int:
    """Dispatches to `pipeline.commands.<command>.main`."""
    if not argv or argv[0] in ("-h", "--help"):
        width = max(len(name) for name in COMMANDS)
        print("usage: python -m pipeline COMMAND [--help]\n")
        print("\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items()))
        return 0 if argv else 2
    if argv[0] not in COMMANDS:
        names = ", ".join(COMMANDS)
        print(f"error: no command '{argv[0]}'. Valid: {names}", file=sys.stderr)
        return 2
    code: int = importlib.import_module(f"pipeline.commands.{argv[0]}").main(argv[1:])
    return code


if __name__ == "__main__":
    enter()
    sys.exit(main(sys.argv[1:]))
