"""Pretrained networks by name, each with the scale of the pixels it was trained on."""

import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from components.trainer.pictures.blocks import as_graph
from components.trainer.pictures.config import SMALL
from components.trainer.pictures.efficientnet_lite import efficientnet_lite0, weights_file
from components.trainer.pictures.scales import SCALES, Scale, scale_of
from components.trainer.pictures.small_cnn import small_cnn

OFFLINE = "efficientnet-lite0"


@dataclass(frozen=True)
class Backbone:
    """A network without classifier, and what its pixels must look like."""

    network: keras.Model
    """Scaled pictures (batch, size, size, 3) to a feature map (batch, h, w, channels), to tokens
    (batch, tokens, channels) or to vectors (batch, channels)."""
    scale: Scale
    pretrained: bool = True
    """Whether it knows something already; otherwise all of it is trained."""


def load_backbone(
    name: str, size: int, weights: str = "imagenet", preprocessing: str = "auto"
) -> Backbone:
    """The backbone of that name, under the current dtype policy.

    Args:
      name: `efficientnet-lite0` (offline), `small-cnn` (random: it is trained from scratch), a name of `keras.applications` such as `MobileNetV2`,
        a keras-hub preset such as `resnet_50_imagenet` or the folder of one, or a `.keras` file.
      size: height and width of the pictures, in pixels.
      weights: `imagenet`, `none` (random), or a file for the named architecture: `.weights.h5`,
        for efficientnet-lite0 also its `.pth`. Presets and `.keras` files bring their own.
      preprocessing: a key of `SCALES`, or `auto`: as the network was trained.

    Raises:
      ValueError: no such backbone (the message lists the valid names), its scale is unknown, or it
        is no graph of layers with one input and one output.
      FileNotFoundError: a file that is named is not there.
    """
    path = Path(name)
    if name == OFFLINE:
        network, scale = _offline(weights), SCALES["lite"]
    elif name == SMALL:
        network, scale = small_cnn(size), SCALES["symmetric"]
    elif name in application_names():
        network, scale = _application(name, size, weights, preprocessing)
    elif path.suffix == ".keras":
        network = keras.saving.load_model(_existing(path), compile=False)
        scale = _named(preprocessing, name)
    elif path.suffix == ".h5":
        raise ValueError(
            f"{name} holds weights without an architecture: put the architecture into "
            f"train.image.backbone and the file into train.image.weights. Received: {name!r}"
        )
    else:
        network, scale = _preset(name, size, preprocessing)
    if preprocessing != "auto":
        scale = _named(preprocessing, name)
    return Backbone(as_graph(network), scale, pretrained=name != SMALL)


def application_names() -> list[str]:
    """What `keras.applications` of the installed Keras can build."""
    return [
        name
        for name, value in vars(keras.applications).items()
        if inspect.isfunction(value) and name[0].isupper()
    ]


def _offline(weights: str) -> keras.Model:
    if weights == "imagenet":
        return efficientnet_lite0(weights_file())
    if weights.endswith(".pth"):
        return efficientnet_lite0(_existing(Path(weights)))
    return _with_weights(efficientnet_lite0(None), weights)


def _application(
    name: str, size: int, weights: str, preprocessing: str
) -> tuple[keras.Model, Scale]:
    """A network of keras.applications; `imagenet` downloads its weights on first use."""
    build = getattr(keras.applications, name)
    ready = "imagenet" if weights == "imagenet" else None
    network = build(include_top=False, weights=ready, input_shape=(size, size, 3))
    if ready is None:
        network = _with_weights(network, weights)
    if preprocessing != "auto":
        return network, _named(preprocessing, name)
    try:
        return network, scale_of(sys.modules[build.__module__].preprocess_input)
    except ValueError as error:
        raise ValueError(f"{name}: {error}. Received: 'auto'") from None


def _preset(name: str, size: int, preprocessing: str) -> tuple[keras.Model, Scale]:
    """A keras-hub preset: by name (downloaded on first use), by handle, or a folder."""
    import keras_hub

    is_handle = "://" in name or (Path(name) / "config.json").is_file()
    if not is_handle and name not in keras_hub.models.Backbone.presets:
        raise ValueError(
            f"no backbone '{name}'. Valid: {OFFLINE}; {SMALL}; of keras.applications "
            f"{', '.join(application_names())}; a .keras file; a keras-hub preset, its handle or "
            f"its folder: {', '.join(_picture_presets())}. Received: {name!r}"
        )
    policy = keras.config.dtype_policy()
    network = keras_hub.models.Backbone.from_preset(name, dtype=policy)
    if preprocessing != "auto":
        return network, _named(preprocessing, name)
    try:
        converter = keras_hub.layers.ImageConverter.from_preset(name)
    except (ValueError, FileNotFoundError):  # the preset brings none
        return network, _named(preprocessing, name)
    return network, Scale(_triple(converter.scale, 1.0), _triple(converter.offset, 0.0))


def _picture_presets() -> list[str]:
    """The names of keras-hub's presets that bring an image converter."""
    import keras_hub

    return sorted(keras_hub.layers.ImageConverter.presets)


def _triple(value: Any, otherwise: float) -> tuple[float, float, float]:
    values = [otherwise] if value is None else [float(v) for v in keras.ops.ravel(value)]
    red, green, blue = values * 3 if len(values) == 1 else values
    return red, green, blue


def _named(preprocessing: str, name: str) -> Scale:
    if preprocessing not in SCALES:
        raise ValueError(
            f"how pixels are scaled for {name} is not known: set train.image.preprocessing to one "
            f"of {', '.join(SCALES)}. Received: {preprocessing!r}"
        )
    return SCALES[preprocessing]


def _with_weights(network: keras.Model, weights: str) -> keras.Model:
    if weights != "none":
        network.load_weights(_existing(Path(weights)))
    return network


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"no file of weights at {path}. Received: {str(path)!r}")
    return path
