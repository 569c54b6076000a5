"""The schema of a configuration that names none: inferred from the first data, then kept."""

import os
import sys
from dataclasses import replace
from pathlib import Path

from components.example_gen.config import EMPTY
from data.reading.errors import DataError
from data.sources import Source
from pipeline.config import Config, ConfigError


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
    from pipeline.init import schema_text

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
