"""Networks cut in two: where, and that both halves together are the whole."""

import keras
import numpy as np
import pytest

from components.trainer.pictures.blocks import block_ends, split
from components.trainer.pictures.efficientnet_lite import efficientnet_lite0


@pytest.fixture(scope="module")
def lite() -> keras.Model:
    return efficientnet_lite0(None)


def _names(network: keras.Model) -> list[str]:
    return [tensor._keras_history.operation.name for tensor in block_ends(network)]


def _application(name: str) -> keras.Model:
    build = getattr(keras.applications, name)
    return build(include_top=False, weights=None, input_shape=(75, 75, 3))


def test_blocks_of_efficientnet_lite0(lite: keras.Model) -> None:
    names = _names(lite)
    assert len(names) == 18  # the stem, blocks 0 to 15, the last convolution
    assert names[1:4] == ["block1a_project_bn", "block2a_", "block2b_"]
    assert names[-1] == "top_activation"
    assert names[-8] == "block5b_"  # seven blocks above: 10 to 15 and the last convolution


@pytest.mark.parametrize(
    ("name", "count", "below_the_last"),
    [
        ("MobileNetV2", 20, "block_16_project_BN"),
        ("VGG16", 5, "block4_pool"),
        ("ResNet50", 18, "conv5_block2_out"),
        ("InceptionV3", 16, "mixed9"),
    ],
)
def test_blocks_of_other_networks(name: str, count: int, below_the_last: str) -> None:
    names = _names(_application(name))
    assert len(names) == count
    assert names[-2] == below_the_last


@pytest.mark.parametrize("top_blocks", [0, 1, 7, 17, 18, 99])
def test_the_halves_are_the_whole(lite: keras.Model, top_blocks: int) -> None:
    pixels = np.random.default_rng(0).normal(size=(2, 64, 64, 3)).astype(np.float32)
    parts = split(lite, top_blocks)
    np.testing.assert_array_equal(parts.upper(parts.lower(pixels)), lite(pixels))
    counts = parts.lower.count_params(), parts.upper.count_params()
    assert sum(counts) == lite.count_params()
    assert (counts[1] == 0) == (top_blocks == 0)
    assert (counts[0] == 0) == (top_blocks >= 18)


def test_the_halves_of_a_network_with_branches() -> None:
    network = _application("MobileNetV2")
    pixels = np.random.default_rng(0).normal(size=(1, 75, 75, 3)).astype(np.float32)
    parts = split(network, 3)
    np.testing.assert_allclose(parts.upper(parts.lower(pixels)), network(pixels), atol=1e-6)
    assert parts.lower.output.shape == (None, 3, 3, 160)


def test_the_halves_share_the_layers_of_the_whole(lite: keras.Model) -> None:
    before = lite.get_layer("top_conv").kernel.numpy().copy()
    split(lite, 1).upper.get_layer("top_conv").kernel.assign(before + 1)
    np.testing.assert_array_equal(lite.get_layer("top_conv").kernel, before + 1)
    lite.get_layer("top_conv").kernel.assign(before)


def test_a_cut_never_lies_beside_a_shortcut() -> None:
    entry = keras.Input((4,))
    x = keras.layers.Dense(4, name="a")(entry)
    y = keras.layers.Dense(4, name="b")(x)
    y = keras.layers.Dense(4, name="c")(y)
    network = keras.Model(entry, keras.layers.Dense(2, name="d")(keras.layers.add([x, y])))
    assert [name for name in _names(network) if not name.startswith("add")] == ["a", "d"]
    assert len(block_ends(network)) == 3


def test_a_sequential_is_cut_between_its_layers() -> None:
    network = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3),
            keras.layers.ReLU(),
            keras.layers.Conv2D(5, 3),
            keras.layers.BatchNormalization(),
        ]
    )
    assert len(block_ends(network)) == 2
    assert split(network, 1).lower.output.shape == (None, 6, 6, 4)


def test_a_list_of_one_output_is_that_output() -> None:
    entry = keras.Input((4,))
    network = keras.Model([entry], [keras.layers.Dense(2)(entry)])
    assert split(network, 0).upper.output.shape == (None, 2)


def test_a_layer_that_hides_its_own_is_one_block() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.layer = keras.layers.Dense(3)

        def call(self, x):  # type: ignore[no-untyped-def]
            return self.layer(x)

    own = Own()
    entry = keras.Input((4,))
    network = keras.Model(entry, own(entry))
    assert len(block_ends(network)) == 1
    parts = split(network, 1)
    assert parts.upper.count_params() == network.count_params()
    with pytest.raises(ValueError, match="graph of layers with one input and one output"):
        split(own, 1)


def test_two_inputs_are_refused() -> None:
    entries = [keras.Input((4,)), keras.Input((4,))]
    with pytest.raises(ValueError, match="2 inputs and 1 outputs"):
        split(keras.Model(entries, keras.layers.add(entries)), 1)
