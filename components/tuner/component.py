"""TFX's Tuner with an executor that also keeps what was tried."""

from pathlib import Path
from typing import Any

from tfx.components.tuner import component, executor
from tfx.dsl.components.base import executor_spec
from tfx.types import artifact_utils

from components.tuner import results
from components.tuner.search import Search


class TunerExecutor(executor.Executor):
    """Searches; writes the best values as TFX does, and every trial beside TFX's own results."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Makes `best_hyperparameters` and `tuner_results`.

        Raises:
          AllFailedError: there is nothing to choose from.
        """
        working = self._get_tmp_dir()
        search: Search = executor.search(input_dict, exec_properties, working, False)
        folder = Path(artifact_utils.get_single_uri(output_dict["tuner_results"]))
        results.write(folder, search.told())
        try:
            executor.write_best_hyperparameters(search, output_dict)
        finally:  # another attempt tries all of it again
            search.forget()


class Tuner(component.Tuner):
    """As TFX's; `tuner_results` holds trials.json too (components/tuner/results.py)."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(TunerExecutor)
