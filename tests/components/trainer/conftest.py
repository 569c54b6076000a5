"""Raw rows through real Transform and the real run_fn, on disk as TFX lays them out."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

Row = dict[str, Any]
"""{column: value, or list of values}; a missing value is None or not there."""


@dataclass
class Trained:
    """What a run of Transform and Trainer left behind."""

    folder: Path
    label: str
    task: str
    classes: list[str]
    columns: dict[str, type]
    kept: dict[str, Any]
    """What `export` was given: `model`, `answer`, `graph`."""

    @property
    def saved_model(self) -> str:
        return str(self.folder / "model")

    @property
    def history(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / "run" / "history.json").read_text())
        return loaded

    def examples(self, rows: list[Row], label: bool = False) -> list[bytes]:
        """Serialized tf.Examples, without the label unless asked."""
        columns = {n: t for n, t in self.columns.items() if label or n != self.label}
        return [serialize(row, columns) for row in rows]


def serialize(row: Row, columns: dict[str, type]) -> bytes:
    """A tf.Example; a column without a value is an empty feature, as ExampleGen writes it."""
    import tensorflow as tf

    example = tf.train.Example()
    for name, kind in columns.items():
        feature = example.features.feature[name]
        value = row.get(name)
        lists = {int: feature.int64_list, float: feature.float_list}
        holder = lists.get(kind, feature.bytes_list)
        holder.SetInParent()
        for one in value if isinstance(value, list) else [] if value is None else [value]:
            holder.value.append(one.encode() if isinstance(one, str) else one)
    bytes_: bytes = example.SerializeToString()
    return bytes_


@pytest.fixture(scope="session")
def transform(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Raw rows to a folder with `graph`, `train` and `eval`, and rows without labels in
    `Split-unlabelled`, by tft_beam. What evaluates is what trains, unless it is given."""

    made_before: dict[str, Path] = {}

    def run(
        columns: dict[str, type],
        rows: list[Row],
        config: dict[str, Any],
        evaluation: list[Row] | None = None,
        unlabelled: list[Row] | None = None,
    ) -> Path:
        splits = {"train": rows, "eval": rows if evaluation is None else evaluation}
        if unlabelled is not None:
            splits["Split-unlabelled/data"] = unlabelled
        key = repr([columns, splits, config])
        if key not in made_before:
            made_before[key] = make(columns, splits, config)
        return made_before[key]

    def make(
        columns: dict[str, type], splits: dict[str, list[Row]], config: dict[str, Any]
    ) -> Path:
        import apache_beam as beam
        import tensorflow as tf
        import tensorflow_transform.beam as tft_beam
        from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io, schema_utils
        from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder
        from tfx_bsl.public import tfxio

        from components.transform.preprocessing import preprocessing_fn

        folder = tmp_path_factory.mktemp("transformed")
        kinds = {int: tf.int64, float: tf.float32, str: tf.string, bytes: tf.string}
        spec = {name: tf.io.VarLenFeature(kinds[kind]) for name, kind in columns.items()}
        schema = schema_utils.schema_from_feature_spec(spec)
        (folder / "Split-unlabelled").mkdir()
        metadata_io.write_metadata(
            dataset_metadata.DatasetMetadata(schema), str(folder / "graph" / "metadata")
        )
        for name, split in splits.items():
            with tf.io.TFRecordWriter(str(folder / f"{name}.raw")) as writer:
                for row in split:
                    writer.write(serialize(row, columns))

        def source(name: str) -> Any:
            return tfxio.TFExampleRecord(str(folder / f"{name}.raw"), schema=schema)

        with (
            beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline,
            tft_beam.Context(temp_dir=str(folder / "tmp")),
        ):
            inputs = {n: pipeline | n >> source(n).BeamSource() for n in splits}
            metadata = source("train").TensorAdapterConfig()
            function = (inputs["train"], metadata) | tft_beam.AnalyzeDataset(
                lambda columns: preprocessing_fn(columns, config)
            )
            function | tft_beam.WriteTransformFn(str(folder / "graph"))
            for name, batches in inputs.items():
                transformed, made = ((batches, metadata), function) | f"Transform {name}" >> (
                    tft_beam.TransformDataset(output_record_batches=True)
                )
                encoder = RecordBatchToExamplesEncoder(made.schema)
                (
                    transformed
                    | f"Encode {name}" >> beam.FlatMap(lambda pair, e=encoder: e.encode(pair[0]))
                    | f"Write {name}"
                    >> beam.io.WriteToTFRecord(str(folder / name), file_name_suffix=".gz")
                )
        return folder

    return run


@pytest.fixture(scope="session")
def train(
    transform: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Trained]:
    """Raw rows to an exported model, by the real run_fn."""

    def run(
        columns: dict[str, type],
        rows: list[Row],
        label: str,
        task: str,
        classes: list[str],
        features: dict[str, Any],
        settings: dict[str, Any] | None = None,
        preprocessing: str = "",
        beside: list[str] | None = None,
        told: dict[str, str] | None = None,
        hyperparameters: dict[str, Any] | None = None,
        evaluation: list[Row] | None = None,
        unlabelled: list[Row] | None = None,
        weight: str = "",
    ) -> Trained:
        from components.trainer import entry, export
        from components.transform.config import Feature, vocabulary_features

        config = {
            "features": json.dumps(features),
            "task": task,
            "label": label,
            "classes": json.dumps(classes),
            "preprocessing": preprocessing,
            "beside": json.dumps(beside or []),
            "weight": weight,
        }
        folder = transform(columns, rows, config, evaluation, unlabelled)
        made = tmp_path_factory.mktemp("trained")
        kept: dict[str, Any] = {}
        written = export.export

        def keep(model: Any, answer: Any, graph: Any, *rest: Any) -> None:
            kept.update(model=model, answer=answer, graph=graph)
            written(model, answer, graph, *rest)

        named = {name: Feature.model_validate(word) for name, word in features.items()}
        vocabularies = {} if preprocessing else {"vocabularies": vocabulary_features(named)}
        arguments = SimpleNamespace(
            custom_config={
                "train": json.dumps(settings or {}),
                "task": task,
                "label": label,
                "classes": json.dumps(classes),
                "columns": json.dumps([n for n in columns if n not in (label, weight)]),
                "weight": weight,
                "texts": json.dumps([name for name, word in features.items() if word == "text"]),
                **{name: json.dumps(value) for name, value in vocabularies.items()},
                **(told or {}),
            },
            transform_output=str(folder / "graph"),
            train_files=[
                str(folder / "train*.gz"),
                *([str(folder / "Split-unlabelled" / "*.gz")] if unlabelled else []),
            ],
            eval_files=[str(folder / "eval*.gz")],
            model_run_dir=str(made / "run"),
            serving_model_dir=str(made / "model"),
            hyperparameters=hyperparameters,
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(export, "export", keep)
            entry.run_fn(arguments)
        return Trained(made, label, task, classes, columns, kept)

    return run
