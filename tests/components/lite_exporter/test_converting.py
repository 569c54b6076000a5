"""The real converter: float files answer as the network does, int8 nearly, and what cannot be is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

Made = Any


def _answer(folder: Path, made: Made, format: Any, calibration: dict[str, Any]) -> tuple[Any, int]:
    from components.lite_exporter.converting import convert
    from components.lite_exporter.interpreting import Interpreted

    file = folder / f"{format}.tflite"
    file.write_bytes(convert(made.network, format, calibration))
    return Interpreted(file).answer(made.inputs), file.stat().st_size


def test_formats_answer_as_the_network_does(tmp_path: Path, made: Made) -> None:
    whole, size = _answer(tmp_path, made, "float32", {})
    half, half_size = _answer(tmp_path, made, "float16", {})
    quarter, quarter_size = _answer(tmp_path, made, "int8", made.inputs)
    assert np.abs(whole - made.answers).max() < 1e-5
    assert 0 < np.abs(half - made.answers).max() < 5e-3
    assert 0 < np.abs(quarter - made.answers).max() < 0.2
    assert np.mean(quarter.argmax(axis=1) == made.answers.argmax(axis=1)) >= 0.95
    assert quarter_size < size and half_size < size


def test_ranges_of_another_scale_break_int8(tmp_path: Path, made: Made) -> None:
    """Calibrated on numbers a thousand times as large, every real one is rounded to nothing."""
    large = {**made.inputs, "x": made.inputs["x"] * 1e3}
    broken, _ = _answer(tmp_path, made, "int8", large)
    assert np.mean(broken.argmax(axis=1) == made.answers.argmax(axis=1)) < 0.7


def test_an_operation_that_litert_lacks_is_named(tmp_path: Path) -> None:
    import tensorflow as tf

    from components.lite_exporter.converting import ConversionError, convert

    class Model(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 3, 3], tf.float32, "x")])
        def ask(self, x: Any) -> dict[str, Any]:
            return {"scores": tf.linalg.det(x)[:, tf.newaxis]}

    model = Model()
    tf.saved_model.save(model, str(tmp_path / "m"), {"serving_default": model.ask})
    with pytest.raises(ConversionError, match="'float32' cannot be made") as caught:
        convert(tmp_path / "m", "float32", {})
    assert "LiteRT has no tf.MatrixDeterminant" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_size_of_a_folder_is_that_of_its_files(tmp_path: Path) -> None:
    from components.lite_exporter.converting import size

    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "one").write_bytes(b"12345")
    (tmp_path / "a" / "b" / "two").write_bytes(b"678")
    assert size(tmp_path / "a") == 8 and size(tmp_path / "a" / "one") == 5
