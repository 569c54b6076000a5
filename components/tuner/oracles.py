"""KerasTuner's three ways to choose the next values; the configured ones come first in each."""

from typing import Any

import keras_tuner
from keras_tuner import oracles

from components.tuner.config import TunerSection


class _ConfiguredFirst(keras_tuner.Oracle):
    """What is configured is the first trial, so that nothing worse on eval is ever chosen."""

    def _random_values(self) -> Any:
        if not self.start_order:
            return dict(self.get_space().values)
        return super()._random_values()


class _Random(_ConfiguredFirst, oracles.RandomSearchOracle):
    pass


class _Bayesian(_ConfiguredFirst, oracles.BayesianOptimizationOracle):
    pass


class _Hyperband(_ConfiguredFirst, oracles.HyperbandOracle):
    pass


def oracle(section: TunerSection, space: Any, objective: str, higher: bool) -> Any:
    """The oracle that a section asks for.

    Args:
      section: algorithm, number of trials and seed.
      space: HyperParameters.
      objective: its name.
      higher: whether higher is better.
    """
    told = {
        "objective": keras_tuner.Objective(objective, "max" if higher else "min"),
        "hyperparameters": space,
        "tune_new_entries": False,
        "seed": section.seed + 1,  # 0 would draw one
        # Whoever searches says what to make of failures.
        "max_consecutive_failed_trials": section.trials + 1,
    }
    if section.algorithm == "random":
        return _Random(max_trials=section.trials, **told)
    if section.algorithm == "bayesian":
        points = max(section.trials // 3, 3)
        return _Bayesian(max_trials=section.trials, num_initial_points=points, **told)
    made = _Hyperband(max_epochs=section.max_epochs, hyperband_iterations=section.trials, **told)
    made.max_trials = section.trials  # rounds without end, cut off there
    return made
