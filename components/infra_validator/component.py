"""TFX's InfraValidator without docker: same InfraBlessing, another way to come by it."""

from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, component_spec, standard_artifacts
from tfx.utils import path_utils

from components.infra_validator.config import InfraValidateSection
from components.infra_validator.report import Report
from components.infra_validator.validation import validate

MODEL_ID = "current_model_id"
"""Custom property of an InfraBlessing: the model it is about (a ModelBlessing's name for it)."""
MESSAGE = "blessing_message"
"""Custom property: why the model is not blessed."""
ASKED = "asked"
"""Custom property: 1 where a server was asked, so that the blessing says something of the model."""
# TFX's own names, which stock Pushers read.
_BLESSED, _HAS_MODEL = "blessed", "has_model"
_FILES = {True: "INFRA_BLESSED", False: "INFRA_NOT_BLESSED"}


class ServeExecutor(base_executor.BaseExecutor):
    """Writes an InfraBlessing: the verdict, the report, and the model with its warm-up file."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Validates `model` with `examples`; without asking, if `model_blessing` is a refusal.

        Raises:
          NoServerError: no server could be started or reached. Nothing is cached then.
        """
        model = artifact_utils.get_single_instance(input_dict["model"])
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        folder = Path(blessing.uri)
        section = InfraValidateSection.model_validate_json(exec_properties["section"])
        if self._is_refused(input_dict):
            report = Report(
                section.url or "python -m serving",
                asked=False,
                why="not asked: the model is not blessed by the Evaluator",
            )
        else:
            report = validate(
                Path(path_utils.serving_model_path(model.uri)),
                Path(artifact_utils.get_single_uri(input_dict["examples"])),
                section,
                Path(path_utils.stamped_model_path(blessing.uri)),
                exec_properties["model_name"],
            )
        folder.mkdir(parents=True, exist_ok=True)
        report.write(folder)
        (folder / _FILES[report.blessed]).touch()
        blessing.set_int_custom_property(_BLESSED, int(report.blessed))
        blessing.set_int_custom_property(_HAS_MODEL, int(report.blessed and report.warmup_rows > 0))
        blessing.set_int_custom_property(MODEL_ID, model.id)
        blessing.set_int_custom_property(ASKED, int(report.asked))
        blessing.set_string_custom_property(MESSAGE, report.why)

    @staticmethod
    def _is_refused(input_dict: dict[str, list[Any]]) -> bool:
        found = input_dict.get("model_blessing", [])
        return any(not blessing.get_int_custom_property(_BLESSED) for blessing in found)


class _InfraValidatorSpec(component_spec.ComponentSpec):
    PARAMETERS = {
        "section": component_spec.ExecutionParameter(type=str),
        "model_name": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "model_blessing": component_spec.ChannelParameter(
            type=standard_artifacts.ModelBlessing, optional=True
        ),
    }
    OUTPUTS = {"blessing": component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing)}


class InfraValidator(base_component.BaseComponent):
    """Blesses a model that a server loads and answers real rows with as the model itself does.

    Args:
      model: the Trainer's model.
      examples: the rows to ask; the test split.
      section: the `[infra_validate]` section.
      model_name: what the model is called when served.
      model_blessing: the Evaluator's; a model without is not worth the start of a server.
    """

    SPEC_CLASS = _InfraValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(ServeExecutor)

    def __init__(
        self,
        model: types.BaseChannel,
        examples: types.BaseChannel,
        section: InfraValidateSection,
        model_name: str,
        model_blessing: types.BaseChannel | None = None,
    ) -> None:
        super().__init__(
            spec=_InfraValidatorSpec(
                model=model,
                examples=examples,
                model_blessing=model_blessing,
                section=section.model_dump_json(),
                model_name=model_name,
                blessing=types.Channel(type=standard_artifacts.InfraBlessing),
            )
        )
