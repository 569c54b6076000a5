"""k-means on made-up blobs, against NumPy; and the layer that tells a model of them."""

import keras
import numpy as np
import pytest

from components.trainer.techniques import clusters
from components.trainer.techniques.clusters import ClusterFeatures, Clusters
from components.trainer.techniques.clusters_config import ClustersSection

MIDDLES = np.array([[0.0, 0.0, 8.0], [8.0, 0.0, 0.0], [0.0, 8.0, 0.0]])
SIZES = (50, 90, 30)


def _blobs() -> tuple[np.ndarray, np.ndarray]:
    truth = np.repeat(np.arange(3), SIZES)
    order = np.random.default_rng(0).permutation(len(truth))
    rows = MIDDLES[truth] + np.random.default_rng(1).normal(size=(len(truth), 3))
    return rows[order].astype(np.float32), truth[order]


def test_blobs_are_found_and_centres_are_means() -> None:
    rows, truth = _blobs()
    centres, number = clusters.fit(rows, ClustersSection(count=3))
    assert np.bincount(number).tolist() == [90, 50, 30]  # the largest first
    for at in range(3):
        assert len(set(truth[number == at])) == 1
        np.testing.assert_allclose(centres[at], rows[number == at].mean(axis=0), rtol=1e-5)


def test_many_rows_go_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_ALL_AT_ONCE", 100)
    rows, truth = _blobs()
    _, number = clusters.fit(rows, ClustersSection(count=3))
    assert all(len(set(truth[number == at])) == 1 for at in range(3))


def test_the_same_seed_gives_the_same_bits() -> None:
    rows, _ = _blobs()
    one, other = (clusters.fit(rows, ClustersSection(count=5, seed=4))[0] for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_more_clusters_than_different_rows() -> None:
    with pytest.raises(ValueError, match=r"4 clusters need .* rows that differ. Received: 2"):
        clusters.fit(np.array([[0.0], [1.0]] * 20), ClustersSection(count=4))


def test_distances_and_nearest_are_those_of_numpy() -> None:
    rows, _ = _blobs()
    centres, number = clusters.fit(rows, ClustersSection(count=3))
    far = np.linalg.norm(rows[:, None] - centres[None], axis=2)
    np.testing.assert_allclose(clusters.distances(rows, centres), far, rtol=1e-4)
    told = ClusterFeatures(centres, 2.5, "distances")(rows).numpy()
    np.testing.assert_allclose(told, far / 2.5 - 1, rtol=1e-3, atol=1e-4)
    one = ClusterFeatures(centres, 2.5, "one-hot")(rows).numpy()
    np.testing.assert_array_equal(one, np.eye(3)[far.argmin(axis=1)])
    np.testing.assert_array_equal(one.argmax(axis=1), number)


def test_vectors_go_on_beside_where_asked() -> None:
    rows, _ = _blobs()
    layer = Clusters(MIDDLES.astype(np.float32), 1.0, "one-hot").layer(beside=True)
    found = layer(rows).numpy()
    np.testing.assert_array_equal(found[:, :3], rows)
    assert found.shape == (len(rows), 6) and layer.compute_output_shape((None, 3)) == (None, 6)


def test_training_moves_no_centre() -> None:
    rows, truth = _blobs()
    model = keras.Sequential(
        [Clusters(MIDDLES.astype(np.float32), 1.0, "distances").layer(False), keras.layers.Dense(3)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.1), loss)
    model.fit(rows, truth, epochs=20, verbose=0)
    np.testing.assert_array_equal(model.layers[0].centres.numpy(), MIDDLES)
    assert [weight.shape for weight in model.trainable_weights] == [(3, 3), (3,)]
    assert (model.predict(rows, verbose=0).argmax(axis=1) == truth).mean() > 0.95


def test_one_cluster_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        ClustersSection(count=1)
