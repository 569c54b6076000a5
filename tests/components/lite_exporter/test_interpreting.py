"""A file answers many rows as it answers one."""

from pathlib import Path
from typing import Any

import numpy as np


def test_batches_and_single_rows_agree(tmp_path: Path, made: Any) -> None:
    from components.lite_exporter.converting import convert
    from components.lite_exporter.interpreting import Interpreted

    file = tmp_path / "model.tflite"
    file.write_bytes(convert(made.network, "float32", {}))
    lite = Interpreted(file, threads=1)
    answer = lite.answer(made.inputs)
    assert answer.shape == (200, 3)  # three whole batches and a rest
    for row in (0, 64, 199):
        one = lite.once({name: value[row : row + 1] for name, value in made.inputs.items()})
        np.testing.assert_allclose(one, answer[row : row + 1], atol=1e-6)
