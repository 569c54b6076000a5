"""Timing is a process of its own; its failure is told in a line. (test_component.py times real files.)"""

from pathlib import Path
from typing import Any

import pytest


def test_a_file_that_is_none(tmp_path: Path, made: Any) -> None:
    from components.lite_exporter.timing import milliseconds

    file = tmp_path / "model.tflite"
    file.write_bytes(b"no model")
    with pytest.raises(RuntimeError, match="could not be timed: ValueError: Model provided"):
        milliseconds(made.network, [file], made.inputs)
