"""The Beam steps between files and shards: find each column's type, then convert, hash and split."""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import pyarrow as pa

from components.example_gen import convert, label_sets, splits, unlabelled
from components.example_gen.ingestion import Ingestion
from components.example_gen.spill import Place, Shard, Spill
from data.reading import images, kinds, parquet, stream, texts
from data.reading.stream import Piece
from data.sources import SourceFormat
from data.split_names import UNLABELLED

SKIPPED = "skipped"
"""The tag of the output that names pictures left out."""


@beam.typehints.with_input_types(Piece)
@beam.typehints.with_output_types(dict[str, int])
class FindTypes(beam.DoFn):
    """The evidence for each column's type in one piece; all of its rows are looked at."""

    def __init__(self, ingestion: Ingestion) -> None:
        self._ingestion = ingestion

    def process(self, piece: Piece) -> Iterator[dict[str, int]]:
        yield evidence(piece, self._ingestion)


def evidence(piece: Piece, ingestion: Ingestion) -> dict[str, int]:
    """The evidence of a piece, column by column, reading only the columns that leave a doubt."""
    known = {
        SourceFormat.IMAGES: (images.IMAGE, images.LABEL),
        SourceFormat.TEXTS: (texts.TEXT, images.LABEL),
    }
    hidden = ingestion.label_names if piece.unlabelled else frozenset[str]()
    if piece.format in known:
        seen = int(kinds.Evidence.VALUES | kinds.Evidence.STRINGS)
        return {name: seen for name in known[piece.format] if name not in hidden}
    found: dict[str, int] = {}
    doubtful: set[str] | None = None
    if piece.format is SourceFormat.PARQUET and not ingestion.label_columns:
        found, doubtful = parquet_evidence(piece, ingestion)
        found = {name: seen for name, seen in found.items() if name not in hidden}
        doubtful -= hidden
        if not doubtful:
            return found
    for batch in stream.read(piece, columns=doubtful):
        if piece.unlabelled:
            batch = unlabelled.without_label(batch, ingestion)
        else:
            batch = label_sets.fold(batch, ingestion)
        for name in batch.schema.names:
            if name not in ingestion.exclude:
                found[name] = found.get(name, 0) | evidence_of(batch, name, piece, ingestion)
    return found


def evidence_of(batch: pa.RecordBatch, name: str, piece: Piece, ingestion: Ingestion) -> int:
    """What one batch says about one column; nothing is parsed where the schema says text."""
    column = batch.column(name)
    wanted = ingestion.types.get(name)
    if wanted == "BYTES":
        return int(kinds.Evidence.VALUES)
    if wanted is not None and column.null_count < len(column) and kinds.holds(column, wanted):
        return int(kinds.Evidence.VALUES | kinds.Evidence.NOT_BOOL)
    untyped = piece.format is SourceFormat.CSV
    return int(kinds.evidence(column, untyped, ingestion.missing))


def parquet_evidence(piece: Piece, ingestion: Ingestion) -> tuple[dict[str, int], set[str]]:
    """What the file's own schema says, and the columns whose values must be looked at."""
    seen = kinds.Evidence
    found: dict[str, int] = {}
    doubtful: set[str] = set()
    for name, kind in parquet.kinds(piece.files[0]).items():
        if name in ingestion.exclude:
            continue
        wanted = ingestion.types.get(name)
        if wanted == "BYTES":
            found[name] = int(seen.VALUES)
        elif pa.types.is_integer(kind):
            found[name] = int(seen.VALUES | seen.NOT_BOOL)
        elif pa.types.is_boolean(kind):
            found[name] = int(seen.VALUES)
        elif pa.types.is_floating(kind) and wanted != "INT":
            found[name] = int(seen.VALUES | seen.NOT_BOOL | seen.NOT_INT | seen.REAL)
        elif not pa.types.is_null(kind) and wanted is None:
            found[name] = int(seen.VALUES | seen.STRINGS)
        else:
            doubtful.add(name)
    return found, doubtful


@beam.typehints.with_input_types(dict[str, int])
@beam.typehints.with_output_types(dict[str, int])
class JoinEvidence(beam.CombineFn):
    """The evidence of all pieces."""

    def create_accumulator(self) -> dict[str, int]:
        return {}

    def add_input(self, accumulator: dict[str, int], part: dict[str, int]) -> dict[str, int]:
        return kinds.join([accumulator, part])

    def merge_accumulators(self, parts: Iterable[dict[str, int]]) -> dict[str, int]:
        return kinds.join(list(parts))

    def extract_output(self, accumulator: dict[str, int]) -> dict[str, int]:
        return accumulator


@beam.typehints.with_input_types(Piece, dict[str, int])
@beam.typehints.with_output_types(tuple[Shard, Place])
class ToExamples(beam.DoFn):
    """Writes a piece's rows as tf.Examples to a file, and yields where those of each shard lie."""

    def __init__(self, ingestion: Ingestion, shards: dict[str, int], folder: str) -> None:
        self._ingestion = ingestion
        self._shards = shards
        self._folder = folder

    def process(self, piece: Piece, found: dict[str, int]) -> Iterator[Any]:
        """Yields places, and under the tag SKIPPED the pictures left out."""
        plan = self._ingestion
        types = chosen_types(found, plan)
        corrupt: list[str] | None = [] if plan.skip_corrupt else None
        spill = Spill(self._folder)
        for batch in stream.read(piece, corrupt):
            labelled, rest = unlabelled.divide(batch, plan, piece.unlabelled)
            self._labelled(labelled, types, spill)
            self._unlabelled(rest, types, spill)
        yield from spill.close()
        for line in corrupt or ():
            yield beam.pvalue.TaggedOutput(SKIPPED, line)

    def _labelled(self, batch: pa.RecordBatch, types: dict[str, str], spill: Spill) -> None:
        plan = self._ingestion
        if not batch.num_rows:
            return
        digests = splits.digests(batch, plan.split_seed)
        groups: list[bytes | None] = [None] * len(digests)
        if plan.split_by:
            groups = splits.group_digests(batch, plan.split_by, plan.split_seed)
        settled = splits.named(batch, plan.split_column) if plan.split_column else None
        shards = splits.assign(digests, groups, plan.split, self._shards, settled)
        examples = convert.encode(label_sets.fold(batch, plan), types, plan.missing)
        spill.add(shards, digests, examples)

    def _unlabelled(self, batch: pa.RecordBatch, types: dict[str, str], spill: Spill) -> None:
        plan = self._ingestion
        if not batch.num_rows:
            return
        digests = splits.digests(batch, plan.split_seed)
        shards = splits.assign_unlabelled(digests, self._shards[UNLABELLED])
        spill.add(shards, digests, convert.encode(batch, types, plan.missing))


def chosen_types(found: dict[str, int], ingestion: Ingestion) -> dict[str, str]:
    """The type of each column to write; one that is never filled and not in the schema has none."""
    chosen = {name: kinds.choose(seen, ingestion.types.get(name)) for name, seen in found.items()}
    return {name: kind for name, kind in chosen.items() if kind is not None}
