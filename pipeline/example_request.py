"""A request that works: one real row of the test split, as plain columns."""

import json
from pathlib import Path
from typing import Any

from data.plain_row import plain_row

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
        text = {name: dtype.startswith("string") for name, dtype in inputs.items()}
        row = plain_row(tf.train.Example.FromString(record.numpy()), text)
        row = {name: _short(value) for name, value in row.items()}
        body = json.dumps({"instances": [row]})
        (run_folder / FILE_NAME).write_text(body, encoding="utf-8")


def read(run_folder: Path) -> str:
    """The body; empty where there is none, or none that fits on a command line."""
    file = run_folder / FILE_NAME
    body = file.read_text(encoding="utf-8") if file.is_file() else ""
    return body if len(body) <= LONGEST else ""


def _short(value: Any) -> Any:
    """A number as a person would type it."""
    return round(value, 6) if isinstance(value, float) else value
