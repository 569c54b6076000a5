"""What the executor must know, and nothing else: whatever is in here reruns it when it changes."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.example_gen.config import EMPTY, DataSection
from data.split_names import SPLITS, UNLABELLED

ELSEWHERE = "elsewhere"
TYPES = {schema_pb2.INT: "INT", schema_pb2.FLOAT: "FLOAT", schema_pb2.BYTES: "BYTES"}


@dataclass(frozen=True)
class Ingestion:
    """The part of the configuration and of the schema that decides what is written."""

    types: dict[str, str]
    """INT, FLOAT or BYTES per column that the schema names."""
    exclude: tuple[str, ...]
    missing: tuple[str, ...]
    split: dict[str, int]
    split_seed: int
    split_by: str
    skip_corrupt: bool
    label: str = ""
    label_separator: str = ""
    label_columns: tuple[str, ...] = ()
    unlabelled: str = ""
    """Where rows without labels are: nowhere (""), among the others (`empty`), or `elsewhere`."""
    split_column: str = ""
    """The column that names a row's split; it is among `exclude`."""

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that are written."""
        return (*SPLITS, UNLABELLED) if self.unlabelled else SPLITS

    @property
    def label_names(self) -> frozenset[str]:
        """The columns of the source that say what the label is."""
        return frozenset({self.label, *self.label_columns})

    def dump(self) -> str:
        """As JSON, the same text for the same content."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def load(text: str) -> "Ingestion":
        """From `dump`."""
        fields = json.loads(text)
        for name in ("exclude", "missing", "label_columns"):
            fields[name] = tuple(fields[name])
        return Ingestion(**fields)


def plan(section: DataSection, schema: Path | None) -> Ingestion:
    """What to ingest, from the configuration and, where there is one, the curated schema.

    Only the columns' types are taken from the schema: a changed range or domain asks for another
    validation, not for another ingestion.

    Raises:
      ValueError: the label's type in the schema does not fit the task.
    """
    types = {} if schema is None else read_types(schema)
    label = "BYTES" if section.task.has_text_label else "FLOAT"
    known = types.setdefault(section.label, label)
    if section.task.has_text_label and known != "BYTES":
        raise ValueError(
            f"{schema}: the label '{section.label}' of a {section.task.value} task is text: it needs "
            f"type: BYTES{' and a string_domain' if section.task.is_classification else ''}. "
            f"Received: {known}"
        )
    exclude = section.left_out
    for name in (*exclude, *section.label_columns):
        types.pop(name, None)
    return Ingestion(
        types=dict(sorted(types.items())),
        exclude=tuple(sorted(exclude)),
        missing=tuple(sorted(section.missing)),
        split={name: section.split[name] for name in SPLITS},
        split_seed=section.split_seed,
        split_by=section.split_by,
        skip_corrupt=section.skip_corrupt,
        label=section.label,
        label_separator=section.label_separator,
        label_columns=section.label_columns,
        unlabelled=ELSEWHERE if section.unlabelled not in ("", EMPTY) else section.unlabelled,
        split_column=section.split_column,
    )


def read_types(schema: Path) -> dict[str, str]:
    """The type of each column of a schema in text form."""
    text = schema.read_text(encoding="utf-8")
    parsed = text_format.Parse(text, schema_pb2.Schema())
    return {
        feature.name: TYPES[feature.type] for feature in parsed.feature if feature.type in TYPES
    }
