"""Pre-training on real pictures: the encoder learns to fill in, training begins there, nothing else is served."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from components.trainer.pictures import recipe
from components.trainer.pictures.config import ImageSettings
from components.trainer.pictures.decoding import decode
from components.trainer.pictures.network import build_network
from components.trainer.pictures.pretraining import autoencoder, pretrain
from components.trainer.pictures.recipe import fit_images
from components.trainer.techniques.checkpoints import Checkpoints
from components.trainer.techniques.pretrain_config import PretrainSection
from components.trainer.techniques.run import Pretraining, TrainingRun
from components.trainer.transfer.activations import Shelf
from components.trainer.transfer.batches import Rows
from components.trainer.transfer.throttle import Throttle
from data.fashion_mnist.locate import sample
from data.fashion_mnist.originals import CLASSES
from data.tasks import Task

SETTINGS = ImageSettings(
    backbone="small-cnn",
    size=28,
    batch_size=20,
    precision="float32",
    fine_tune_epochs=1,
    fine_tune_rate=3e-3,
    least_steps=0,
)
SECTION = PretrainSection(epochs=4, noise=0.5, learning_rate=0.005, batch_size=20)


@pytest.fixture(scope="module")
def table() -> Any:
    return pq.read_table(sample()).slice(0, 400)


@pytest.fixture(scope="module")
def rows(table: Any) -> dict[str, Rows]:
    """40 with labels, 60 that choose, and all of the first 340, whose labels nobody reads."""
    pictures = table["image"].to_pylist()
    labels = np.array([CLASSES.index(name) for name in table["label"].to_pylist()])
    return {
        "train": Rows(pictures[:40], labels[:40]),
        "eval": Rows(pictures[340:], labels[340:]),
        "all": Rows(pictures[:340], np.full(340, -1)),
    }


def _pretrain(rows: dict[str, Rows], run: TrainingRun | None = None) -> tuple[Any, dict[str, Any]]:
    keras.utils.set_random_seed(0)
    network = build_network(SETTINGS, "float32")
    told = pretrain(
        network,
        SECTION,
        rows["all"],
        rows["eval"],
        lambda encoded: decode(encoded, 28),
        SETTINGS,
        run or TrainingRun(),
        Shelf(100),
        Throttle(lambda event: None),
    )
    return network, told


def test_every_weight_of_the_encoder_moves_and_the_error_falls(rows: dict[str, Rows]) -> None:
    keras.utils.set_random_seed(0)
    before = build_network(SETTINGS, "float32").backbone.network
    network, told = _pretrain(rows)
    after = network.backbone.network
    for old, new in zip(before.weights, after.weights, strict=True):
        assert not np.array_equal(old.numpy(), new.numpy()), new.path
    assert told["what"] == "pictures" and told["rows"] == 340
    losses = [epoch["eval_loss"] for epoch in told["epochs"]]
    assert len(losses) == 4 and min(losses) < 0.7 and losses[-1] < losses[0]


def test_gradients_reach_every_weight_of_the_encoder() -> None:
    network = build_network(SETTINGS, "float32")
    encoder = network.parts.upper
    model = autoencoder(encoder)
    assert model.output.shape == (None, 28, 28, 3)
    pixels = np.random.default_rng(0).normal(size=(4, 28, 28, 3)).astype(np.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(pixels, training=True) - pixels) ** 2)
    values = [variable.value for variable in encoder.trainable_variables]
    gradients = tape.gradient(loss, values)
    assert len(values) == 9  # three convolutions, and scale and offset of what follows each
    for variable, gradient in zip(encoder.trainable_variables, gradients, strict=True):
        assert gradient is not None and np.abs(gradient.numpy()).sum() > 0, variable.path


def test_sizes_that_are_no_multiple_of_the_strides() -> None:
    settings = SETTINGS.model_copy(update={"size": 30})
    model = autoencoder(build_network(settings, "float32").parts.upper)
    assert model.output.shape == (None, 30, 30, 3)


def test_the_same_seed_gives_the_same_bits(rows: dict[str, Rows]) -> None:
    one, other = (_pretrain(rows)[0].backbone.network.get_weights() for _ in range(2))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_killed_one_goes_on(rows: dict[str, Rows], tmp_path: Path) -> None:
    states = Checkpoints(tmp_path, seconds=1e-9)
    whole, _ = _pretrain(rows, TrainingRun(checkpoints=states))
    assert (tmp_path / "pretrain" / "fit.npz").is_file()
    again, told = _pretrain(rows, TrainingRun(checkpoints=states))  # the last state: after epoch 3
    assert [epoch["epoch"] for epoch in told["epochs"]] == [1, 2, 3, 4]
    for a, b in zip(
        whole.backbone.network.get_weights(), again.backbone.network.get_weights(), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-5)


def _fit(rows: dict[str, Rows], backbone: str = "small-cnn", **changes: Any) -> Any:
    pretraining = Pretraining(SECTION, None)  # type: ignore[arg-type]  # the recipe takes `unlabelled`
    run = TrainingRun(pretraining=pretraining)
    settings = SETTINGS.model_copy(update={"backbone": backbone, **changes})
    return fit_images(
        rows["train"],
        rows["eval"],
        settings,
        Task.MULTICLASS,
        10,
        lambda event: None,
        None,
        run,
        CLASSES,
        rows["all"],
    )


def test_training_begins_from_what_was_learned(
    rows: dict[str, Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[list[Any]] = []
    fit_parts = recipe.fit_parts

    def looked_at(parts: Any, *rest: Any, **more: Any) -> Any:
        begun.append([variable.numpy() for variable in parts.variables])
        return fit_parts(parts, *rest, **more)

    monkeypatch.setattr(recipe, "fit_parts", looked_at)
    _fit(rows)
    learned = _pretrain(rows)[0].parts.upper.trainable_variables
    for variable, value in zip(learned, begun[0], strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_a_pretrained_backbone_is_refused(rows: dict[str, Rows]) -> None:
    with pytest.raises(ValueError, match="efficientnet-lite0 is pretrained already"):
        _fit(rows, "efficientnet-lite0", size=32)


def test_run_fn_serves_the_network_alone(train: Callable[..., Any], table: Any) -> None:
    pictures, names = table["image"].to_pylist(), table["label"].to_pylist()
    labelled = [{"image": p, "y": n} for p, n in zip(pictures[:60], names[:60], strict=True)]
    more = [{"image": p, "y": None} for p in pictures[60:300]]
    inputs = ({"image": bytes, "y": str}, labelled, "y", "multiclass", list(CLASSES))
    settings = {"image": json.loads(SETTINGS.model_dump_json())}
    features = {"image": "image"}
    told = {"pretrain": SECTION.model_dump_json()}
    trained = train(*inputs, features, settings, told=told, unlabelled=more)
    found = trained.history["pretrain"]
    assert found["rows"] == 300 and len(found["epochs"]) == 4
    network = build_network(SETTINGS, "float32").backbone.network
    assert trained.kept["model"].count_params() == network.count_params() + 64 * 10 + 10

    signature = tf.saved_model.load(trained.saved_model).signatures["serving_default"]
    scores = signature(image=tf.constant(pictures[:20]))["scores"].numpy()
    logits = trained.kept["model"](decode(tf.constant(pictures[:20]), 28), training=False)
    np.testing.assert_allclose(scores, tf.nn.softmax(logits).numpy(), atol=1e-5)
