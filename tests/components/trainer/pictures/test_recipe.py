"""The whole recipe on a few hundred real pictures: it learns, keeps what it must, and exports."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from components.trainer.pictures.config import ImageSettings
from components.trainer.pictures.decoding import decode
from components.trainer.pictures.efficientnet_lite import efficientnet_lite0, weights_file
from components.trainer.pictures.recipe import Trained, fit_images
from components.trainer.techniques.optimizing import Optimizing
from components.trainer.transfer.batches import Rows
from data.fashion_mnist.encode import png
from data.fashion_mnist.locate import sample
from data.fashion_mnist.originals import CLASSES
from data.tasks import Task

SETTINGS = ImageSettings(
    size=32, batch_size=32, precision="float32", fine_tune_epochs=4, least_steps=0
)


@dataclass(frozen=True)
class Fashion:
    """600 pictures of the committed sample."""

    train: Rows
    evaluation: Rows


@dataclass(frozen=True)
class Fitted:
    """One fit that several tests look at."""

    trained: Trained
    events: list[dict[str, Any]]


@pytest.fixture(scope="module")
def fashion() -> Fashion:
    table = pq.read_table(sample()).slice(0, 600)
    pictures = table["image"].to_pylist()
    labels = np.array([CLASSES.index(name) for name in table["label"].to_pylist()])
    return Fashion(Rows(pictures[:400], labels[:400]), Rows(pictures[400:], labels[400:]))


@pytest.fixture(scope="module")
def fitted(fashion: Fashion) -> Fitted:
    events: list[dict[str, Any]] = []
    trained = fit_images(
        fashion.train, fashion.evaluation, SETTINGS, Task.MULTICLASS, 10, events.append
    )
    return Fitted(trained, events)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ImageSettings:
    """Settings with a small random network from a file, for what does not depend on the backbone."""
    path = tmp_path_factory.mktemp("backbone") / "tiny.keras"
    layers = [keras.Input((32, 32, 3))]
    for seed, filters in enumerate((16, 32, 64)):
        kernel = keras.initializers.HeNormal(seed=seed)
        convolution = keras.layers.Conv2D(filters, 3, 2, "same", kernel_initializer=kernel)
        layers += [convolution, keras.layers.BatchNormalization(), keras.layers.ReLU()]
    keras.Sequential(layers, name="tiny").save(path)
    return SETTINGS.model_copy(update={"backbone": str(path), "preprocessing": "symmetric"})


def _fit(
    train: Rows, evaluation: Rows, settings: ImageSettings, task: Task, units: int, **changes: Any
) -> Trained:
    changed = settings.model_copy(update=changes)
    return fit_images(train, evaluation, changed, task, units, lambda event: None)


def _logits(trained: Trained, rows: Rows) -> np.ndarray:
    pixels = decode(tf.constant(rows.pictures), trained.picture_size)
    return np.asarray(trained.model(pixels, training=False))


def _best(trained: Trained, phase: str) -> float:
    return max(e["eval_accuracy"] for e in trained.history if e["phase"] == phase)


def test_fine_tuned_beats_frozen_beats_chance(fitted: Fitted) -> None:
    frozen, tuned = _best(fitted.trained, "head"), _best(fitted.trained, "fine-tune")
    assert frozen > 0.3  # chance is 0.1
    assert tuned > frozen + 0.1


def test_the_whole_network_answers_as_the_kept_activations_did(
    fitted: Fitted, fashion: Fashion
) -> None:
    logits = _logits(fitted.trained, fashion.evaluation)
    labels = fashion.evaluation.labels
    assert logits.shape == (200, 10)
    assert logits.dtype == np.float32
    best = max(fitted.trained.history, key=lambda epoch: epoch["eval_accuracy"])
    assert np.mean(logits.argmax(1) == labels) == pytest.approx(best["eval_accuracy"])
    losses = np.log(np.exp(logits).sum(1)) - logits[np.arange(200), labels]
    assert losses.mean() == pytest.approx(best["eval_loss"], rel=1e-3)


def test_only_the_top_blocks_changed_and_no_batch_normalisation(fitted: Fitted) -> None:
    tuned = fitted.trained.model.get_layer("efficientnet_lite0")
    before = efficientnet_lite0(weights_file())
    changed = set()
    for layer, original in zip(
        tuned._flatten_layers(include_self=False),
        before._flatten_layers(include_self=False),
        strict=True,
    ):
        pairs = zip(layer.variables, original.variables, strict=True)
        same = all(np.array_equal(new, old) for new, old in pairs)
        if isinstance(layer, keras.layers.BatchNormalization):
            assert same, f"{layer.path} changed"
        if not same:
            changed.add(layer.name)
    blocks = {name.split("_")[0] for name in changed}
    assert blocks == {"block5c", "block6a", "block6b", "block6c", "block6d", "block7a", "top"}


def test_the_events_tell_the_story_in_order(fitted: Fitted) -> None:
    phases = list(dict.fromkeys(event["phase"] for event in fitted.events))
    assert phases == ["precision", "features", "head", "fine-tune"]
    ends = [event for event in fitted.events if "eval_accuracy" in event]
    assert [(e["phase"], e["epoch"], e["of"]) for e in ends] == [
        *(("head", n, 4) for n in range(1, 5)),
        *(("fine-tune", n, 4) for n in range(1, 5)),
    ]
    assert len(fitted.trained.history) == 8
    assert {"loss", "eval_loss", "seconds", "best"} <= fitted.trained.history[0].keys()


def test_the_same_seed_gives_the_same_bits_in_memory_or_on_disk(
    fashion: Fashion, tiny: ImageSettings
) -> None:
    rows = fashion.train, fashion.evaluation
    first, again, disk, other = (
        _logits(_fit(*rows, tiny, Task.MULTICLASS, 10, **changes), fashion.evaluation)
        for changes in ({"seed": 3}, {"seed": 3}, {"seed": 3, "cache_megabytes": 0}, {"seed": 4})
    )
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, disk)
    assert not np.allclose(first, other)


def test_it_exports_and_two_ways_of_loading_answer_the_same(
    fitted: Fitted, fashion: Fashion, tmp_path: Path
) -> None:
    model, size = fitted.trained.model, fitted.trained.picture_size

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
    def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"scores": tf.nn.softmax(model(decode(image, size), training=False))}

    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serving_default", serve)
    archive.write_out(str(tmp_path / "model"), verbose=False)

    pictures = fashion.evaluation.pictures[:20]
    expected = tf.nn.softmax(_logits(fitted.trained, Rows(pictures, np.zeros(20)))).numpy()
    loaded = tf.saved_model.load(str(tmp_path / "model"))
    found = loaded.signatures["serving_default"](image=tf.constant(pictures))["scores"]
    np.testing.assert_allclose(found, expected, atol=1e-5)

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], str(tmp_path / "model"))
        signature = graph.signature_def["serving_default"]
        fetch, feed = signature.outputs["scores"].name, signature.inputs["image"].name
        np.testing.assert_allclose(session.run(fetch, {feed: pictures}), expected, atol=1e-5)
        with pytest.raises(tf.errors.InvalidArgumentError, match="Unknown image file format"):
            session.run(fetch, {feed: [b"no picture"]})


@pytest.mark.parametrize(
    ("policy", "reduced"),
    [
        ("mixed_float16", "float16"),
        pytest.param("mixed_bfloat16", "bfloat16", marks=pytest.mark.slow),
    ],
)
def test_reduced_precision_is_used_inside_and_logits_are_float32(
    policy: str, reduced: str, fashion: Fashion, monkeypatch: pytest.MonkeyPatch
) -> None:
    scaled: list[bool] = []
    made = Optimizing.optimizer

    def spy(self: Optimizing, rate: float, steps: int, loss_scaling: bool = False) -> Any:
        scaled.append(loss_scaling)
        return made(self, rate, steps, loss_scaling)

    monkeypatch.setattr(Optimizing, "optimizer", spy)
    train = Rows(fashion.train.pictures[:96], fashion.train.labels[:96])
    changes = {"precision": policy, "fine_tune_epochs": 1, "fine_tune_blocks": 1}
    trained = _fit(train, fashion.evaluation, SETTINGS, Task.MULTICLASS, 10, **changes)
    assert scaled == [False, policy == "mixed_float16"]  # the head is float32; the blocks
    network = trained.model.get_layer("efficientnet_lite0")
    assert {layer.compute_dtype for layer in network.layers[1:]} == {reduced}
    assert {variable.dtype for variable in network.trainable_variables} == {"float32"}
    assert trained.model.output.dtype == "float32"
    logits = _logits(trained, fashion.evaluation)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()
    assert _best(trained, "head") > 0.2
    assert keras.config.dtype_policy().name == "float32"


def test_without_fine_tuning_the_backbone_is_untouched(
    fashion: Fashion, tiny: ImageSettings
) -> None:
    rows = fashion.train, fashion.evaluation
    trained = _fit(*rows, tiny, Task.MULTICLASS, 10, fine_tune_epochs=0)
    assert {epoch["phase"] for epoch in trained.history} == {"head"}
    before = keras.saving.load_model(tiny.backbone).get_weights()
    after = trained.model.get_layer("tiny").get_weights()
    for new, old in zip(after, before, strict=True):
        np.testing.assert_array_equal(new, old)
    accuracy = np.mean(_logits(trained, rows[1]).argmax(1) == rows[1].labels)
    assert accuracy == pytest.approx(_best(trained, "head"))


def test_mirror_images_teach_where_they_are_asked_for(
    fashion: Fashion, tiny: ImageSettings
) -> None:
    """The same seed, so that nothing else differs."""
    rows = fashion.train, fashion.evaluation
    heads = []
    for mirror in (True, False):
        changes = {"mirror": mirror, "fine_tune_epochs": 0, "head_epochs": 1}
        trained = _fit(*rows, tiny, Task.MULTICLASS, 10, **changes)
        heads.append(trained.model.get_layer("head").get_weights()[0])
    assert not np.allclose(*heads)


def test_all_blocks_of_another_backbone(fashion: Fashion, tiny: ImageSettings) -> None:
    """Nothing is frozen: what is kept are the pictures themselves."""
    rows = fashion.train, fashion.evaluation
    changes = {"fine_tune_blocks": 99, "fine_tune_epochs": 8, "fine_tune_rate": 3e-3}
    trained = _fit(*rows, tiny, Task.MULTICLASS, 10, **changes)
    assert _best(trained, "fine-tune") > _best(trained, "head") + 0.1
    lowest = keras.saving.load_model(tiny.backbone).get_weights()[0]
    assert not np.allclose(trained.model.get_layer("tiny").get_weights()[0], lowest)
    accuracy = np.mean(_logits(trained, rows[1]).argmax(1) == rows[1].labels)
    assert accuracy == pytest.approx(_best(trained, "fine-tune"))


def test_binary_has_one_logit(fashion: Fashion, tiny: ImageSettings) -> None:
    footwear = [CLASSES.index(name) for name in ("sandal", "sneaker", "ankle boot")]
    train, evaluation = (
        Rows(rows.pictures, np.isin(rows.labels, footwear).astype(int))
        for rows in (fashion.train, fashion.evaluation)
    )
    changes = {"head_rate": 0.02, "fine_tune_blocks": 99, "fine_tune_rate": 3e-3}
    trained = _fit(train, evaluation, tiny, Task.BINARY, 1, balance_classes=True, **changes)
    logits = _logits(trained, evaluation)
    assert logits.shape == (200, 1)
    majority = 1 - evaluation.labels.mean()
    assert np.mean((logits[:, 0] > 0) == evaluation.labels) > majority + 0.1
    assert "eval_auc" in trained.history[0]


def test_regression_in_the_unit_of_the_label(tiny: ImageSettings) -> None:
    """How bright a picture is, in an awkward unit: guessing the mean is what must be beaten."""
    rng = np.random.default_rng(0)
    bright = rng.uniform(0, 255, 300)
    pictures = [png((level * rng.uniform(0.9, 1, (16, 16))).astype(np.uint8)) for level in bright]
    values = 1e6 + 1000 * bright
    train, evaluation = Rows(pictures[:200], values[:200]), Rows(pictures[200:], values[200:])
    changes = {"head_epochs": 20, "head_rate": 0.02, "fine_tune_epochs": 0}
    trained = _fit(train, evaluation, tiny, Task.REGRESSION, 1, **changes)
    error = np.abs(_logits(trained, evaluation)[:, 0] - evaluation.labels).mean()
    guess = np.abs(evaluation.labels - train.labels.mean()).mean()
    assert error < guess / 3
    best = min(epoch["eval_mae"] for epoch in trained.history)
    assert error == pytest.approx(best, rel=1e-3)


def test_few_pictures_are_passed_over_more_often(fashion: Fashion, tiny: ImageSettings) -> None:
    rows = fashion.train, fashion.evaluation  # 400 pictures: 13 steps of 32 an epoch
    changes = {"least_steps": 40, "head_epochs": 2, "fine_tune_epochs": 5}
    trained = _fit(*rows, tiny, Task.MULTICLASS, 10, **changes)
    phases = [epoch["phase"] for epoch in trained.history]
    assert (phases.count("head"), phases.count("fine-tune")) == (4, 5)
