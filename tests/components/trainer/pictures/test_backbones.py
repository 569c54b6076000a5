"""Backbones by name, all without a network connection: built, loaded, or refused with the names."""

from pathlib import Path

import keras
import keras_hub
import numpy as np
import pytest

from components.trainer.pictures.backbones import application_names, load_backbone
from components.trainer.pictures.scales import SCALES

PIXELS = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)


def _own() -> keras.Model:
    return keras.Sequential(
        [keras.Input((64, 64, 3)), keras.layers.Conv2D(4, 3, 2), keras.layers.ReLU()]
    )


def test_the_offline_one_with_its_weights_and_scale() -> None:
    backbone = load_backbone("efficientnet-lite0", 64)
    assert backbone.scale == SCALES["lite"]
    features = np.asarray(backbone.network(backbone.scale(PIXELS)))
    assert features.shape == (1, 2, 2, 1280)
    random = load_backbone("efficientnet-lite0", 64, weights="none")
    assert not np.allclose(np.asarray(random.network(random.scale(PIXELS))), features, atol=0.1)


def test_an_application_with_random_weights_then_from_a_file(tmp_path: Path) -> None:
    first = load_backbone("MobileNetV2", 64, weights="none")
    assert first.scale == SCALES["symmetric"]
    path = tmp_path / "mobile.weights.h5"
    first.network.save_weights(path)
    second = load_backbone("MobileNetV2", 64, weights=str(path))
    expected = first.network(first.scale(PIXELS))
    np.testing.assert_allclose(second.network(second.scale(PIXELS)), expected, atol=1e-6)


def test_preprocessing_by_name_wins() -> None:
    assert load_backbone("MobileNetV2", 64, "none", "torch").scale == SCALES["torch"]
    assert load_backbone("efficientnet-lite0", 64, "none", "unit").scale == SCALES["unit"]


def test_every_application_that_can_be_built_is_listed() -> None:
    names = application_names()
    assert {"MobileNetV2", "ResNet50", "EfficientNetV2B0", "ConvNeXtTiny"} <= set(names)
    assert all(callable(getattr(keras.applications, name)) for name in names)


def test_a_keras_file_needs_its_scale_by_name(tmp_path: Path) -> None:
    own, path = _own(), tmp_path / "own.keras"
    own.save(path)
    backbone = load_backbone(str(path), 64, preprocessing="unit")
    np.testing.assert_allclose(backbone.network(PIXELS), own(PIXELS), atol=1e-5)
    with pytest.raises(ValueError, match=r"set train\.image\.preprocessing to one of raw, unit"):
        load_backbone(str(path), 64)


def test_a_preset_folder(tmp_path: Path) -> None:
    network = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
    )
    folder = tmp_path / "preset"
    network.save_to_preset(str(folder))
    with pytest.raises(ValueError, match=r"train\.image\.preprocessing"):
        load_backbone(str(folder), 64)
    backbone = load_backbone(str(folder), 64, preprocessing="torch")
    np.testing.assert_allclose(backbone.network(PIXELS), network(PIXELS), atol=1e-5)

    converter = keras_hub.layers.ResNetImageConverter(
        image_size=(64, 64), scale=[0.1, 0.2, 0.3], offset=[1.0, 2.0, 3.0]
    )
    converter.save_to_preset(str(folder))
    scale = load_backbone(str(folder), 64).scale
    assert scale.scale == pytest.approx((0.1, 0.2, 0.3))
    assert scale.offset == pytest.approx((1, 2, 3))


def test_an_unknown_name_lists_the_valid_ones() -> None:
    with pytest.raises(ValueError) as caught:
        load_backbone("efficientnet-lite9", 64)
    for name in ("efficientnet-lite0", "MobileNetV2", "resnet_50_imagenet", "efficientnet-lite9"):
        assert name in str(caught.value)
    assert "bert" not in str(caught.value)


def test_weights_without_an_architecture_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.weights.h5"
    _own().save_weights(path)
    with pytest.raises(ValueError, match="weights without an architecture"):
        load_backbone(str(path), 64)


def test_missing_files_are_named(tmp_path: Path) -> None:
    for name, weights in (
        (str(tmp_path / "no.keras"), "imagenet"),
        ("MobileNetV2", str(tmp_path / "no.weights.h5")),
        ("efficientnet-lite0", str(tmp_path / "no.pth")),
    ):
        with pytest.raises(FileNotFoundError, match="no file of weights at"):
            load_backbone(name, 64, weights, "unit")
