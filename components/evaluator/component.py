"""TFX's Evaluator, which also says why: its executor writes the verdict beside TFMA's results."""

import logging
import shutil
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_model_analysis as tfma
from tfx.components.evaluator import component, constants, executor
from tfx.dsl.components.base import executor_spec
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import path_utils, proto_utils

from components.evaluator import extraction, results, shown, verdict
from components.evaluator.compatibility import why_not_comparable
from components.evaluator.config import Gate
from components.evaluator.metric import settings
from data.tasks import Task

logger = logging.getLogger(__name__)

_BASELINE = standard_component_specs.BASELINE_MODEL_KEY
_Artifacts = dict[str, list[Any]]


class VerdictExecutor(executor.Executor):
    """Evaluates as TFX does, then writes verdict.json, and lets no gate pass in silence.

    A model is blessed when TFMA's validation and our reading of the gates both say so; where TFMA
    objects to something our gates do not cover, the table gets a line for it. A baseline that
    cannot be measured on today's data is left out, and the gates that compare with it say why.
    """

    def Do(
        self, input_dict: _Artifacts, output_dict: _Artifacts, exec_properties: dict[str, Any]
    ) -> None:
        """As tfx.components.evaluator.executor.Executor.Do."""
        exec_properties = {
            **exec_properties,
            standard_component_specs.MODULE_PATH_KEY: extraction.__name__,
        }
        config = tfma.EvalConfig()
        proto_utils.json_to_proto(exec_properties[standard_component_specs.EVAL_CONFIG_KEY], config)
        gates, task = results.gates(config)
        directory = Path(artifact_utils.get_single_uri(output_dict["evaluation"]))

        named = settings(config).get("baseline", "")
        unusable = self._try_with_baseline(
            input_dict, output_dict, exec_properties, task, config.model_specs[0].label_key, named
        )
        if unusable is None:
            no_baseline = ""
        else:
            alone = {key: value for key, value in input_dict.items() if key != _BASELINE}
            super().Do(alone, output_dict, exec_properties)
            no_baseline = unusable
        candidate, baseline, differences = results.measured(directory)
        self._conclude(
            directory,
            artifact_utils.get_single_instance(output_dict["blessing"]),
            (gates, task),
            (candidate, baseline if unusable is None else None, differences),
            no_baseline,
            config.model_specs[0].label_key,
            bool(named),
        )

    def _try_with_baseline(
        self,
        input_dict: _Artifacts,
        output_dict: _Artifacts,
        exec_properties: dict[str, Any],
        task: Task,
        label: str,
        named: str,
    ) -> str | None:
        """Evaluates both models; returns None, or why that was not possible."""
        other = f"the model of run {named}" if named else "the blessed model"
        if not input_dict.get(_BASELINE):
            return f"{other} was not found" if named else "no blessed model to compare with"
        [model] = input_dict["model"]
        [blessed] = input_dict[_BASELINE]
        prefix = f"not compared with {other}: "
        unusable = why_not_comparable(_saved_model(model), _saved_model(blessed), task, label)
        if unusable:
            return prefix + unusable
        directory = Path(artifact_utils.get_single_uri(output_dict["evaluation"]))
        try:
            super().Do(input_dict, output_dict, exec_properties)
        except Exception as error:  # whatever an old model does on new data
            logger.exception("%s could not be evaluated; going on without it", other)
            _clear(directory)
            return f"{prefix}it fails on today's data ({_root_cause(error)})"
        differ = results.labels_differ(directory)
        if differ:
            _clear(directory)
            _forget(artifact_utils.get_single_instance(output_dict["blessing"]))
            return f"{prefix}its classes are others, or in another order ({differ} labels differ)"
        return None

    def _conclude(
        self,
        directory: Path,
        blessing: Any,
        asked: tuple[tuple[Gate, ...], Task],
        models: tuple[verdict.Measured, verdict.Measured | None, verdict.Measured],
        no_baseline: str,
        label: str,
        must_compare: bool,
    ) -> None:
        candidate, baseline, differences = models
        lines = verdict.judge(*asked, candidate, baseline, no_baseline, differences, must_compare)
        tfma_blesses = (
            blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY)
            == constants.BLESSED_VALUE
        )
        if not tfma_blesses:
            lines += results.unexplained(tfma.load_validation_result(str(directory)), lines)
        blessed = tfma_blesses and all(line.passed for line in lines)
        if tfma_blesses and not blessed:
            blessing.set_int_custom_property(
                constants.ARTIFACT_PROPERTY_BLESSED_KEY, constants.NOT_BLESSED_VALUE
            )
            (Path(blessing.uri) / constants.BLESSED_FILE_NAME).unlink(missing_ok=True)
            (Path(blessing.uri) / constants.NOT_BLESSED_FILE_NAME).touch()
        failed = [
            f"{line.metric} {line.threshold}: {line.value}" for line in lines if not line.passed
        ]
        blessing.set_string_custom_property(
            constants.ARTIFACT_PROPERTY_BLESSING_MESSAGE_KEY,
            "; ".join(failed) or "every gate passed",
        )
        verdict.write(directory, candidate, baseline, lines, blessed, no_baseline, differences)
        shown.write(directory, {line.slice for line in lines}, label)


class Evaluator(component.Evaluator):
    """Takes and gives what tfx.components.Evaluator does; the gates travel in the EvalConfig."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(VerdictExecutor)


def _saved_model(model: Any) -> Path:
    old = path_utils.is_old_model_artifact(model)
    return Path(path_utils.serving_model_path(model.uri, old))


def _root_cause(error: BaseException) -> str:
    """The line that says what went wrong, below what Beam, TFMA and TensorFlow wrapped around it."""
    chain = [error]
    while (below := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(below)
    inside = [item for item in chain if isinstance(item, tf.errors.OpError)]
    lines = [line.strip() for line in str((inside or chain)[0]).splitlines()]
    noise = ("Graph execution error", "Detected at node", "<stack traces", "[[")
    telling = [line for line in lines if line and not line.startswith(noise)]
    return telling[0][:200] if telling else type(error).__name__


def _forget(blessing: Any) -> None:
    """Takes back what an evaluation that does not count said of the baseline."""
    _clear(Path(blessing.uri))
    for name in ("BASELINE_MODEL_URI", "BASELINE_MODEL_ID", "BLESSED"):
        key = getattr(constants, f"ARTIFACT_PROPERTY_{name}_KEY")
        blessing.mlmd_artifact.custom_properties.pop(key, None)


def _clear(directory: Path) -> None:
    """Empties a directory, of what an evaluation left that does not count."""
    for item in directory.iterdir() if directory.is_dir() else ():
        shutil.rmtree(item) if item.is_dir() else item.unlink()
