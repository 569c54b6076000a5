"""Pixel scales against what Keras itself does before each family of networks."""

import keras
import numpy as np
import pytest

from components.trainer.pictures.scales import SCALES, Scale, scale_of

PIXELS = np.random.default_rng(0).uniform(0, 255, (2, 3, 3, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (keras.applications.mobilenet_v2, "symmetric"),
        (keras.applications.inception_v3, "symmetric"),
        (keras.applications.resnet, "caffe"),
        (keras.applications.vgg16, "caffe"),
        (keras.applications.densenet, "torch"),
        (keras.applications.efficientnet, "raw"),
        (keras.applications.convnext, "raw"),
    ],
)
def test_found_by_trying_and_equal_on_all_pixels(module, name: str) -> None:  # type: ignore[no-untyped-def]
    scale = scale_of(module.preprocess_input)
    assert scale == SCALES[name]
    np.testing.assert_allclose(scale(PIXELS), module.preprocess_input(PIXELS.copy()), atol=1e-3)


def test_lite_and_unit() -> None:
    np.testing.assert_allclose(SCALES["lite"](PIXELS), (PIXELS - 127) / 128, atol=1e-6)
    np.testing.assert_allclose(SCALES["unit"](PIXELS), PIXELS / 255, atol=1e-6)


def test_unknown_preprocessing_lists_the_names() -> None:
    with pytest.raises(ValueError, match="none of raw, unit, symmetric, lite, torch, caffe"):
        scale_of(lambda pixels: pixels**2)


def test_it_becomes_part_of_a_model_that_can_be_saved(tmp_path) -> None:  # type: ignore[no-untyped-def]
    pixels = keras.Input((3, 3, 3))
    scale = Scale((0.1, 0.2, 0.3), (1.0, 2.0, 3.0), bgr=True)
    model = keras.Model(pixels, scale(pixels))
    model.save(tmp_path / "scale.keras")
    again = keras.saving.load_model(tmp_path / "scale.keras")
    expected = PIXELS[..., ::-1] * [0.1, 0.2, 0.3] + [1, 2, 3]
    np.testing.assert_allclose(again(PIXELS), expected, rtol=1e-5)
