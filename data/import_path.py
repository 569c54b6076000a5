"""Functions named in a configuration by import path: `my_package.my_module.function`."""

import difflib
import importlib
from collections.abc import Callable
from typing import Any


class ImportPathError(ValueError):
    """An import path that leads to no function; the message says where it ends."""


def function_at(path: str, setting: str) -> Callable[..., Any]:
    """The function an import path names.

    Args:
      path: `module.function`, the module importable from where the pipeline runs.
      setting: the configuration key it stands under, for messages.

    Raises:
      ImportPathError: not such a path, no such module, nothing of that name in it, or something
        that cannot be called. What the module itself raises while it is imported passes through.
    """
    module_name, _, name = path.rpartition(".")
    if not module_name or not all(part.isidentifier() for part in path.split(".")):
        raise ImportPathError(
            f"{setting} names a function as module.function, such as my_package.models.build. "
            f"Received: {path!r}"
        )
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not (module_name + ".").startswith(error.name + "."):
            raise  # the module is there; something it imports is not
        raise ImportPathError(
            f"{setting}: there is no module '{error.name}'. It must be installed, or lie in the "
            f"folder the pipeline is started from or on PYTHONPATH. Received: {path!r}"
        ) from None
    if not hasattr(module, name):
        near = difflib.get_close_matches(name, dir(module), n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise ImportPathError(f"{setting}: module '{module_name}' has no '{name}'.{hint}")
    found = getattr(module, name)
    if not callable(found):
        raise ImportPathError(
            f"{setting}: '{path}' should be a function. Received: {type(found).__name__} {found!r}"
        )
    return found  # type: ignore[no-any-return]
