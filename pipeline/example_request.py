"""A request that works: one real row of the test split, as plain columns."""

import json
from pathlib import Path
from typing import Any

from data.plain_row import plain_row

FILE_NAME = "example_request.json"


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


def _short(value: Any) -> Any:
    """A number as a person would type it."""
    return round(value, 6) if isinstance(value, float) else value
