"""serving/loading_noise.py: TensorFlow's lines about itself are kept back, all others are not."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os, sys
from serving.loading_noise import without_loading_noise
noise = [
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795410778.008525   27750 port.cc:153] oneDNN custom operations are on.",
    "E0000 00:00:1795410114.527122   15718 cuda_platform.cc:52] failed call to cuInit",
]
try:
    with without_loading_noise():
        for line in noise + ["E0000 00:00:17 5 loader.cc:1] a model is broken"]:
            os.write(2, (line + "\\n").encode())
        print("from Python", file=sys.stderr)
        raise ImportError("no library")
finally:
    print("afterwards", file=sys.stderr)
"""


def test_only_noise_is_kept_back(root: Path) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True)
    said = done.stderr.splitlines()
    assert said[:3] == [
        "E0000 00:00:17 5 loader.cc:1] a model is broken",
        "from Python",
        "afterwards",
    ]
    assert said[-1] == "ImportError: no library"
    assert "oneDNN" not in done.stderr and "absl::" not in done.stderr
