"""CPU seconds of the commands that answer without TensorFlow: median of several.

    make bench-start-up ARGS="--root output"

Not a test: it asserts nothing.
"""

import argparse
import resource
import statistics
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def cpu_seconds(arguments: list[str]) -> float:
    """CPU seconds of one Python process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], cwd=REPOSITORY, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Prints the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default="output")
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    commands = {
        "--help": ["run_local.py", "--help"],
        "--plan": ["run_local.py", "--config", "taxi", "--plan", "--root", options.root],
        "status": ["-m", "pipeline", "status", "--root", options.root],
        "nothing changed": ["run_local.py", "--config", "taxi", "--root", options.root],
    }
    for name, command in commands.items():
        values = [cpu_seconds(command) for _ in range(options.times)]
        print(f"{name:<16} {statistics.median(values):.2f} CPU s")


if __name__ == "__main__":
    main()
