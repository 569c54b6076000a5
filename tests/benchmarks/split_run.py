"""A preset's Transform and Trainer on a split of one's own, for benchmarks: real parts, no pipeline."""

import json
import os
import resource
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.example_gen import convert, label_sets
from components.example_gen.ingestion import plan
from data.reading import stream
from pipeline.module_config import trainer_config, transform_config
from pipeline.prepare import read_schema
from pipeline.prepared import Prepared

Rows = npt.NDArray[np.int64]
PARTS = ("train", "eval", "test")


@dataclass(frozen=True)
class Run:
    """What a split's run left behind."""

    folder: Path
    facts: dict[str, float]
    """CPU seconds of Transform and Trainer, epochs, and the epoch that was kept."""

    def answers(self, part: str, batch: int = 1000) -> dict[str, Any]:
        """What the exported model answers for the rows of `eval` or `test`."""
        import tensorflow as tf

        loaded = tf.saved_model.load(str(self.folder / "model"))
        signature = loaded.signatures["serving_examples"]
        records = tf.data.TFRecordDataset(str(self.folder / f"{part}.raw")).batch(batch)
        parts = [signature(examples=examples) for examples in records]
        return {
            name: np.concatenate([answer[name].numpy() for answer in parts]) for name in parts[0]
        }


def read(prepared: Prepared) -> pa.Table:
    """All rows of the preset's data as ExampleGen reads them."""
    batches = [b for piece in stream.pieces(prepared.source) for b in stream.read(piece)]
    return pa.Table.from_batches(batches).combine_chunks()


def shuffled(count: int, seed: int, groups: list[Any] | None = None) -> list[Rows]:
    """8 parts for training, 1 that chooses, 1 for the test.

    Args:
      count: how many rows.
      seed: of the order.
      groups: a value per row; rows of one value stay together.
    """
    if groups is None:
        return _cut(np.random.default_rng(seed).permutation(count))
    _, which = np.unique(np.array(groups, dtype=object).astype(str), return_inverse=True)
    drawn = _cut(np.random.default_rng(seed).permutation(which.max() + 1))
    place = np.empty(which.max() + 1, np.int64)
    for number, part in enumerate(drawn):
        place[part] = number
    return [np.flatnonzero(place[which] == number) for number in range(3)]


def _cut(order: Rows) -> list[Rows]:
    return np.split(order, [len(order) * 8 // 10, len(order) * 9 // 10])


def fit(prepared: Prepared, table: pa.Table, parts: list[Rows], seed: int, folder: Path) -> Run:
    """Transform (statistics of the training part alone) and Trainer, with the preset's settings."""
    began = _cpu()
    lay_out(prepared, table, parts, folder)
    made = train(prepared, seed, folder)
    spent = _cpu() - began - made.facts["Trainer CPU s"]
    return Run(folder, {**made.facts, "Transform CPU s": spent})


def lay_out(prepared: Prepared, table: pa.Table, parts: list[Rows], folder: Path) -> None:
    """Rows as ExampleGen and Transform leave them."""
    folder.mkdir()
    _write(prepared, table, parts, folder)
    _transform(prepared, folder)


def arguments(prepared: Prepared, seed: int, folder: Path) -> SimpleNamespace:
    """What TFX tells run_fn about a folder that was laid out."""
    settings = prepared.config.train.model_copy(update={"seed": seed})
    return SimpleNamespace(
        custom_config={**trainer_config(prepared), "train": settings.model_dump_json()},
        transform_output=str(folder / "graph"),
        train_files=[str(folder / "train-*.gz")],
        eval_files=[str(folder / "eval-*.gz")],
        model_run_dir=str(folder / "run"),
        serving_model_dir=str(folder / "model"),
        hyperparameters=None,
    )


def train(prepared: Prepared, seed: int, folder: Path, hyperparameters: Any = None) -> Run:
    """The Trainer on a folder that was laid out; its model takes the place of an earlier one."""
    from components.trainer.entry import run_fn

    given = arguments(prepared, seed, folder)
    given.hyperparameters = hyperparameters
    shutil.rmtree(folder / "model", ignore_errors=True)
    began = _cpu()
    run_fn(given)
    spent = _cpu() - began
    epochs = json.loads((folder / "run" / "history.json").read_text())["epochs"]
    best = next(n for n, epoch in reversed(list(enumerate(epochs, 1))) if epoch["best"])
    return Run(folder, {"epochs": len(epochs), "best": best, "Trainer CPU s": spent})


def transform(prepared: Prepared, table: pa.Table, parts: list[Rows], folder: Path) -> None:
    """Transformed rows of train and eval, and the graph, in a folder that is there."""
    _write(prepared, table, parts, folder)
    _transform(prepared, folder)


def _write(prepared: Prepared, table: pa.Table, parts: list[Rows], folder: Path) -> None:
    """Rows as ExampleGen writes them."""
    import tensorflow as tf

    ingestion = plan(prepared.config.data, prepared.schema_path)
    for name, part in zip(PARTS, parts, strict=True):
        (batch,) = table.take(pa.array(part)).combine_chunks().to_batches()
        with tf.io.TFRecordWriter(str(folder / f"{name}.raw")) as writer:
            folded = label_sets.fold(batch, ingestion)
            for example in convert.encode(folded, ingestion.types, ingestion.missing):
                writer.write(example)


def _transform(prepared: Prepared, folder: Path) -> None:
    """The preset's preprocessing: learnt on train, applied to train and eval."""
    import apache_beam as beam
    import tensorflow_transform.beam as tft_beam
    from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io
    from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder
    from tfx_bsl.public import tfxio

    from components.transform.preprocessing import preprocessing_fn

    schema = read_schema(prepared.schema_path)
    metadata_io.write_metadata(
        dataset_metadata.DatasetMetadata(schema), str(folder / "graph" / "metadata")
    )
    config = transform_config(prepared)
    with (
        beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline,
        tft_beam.Context(temp_dir=str(folder / "tmp")),
    ):
        sources = {
            name: tfxio.TFExampleRecord(str(folder / f"{name}.raw"), schema=schema)
            for name in ("train", "eval")
        }
        rows = {name: pipeline | name >> io.BeamSource() for name, io in sources.items()}
        kinds = sources["train"].TensorAdapterConfig()
        function = (rows["train"], kinds) | tft_beam.AnalyzeDataset(
            lambda columns: preprocessing_fn(columns, config)
        )
        function | tft_beam.WriteTransformFn(str(folder / "graph"))
        for name, batches in rows.items():
            transformed, made = ((batches, kinds), function) | f"Transform {name}" >> (
                tft_beam.TransformDataset(output_record_batches=True)
            )
            encoder = RecordBatchToExamplesEncoder(made.schema)
            (
                transformed
                | f"Encode {name}" >> beam.FlatMap(lambda pair, e=encoder: e.encode(pair[0]))
                | f"Write {name}"
                >> beam.io.WriteToTFRecord(str(folder / name), file_name_suffix=".gz")
            )


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
