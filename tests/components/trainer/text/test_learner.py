"""Text models trained for real, from scratch and on a pretrained encoder, and served as text."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

COLUMNS: dict[str, type] = {"mail": str, "kind": str}
FEATURES = {"mail": "text"}
CLASSES = ["ham", "spam"]
SCRATCH = {"encoder": "none", "fine_tune_epochs": 3, "fine_tune_rate": 0.01, "buckets": 512}
BERT = {
    "length": 16,
    "hidden": 16,
    "head_epochs": 6,
    "head_rate": 0.01,
    "fine_tune_layers": 1,
    "fine_tune_epochs": 2,
    "fine_tune_rate": 0.003,
}


def _rows() -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    spam, ham = ["free", "money", "win", "now", "you"], ["meeting", "at", "noon", "you", "now"]
    rows = []
    for number in range(240):
        words = rng.choice(spam if number % 2 else ham, rng.integers(3, 9))
        rows.append({"mail": " ".join(words), "kind": CLASSES[number % 2]})
    return rows


def _check(trained: Any) -> None:
    """It has learnt, and every way of loading it answers the same."""
    import tensorflow as tf

    from serving.models.saved_model import SessionOptions, load_servable

    rows = _rows()
    texts = [row["mail"] for row in rows[:40]] + [""]
    plain = tf.saved_model.load(trained.saved_model).signatures["serving_default"]
    answer = plain(mail=tf.constant(texts))
    agree = [
        a.decode() == row["kind"] for a, row in zip(answer["class"].numpy(), rows, strict=False)
    ]
    assert np.mean(agree) > 0.9
    servable = load_servable("m", 1, trained.saved_model, SessionOptions())
    signature = servable.signatures["serving_examples"]
    feed, fetch = signature.inputs["examples"].name, signature.outputs["score"].name
    (score,) = servable.program((feed,), (fetch,))(
        [np.array(trained.examples([{"mail": text} for text in texts]), object)]
    )
    np.testing.assert_allclose(score, answer["score"], atol=1e-5)


def test_hashed_words(train: Callable[..., Any]) -> None:
    told = (COLUMNS, _rows(), "kind", "binary", CLASSES, FEATURES)
    trained = train(*told, {"text": SCRATCH})
    _check(trained)
    assert {epoch["phase"] for epoch in trained.history["epochs"]} == {"fine-tune"}


@pytest.mark.parametrize(
    ("encoder", "policy"),
    [
        ("none", "mixed_bfloat16"),
        ("BERT", "mixed_float16"),
        pytest.param("BERT", "mixed_bfloat16", marks=pytest.mark.slow),
    ],
)
def test_reduced_precision_learns_as_well_and_scales_where_it_has_to(
    encoder: str,
    policy: str,
    train: Callable[..., Any],
    preset: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from components.trainer.techniques.optimizing import Optimizing

    scaled: list[bool] = []
    made = Optimizing.optimizer

    def spy(self: Any, rate: float, steps: int, loss_scaling: bool = False) -> Any:
        scaled.append(loss_scaling)
        return made(self, rate, steps, loss_scaling)

    monkeypatch.setattr(Optimizing, "optimizer", spy)
    text = SCRATCH if encoder == "none" else {**BERT, "encoder": str(preset)}
    told = (COLUMNS, _rows(), "kind", "binary", CLASSES, FEATURES)
    trained = train(*told, {"text": {**text, "precision": policy}})
    _check(trained)
    assert trained.history["precision"]["policy"] == policy
    phases = 1 if encoder == "none" else 2
    assert scaled == [False, policy == "mixed_float16"][-phases:]  # the head is float32


def test_a_pretrained_encoder_and_its_top_layer(train: Callable[..., Any], preset: Path) -> None:
    text = {**BERT, "encoder": str(preset)}
    trained = train(COLUMNS, _rows(), "kind", "binary", CLASSES, FEATURES, {"text": text})
    _check(trained)
    phases = [epoch["phase"] for epoch in trained.history["epochs"]]
    assert phases.index("fine-tune") > phases.index("head") == 0


def test_columns_beside_the_text_are_refused(train: Callable[..., Any]) -> None:
    rows = [{**row, "n": float(n)} for n, row in enumerate(_rows())]
    with pytest.raises(ValueError, match="one text column and nothing else. Received: mail, n"):
        features = {**FEATURES, "n": "zscore"}
        train({**COLUMNS, "n": float}, rows, "kind", "binary", CLASSES, features)
