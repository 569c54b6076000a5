"""Sequences learnt for real: spelling words aloud, served as text, greedy and teacher-forced alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

COLUMNS: dict[str, type] = {"word": str, "spoken": str}
SETTINGS = {
    "width": 32,
    "layers": 1,
    "epochs": 12,
    "patience": 12,
    "batch_size": 32,
    "learning_rate": 0.01,
    "longest_source": 8,
    "longest_answer": 8,
}


def _rows() -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcd"), rng.integers(1, 6))) for _ in range(400)]
    return [{"word": word, "spoken": " ".join(f"{c.upper()}1" for c in word)} for word in words]


@pytest.fixture(scope="module")
def trained(train: Callable[..., Any]) -> Any:
    """A model that spells."""
    settings = {"sequence": SETTINGS}
    return train(COLUMNS, _rows(), "spoken", "sequence", [], {"word": "text"}, settings)


def test_it_learns_and_is_served_as_text(trained: Any) -> None:
    import tensorflow as tf

    signature = tf.saved_model.load(trained.saved_model).signatures["serving_default"]
    words = ["bad", "CAB", "dada", "", "b€d"]
    answer = signature(word=tf.constant(words))
    said = [text.decode() for text in answer["prediction"].numpy()]
    assert said[:3] == ["B1 A1 D1", "C1 A1 B1", "D1 A1 D1 A1"]
    assert answer["score"].shape == (5,)
    assert (answer["score"].numpy() <= 0).all()
    assert np.exp(answer["score"].numpy()[:3]).min() > 0.5
    epochs = trained.history["epochs"]
    assert epochs[-1]["eval_loss"] < 0.3 * epochs[0]["eval_loss"]
    for split in ("train", "validation"):  # TensorBoard finds its curves
        assert list((trained.folder / "run" / split).glob("events.out.tfevents.*"))


def test_a_server_s_session_gives_the_same(trained: Any) -> None:
    """Through a TF1 session, as TF Serving and BulkInferrer load it, from tf.Examples."""
    import tensorflow as tf

    from serving.models.saved_model import SessionOptions, load_servable

    servable = load_servable("m", 1, trained.saved_model, SessionOptions())
    signature = servable.signatures["serving_examples"]
    fetches = [signature.outputs[name].name for name in ("prediction", "score")]
    program = servable.program((signature.inputs["examples"].name,), tuple(fetches))
    rows = [{"word": "abba"}, {"word": "dcab"}]
    found, score = program([np.array(trained.examples(rows), object)])
    assert np.ravel(found).tolist() == [b"A1 B1 B1 A1", b"D1 C1 A1 B1"]
    plain = tf.saved_model.load(trained.saved_model).signatures["serving_default"]
    expected = plain(word=tf.constant(["abba", "dcab"]))["score"]
    np.testing.assert_allclose(score, expected, rtol=1e-4)


def test_greedy_agrees_with_teacher_forcing() -> None:
    """Fed its own answer, the network names each of its tokens, with the same probability."""
    import keras
    import tensorflow as tf

    from components.trainer.sequence.config import SequenceSettings
    from components.trainer.sequence.network import EncoderDecoder
    from components.trainer.sequence.vocabulary import END, START

    keras.utils.set_random_seed(1)
    settings = SequenceSettings.model_validate({**SETTINGS, "dropout": 0.5})
    model = EncoderDecoder(9, 7, settings)
    source = tf.constant([[2, 3, 4, 0, 0], [5, 0, 0, 0, 0], [8, 7, 6, 5, 4]])
    ids, score = model.greedy(source)
    before = tf.concat([tf.fill([3, 1], START), ids[:, :-1]], axis=1)
    logs = tf.nn.log_softmax(model((source, before))[:, :, END:]).numpy()
    for row in range(3):
        said = ids[row].numpy().tolist()
        said = said[: said.index(END) + 1] if END in said else said
        assert logs[row, : len(said)].argmax(axis=1).tolist() == [token - END for token in said]
        expected = np.mean([logs[row, n, token - END] for n, token in enumerate(said)])
        assert float(score[row]) == pytest.approx(expected, abs=1e-5)


def test_padding_changes_nothing() -> None:
    import keras
    import tensorflow as tf

    from components.trainer.sequence.config import SequenceSettings
    from components.trainer.sequence.network import EncoderDecoder

    keras.utils.set_random_seed(1)
    model = EncoderDecoder(9, 7, SequenceSettings.model_validate(SETTINGS))
    before = tf.constant([[1, 3, 4]])
    short = model((tf.constant([[2, 3]]), before))
    padded = model((tf.constant([[2, 3, 0, 0, 0]]), before))
    np.testing.assert_allclose(short, padded, atol=1e-5)


def test_columns_beside_the_text_are_refused(train: Callable[..., Any], tmp_path: Path) -> None:
    rows = [{**row, "n": 1.0 * n} for n, row in enumerate(_rows()[:8])]
    columns = {**COLUMNS, "n": float}
    with pytest.raises(ValueError, match=r"Received: n \(numbers\), word \(text\)"):
        train(columns, rows, "spoken", "sequence", [], {"word": "text", "n": "zscore"})
