"""A request that works: one real row of the test split, as plain columns."""

import base64
import json
import math
from pathlib import Path
from typing import Any

FILE_NAME = "example_request.json"
LONGEST = 4096
"""A longer body is no help on a command line."""


def write(examples: Path, inputs: dict[str, str], run_folder: Path) -> None:
    """Writes `{"instances": [row]}` into a run's folder; nothing where there is no row.

    Args:
      examples: the Examples artifact.
      inputs: {column: "dtype shape"} of `serving_default`, from the manifest.
      run_folder: where it goes.
    """
    import tensorflow as tf  # already imported by the run this belongs to

    files = sorted(str(file) for file in (examples / "Split-test").glob("*"))
    for record in tf.data.TFRecordDataset(files, compression_type="GZIP").take(1):
        example = tf.train.Example.FromString(record.numpy())
        features = example.features.feature
        row = {name: _value(features.get(name), dtype) for name, dtype in inputs.items()}
        body = json.dumps({"instances": [row]})
        (run_folder / FILE_NAME).write_text(body, encoding="utf-8")


def read(run_folder: Path) -> str:
    """The body; empty where there is none, or none that fits on a command line."""
    file = run_folder / FILE_NAME
    body = file.read_text(encoding="utf-8") if file.is_file() else ""
    return body if len(body) <= LONGEST else ""


def _value(feature: Any, dtype: str) -> Any:
    kind = feature.WhichOneof("kind") if feature is not None else None
    values = getattr(feature, kind).value if kind else []
    if dtype.startswith("string"):
        return _text(values[0]) if values else ""
    number = values[0] if values else math.nan
    return round(number, 6) if isinstance(number, float) else number


def _text(value: bytes) -> Any:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}
