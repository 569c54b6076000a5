"""k-means on vectors of the rows, and the layer that tells a model where a row lies among them."""

from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np

from components.trainer.techniques.clusters_config import ClustersSection
from components.trainer.transfer.batches import Array

Feature = Literal["none", "distances", "one-hot"]
_ALL_AT_ONCE = 20_000
"""Up to so many rows every step of k-means looks at all of them."""
_BATCH = 4096
_LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class Clusters:
    """Where clusters lie, and what the model is told of them."""

    centres: Array
    """(count, width) float32."""
    scale: float
    """The mean distance from rows to centres: distances are told in it."""
    feature: Feature
    standard: Any = None
    """Columns: how they become vectors (columns.standardised.Standard); None: the model has them."""

    def layer(self, beside: bool) -> "ClusterFeatures":
        """A new layer that tells it.

        Args:
          beside: the vectors go on beside what is told.
        """
        return ClusterFeatures(self.centres, self.scale, self.feature, beside, name="clusters")


def fit(vectors: Array, section: ClustersSection) -> tuple[Array, Array]:
    """k-means (Lloyd 1982) from k-means++ starts; in batches (Sculley 2010) where there are many rows.

    Args:
      vectors: (rows, width).
      section: how many, and the seed.

    Returns:
      Centres (count, width) float32, the means of their rows, and each row's cluster (rows,) int64.
      The largest cluster comes first.

    Raises:
      ValueError: fewer different rows than clusters.
    """
    from sklearn.cluster import KMeans, MiniBatchKMeans

    rows = np.asarray(vectors, np.float32)
    different = len(np.unique(rows[:_ALL_AT_ONCE], axis=0))
    if different < section.count:
        raise ValueError(
            f"clusters.count: {section.count} clusters need as many rows that differ. Received: "
            f"{different}"
        )
    options = {"n_clusters": section.count, "random_state": section.seed, "n_init": 4}
    if len(rows) <= _ALL_AT_ONCE:
        found = KMeans(**options).fit(rows).labels_
    else:
        found = MiniBatchKMeans(**options, batch_size=_BATCH).fit(rows).labels_
    # Means anew, in one order: those of several threads differ in the last digit from run to run.
    sizes = np.bincount(found, minlength=section.count)
    order = np.argsort(-sizes, kind="stable")
    number = np.argsort(order)[found]
    sums = np.zeros((section.count, rows.shape[1]))
    np.add.at(sums, number, rows)
    centres = sums / np.maximum(sizes[order], 1)[:, None]
    return centres.astype(np.float32), number


def distances(vectors: Array, centres: Array) -> Array:
    """Euclidean, (rows, count) float64."""
    rows, middle = np.asarray(vectors, np.float64), np.asarray(centres, np.float64)
    squares = (rows**2).sum(1)[:, None] - 2 * rows @ middle.T + (middle**2).sum(1)
    return np.sqrt(np.maximum(squares, 0.0))


class ClusterFeatures(keras.layers.Layer):
    """Vectors (batch, width) to what is told of their clusters (batch, count), in float32.

    distances: to each centre, in the mean distance and less one, so that they lie around 0. one-hot: 1
    for the nearest centre. The centres are weights that no training moves; a warm start takes them over.
    """

    def __init__(
        self, centres: Array, scale: float, feature: Feature, beside: bool = False, **options: Any
    ) -> None:
        """Args:
        centres: (count, width).
        scale: what distances are divided by.
        feature: distances or one-hot.
        beside: give the vectors too, before what is told of them: (batch, width + count).
        options: as for every layer.
        """
        super().__init__(dtype="float32", **options)
        self._start = np.asarray(centres, np.float32)
        self._scale = float(scale)
        self._feature = feature
        self._beside = beside

    def build(self, shape: Any) -> None:
        """Puts the centres where weights are."""

        def first(shape: Any, dtype: Any = None) -> Any:
            return keras.ops.convert_to_tensor(self._start, dtype)

        self.centres = self.add_weight(
            shape=self._start.shape, initializer=first, trainable=False, name="centres"
        )
        super().build(shape)

    def call(self, vectors: Any) -> Any:
        """(batch, width) -> (batch, count), or (batch, width + count)."""
        vectors = keras.ops.cast(vectors, "float32")
        squares = (
            keras.ops.sum(vectors**2, axis=1, keepdims=True)
            - 2.0 * keras.ops.matmul(vectors, keras.ops.transpose(self.centres))
            + keras.ops.sum(self.centres**2, axis=1)
        )
        if self._feature == "one-hot":
            least = keras.ops.min(squares, axis=1, keepdims=True)  # LiteRT has not all of argmin
            told = keras.ops.cast(keras.ops.equal(squares, least), "float32")
        else:
            told = keras.ops.sqrt(keras.ops.maximum(squares, _LEAST)) / self._scale - 1.0
        return keras.ops.concatenate([vectors, told], axis=1) if self._beside else told

    def compute_output_shape(self, shape: Any) -> tuple[int | None, int]:
        """(batch, count), or (batch, width + count)."""
        count, width = self._start.shape
        return (shape[0], count + (width if self._beside else 0))
