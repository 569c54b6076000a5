"""Rows of columns as vectors: standardised, categories as one of many."""

from collections.abc import Sequence
from typing import Any

from components.trainer.columns.standardised import standard
from components.trainer.examples import ExampleFiles
from components.trainer.inputs import InputKind
from components.trainer.spec import Spec
from components.trainer.techniques.clusters_config import ClustersSection
from components.trainer.techniques.embedder import Component, Embedder


def embedder(spec: Spec, splits: Sequence[ExampleFiles], section: ClustersSection) -> Embedder:
    """The vectors of columns.

    Args:
      spec: the transformed features.
      splits: whose numbers say what a deviation is.
      section: not looked at.
    """
    made = standard(splits, spec.inputs)
    components: list[Component] = []
    for item in made.inputs:
        if item.kind is InputKind.CATEGORY:
            components += [
                Component(_named(item.name, value), share=True) for value in spec.values(item)
            ]
            continue
        names = [f"{item.name} {at}" for at in range(item.size)]
        if item.size <= 2:  # a number, and whether it is missing
            names = [item.name, f"{item.name} missing"][: item.size]
        components += [Component(name, unit=item.size**-0.5) for name in names]

    def show(row: dict[str, Any]) -> dict[str, str]:
        words = []
        for item in spec.inputs:
            value = row[item.name]
            if item.kind is InputKind.CATEGORY:
                words.append(_named(item.name, spec.values(item)[int(value)]))
            elif item.kind is InputKind.NUMBERS:
                missing = item.size == 2 and value[1] > 0
                words.append(
                    f"{item.name} missing" if missing else f"{item.name} {float(value[0]):.3g}"
                )
        return {"text": ", ".join(words)}

    left = f", without {', '.join(made.left_out)}" if made.left_out else ""
    of = f"the transformed columns, standardised{left}"
    return Embedder(of, made.vectors, show, tuple(components), standard=made)


def _named(name: str, value: str) -> str:
    """Values of vocabularies bring their column's name, others do not."""
    return value if value.startswith(name) else f"{name}={value}"
