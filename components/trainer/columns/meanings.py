"""What the rows of a column network's weights stand for: values of categories, features, classes."""

from collections.abc import Sequence

import keras

from components.trainer.columns.embedding import JointEmbedding
from components.trainer.heads import class_meanings
from components.trainer.inputs import InputKind
from components.trainer.spec import Spec
from components.trainer.techniques.weights import Meaning


def meanings(model: keras.Model, spec: Spec) -> dict[int, Meaning]:
    """{id of a variable: what its rows are}.

    Tables of embeddings are known in every network that uses `spec.encoded`, one's own included;
    what comes after them only in ours.
    """
    found = {}
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, JointEmbedding):
            items = spec.tables.get(layer.width, [])
            if layer.sizes == [item.size for item in items]:
                values = [spec.values(item) for item in items]
                found[id(layer.table)] = Meaning(0, tuple(v for of in values for v in of))
    if spec.settings.model:
        return found
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    found[id(dense[0].kernel)] = Meaning(0, tuple(_encoded(spec)))
    if (
        len(dense) > 1
    ):  # a linear model's only weight has features along one axis, classes along the other
        found |= class_meanings(dense[-1], spec.task, spec.classes)
    return found


def _encoded(spec: Spec) -> Sequence[str]:
    """The places of the vector that `spec.encoded` makes."""
    numbers = [item for item in spec.inputs if item.kind is InputKind.NUMBERS]
    places = [(item.name, item.size) for item in numbers]
    places += [(item.name, width) for width, items in spec.tables.items() for item in items]
    return [
        name if size == 1 else f"{name} ({at} of {size})"
        for name, size in places
        for at in range(1, size + 1)
    ]
