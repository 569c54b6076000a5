"""What is told of clusters: how large, which labels, what is special about them, who is in the middle."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from components.trainer.examples import ExampleFiles
from components.trainer.techniques.clusters import distances
from components.trainer.techniques.clusters_config import ClustersSection
from components.trainer.techniques.embedder import Embedder
from components.trainer.transfer.batches import Array
from data.tasks import Task

_ROWS = 1024
_SAMPLE = 2000
"""So many rows say how well apart clusters are; all would be compared with all."""
_SPECIAL = 3
_NOTABLE = 0.1
ONE_CLASS = (Task.BINARY, Task.MULTICLASS)


def tell(
    embedder: Embedder,
    vectors: Array,
    centres: Array,
    number: Array,
    splits: Sequence[ExampleFiles],
    task: Task,
    classes: Sequence[str],
    section: ClustersSection,
) -> dict[str, Any]:
    """For history.json.

    Args:
      embedder: what the vectors are.
      vectors: of all rows (rows, width).
      centres: (count, width).
      number: each row's cluster (rows,).
      splits: the rows in that order; the first split has labels, others have none.
      task: what the labels are.
      classes: their names in order.
      section: count, feature, and how many of the nearest rows.

    Returns:
      `of`, `count`, `feature`, `rows`, `labelled`, `silhouette` (Rousseeuw 1987, of a sample; -1 to 1),
      where a row has one class also `purity` (the share of labelled rows with their cluster's most
      frequent class; Manning et al. 2008, section 16.3), `largest_class` (the share of the most frequent
      class, which one cluster would have as purity) and `nmi` (mutual information of cluster and class
      over the mean of their entropies; 0 to 1), and `clusters`: a dict each, `size`, `labelled`,
      `labels` ({class: rows} or {mean, deviation}), `special` (in words), `nearest` (`label`,
      `distance`, and what the embedder shows).
    """
    labels = np.asarray(splits[0].labels)
    known = number[: len(labels)]
    nearest = _nearest(vectors, centres, number, section.nearest)
    shown = _rows(splits, sorted({row for rows in nearest for row, _ in rows}))
    mean = vectors.mean(axis=0)
    told = []
    for at in range(len(centres)):
        rows = [
            {
                "label": _one(labels[row], task, classes) if row < len(labels) else None,
                "distance": round(far, 4),
                **embedder.show(shown[row]),
            }
            for row, far in nearest[at]
        ]
        mine = labels[known == at]
        told.append(
            {
                "size": int((number == at).sum()),
                "labelled": len(mine),
                "labels": _mix(mine, task, classes),
                "special": _special(centres[at], mean, embedder),
                "nearest": rows,
            }
        )
    return {
        "of": embedder.of,
        "count": len(centres),
        "feature": section.feature,
        "rows": len(vectors),
        "labelled": len(labels),
        "silhouette": _silhouette(vectors, number, section.seed),
        **(_agreement(known, labels) if task in ONE_CLASS else {}),
        "clusters": told,
    }


def _agreement(clusters: Array, labels: Array) -> dict[str, float]:
    from sklearn.metrics import normalized_mutual_info_score
    from sklearn.metrics.cluster import contingency_matrix

    table = contingency_matrix(labels, clusters)  # (classes, clusters) rows
    return {
        "purity": float(table.max(axis=0).sum() / table.sum()),
        "largest_class": float(table.sum(axis=1).max() / table.sum()),
        "nmi": float(normalized_mutual_info_score(labels, clusters)),
    }


def _silhouette(vectors: Array, number: Array, seed: int) -> float | None:
    from sklearn.metrics import silhouette_score

    chosen = np.random.default_rng(seed).permutation(len(vectors))[:_SAMPLE]
    if not 1 < len(np.unique(number[chosen])) < len(chosen):
        return None
    return float(silhouette_score(vectors[chosen], number[chosen]))


def _nearest(
    vectors: Array, centres: Array, number: Array, count: int
) -> list[list[tuple[int, float]]]:
    """For each centre the rows of its cluster that are nearest, (row, distance)."""
    found = []
    for at, centre in enumerate(centres):
        members = np.flatnonzero(number == at)
        far = distances(vectors[members], centre[None])[:, 0]
        first = np.argsort(far, kind="stable")[:count]
        found.append([(int(members[place]), float(far[place])) for place in first])
    return found


def _rows(splits: Sequence[ExampleFiles], wanted: list[int]) -> dict[int, dict[str, Any]]:
    """The features of some rows, counted through all splits."""
    found: dict[int, dict[str, Any]] = {}
    at = 0
    for split in splits:
        for features, *_ in split.batches(_ROWS):
            size = int(next(iter(features.values())).shape[0])
            for row in wanted:
                if at <= row < at + size:
                    found[row] = {n: value[row - at].numpy() for n, value in features.items()}
            at += size
    return found


def _one(label: Any, task: Task, classes: Sequence[str]) -> Any:
    if task in ONE_CLASS:
        return classes[int(label)]
    if task is Task.MULTILABEL:
        return ", ".join(name for name, there in zip(classes, label, strict=True) if there > 0)
    return float(label)


def _mix(labels: Array, task: Task, classes: Sequence[str]) -> dict[str, float]:
    if task in ONE_CLASS:
        counts = np.bincount(labels.astype(np.int64), minlength=len(classes))
        return dict(zip(classes, counts.tolist(), strict=True))
    if not len(labels):
        return {}
    if task is Task.MULTILABEL:
        return dict(zip(classes, (labels > 0).sum(axis=0).tolist(), strict=True))
    return {"mean": float(labels.mean()), "deviation": float(labels.std())}


def _special(centre: Array, mean: Array, embedder: Embedder) -> list[str]:
    """The components in which a cluster is farthest from all rows, in words; what rows have rather than
    what they lack, of two that are as far.
    """
    if not embedder.components:
        return []
    apart = centre - mean
    words = []
    order = sorted(range(len(apart)), key=lambda at: (-round(abs(apart[at]), 4), -apart[at], at))
    for at in order[:_SPECIAL]:
        told = embedder.components[at]
        if abs(apart[at]) < _NOTABLE:
            continue
        words.append(
            f"{told.name} in {100 * centre[at]:.0f} % (all: {100 * mean[at]:.0f} %)"
            if told.share
            else f"{told.name} {'high' if apart[at] > 0 else 'low'} ({apart[at] / told.unit:+.1f})"
        )
    return words
