"""KerasTuner's loop around trainings that are not its own: runs, watches, prunes, writes down."""

import logging
import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner import errors
from keras_tuner.engine import base_tuner

from components.tuner import results
from components.tuner.config import TunerSection
from components.tuner.oracles import oracle
from components.tuner.pruning import hopeless
from components.tuner.space import Parameter, hyperparameters
from components.tuner.spaces import higher_is_better
from data.tuned_values import decoded

logger = logging.getLogger(__name__)

Train = Callable[[Mapping[str, Any], Callable[[dict[str, Any]], None], Mapping[str, Any]], None]
"""(values, watch, about): trains with the values; `watch` gets every epoch, and what it raises ends
the training; `about` is for whoever shows the progress."""

_BUDGET, _REPEATS = "tuner/epochs", "tuner/trial_id"


class AllFailedError(RuntimeError):
    """Not one trial came to a score."""


class _EndedError(Exception):
    """A trial has shown enough; carries the state it ends in."""


class Search(base_tuner.BaseTuner):
    """Runs the trials of a section. A search that was killed goes on with the trial it was in."""

    def __init__(
        self,
        section: TunerSection,
        parameters: tuple[Parameter, ...],
        objective: str,
        train: Train,
        folder: Path,
    ) -> None:
        """Args:
        section: the `[tuner]` section.
        parameters: what is searched.
        objective: what the epochs of a training are judged by: `eval_<objective>` of each.
        train: what a trial is.
        folder: of this search alone; found there again, it goes on.
        """
        self._section, self._parameters = section, parameters
        self._objective, self._higher = objective, higher_is_better(objective)
        self._train, self._folder = train, folder
        self._records = folder / "records"
        asked = oracle(section, hyperparameters(parameters), objective, self._higher)
        asked.verbose = 0
        super().__init__(asked, directory=str(folder.parent), project_name=folder.name)

    def on_search_begin(self) -> None:
        """So that a search that is killed in its first trial is found again."""
        self.save()

    def run_trial(self, trial: Any, *args: Any, **options: Any) -> dict[str, float]:
        """One training; returns its score.

        Raises:
          FailedTrialError: the training failed; KerasTuner goes on with the next trial.
        """
        found = trial.hyperparameters.values
        repeats = int(found[_REPEATS]) + 1 if _REPEATS in found else 0
        record = results.Trial(int(trial.trial_id) + 1, decoded(found), again=repeats)
        began = time.perf_counter()
        try:
            watch = self._watching(record, int(found.get(_BUDGET, 0)))
            self._train(record.values, watch, self._about(record.number))
            if record.score is None:
                raise ValueError(f"the training measured no finite {self._objective} on eval")
        except _EndedError as ended:
            record.state = ended.args[0]
        except Exception as error:
            record.state, record.score = "failed", None
            record.why = f"{type(error).__name__}: {error}"
            logger.exception("trial %d failed with %s", record.number, record.values)
        record.seconds = round(time.perf_counter() - began, 2)
        results.keep(self._records, record)
        print(f"trial {record.number}: {asdict(record)}", flush=True)
        if record.score is None:
            raise errors.FailedTrialError(record.why)
        return {self._objective: record.score}

    def get_best_hyperparameters(self, num_trials: int = 1) -> list[keras_tuner.HyperParameters]:
        """Those of the best trial; one, however many are asked for.

        Raises:
          AllFailedError: none came to a score; the message has their reasons.
        """
        trials = results.kept(self._records)
        best = results.best(trials, self._higher)
        if best is None:
            reasons = list(dict.fromkeys(f"trial {t.number}: {t.why}" for t in trials))
            raise AllFailedError(
                f"all {len(trials)} trials failed, so there are no best values. "
                + " · ".join(reasons[:3])
                + ". Narrow tuner.space, or train without tuner.trials to see the whole error"
            )
        ids = {int(trial_id) + 1: trial_id for trial_id in self.oracle.trials}
        return [self.oracle.get_trial(ids[best.number]).hyperparameters]

    def told(self) -> dict[str, Any]:
        """What trials.json holds."""
        trials = results.kept(self._records)
        best = results.best(trials, self._higher)
        return {
            "algorithm": self._section.algorithm,
            "objective": self._objective,
            "higher_is_better": self._higher,
            "parameters": [one.model_dump(mode="json") for one in self._parameters],
            "trials": [asdict(trial) for trial in trials],
            "best": best.number if best else None,
        }

    def forget(self) -> None:
        """Removes the folder: the search is complete, another one starts anew."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _about(self, number: int) -> dict[str, Any]:
        best = results.best(results.kept(self._records), self._higher)
        so_far = {f"best_{self._objective}": best.score} if best else {}
        return {"trial": number, "trials": self._section.trials, **so_far}

    def _watching(self, record: results.Trial, budget: int) -> Callable[[dict[str, Any]], None]:
        """What looks at a trial's epochs; fills in its record, and ends it by raising."""
        others = [t.curve for t in results.kept(self._records) if t.curve]
        prunes = self._section.prune and not budget

        def watch(epoch: dict[str, Any]) -> None:
            name = f"eval_{self._objective}"
            if name not in epoch:
                known = [key.removeprefix("eval_") for key in epoch if key.startswith("eval_")]
                raise ValueError(
                    f"tuner.objective '{self._objective}': the training measures {', '.join(known)}"
                )
            if epoch.get("best") and math.isfinite(epoch[name]):
                record.score = float(epoch[name])
            if record.score is None:
                return
            record.curve.append(record.score)
            if budget and len(record.curve) >= budget:
                raise _EndedError("budget")
            if prunes and hopeless(record.curve, others, self._higher, self._section.prune_after):
                raise _EndedError("pruned")

        return watch
