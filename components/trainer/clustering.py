"""What is near what, before a training: clusters, told in the history or to the model; labels that spread."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import keras
import numpy as np

from components.trainer.columns import nearness as columns
from components.trainer.examples import ExampleFiles
from components.trainer.inputs import InputKind
from components.trainer.pictures import nearness as pictures
from components.trainer.spec import Spec
from components.trainer.techniques import clusters
from components.trainer.techniques.cluster_report import tell
from components.trainer.techniques.clusters_config import ClustersSection
from components.trainer.techniques.embedder import Embedder
from components.trainer.techniques.propagation import spread
from components.trainer.techniques.semi_config import SemiSection
from components.trainer.text import nearness as text
from components.trainer.transfer.batches import Array
from data.tasks import Task

_LEAST = 1e-9
Embeds = Callable[[Spec, Sequence[ExampleFiles], ClustersSection], Embedder]

EMBEDDERS: dict[InputKind, Embeds] = {
    InputKind.PICTURE: pictures.embedder,
    InputKind.TEXT: text.embedder,
    InputKind.NUMBERS: columns.embedder,
    InputKind.CATEGORY: columns.embedder,
}
"""By which vectors rows are compared; where there are several kinds of input, the first of them here."""


def embedder_for(spec: Spec, splits: Sequence[ExampleFiles], section: ClustersSection) -> Embedder:
    """What the rows of a task are compared by.

    Raises:
      ValueError: sequences, or a network that knows nothing yet.
    """
    if spec.task is Task.SEQUENCE:
        raise ValueError("clusters and propagation: none of sequences. Leave them out")
    kinds = {item.kind for item in spec.inputs}
    if spec.settings.model and kinds & {InputKind.NUMBERS, InputKind.CATEGORY}:
        return columns.embedder(spec, splits, section)
    embeds = next(embeds for kind, embeds in EMBEDDERS.items() if kind in kinds)
    return embeds(spec, splits, section)


def clustered(
    spec: Spec, section: ClustersSection, train: ExampleFiles, extra: ExampleFiles | None
) -> Spec:
    """Finds clusters among the rows of train and those without labels, and writes them down.

    Args:
      spec: what is to be learnt.
      section: how many; whether the model is told.
      train: rows with labels.
      extra: rows without.

    Returns:
      The spec, its run with the clusters where the model is to be told of them.

    Raises:
      ValueError: no vectors to be had, or a model that will not see the same vectors is to be told.
    """
    splits = [train, *([extra] if extra is not None else [])]
    embedder = embedder_for(spec, splits, section)
    if section.feature != "none" and not embedder.frozen:
        raise ValueError(
            "clusters.feature: clusters are found before the network is trained, and one that is "
            "fine-tuned, or another than clusters.backbone, sees other features. Set "
            "train.image.fine_tune_epochs (or that of train.text) to 0 and leave clusters.backbone out, "
            'or set clusters.feature = "none"'
        )
    vectors = np.concatenate([embedder.vectors(split) for split in splits])
    centres, number = clusters.fit(vectors, section)
    spec.run.notes["clusters"] = tell(
        embedder, vectors, centres, number, splits, spec.task, spec.classes, section
    )
    keras.utils.set_random_seed(spec.settings.seed)  # as if nothing had been drawn
    if section.feature == "none":
        return spec
    scale = float(clusters.distances(vectors, centres).mean()) or 1.0
    found = clusters.Clusters(centres, scale, section.feature, embedder.standard)
    return replace(spec, run=replace(spec.run, clusters=found))


def propagating(
    spec: Spec,
    section: SemiSection,
    by: ClustersSection,
    train: ExampleFiles,
    extra: ExampleFiles,
) -> Callable[[], Array]:
    """A function that says how probable each class is for rows without labels; computed once.

    Args:
      spec: what is to be learnt, a task with one class a row.
      section: how many neighbours.
      by: which vectors.
      train: rows with labels.
      extra: rows without.

    Raises:
      ValueError: no vectors to be had.
    """

    @cache
    def probabilities() -> Array:
        embedder = embedder_for(spec, [train, extra], by)
        vectors = [_compared(embedder, split) for split in (train, extra)]
        return spread(vectors[0], train.labels, vectors[1], len(spec.classes), section.neighbours)

    return probabilities


def _compared(embedder: Embedder, split: ExampleFiles) -> Array:
    """Features of networks are compared by their direction (Iscen et al. 2019, "Label Propagation for Deep
    Semi-supervised Learning"): on Fashion-MNIST more of the labels are right than by distance."""
    vectors = embedder.vectors(split)
    if embedder.standard is not None:
        return vectors
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, _LEAST)
