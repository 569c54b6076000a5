"""`python -m serving.conformance`: the project's serving tests against any server by URL.

    python -m serving.conformance models /tmp/models
    docker run --rm --network=host -v /tmp/models:/tmp/models tensorflow/serving:2.20.0 \\
        --model_config_file=/tmp/models/models.config --rest_api_port=8501 \\
        --monitoring_config_file=/tmp/models/monitoring.config \\
        --allow_version_labels_for_unavailable_models
    python -m serving.conformance run --url http://localhost:8501 --grpc localhost:8500
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[2] / "tests" / "serving" / "conformance"


def main() -> int:
    """Writes the test models, or runs the tests; the exit status of the latter."""
    parser = argparse.ArgumentParser(
        prog="python -m serving.conformance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    models = commands.add_parser("models", help="write the models and their configuration")
    models.add_argument("directory")
    run = commands.add_parser("run", help="run the tests against a server that serves them")
    run.add_argument("--url", required=True, help="REST address, e.g. http://localhost:8501")
    run.add_argument("--grpc", default="", help="gRPC address, e.g. localhost:8500")
    flags, rest = parser.parse_known_args()
    if flags.command == "models":
        if rest:
            parser.error(f"unrecognized arguments: {' '.join(rest)}")
        from serving.conformance.models import write_models

        print(write_models(flags.directory))
        return 0
    environment = {**os.environ, "SERVING_URL": flags.url, "SERVING_GRPC": flags.grpc}
    command = [sys.executable, "-m", "pytest", str(_TESTS), *rest]
    return subprocess.call(command, env=environment, cwd=_TESTS.parents[2])


if __name__ == "__main__":
    sys.exit(main())
