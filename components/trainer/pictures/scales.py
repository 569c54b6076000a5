"""How pixels 0..255 are scaled for a pretrained network: the few conventions there are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

_Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Scale:
    """`pixel * scale + offset` per channel, after swapping red and blue where `bgr`."""

    scale: _Triple = (1.0, 1.0, 1.0)
    offset: _Triple = (0.0, 0.0, 0.0)
    bgr: bool = False

    def __call__(self, pixels: Any) -> Any:
        """Scale symbolic or real pixels, (batch, height, width, 3) float32, same shape out."""
        if self.bgr:
            pixels = keras.ops.flip(pixels, axis=-1)
        if self.scale == (1.0, 1.0, 1.0) and self.offset == (0.0, 0.0, 0.0):
            return pixels
        return keras.layers.Rescaling(list(self.scale), list(self.offset), dtype="float32")(pixels)


def _same(scale: float, offset: float) -> Scale:
    return Scale((scale,) * 3, (offset,) * 3)


_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

SCALES: dict[str, Scale] = {
    "raw": Scale(),  # the network scales for itself
    "unit": _same(1 / 255, 0.0),  # 0..1
    "symmetric": _same(1 / 127.5, -1.0),  # -1..1
    "lite": _same(1 / 128, -127 / 128),  # (pixel - 127) / 128
    "torch": Scale(  # 0..1, then ImageNet's mean and deviation
        (1 / 255 / _DEVIATION[0], 1 / 255 / _DEVIATION[1], 1 / 255 / _DEVIATION[2]),
        (-_MEAN[0] / _DEVIATION[0], -_MEAN[1] / _DEVIATION[1], -_MEAN[2] / _DEVIATION[2]),
    ),
    "caffe": Scale(offset=(-103.939, -116.779, -123.68), bgr=True),  # less ImageNet's mean
}


def scale_of(preprocess: Callable[[Any], Any]) -> Scale:
    """The scale that does what a `preprocess_input` of keras.applications does, found by trying.

    Args:
      preprocess: takes and returns (batch, height, width, 3) float32.

    Raises:
      ValueError: none of the known scales does the same.
    """
    pixel = np.array([10.0, 100.0, 200.0], np.float32)
    wanted = np.asarray(preprocess(pixel.reshape(1, 1, 1, 3).copy())).reshape(3)
    for scale in SCALES.values():
        channels = pixel[::-1] if scale.bgr else pixel
        if np.allclose(channels * scale.scale + scale.offset, wanted, atol=1e-3):
            return scale
    raise ValueError(
        f"its preprocessing is none of {', '.join(SCALES)}. Name one in train.image.preprocessing"
    )
