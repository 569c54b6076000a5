"""From a fitted model with plain outputs to what is served: the task's answer, read as eval says."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.trainer import thresholds
from components.trainer.examples import ExampleFiles
from components.trainer.heads import HEADS
from components.trainer.learned import Features, Learned, Network, Outputs
from components.trainer.spec import Spec
from components.trainer.techniques.weights import Described

_ROWS = 1024


def learned(
    spec: Spec,
    model: keras.Model,
    outputs: Outputs,
    evaluation: ExampleFiles,
    history: dict[str, Any],
    described: Described,
    network: Network | None = None,
) -> Learned:
    """What a learner hands back.

    Args:
      spec: task and classes.
      model: what holds the weights.
      outputs: transformed features to (batch, units) float32, before sigmoid or softmax.
      evaluation: the split on which a task chooses how its answer is read.
      history: of the fit.
      described: how a later training takes its weights over.
      network: the part of it that takes numbers alone, where there is one.
    """
    head, classes = HEADS[spec.task], list(spec.classes)
    chosen: dict[str, Any] = {}
    if head.thresholds:
        bounds = _thresholds(spec, outputs, evaluation)
        chosen = {"thresholds": bounds}
        history = {
            **history,
            "thresholds": dict(zip(classes, [round(float(b), 4) for b in bounds], strict=True)),
        }

    def answer(features: Features) -> dict[str, tf.Tensor]:
        return head.answer(outputs(features), classes, **chosen)

    return Learned(model, answer, history, described, outputs, network)


def _thresholds(spec: Spec, outputs: Outputs, evaluation: ExampleFiles) -> Any:
    run = tf.function(outputs, autograph=False)
    scores = [tf.sigmoid(run(features)).numpy() for features, *_ in evaluation.batches(_ROWS)]
    return thresholds.choose(
        np.concatenate(scores), evaluation.labels, spec.settings.threshold, evaluation.weights
    )
