"""The gate of distillation: passes the Evaluator's blessing on, or withholds it."""

import json
from pathlib import Path
from typing import Any

import tensorflow as tf
from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, component_spec, standard_artifacts
from tfx.utils import path_utils

from components.distill_gate.config import DistillGateSection
from components.distill_gate.judging import judge, write
from components.distill_gate.measuring import Measured
from data.saved_models import latest
from data.tasks import Task

# TFX's own names, which stock Pushers read.
_BLESSED, _MODEL_ID, _MESSAGE = "blessed", "current_model_id", "blessing_message"
_FILES = {True: "BLESSED", False: "NOT_BLESSED"}
_REVOKED = "revoked"
"""Keeps a refused student from becoming the model to beat (components/evaluator/blessing.py)."""


class GateExecutor(base_executor.BaseExecutor):
    """Writes a ModelBlessing of its own, and why."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Compares `model` with the teacher; nothing is measured if `model_blessing` is a refusal.

        Raises:
          FileNotFoundError: the teacher is gone, or the test split is empty.
        """
        model = artifact_utils.get_single_instance(input_dict["model"])
        [judged] = input_dict["model_blessing"]
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        folder = Path(blessing.uri)
        folder.mkdir(parents=True, exist_ok=True)
        blessed = bool(judged.get_int_custom_property(_BLESSED))
        why = judged.get_string_custom_property(_MESSAGE)
        if blessed:
            lines = self._compare(model, input_dict, exec_properties, folder)
            failed = [
                f"{line.metric} {line.threshold}: {line.value:.4g}"
                for line in lines
                if not line.passed
            ]
            blessed, why = not failed, "; ".join(failed) or why
            if failed:
                blessing.set_string_custom_property(_REVOKED, f"the student's gate: {why}")
        (folder / _FILES[blessed]).touch()
        blessing.set_int_custom_property(_BLESSED, int(blessed))
        blessing.set_int_custom_property(_MODEL_ID, model.id)
        blessing.set_string_custom_property(_MESSAGE, why)

    @staticmethod
    def _compare(
        model: Any, input_dict: dict[str, list[Any]], properties: dict[str, Any], folder: Path
    ) -> Any:
        section = DistillGateSection.model_validate_json(properties["section"])
        teacher = latest(Path(properties["teacher"]))
        if teacher is None:
            raise FileNotFoundError(
                f"the teacher is gone: no SavedModel at {properties['teacher']}"
            )
        split = Path(artifact_utils.get_single_uri(input_dict["examples"])) / "Split-test"
        files = sorted(str(file) for file in split.glob("*"))
        records = tf.data.TFRecordDataset(files, compression_type="GZIP").take(section.rows)
        rows = [record.numpy() for record in records]
        if not rows:
            raise FileNotFoundError("the test split has no rows to compare student and teacher on")
        lines = judge(
            Measured(Path(path_utils.serving_model_path(model.uri))),
            Measured(teacher),
            rows,
            section,
            Task(properties["task"]),
            properties["label"],
            json.loads(properties["classes"]),
        )
        write(folder, lines, teacher)
        return lines


class _GateSpec(component_spec.ComponentSpec):
    PARAMETERS = {
        "section": component_spec.ExecutionParameter(type=str),
        "teacher": component_spec.ExecutionParameter(type=str),
        "task": component_spec.ExecutionParameter(type=str),
        "label": component_spec.ExecutionParameter(type=str),
        "classes": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "model_blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
    }
    OUTPUTS = {"blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing)}


class DistillGate(base_component.BaseComponent):
    """Blesses a student that the Evaluator has blessed and that is worth having beside its teacher.

    Args:
      model: the Trainer's model, the student.
      examples: the rows both are asked; the test split.
      model_blessing: the Evaluator's.
      section: the `[distill_gate]` section.
      teacher: a SavedModel, or a folder of versions.
      task: what the label asks.
      label: its column.
      classes: in the order of the outputs.
    """

    SPEC_CLASS = _GateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(GateExecutor)

    def __init__(
        self,
        model: types.BaseChannel,
        examples: types.BaseChannel,
        model_blessing: types.BaseChannel,
        section: DistillGateSection,
        teacher: str,
        task: Task,
        label: str,
        classes: tuple[str, ...],
    ) -> None:
        super().__init__(
            spec=_GateSpec(
                model=model,
                examples=examples,
                model_blessing=model_blessing,
                section=section.model_dump_json(),
                teacher=teacher,
                task=task.value,
                label=label,
                classes=json.dumps(classes),
                blessing=types.Channel(type=standard_artifacts.ModelBlessing),
            )
        )
