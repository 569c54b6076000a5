"""The learner of texts: one text column in, a fitted model with its tokenizer out."""

import logging
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from components.trainer.answers import learned
from components.trainer.examples import ExampleFiles
from components.trainer.learned import Features, Learned, Network
from components.trainer.precision import choose_precision, policy_scope
from components.trainer.progress import Progress
from components.trainer.spec import Spec
from components.trainer.techniques.weights import Described
from components.trainer.text.config import TextSettings
from components.trainer.text.encoder import Encoder
from components.trainer.text.ngrams import ngrams
from components.trainer.transfer.column import ColumnSplit, only
from components.trainer.transfer.recipe import Parts, described_head, fit_parts
from components.trainer.transfer.throttle import Throttle

logger = logging.getLogger(__name__)

_ROWS = 64
FROM_SCRATCH = "none"
TOKENS = "tokens"


def learn(spec: Spec, train: ExampleFiles, evaluation: ExampleFiles) -> Learned:
    """Runs the transfer recipe on a text encoder.

    Raises:
      ValueError: other model inputs stand beside the text, or no such encoder.
    """
    column, settings = only(spec.inputs, "text"), spec.settings.text
    keras.utils.set_random_seed(settings.seed)
    reporter = Progress()
    progress = Throttle(lambda event: reporter.report(event, always=True))
    precision = choose_precision(settings.precision)
    progress.send({"phase": "precision", **asdict(precision)})
    logger.info("precision: %s (%s)", precision.policy, precision.reason)
    with policy_scope(precision.policy), spec.run.together.scope():
        encoder = load_encoder(settings)
    facts = _facts(spec)
    if spec.run.start is not None:
        spec.run.start.check(facts)
        spec.run.start.into(Described({}, {"encoder": encoder.holder}), "encoder")
    parts = Parts(
        decode=encoder.tokenize,
        lower=encoder.lower,
        upper=encoder.upper,
        variables=encoder.variables,
        channels=encoder.channels,
        pretrained=encoder.pretrained,
    )
    with tempfile.TemporaryDirectory(prefix="activations-") as scratch:
        head, history = fit_parts(
            parts,
            ColumnSplit(train, column, _ROWS),
            ColumnSplit(evaluation, column, _ROWS),
            settings,
            spec.task,
            spec.units,
            progress,
            hidden=settings.hidden,
            loss_scaling=precision.policy == "mixed_float16",
            scratch=Path(scratch),
            run=spec.run,
            classes=spec.classes,
        )
    made = described_head(head, spec.task, spec.classes)
    described = Described(facts, {"encoder": encoder.holder, **made.parts}, made.meanings)

    def prepare(features: Features) -> dict[str, tf.Tensor]:
        return {TOKENS: encoder.tokenize(tf.reshape(features[column], [-1]))}

    def outputs(entries: dict[str, tf.Tensor]) -> tf.Tensor:
        vectors = encoder.upper(encoder.lower(entries[TOKENS]), False)
        return tf.cast(head(vectors, training=False), tf.float32)

    width = encoder.tokenize(tf.constant([""])).shape[1]
    network = Network({TOKENS: tf.TensorSpec([None, width], tf.int32)}, prepare, outputs)

    first = {"phase": "precision", "policy": precision.policy, "reason": precision.reason}
    written = {"precision": first, "epochs": history}
    return learned(spec, _Whole(encoder, head), network, evaluation, written, described, network)


def _facts(spec: Spec) -> dict[str, Any]:
    """What has to be the same for a text model to go on from another one's weights."""
    settings = spec.settings.text
    two = {"classes": spec.classes} if len(spec.classes) == 2 else {}
    return {
        "data.task": spec.task.value,
        "train.text.encoder": settings.encoder,
        "train.text.hidden": settings.hidden,
        **two,
    }


class _Whole(keras.layers.Layer):
    """Encoder and head together, for whoever saves the weights; called by nobody."""

    def __init__(self, encoder: Encoder, head: keras.Model) -> None:
        super().__init__(name="text")
        self.encoder = encoder.holder
        self.head = head
        self.built = True


def load_encoder(settings: TextSettings) -> Encoder:
    """The encoder of the settings. What it needs of TensorFlow Text and keras-hub comes in here.

    Raises:
      ValueError: no such encoder; the message lists the valid names.
    """
    if settings.encoder == FROM_SCRATCH:
        return ngrams(settings.length, settings.buckets, settings.width)
    from components.trainer.text.bert import bert

    layers = settings.fine_tune_layers if settings.fine_tune_epochs else 0
    return bert(settings.encoder, settings.length, layers)
