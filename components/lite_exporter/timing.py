"""How long one row takes, on one thread: the network in TensorFlow and as LiteRT files, in turn.

A process of its own, because TensorFlow's threads are counted when it starts.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

logger = logging.getLogger(__name__)

_ROOT = Path(__file__).parents[2]
_SECONDS = 2.0
"""About so long each is asked."""
_LEAST, _MOST = 20, 500


def milliseconds(network: Path, files: list[Path], inputs: dict[str, Any]) -> list[float]:
    """The median time of a call with one row: of the network, then of each file.

    Args:
      network: a SavedModel whose `serving_default` takes the inputs.
      files: `*.tflite`.
      inputs: {input: (rows, ...)}; the rows are asked one by one.

    Raises:
      RuntimeError: the process failed; the message has the last line of what it said.
    """
    alone = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
    path = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryDirectory(prefix="lite-exporter-") as folder:
        rows = Path(folder) / "rows.npz"
        np.savez(rows, **inputs)
        done = subprocess.run(
            [sys.executable, "-m", __name__, str(rows), str(network), *map(str, files)],
            env={**os.environ, **alone, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": "-1"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        logger.error("timing failed:\n%s", done.stderr)
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise RuntimeError(f"the files could not be timed: {said[-1]}")
    found: list[float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _main(rows: str, network: str, *files: str) -> None:
    import tensorflow as tf

    from components.lite_exporter.interpreting import Interpreted
    from data.signatures import SERVING_DEFAULT

    with np.load(rows) as kept:
        inputs = {name: kept[name] for name in kept.files}
    loaded = tf.saved_model.load(network)
    signature = loaded.signatures[SERVING_DEFAULT]
    count = len(next(iter(inputs.values())))
    plain = [{n: value[row : row + 1] for n, value in inputs.items()} for row in range(count)]
    tensors = [{n: tf.constant(value) for n, value in one.items()} for one in plain]
    calls: list[Callable[[int], Any]] = [lambda row: signature(**tensors[row])]
    for file in files:
        lite = Interpreted(Path(file), threads=1)
        calls.append(lambda row, lite=lite: lite.once(plain[row]))  # type: ignore[misc]
    taken: list[list[float]] = [[] for _ in calls]
    started = time.perf_counter()
    for number in range(_MOST + 1):
        if number > _LEAST and time.perf_counter() - started > _SECONDS * len(calls):
            break
        for call, seconds in zip(calls, taken, strict=True):
            before = time.perf_counter()
            call(number % count)
            seconds.append(time.perf_counter() - before)
    print(json.dumps([1e3 * float(np.median(seconds[1:])) for seconds in taken]))  # first: warm-up


if __name__ == "__main__":
    _main(*sys.argv[1:])
