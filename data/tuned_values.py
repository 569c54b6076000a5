"""The values a Tuner found, as TFX's HyperParameters artifact holds them: `best_hyperparameters.txt`.

KerasTuner knows numbers, text and booleans; a list, such as the hidden layers, stands there as JSON.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = "best_hyperparameters.txt"
_OF_THE_SEARCH = "tuner/"
"""How the names begin that Hyperband keeps beside the values."""


def encoded(value: Any) -> Any:
    """A value as KerasTuner takes it."""
    return json.dumps(value) if isinstance(value, list | tuple) else value


def decoded(values: Mapping[str, Any]) -> dict[str, Any]:
    """{dotted key of the configuration: value}, without what belongs to the search alone."""
    return {
        name: json.loads(value) if isinstance(value, str) and value.startswith("[") else value
        for name, value in values.items()
        if not name.startswith(_OF_THE_SEARCH)
    }


def read(folder: Path) -> dict[str, Any]:
    """The values of an artifact.

    Raises:
      ValueError: no such file, or it holds no values; the message says which.
    """
    file = folder / FILE if folder.is_dir() else folder
    try:
        return decoded(json.loads(file.read_text(encoding="utf-8"))["values"])
    except OSError:
        raise ValueError(f"no file {file}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"{file} is no HyperParameters file of KerasTuner") from None


def placed(tree: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A nested configuration with other values at dotted keys; the original stays as it is."""
    made = dict(tree)
    for name, value in values.items():
        first, _, rest = name.partition(".")
        made[first] = placed(made.get(first, {}), {rest: value}) if rest else value
    return made
