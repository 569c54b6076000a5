"""lite.json keeps what was found, and its absence is no error."""

from pathlib import Path

from components.lite_exporter.report import Line, read, write


def test_what_is_written_is_read(tmp_path: Path) -> None:
    line = Line(
        "int8", "model_int8.tflite", 7, {"mae": 1.5}, 0.2, {"mae": 0.3}, 9.0, None, False, "x"
    )
    write(tmp_path, [line], {"rows": 3})
    told = read(tmp_path)
    assert told["rows"] == 3
    assert told["models"] == [
        {
            "format": "int8", "file": "model_int8.tflite", "bytes": 7, "metrics": {"mae": 1.5},
            "milliseconds": 0.2, "drop": {"mae": 0.3}, "difference": 9.0, "agreement": None,
            "passed": False, "why": "x",
        }
    ]  # fmt: skip
    assert read(tmp_path / "nothing") == {}
