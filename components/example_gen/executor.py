"""Runs ingestion on Beam: files in, train, eval and test as TFRecord of tf.Example out."""

import json
import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apache_beam as beam
import tensorflow as tf
from tfx.dsl.components.base import base_beam_executor
from tfx.types import artifact_utils

from components.example_gen.config import EMPTY
from components.example_gen.ingestion import Ingestion
from components.example_gen.rows import SKIPPED, FindTypes, JoinEvidence, ToExamples
from components.example_gen.shards import WriteShard, shard_counts
from components.example_gen.tally import WriteTally, read_tally
from data.reading import stream
from data.reading.errors import DataError
from data.sources import Source, resolve
from data.split_names import SPLITS, UNLABELLED

logger = logging.getLogger(__name__)

# What TFX's own components read off an Examples artifact.
PAYLOAD_FORMAT = "payload_format"
FILE_FORMAT = "file_format"
FINGERPRINT = "input_fingerprint"


class Executor(base_beam_executor.BaseBeamExecutor):
    """Two passes over the files: the columns' types, then the rows."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the splits and checks that each has rows.

        Raises:
          DataError: no rows, a split without rows, or whatever reading found.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        ingestion = Ingestion.load(exec_properties["ingestion"])
        source = resolve(exec_properties["data_path"], Path.cwd(), exec_properties["file_format"])
        second = None
        if exec_properties.get("unlabelled_path"):
            second = resolve(
                exec_properties["unlabelled_path"],
                Path.cwd(),
                exec_properties["unlabelled_format"],
            )
        artifact = artifact_utils.get_single_instance(output_dict["examples"])
        artifact.split_names = artifact_utils.encode_split_names(list(ingestion.splits))

        try:
            with _beside(artifact.uri) as folder, self._make_beam_pipeline() as pipeline:
                ingest(pipeline, source, ingestion, artifact.uri, folder, second)
        except Exception as error:
            found = _own(error)
            if found is None:
                raise
            raise found from error

        rows, skipped = read_tally(artifact.uri)
        for line in skipped:
            logger.warning("left out: %s", line)
        _check(rows, source, second, ingestion, len(skipped))
        artifact.set_string_custom_property(PAYLOAD_FORMAT, "FORMAT_TF_EXAMPLE")
        artifact.set_string_custom_property(FILE_FORMAT, "tfrecords_gzip")
        artifact.set_string_custom_property(FINGERPRINT, exec_properties["data_fingerprint"])
        artifact.set_string_custom_property("rows", json.dumps(rows))
        artifact.set_int_custom_property("skipped", len(skipped))


def ingest(
    pipeline: beam.Pipeline,
    source: Source,
    ingestion: Ingestion,
    uri: str,
    folder: str,
    second: Source | None = None,
) -> None:
    """The Beam graph.

    Args:
      pipeline: to add to.
      source: the files; workers must see them at the same paths.
      ingestion: what to write.
      uri: the artifact's folder; each split becomes `Split-<name>` in it.
      folder: for rows on their way; workers must see it at the same path.
      second: files of rows without labels.
    """
    size = _bytes(source)
    unlabelled = None if not ingestion.unlabelled else _bytes(second) if second else size
    shards = shard_counts(size, ingestion.split, unlabelled)
    folders = {name: f"{uri}/Split-{name}" for name in ingestion.splits}
    every = stream.pieces(source, may_lack_class=ingestion.unlabelled == EMPTY)
    every += stream.pieces(second, unlabelled=True) if second else []
    pieces = pipeline | "Pieces" >> beam.Create(every) | "Spread" >> beam.Reshuffle()
    found = (
        pieces
        | "FindTypes" >> beam.ParDo(FindTypes(ingestion))
        | "JoinEvidence" >> beam.CombineGlobally(JoinEvidence())
    )
    places, skipped = pieces | "ToExamples" >> beam.ParDo(
        ToExamples(ingestion, shards, folder), beam.pvalue.AsSingleton(found)
    ).with_outputs(SKIPPED, main="places")
    counts = (
        places
        | "ByShard" >> beam.GroupByKey()
        | "WriteShard" >> beam.ParDo(WriteShard(folders, shards))
    )
    _ = (
        pipeline
        | "Once" >> beam.Create([uri])
        | "WriteTally"
        >> beam.ParDo(
            WriteTally(ingestion.splits), beam.pvalue.AsList(counts), beam.pvalue.AsList(skipped)
        )
    )


@contextmanager
def _beside(uri: str) -> Iterator[str]:
    """A folder in the artifact for rows on their way, gone afterwards whatever came."""
    folder = f"{uri}/.rows-{uuid.uuid4().hex}"
    tf.io.gfile.makedirs(folder)
    try:
        yield folder
    finally:
        try:
            tf.io.gfile.rmtree(folder)
        except tf.errors.OpError as error:  # a worker that was given up may still write there
            logging.warning("%s is left over: %s", folder, error.message)


def _bytes(source: Source) -> int:
    return sum(file.stat().st_size for file in source.files)


def _own(error: BaseException) -> DataError | None:
    """Our sentence inside what the engine made of it."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, DataError):
            return DataError(str(seen).split(" [while running ")[0])
        seen = seen.__cause__ or seen.__context__
    return None


def _check(
    rows: dict[str, int], source: Source, second: Source | None, ingestion: Ingestion, skipped: int
) -> None:
    total = sum(rows[name] for name in SPLITS)
    if rows.get(UNLABELLED) == 0:
        if second:
            raise DataError(f"data.unlabelled: {second.name} has no rows.")
        raise DataError(
            f'data.unlabelled = "{EMPTY}", but every row of {source.name} has a label in '
            f"'{ingestion.label}'. Leave data.unlabelled out, or name a file of rows without labels."
        )
    if total == 0:
        left = f" ({skipped} pictures could not be decoded)" if skipped else ""
        raise DataError(f"{source.name} has no rows{left}.")
    for name in SPLITS:
        if rows[name] == 0:
            if ingestion.split_column:
                raise DataError(
                    f"no row of {source.name} is in '{name}': '{ingestion.split_column}' "
                    "(data.split_column) says so in none of them. Write it into some rows, or leave "
                    "the cell of some empty: data.split then decides."
                )
            parts = ", ".join(f"{split} = {ingestion.split[split]}" for split in SPLITS)
            raise DataError(
                f"{source.name} has too few different rows to split them as {{{parts}}}: of {total} "
                f"none fell into '{name}' (equal rows stay together). Add rows, or change "
                "data.split or data.split_seed."
            )
