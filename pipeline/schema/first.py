"""The first schema, inferred from data: kept where a configuration names none, or written by `init`."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from components.example_gen.config import EMPTY
from data.reading.errors import DataError
from data.sources import Source
from data.tasks import Task
from pipeline.config import Config, ConfigError

if TYPE_CHECKING:
    from data.profile.proposal import Proposal


def first_schema(config: Config, source: Source, root: Path) -> Path:
    """`<root>/schema.pbtxt`, written from the data the first time it is asked for.

    Later runs are held against that file: a schema inferred anew from the data it judges would
    never object.

    Raises:
      ConfigError: the data cannot be read, or has no such label.
    """
    file = root / "schema.pbtxt"
    if file.is_file():
        return file
    from data.profile.proposal import propose

    section = config.data
    try:
        proposal = propose(
            source,
            section.label_columns or section.label,
            section.task,
            section.left_out,
            section.skip_corrupt,
            partly_labelled=section.unlabelled == EMPTY,
        )
    except DataError as error:
        raise ConfigError(f"no data.schema is named, and none can be inferred: {error}") from None
    proposal = replace(proposal, label=replace(proposal.label, name=section.label))
    root.mkdir(parents=True, exist_ok=True)
    partial = root / "schema.pbtxt.partial"
    partial.write_text(schema_text(proposal, source), encoding="utf-8")
    os.replace(partial, file)
    print(
        f"schema: inferred from {source.name} and kept in {file}; later runs are held against it",
        file=sys.stderr,
    )
    return file


def schema_text(proposal: "Proposal", source: Source) -> str:
    """schema.pbtxt with a comment on every column that says why it is so."""
    from data.profile.configuration import comment
    from data.profile.schema import schema_of, text_of

    head = (
        f"What {source.name} must look like. Every run checks its data against this file; edit it\n"
        "where it is too strict or too lax. Loaded by data.schema in the configuration beside it."
    )
    schema = schema_of(proposal.found, proposal.label, proposal.decisions)
    notes = {d.name: comment(d.why)[2:] for d in proposal.decisions}
    if proposal.label.classes:
        notes[proposal.label.name] = (
            "The label, as text. The order of the classes is the order of the model's scores"
            + ("; the positive class comes last." if proposal.label.task is Task.BINARY else ".")
        )
    else:
        notes[proposal.label.name] = "The label."
    return text_of(schema, head, notes)
