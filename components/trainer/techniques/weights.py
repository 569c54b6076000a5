"""The names of a model's weights and what their rows stand for, kept beside the SavedModel.

A SavedModel numbers its weights. Which network they belong to, and which row of an embedding is which
value, its graph does not say; `assets.extra/training.json` does, a place that servers leave alone.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

from components.trainer.transfer.batches import Array

FILE = Path("assets.extra", "training.json")
_FORMAT = 1


@dataclass(frozen=True)
class Meaning:
    """What the entries of a weight along one of its axes stand for."""

    axis: int
    """Counted from 0."""
    labels: tuple[str, ...]
    """One for each place along the axis, all different."""


@dataclass(frozen=True)
class Described:
    """A network as another one can take its weights over."""

    facts: Mapping[str, Any]
    """{key of the configuration: value}: what must be the same for the weights to fit."""
    parts: Mapping[str, Any]
    """Layers or models by name; each weight of the whole is in one of them."""
    meanings: Mapping[int, Meaning] = field(default_factory=dict)
    """{id of a variable: what its rows are}; the others fit as a whole or not at all."""

    def named(self, part: str) -> dict[str, Any]:
        """{name: variable} of a part, in a stable order, whatever else the process has built.

        Keras numbers layers without a name through the whole process: here each counts among the
        weights of the same name in its part. Counters of random numbers are no weights.
        """
        seen: Counter[str] = Counter()
        found = {}
        for variable in _variables(self.parts[part]):
            if not np.issubdtype(np.dtype(variable.dtype), np.floating):
                continue
            plain = re.sub(r"_\d+(?=/)", "", variable.path)
            seen[plain] += 1
            found[f"{part}: {plain} {seen[plain]}"] = variable
        return found


def write(described: Described, model: Any, target: Mapping[str, Any], directory: Path) -> None:
    """Writes the description of an exported model into its SavedModel.

    Args:
      described: what the learner says of it.
      model: what was exported; its variables are numbered in the SavedModel as they are in it.
      target: of the training labels, as JSON holds it.
      directory: the SavedModel.
    """
    places = {id(variable): at for at, variable in enumerate(model.variables)}
    weights = []
    for part in described.parts:
        for name, variable in described.named(part).items():
            meaning = described.meanings.get(id(variable))
            labels = {"axis": meaning.axis, "labels": meaning.labels} if meaning else {}
            entry = {"name": name, "at": places[id(variable)], "shape": tuple(variable.shape)}
            weights.append({**entry, **labels})
    content = {
        "format": _FORMAT,
        "facts": dict(described.facts),
        "target": dict(target),
        "weights": weights,
    }
    file = directory / FILE
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")


@dataclass(frozen=True)
class Kept:
    """The weights of a SavedModel by name."""

    facts: Mapping[str, Any]
    target: Mapping[str, Any]
    arrays: Mapping[str, Array]
    meanings: Mapping[str, Meaning]


def read(model: Path) -> Kept | None:
    """The weights of a SavedModel; None where nothing describes them."""
    file = model / FILE
    if not file.is_file():
        return None
    content = json.loads(file.read_text(encoding="utf-8"))
    if content.get("format") != _FORMAT:
        return None
    reader = tf.train.load_checkpoint(str(model / "variables" / "variables"))
    keys = _checkpoint_keys(reader)
    arrays, meanings = {}, {}
    for weight in content["weights"]:
        name = weight["name"]
        arrays[name] = reader.get_tensor(keys[weight["at"]])
        if "labels" in weight:
            meanings[name] = Meaning(weight["axis"], tuple(weight["labels"]))
    return Kept(content["facts"], content["target"], arrays, meanings)


def _checkpoint_keys(reader: Any) -> dict[int, str]:
    """{number of a variable of the exported model: where the checkpoint has its value}."""
    graph = trackable_object_graph_pb2.TrackableObjectGraph.FromString(
        reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH")
    )
    [numbered] = [c.node_id for c in graph.nodes[0].children if c.local_name == "variables"]
    return {
        int(child.local_name): graph.nodes[child.node_id].attributes[0].checkpoint_key
        for child in graph.nodes[numbered].children
        if child.local_name.isdigit()
    }


def _variables(layer: Any) -> list[Any]:
    unique = {id(variable): variable for variable in layer.variables}
    return list(unique.values())
