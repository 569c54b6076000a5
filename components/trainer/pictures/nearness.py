"""Pictures as vectors: the pooled features of a pretrained network, as it is before any training."""

import base64
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from components.trainer.examples import ExampleFiles
from components.trainer.pictures.config import SMALL, ImageSettings
from components.trainer.pictures.decoding import decode
from components.trainer.pictures.network import build_network
from components.trainer.spec import Spec
from components.trainer.techniques.clusters_config import ClustersSection
from components.trainer.techniques.embedder import Embedder
from components.trainer.transfer.activations import Shelf, compute_activations
from components.trainer.transfer.batches import Array
from components.trainer.transfer.column import ColumnSplit, only
from components.trainer.transfer.throttle import Throttle

_ROWS = 128
_SHOWN = 64


def embedder(spec: Spec, splits: Sequence[ExampleFiles], section: ClustersSection) -> Embedder:
    """The vectors of pictures.

    Args:
      spec: the picture column, and the network where the section names none.
      splits: not looked at.
      section: by which network.

    Raises:
      ValueError: the backbone knows nothing yet.
    """
    column, settings = only(spec.inputs, "picture"), spec.settings.image
    its_own = not section.backbone
    frozen = its_own and not (settings.fine_tune_epochs and settings.fine_tune_blocks)
    if not its_own:
        settings = ImageSettings(
            backbone=section.backbone, size=section.size, cache_megabytes=settings.cache_megabytes
        )
    if settings.backbone == SMALL:
        raise ValueError(
            f"clusters and propagation compare pictures by a pretrained network; {SMALL} knows nothing "
            'yet. Name one: clusters.backbone = "efficientnet-lite0"'
        )
    network = build_network(settings.model_copy(update={"fine_tune_epochs": 0}), "float32")

    def vectors(files: ExampleFiles) -> Array:
        return compute_activations(
            ColumnSplit(files, column, _ROWS),
            lambda pixels: network.upper(network.lower(pixels)),
            lambda encoded: decode(encoded, settings.size),
            False,
            Shelf(settings.cache_megabytes),
            Throttle(lambda event: None),
        ).plain

    def show(row: dict[str, Any]) -> dict[str, str]:
        pixels = decode(tf.reshape(row[column], [1]), _SHOWN)[0]
        png = tf.io.encode_png(tf.cast(tf.clip_by_value(pixels, 0, 255), tf.uint8)).numpy()
        return {"picture": base64.b64encode(png).decode()}

    return Embedder(f"the pooled features of {settings.backbone}", vectors, show, frozen=frozen)
