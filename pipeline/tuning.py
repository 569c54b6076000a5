"""What `[tuner]` searches: which settings, within which bounds, judged by what; checked before a run."""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from components.trainer.config import TrainSection
from components.trainer.techniques.tuned import tuned
from components.transform.config import Feature
from components.tuner.config import Values
from components.tuner.space import Parameter
from components.tuner.spaces import (
    HOLDS,
    LOSS_DEPENDS_ON,
    NOT_SEARCHED,
    OBJECTIVES,
    SHARED,
    SPACES,
    kept_by,
)
from data.columns import Treatment
from data.tasks import Task
from pipeline.config import Config, ConfigError


@dataclass(frozen=True)
class Search:
    """A checked search."""

    parameters: tuple[Parameter, ...]
    objective: str


def find_search(config: Config, features: Mapping[str, Feature]) -> Search | None:
    """The search of a configuration; None where there is none.

    Raises:
      ConfigError: a setting that does not exist, values it cannot have, an objective that the task
        does not measure.
    """
    section = config.tuner
    if not section.trials or section.reuse:
        return None
    kind, task = _kind(config, features), config.data.task
    objective = section.objective or kept_by(kind, task)
    if objective not in OBJECTIVES[task]:
        raise ConfigError(
            f"tuner.objective: task {task.value} does not measure '{objective}' while it trains. "
            f"Valid: {', '.join(OBJECTIVES[task])}"
        )
    space = section.space or SPACES[kind]
    changing = [name for name in LOSS_DEPENDS_ON if name in section.space]
    if objective == "loss" and changing:
        others = ", ".join(OBJECTIVES[task][1:]) or "none for this task"
        raise ConfigError(
            f"tuner.space: trials that differ in {changing[0]} have losses that cannot be compared. "
            f"Leave it out, or set tuner.objective to another: {others}"
        )
    valid = searchable(kind)
    for name in section.space:
        if name not in valid:
            near = difflib.get_close_matches(name, valid, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise ConfigError(
                f"tuner.space: '{name}' is no setting of this model ({kind}) that can be searched."
                f"{hint} Valid: {', '.join(valid)}"
            )
    found = (_parameter(name, one, config.train, not section.space) for name, one in space.items())
    return Search(tuple(found), objective)


def searchable(kind: str) -> list[str]:
    """The names that `tuner.space` may have for a kind of model."""
    names = [
        name
        for name in _names(TrainSection, "train.")
        if name.rpartition(".")[0] == HOLDS[kind] and name.rpartition(".")[2] not in NOT_SEARCHED
    ]
    return names if kind in ("columns", "own", "sequence") else [*names, *SHARED]


def _kind(config: Config, features: Mapping[str, Feature]) -> str:
    """Which of SPACES; as components/trainer/entry.py finds who learns."""
    treatments = {feature.treatment for feature in features.values()}
    if config.data.task is Task.SEQUENCE:
        return "sequence"
    if config.train.model:
        return "own"
    if Treatment.IMAGE in treatments:
        return "pictures"
    return "text" if Treatment.TEXT in treatments else "columns"


def _parameter(name: str, one: Values, train: TrainSection, widened: bool) -> Parameter:
    """One setting of the space, every value as the configuration takes it.

    Args:
      name: its dotted key.
      one: its values.
      train: what is configured.
      widened: take the configured value in where the space lacks it.
    """
    key, now = f'tuner.space."{name}"', _look_up(name, train)
    if one.choices:
        choices = [_checked(name, value, train, key) for value in one.choices]
        choices += [now] if widened and now not in choices else []
        if len({type(value) for value in choices}) > 1:
            raise ConfigError(f"{key}: choices should be of one kind. Received: {one.choices}")
        if isinstance(choices[0], int | float):
            choices.sort()  # for the search neighbours are alike
        default = now if now in choices else choices[0]
        return Parameter(name=name, kind="choice", choices=tuple(choices), default=default)
    if isinstance(now, bool) or not isinstance(now, int | float):
        raise ConfigError(f"{key}: only numbers have min and max. Give it choices = [...]")
    low, high = (_checked(name, bound, train, key) for bound in (one.min, one.max))
    if widened and (now > 0 or not one.log):
        low, high = min(low, now), max(high, now)
    kind = "int" if isinstance(now, int) else "float"
    default = min(max(now, low), high)
    return Parameter(name=name, kind=kind, low=low, high=high, log=one.log, default=default)


def _look_up(name: str, train: TrainSection) -> Any:
    found: Any = train
    for part in name.split(".")[1:]:
        found = getattr(found, part)
    return found


def _names(section: type[BaseModel], prefix: str) -> list[str]:
    names = []
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names += _names(kind, f"{prefix}{name}.")
        else:
            names.append(prefix + name)
    return names


def _checked(name: str, value: Any, train: TrainSection, key: str) -> Any:
    """The value as the section holds it."""
    try:
        return _look_up(name, tuned(train, {name: value}))
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise ConfigError(f"{key}: {reason}. Received: {value!r}") from None


def parameters_json(search: Search) -> str:
    """The parameters as the Tuner is told them."""
    return json.dumps([one.model_dump(mode="json") for one in search.parameters])
