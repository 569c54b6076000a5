"""Texts as vectors: the pooled features of a pretrained encoder, as it is before any training."""

from collections.abc import Sequence
from typing import Any

from components.trainer.examples import ExampleFiles
from components.trainer.spec import Spec
from components.trainer.techniques.clusters_config import ClustersSection
from components.trainer.techniques.embedder import Embedder
from components.trainer.text.learner import load_encoder
from components.trainer.transfer.activations import Shelf, compute_activations
from components.trainer.transfer.batches import Array
from components.trainer.transfer.column import ColumnSplit, only
from components.trainer.transfer.throttle import Throttle

_ROWS = 64
_SHOWN = 160


def embedder(spec: Spec, splits: Sequence[ExampleFiles], section: ClustersSection) -> Embedder:
    """The vectors of texts; splits and section are not looked at.

    Raises:
      ValueError: the encoder knows nothing yet.
    """
    column, settings = only(spec.inputs, "text"), spec.settings.text
    encoder = load_encoder(settings.model_copy(update={"fine_tune_epochs": 0}))
    if not encoder.pretrained:
        raise ValueError(
            "clusters and propagation compare texts by a pretrained encoder; train.text.encoder "
            f"'{settings.encoder}' knows nothing yet. Name another, or leave them out"
        )

    def vectors(files: ExampleFiles) -> Array:
        return compute_activations(
            ColumnSplit(files, column, _ROWS),
            lambda tokens: encoder.upper(encoder.lower(tokens), False),
            encoder.tokenize,
            False,
            Shelf(settings.cache_megabytes),
            Throttle(lambda event: None),
        ).plain

    def show(row: dict[str, Any]) -> dict[str, str]:
        words = " ".join(bytes(row[column]).decode("utf-8", "replace").split())
        return {"text": words[:_SHOWN] + ("…" if len(words) > _SHOWN else "")}

    frozen = not (settings.fine_tune_epochs and settings.fine_tune_layers)
    return Embedder(f"the pooled features of {settings.encoder}", vectors, show, frozen=frozen)
