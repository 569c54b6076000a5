"""Runs ExampleGen's executor on Beam in process and reads back what it wrote."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.example_gen.config import EMPTY, DataSection
from data.fingerprint import fingerprint
from data.reading import tfrecord
from data.sources import resolve

SCHEMA = """
feature {{ name: "{name}" type: {type} }}
"""


@dataclass
class Written:
    """What a run wrote: per split the rows, each a dict of the features that have a value."""

    splits: dict[str, list[dict[str, Any]]]
    artifact: Any

    @property
    def rows(self) -> list[dict[str, Any]]:
        """All rows."""
        return [row for rows in self.splits.values() for row in rows]

    def column(self, name: str) -> list[Any]:
        """Sorted values of a column, missing ones left out."""
        return sorted(row[name] for row in self.rows if name in row)

    def lists(self, name: str) -> list[list[Any]]:
        """The values of a column, a list for each row."""
        cells = [row.get(name, []) for row in self.rows]
        return [cell if isinstance(cell, list) else [cell] for cell in cells]


def decoded(record: bytes) -> dict[str, Any]:
    """A tf.Example as a dict; one value bare, several as a list."""
    from tensorflow.core.example.example_pb2 import Example

    row: dict[str, Any] = {}
    for name, feature in Example.FromString(record).features.feature.items():
        kind = feature.WhichOneof("kind")
        if kind is not None:
            values = list(getattr(feature, kind).value)
            row[name] = values[0] if len(values) == 1 else values
    return row


def read_back(artifact: Any) -> dict[str, list[dict[str, Any]]]:
    """The rows of each split, in the order of files and records."""
    return {
        split: [
            decoded(record)
            for file in sorted(Path(artifact.uri, f"Split-{split}").iterdir())
            for record in tfrecord.records(file)
        ]
        for split in json.loads(artifact.split_names)
    }


@pytest.fixture
def ingest(tmp_path: Path) -> Callable[..., Written]:
    """`ingest(path, types={"a": "INT"}, **data_section)` runs the executor and reads back."""
    from tfx.types import standard_artifacts

    from components.example_gen.component import ExampleGen
    from components.example_gen.executor import Executor

    runs = 0

    def run(path: str | Path, types: dict[str, str] | None = None, **settings: Any) -> Written:
        nonlocal runs
        runs += 1
        schema = None
        if types is not None:
            schema = tmp_path / f"schema-{runs}.pbtxt"
            schema.write_text("".join(SCHEMA.format(name=n, type=t) for n, t in types.items()))
        section = DataSection.model_validate(
            {"path": str(path), "label": "y", "task": "binary", **settings}
        )
        source = resolve(str(path), tmp_path)
        second = None
        if section.unlabelled not in ("", EMPTY):
            second = resolve(section.unlabelled, tmp_path, source.format.value)
        component = ExampleGen(section, source, fingerprint(source), schema, second)
        artifact = standard_artifacts.Examples()
        artifact.uri = str(tmp_path / f"examples-{runs}")
        # An executor without arguments builds its pipeline here: named, so that nothing is fetched.
        context = Executor.Context(make_beam_pipeline_fn=_pipeline, tmp_dir=str(tmp_path))
        Executor(context).Do({}, {"examples": [artifact]}, dict(component.exec_properties))
        return Written(read_back(artifact), artifact)

    return run


def _pipeline() -> Any:
    import apache_beam as beam

    return beam.Pipeline(argv=["--runner=FnApiRunner"])
