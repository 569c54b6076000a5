"""Columns through real TFT, in as few Beam jobs as will do."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Rows = list[dict[str, Any]]
Transformed = dict[str, Any]
"""{feature: (rows, ...) array}"""


@pytest.fixture(scope="session")
def analyze_and_transform(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Analyses some rows, transforms these and others; returns arrays and the transform output."""

    def run(
        columns: dict[str, type],
        rows: Rows,
        features: dict[str, Any],
        label: str,
        classes: list[str],
        others: Rows | None = None,
        **config: str,
    ) -> tuple[Transformed, Transformed, Any]:
        import apache_beam as beam
        import tensorflow as tf
        import tensorflow_transform as tft
        import tensorflow_transform.beam as tft_beam

        from components.transform.preprocessing import preprocessing_fn

        custom = {
            "features": json.dumps(features),
            "label": label,
            "classes": json.dumps(classes),
            **config,
        }
        kinds = {int: tf.int64, float: tf.float32, str: tf.string}
        spec = {name: tf.io.VarLenFeature(kinds[kind]) for name, kind in columns.items()}
        metadata = tft.DatasetMetadata.from_feature_spec(spec)
        folder = tmp_path_factory.mktemp("transform")

        def instances(given: Rows) -> Rows:
            return [{n: [] if row.get(n) is None else [row[n]] for n in columns} for row in given]

        with (
            beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline,
            tft_beam.Context(temp_dir=str(folder / "tmp"), desired_batch_size=4),
        ):
            data = pipeline | beam.Create(instances(rows), reshuffle=False)
            function = (data, metadata) | tft_beam.AnalyzeDataset(
                lambda raw: preprocessing_fn(raw, custom)
            )
            function | tft_beam.WriteTransformFn(str(folder / "graph"))
        output = tft.TFTransformOutput(str(folder / "graph"))
        layer = output.transform_features_layer()

        def apply(given: Rows) -> Transformed:
            raw = {}
            for name, kind in columns.items():
                values = [[] if row.get(name) is None else [row[name]] for row in given]
                ragged = tf.ragged.constant(values, kinds[kind], ragged_rank=1)
                raw[name] = ragged.to_sparse()
            return {name: np.asarray(value) for name, value in layer(raw).items()}

        return apply(rows), apply(others or rows), output

    return run
