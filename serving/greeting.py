"""What the server says when it is up: a curl line that works, made from the model's signature."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from serving import dtypes
from serving.models.core import ServerCore
from serving.status import ServingError

_MAX_ELEMENTS = 64
_LONGEST = 4096
"""A longer body is no help on a command line."""


def _sample(dtype: int, shape: list[int]) -> Any:
    value: Any = 1 if dtype not in (dtypes.DT_FLOAT, dtypes.DT_DOUBLE) else 1.0
    if dtype == dtypes.DT_STRING:
        value = "x"
    elif dtype == dtypes.DT_BOOL:
        value = True
    for size in reversed(shape):
        value = [value] * size
    return value


def curl_line(core: ServerCore, name: str, url: str, example: str = "") -> str | None:
    """A curl command that predicts one row by the default signature.

    Args:
        core: Holds the model.
        name: Model.
        url: REST address.
        example: File with the body to send; without one a row is made up from the signature.

    Returns:
        The command; for a model of nothing but strings, one that asks for its signatures; None
        when the model has no default signature, or inputs that do not fit on a line.
    """
    if example:
        body = Path(example).read_text(encoding="utf-8").strip()
        sent = body if len(body) <= _LONGEST else f"@{example}"  # curl reads a file after an @
        return f"curl -d {shlex.quote(sent)} {url}/v1/models/{name}:predict"
    try:
        servable = core.servable(name, None, None)
    except ServingError:
        return None
    try:
        signature = servable.signatures.get("serving_default")
        if signature is None:
            return None
        row = {}
        for alias, info in sorted(signature.inputs.items()):
            shape = [max(dim.size, 1) for dim in info.tensor_shape.dim][1:]
            count = 1
            for size in shape:
                count *= size
            if count > _MAX_ELEMENTS:
                return None
            row[alias] = _sample(info.dtype, shape)
        if all(info.dtype == dtypes.DT_STRING for info in signature.inputs.values()):
            # Pictures or serialized examples, as like as not: an invented text would be refused.
            return f"curl {url}/v1/models/{name}/metadata"
        instance = row if len(row) > 1 else next(iter(row.values()), None)
        body = json.dumps({"instances": [instance]})
        return f"curl -d '{body}' {url}/v1/models/{name}:predict"
    finally:
        servable.release()
