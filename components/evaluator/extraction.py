"""TFMA extractors of ours: a record batch goes to the metrics slice by slice, as arrays.

TFMA's own take a batch apart into rows, look up the slices of each and hand every row to every metric
of every slice. Here the last stage groups a batch by slice instead; it bears the name of TFMA's own,
after which its evaluator runs. Slices are those of TFMA: of the raw columns, with the same keys.
"""

import copy
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.extractors import extractor, slice_key_extractor, unbatch_extractor
from tensorflow_model_analysis.slicer import slicer_lib
from tensorflow_model_analysis.utils import util

from components.evaluator import reduction, slices
from components.evaluator.metric import CHUNKS, settings
from data.tasks import Task

_FEATURES = "ExtractFeatures"


def custom_extractors(
    eval_shared_model: Any, eval_config: Any, tensor_adapter_config: Any
) -> list[Any]:
    """TFMA's default extractors, with the first and the last two replaced; called by TFX."""
    stages = tfma.default_extractors(
        eval_shared_model=eval_shared_model,
        eval_config=eval_config,
        tensor_adapter_config=tensor_adapter_config,
    )
    replaced = (
        _FEATURES,
        unbatch_extractor.UNBATCH_EXTRACTOR_STAGE_NAME,
        slice_key_extractor.SLICE_KEY_EXTRACTOR_STAGE_NAME,
    )
    kept = [stage for stage in stages if stage.stage_name not in replaced]
    if len(stages) - len(kept) != len(replaced):
        names = ", ".join(stage.stage_name for stage in stages)
        raise RuntimeError(f"TFMA's extractors have changed: expected {replaced}, found {names}")
    last = slice_key_extractor.SLICE_KEY_EXTRACTOR_STAGE_NAME
    return [
        extractor.Extractor(_FEATURES, "Columns" >> beam.ParDo(_Columns(eval_config))),
        *kept,
        extractor.Extractor(last, "Slices" >> beam.ParDo(_Slices(eval_config))),
    ]


class _Columns(beam.DoFn):
    """Keeps the columns that slices, labels and weights are read from, and the examples."""

    def __init__(self, eval_config: Any) -> None:
        self._needed = sliced_columns(eval_config) | {
            name
            for spec in eval_config.model_specs
            for name in (
                spec.label_key,
                spec.prediction_key,
                spec.example_weight_key,
                *spec.label_keys.values(),
                *spec.example_weight_keys.values(),
            )
        }

    def process(self, extracts: dict[str, Any]) -> Any:
        batch = extracts[constants.ARROW_RECORD_BATCH_KEY]
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        needed = {
            name: column
            for name, column in columns.items()
            if name in self._needed and not pa.types.is_null(column.type)
        }
        result = copy.copy(extracts)
        del result[constants.ARROW_RECORD_BATCH_KEY]
        result[constants.FEATURES_KEY] = {
            name: _values(name, column) for name, column in needed.items()
        }
        examples = columns[constants.ARROW_INPUT_COLUMN].flatten()
        result[constants.INPUT_KEY] = examples.to_numpy(zero_copy_only=False)
        yield result


def _values(name: str, column: Any) -> Any:
    """A list column as TFMA extracts it; the usual one, a value in every row, without its detours."""
    flat = column.flatten()
    rows = len(column)
    if len(flat) == rows and not column.null_count and not flat.null_count:
        offsets = column.offsets.to_numpy()
        if np.array_equal(offsets - offsets[0], np.arange(rows + 1)):
            return flat.to_numpy(zero_copy_only=False).reshape(rows, 1)
    return util.record_batch_to_tensor_values(pa.RecordBatch.from_arrays([column], [name]))[name]


class _Slices(beam.DoFn):
    """One element per slice that has rows in the batch."""

    def __init__(self, eval_config: Any) -> None:
        self._columns = sliced_columns(eval_config)
        self._buckets: dict[str, list[float]] = settings(eval_config).get("buckets", {})
        self._models = [(spec.name, spec.prediction_key) for spec in eval_config.model_specs]
        self._task = Task(settings(eval_config, "Statistic")["task"])
        self._specs = [
            (
                list(spec.feature_keys),
                {name: slicer_lib._to_type(value) for name, value in spec.feature_values.items()},
            )
            for spec in eval_config.slicing_specs
        ] or [([], {})]

    def process(self, extracts: dict[str, Any]) -> Any:
        found = reduction.chunks(extracts, self._models, self._task)
        rows = len(next(iter(found.values())))
        columns = {
            name: slices.members(value, name, self._buckets.get(name, ()))
            for name, value in extracts[constants.FEATURES_KEY].items()
            if name in self._columns
        }
        seen = set()
        for keys, wanted in self._specs:
            for key, chosen in slices.slices(columns, keys, wanted, rows):
                if key in seen:
                    continue
                seen.add(key)
                yield {
                    constants.SLICE_KEY_TYPES_KEY: slicer_lib.slice_keys_to_numpy_array([key]),
                    CHUNKS: {name: chunk.part(chosen, bool(key)) for name, chunk in found.items()},
                }


def sliced_columns(eval_config: Any) -> set[str]:
    """The columns that slices are made of."""
    return {
        name
        for spec in eval_config.slicing_specs
        for name in (*spec.feature_keys, *spec.feature_values)
    }
