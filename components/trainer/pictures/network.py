"""The network of a picture model: scaled pixels, backbone below and above the cut, pool, head."""

from dataclasses import dataclass
from typing import Any

import keras

from components.trainer.pictures.backbones import Backbone, load_backbone
from components.trainer.pictures.blocks import Split, block_ends, split
from components.trainer.pictures.config import ImageSettings
from components.trainer.precision import policy_scope


@dataclass(frozen=True)
class ImageNetwork:
    """A backbone cut in two, with what comes before and after; every part shares its layers."""

    backbone: Backbone
    parts: Split
    pool: keras.layers.Layer

    def lower(self, pixels: Any) -> Any:
        """Pixels (batch, size, size, 3), 0 to 255, to what the lower part makes of them."""
        return self.parts.lower(self.backbone.scale(pixels), training=False)

    def upper(self, maps: Any, training: bool = False) -> Any:
        """What the lower part made to pooled features (batch, channels) float32.

        A pretrained one is never in training mode: BatchNormalization keeps its statistics, and
        nothing is dropped inside the backbone.
        """
        training = training and not self.backbone.pretrained
        return self.pool(self.parts.upper(maps, training=training))

    def with_head(self, head: keras.Model, size: int) -> keras.Model:
        """The whole: pixels (batch, size, size, 3) float32 to logits (batch, units) float32."""
        pixels = keras.Input((size, size, 3), dtype="float32", name="pixels")
        features = self.pool(self.backbone.network(self.backbone.scale(pixels)))
        return keras.Model(pixels, head(features), name="pictures")

    @property
    def channels(self) -> int:
        """How many pooled features there are."""
        return int(self.backbone.network.output.shape[-1])


def build_network(settings: ImageSettings, policy: str) -> ImageNetwork:
    """The backbone of the settings, cut below the blocks that will be fine-tuned.

    Args:
      settings: the `[train.image]` section.
      policy: the dtype policy the backbone is built under.

    Raises:
      ValueError: an unknown backbone, or one that cannot be cut.
    """
    with policy_scope(policy):
        backbone = load_backbone(
            settings.backbone, settings.size, settings.weights, settings.preprocessing
        )
        blocks = settings.fine_tune_blocks if settings.fine_tune_epochs else 0
        if not backbone.pretrained:
            blocks = len(block_ends(backbone.network))
        return ImageNetwork(backbone, split(backbone.network, blocks), _pool(backbone.network))


def _pool(network: keras.Model) -> keras.layers.Layer:
    """Mean over the places of a map (4 dimensions) or over tokens (3); vectors stay as they are."""
    rank = len(network.output.shape)
    if rank == 4:
        return keras.layers.GlobalAveragePooling2D(dtype="float32")
    if rank == 3:
        return keras.layers.GlobalAveragePooling1D(dtype="float32")
    return keras.layers.Identity(dtype="float32")
