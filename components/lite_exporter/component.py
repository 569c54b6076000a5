"""Makes smaller files of a blessed model: LiteRT (TensorFlow Lite), whole and quantised."""

import json
from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, component_spec, standard_artifacts
from tfx.utils import path_utils

from components.lite_exporter.config import LiteSection
from data.saved_models import LITE_FOLDER


class LiteExecutor(base_executor.BaseExecutor):
    """Converts, asks, measures; leaves the artifact empty where the model is not blessed."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the files of `model` and lite.json into `lite`.

        Raises:
          ConversionError: the network has an operation that LiteRT does not have.
          FileNotFoundError: a split has no rows.
        """
        from components.lite_exporter.making import make  # TensorFlow, and only for blessed models

        folder = Path(artifact_utils.get_single_uri(output_dict["lite"]))
        folder.mkdir(parents=True, exist_ok=True)
        [judged] = input_dict["model_blessing"]
        if not judged.get_int_custom_property("blessed"):
            return
        make(
            model=Path(path_utils.serving_model_path(_uri(input_dict, "model"))),
            network=Path(_uri(input_dict, "model_run")) / LITE_FOLDER,
            examples=Path(_uri(input_dict, "examples")),
            label=exec_properties["label"],
            section=LiteSection.model_validate_json(exec_properties["section"]),
            features=json.loads(exec_properties["features"]),
            folder=folder,
        )


def _uri(input_dict: dict[str, list[Any]], key: str) -> str:
    return str(artifact_utils.get_single_uri(input_dict[key]))


class _ExporterSpec(component_spec.ComponentSpec):
    PARAMETERS = {
        "section": component_spec.ExecutionParameter(type=str),
        "label": component_spec.ExecutionParameter(type=str),
        "features": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "model_run": component_spec.ChannelParameter(type=standard_artifacts.ModelRun),
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "model_blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
    }
    # A Model would stand for election as the model to beat.
    OUTPUTS = {"lite": component_spec.ChannelParameter(type=standard_artifacts.ModelRun)}


class LiteExporter(base_component.BaseComponent):
    """Makes `model_<format>.tflite` of a blessed model and compares each with it on the test split.

    Args:
      model: the Trainer's model.
      model_run: the Trainer's, with the network alone.
      examples: raw rows: train calibrates, test judges.
      model_blessing: the Evaluator's.
      section: the `[lite]` section.
      label: the label's column.
      features: `{column: treatment}`, kept beside the files.
    """

    SPEC_CLASS = _ExporterSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(LiteExecutor)

    def __init__(
        self,
        model: types.BaseChannel,
        model_run: types.BaseChannel,
        examples: types.BaseChannel,
        model_blessing: types.BaseChannel,
        section: LiteSection,
        label: str,
        features: dict[str, str],
    ) -> None:
        super().__init__(
            spec=_ExporterSpec(
                model=model,
                model_run=model_run,
                examples=examples,
                model_blessing=model_blessing,
                section=section.model_dump_json(),
                label=label,
                features=json.dumps(features),
                lite=types.Channel(type=standard_artifacts.ModelRun),
            )
        )
