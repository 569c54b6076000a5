"""How well `taxi` separates big tippers from others, against scikit-learn's boosted trees.

    make bench-taxi-quality ARGS="--splits 5"
    make bench-taxi-quality ARGS="--set train.batch_size=64"

The same rows and columns for both: the preset's, without what it excludes. Each split shuffles them
anew into 8 parts for training, 1 that chooses (our epoch) and 1 for the test. Ours goes through real
Transform (statistics of the training part alone) and the real Trainer with the preset's settings;
HistGradientBoostingClassifier gets text as categories and missing values as such, and of two
configurations (its defaults, and half the learning rate with early stopping) the one better on eval.
Settings are to be chosen by the eval columns.
"""

import argparse
import json
import os
import resource
import statistics
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from pipeline.config import load
from pipeline.prepare import Prepared, prepare, read_schema

Rows = npt.NDArray[np.int64]
SLICE = ("payment_type", "Credit Card")
TREES: list[dict[str, Any]] = [
    {},
    {"learning_rate": 0.05, "max_iter": 300, "early_stopping": True},
]


def main() -> None:
    """Measure and print one line per split, then the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="seed of the first split")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(load("taxi", arguments.set), Path(folder))
        table, truth = _read(prepared)
        rows = []
        print(f"{'':8}" + "".join(f"{name:>{width}}" for name, width in COLUMNS.items()))
        for seed in range(arguments.first, arguments.first + arguments.splits):
            order = np.random.default_rng(seed).permutation(len(truth))
            parts = np.split(order, [len(truth) * 8 // 10, len(truth) * 9 // 10])
            trees = _trees(table, truth, parts, seed)
            ours, facts = _ours(prepared, table, parts, seed, Path(folder) / str(seed))
            row = dict(facts)
            for split, part in (("eval", parts[1]), ("test", parts[2])):
                cards = np.flatnonzero(table[SLICE[0]].to_numpy()[part] == SLICE[1])
                for who, scores in (("trees", trees[split]), ("ours", ours[split])):
                    row[f"{split} {who}"] = roc_auc_score(truth[part], scores)
                    row[f"{who} cards"] = roc_auc_score(truth[part][cards], scores[cards])
                if split == "eval":
                    row |= {
                        f"eval {who} cards": row.pop(f"{who} cards") for who in ("trees", "ours")
                    }
            rows.append(row)
            _show(f"split {seed}", row)
    _show("mean", {key: statistics.mean(row[key] for row in rows) for key in rows[0]})


COLUMNS = {
    "eval trees": 12,
    "eval ours": 11,
    "test trees": 12,
    "test ours": 11,
    "trees cards": 13,
    "ours cards": 12,
    "steps": 7,
    "best at": 9,
    "Transform CPU s": 17,
    "Trainer CPU s": 15,
}
"""What is printed: AUC on all rows, then on the test rows of the slice."""


def _show(name: str, row: dict[str, float]) -> None:
    cells = [f"{row[key]:{width}.{4 if row[key] < 1 else 0}f}" for key, width in COLUMNS.items()]
    print(f"{name:8}" + "".join(cells), flush=True)


def _read(prepared: Prepared) -> tuple[pd.DataFrame, Rows]:
    frame = pd.concat([pd.read_csv(file) for file in prepared.source.files], ignore_index=True)
    frame[prepared.label] = frame[prepared.label].astype(str)
    truth = frame[prepared.label].to_numpy() == prepared.classes[-1]
    return frame[[*prepared.features, prepared.label]], truth.astype(np.int64)


def _trees(table: pd.DataFrame, truth: Rows, parts: list[Rows], seed: int) -> dict[str, Any]:
    table = table.iloc[:, :-1]  # without the label
    text = table.select_dtypes("object").columns
    encoded = table.astype(dict.fromkeys(text, "category"))
    train, evaluation, test = parts
    found = []
    for options in TREES:
        model = HistGradientBoostingClassifier(
            categorical_features="from_dtype", random_state=seed, **options
        ).fit(encoded.iloc[train], truth[train])
        scores = {
            name: model.predict_proba(encoded.iloc[part])[:, 1]
            for name, part in (("eval", evaluation), ("test", test))
        }
        found.append((roc_auc_score(truth[evaluation], scores["eval"]), scores))
    return max(found, key=lambda entry: entry[0])[1]


def _ours(
    prepared: Prepared, table: pd.DataFrame, parts: list[Rows], seed: int, folder: Path
) -> tuple[dict[str, Any], dict[str, float]]:
    """The preset's Transform and Trainer on the split; scores by the exported model."""
    import tensorflow as tf

    from components.trainer.entry import run_fn

    folder.mkdir()
    for name, part in zip(("train", "eval", "test"), parts, strict=True):
        _write(prepared, table.iloc[part], folder / f"{name}.raw")
    began = _cpu()
    _transform(prepared, folder)
    middle = _cpu()
    settings = prepared.config.train.model_copy(update={"seed": seed})
    run_fn(
        SimpleNamespace(
            custom_config={
                "train": settings.model_dump_json(),
                "task": prepared.config.data.task.value,
                "label": prepared.label,
                "classes": json.dumps(prepared.classes),
                "columns": json.dumps(prepared.model_columns),
            },
            transform_output=str(folder / "graph"),
            train_files=[str(folder / "train-*.gz")],
            eval_files=[str(folder / "eval-*.gz")],
            model_run_dir=str(folder / "run"),
            serving_model_dir=str(folder / "model"),
        )
    )
    end = _cpu()
    epochs = json.loads((folder / "run" / "history.json").read_text())["epochs"]
    signature = tf.saved_model.load(str(folder / "model")).signatures["serving_examples"]
    scores = {}
    for name in ("eval", "test"):
        examples = list(tf.data.TFRecordDataset(str(folder / f"{name}.raw")).as_numpy_iterator())
        scores[name] = signature(examples=tf.constant(examples))["score"].numpy()
    best = next(epoch["steps"] for epoch in reversed(epochs) if epoch["best"])
    return scores, {
        "steps": epochs[-1]["steps"],
        "best at": best,
        "Transform CPU s": middle - began,
        "Trainer CPU s": end - middle,
    }


def _write(prepared: Prepared, table: pd.DataFrame, path: Path) -> None:
    """Rows as ExampleGen would write them: a missing value is an empty feature."""
    import tensorflow as tf

    lists = {1: "bytes_list", 2: "int64_list", 3: "float_list"}
    kinds = {
        column.name: lists[column.type] for column in read_schema(prepared.schema_path).feature
    }
    with tf.io.TFRecordWriter(str(path)) as writer:
        for row in table.to_dict("records"):
            example = tf.train.Example()
            for name, value in row.items():
                values = getattr(example.features.feature[name], kinds[name])
                values.SetInParent()
                if not pd.isna(value):
                    kind = kinds[name]
                    bare = {"bytes_list": str.encode, "int64_list": int, "float_list": float}[kind]
                    values.value.append(bare(value))
            writer.write(example.SerializeToString())


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
    config = {
        "features": json.dumps(
            {n: f.model_dump(mode="json", by_alias=True) for n, f in prepared.features.items()}
        ),
        "label": prepared.label,
        "classes": json.dumps(prepared.classes),
    }
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


if __name__ == "__main__":
    main()
