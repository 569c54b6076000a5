"""CPU seconds of `taxi` against TFX's own taxi example: same rows, same training steps, in turn.

    make bench-taxi-cpu ARGS="--rounds 3"

Not a test: it asserts nothing. Each figure is user plus system time of a whole process tree, and
only ratios within one round mean anything on a shared machine.

  shipped   the installed example as it is (multi_processing, module_file)
  lean      the example given FnApiRunner, functions by import path and a named package
  ours      run_local.py --config taxi with the example's 1,000 steps and nodes (no InfraValidator)
  … again   the same once more with nothing changed
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DRIVER = """
import os, sys
from tfx.examples.chicago_taxi_pipeline import taxi_pipeline_native_keras as example
from tfx.orchestration.beam.beam_dag_runner import BeamDagRunner
lean = sys.argv[1] == "lean"
if lean:
    utils = "tfx.examples.chicago_taxi_pipeline.taxi_utils_native_keras"
    for name, function in (("Transform", "preprocessing_fn"), ("Trainer", "run_fn")):
        stock = getattr(example, name)
        def by_path(stock=stock, function=function, **arguments):
            del arguments["module_file"]
            return stock(**{function: f"{utils}.{function}"}, **arguments)
        setattr(example, name, by_path)
args = ["--runner=FnApiRunner", "--sdk_container_image=unused"] if lean else example._beam_pipeline_args
BeamDagRunner().run(example._create_pipeline(
    pipeline_name=example._pipeline_name, pipeline_root=example._pipeline_root,
    data_root=example._data_root, module_file=example._module_file,
    serving_model_dir=example._serving_model_dir, metadata_path=example._metadata_path,
    beam_pipeline_args=args))
"""


def cpu_seconds(command: list[str], home: Path) -> tuple[float, float]:
    """(CPU, wall) seconds of a command and its descendants."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    environment = {**os.environ, "HOME": str(home), "TF_CPP_MIN_LOG_LEVEL": "2"}
    log = home / "log.txt"
    with log.open("ab") as output:
        done = subprocess.run(
            command, cwd=REPOSITORY, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    if done.returncode:
        sys.exit(f"{command} failed:\n{log.read_text()[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - started


def make_home(folder: Path) -> Path:
    """A home folder laid out as the example expects."""
    spec = find_spec("tfx")
    assert spec is not None and spec.origin is not None
    example = Path(spec.origin).parent / "examples" / "chicago_taxi_pipeline"
    data = folder / "taxi" / "data" / "simple"
    data.mkdir(parents=True)
    shutil.copy(example / "data" / "simple" / "data.csv", data)
    shutil.copy(example / "taxi_utils_native_keras.py", folder / "taxi")
    return folder


def main() -> None:
    """Runs the rounds and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-shipped", action="store_true", help="leave out the slow variant")
    options = parser.parse_args()
    if find_spec("tensorboard") is None:
        sys.exit(
            "TFX's example writes TensorBoard logs, and tensorboard is not among our dependencies: "
            "install it beside them for this benchmark (uv pip install tensorboard)."
        )
    variants = ["lean", "ours"] if options.without_shipped else ["shipped", "lean", "ours"]
    figures: dict[str, list[float]] = {}
    for number in range(options.rounds):
        for variant in variants:
            with tempfile.TemporaryDirectory() as folder:
                home = make_home(Path(folder, "home"))
                command = [sys.executable, "-c", DRIVER, variant]
                if variant == "ours":
                    command = [sys.executable, "run_local.py", "--config", "taxi"]
                    command += ["--root", folder, "--set", "train.steps=1000"]
                    # The example serves nothing before it pushes.
                    command += ["--set", "infra_validate.enabled=false"]
                for name in (variant, f"{variant} again"):
                    cpu, wall = cpu_seconds(command, home)
                    figures.setdefault(name, []).append(cpu)
                    print(
                        f"round {number + 1}  {name:<14} {cpu:7.1f} CPU s  {wall:7.1f} s",
                        flush=True,
                    )
    print("\nmedian CPU seconds, and ours as a share, paired by round (median)")
    for name, values in figures.items():
        ours = figures["ours again" if name.endswith("again") else "ours"]
        share = statistics.median(mine / theirs for mine, theirs in zip(ours, values, strict=True))
        print(f"  {name:<14} {statistics.median(values):7.1f}   {share:.2f}")


if __name__ == "__main__":
    main()
