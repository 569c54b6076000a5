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


class _Killed(Exception):
    """Stands in for the signal where a whole process is not needed."""


SMALL: dict[str, Any] = {**SETTINGS, "width": 8, "epochs": 3, "batch_size": 32, "dropout": 0.3}


def _small(train: Callable[..., Any], told: dict[str, str] | None = None, **settings: Any) -> Any:
    sequence = {**SMALL, **settings.pop("sequence", {})}
    settings = {"sequence": sequence, "checkpoint_seconds": 1e-9, **settings}
    rows = _rows()[:100]
    return train(
        COLUMNS, rows, "spoken", "sequence", [], {"word": "text"}, settings, told=told or {}
    )


def test_a_killed_training_goes_on_to_the_same_bits(
    train: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """4 steps an epoch, the last of 4 rows; killed in the middle of the second, then of the third."""
    from components.trainer.techniques.record import Record

    whole = _small(train)
    step, taken, kill_at = Record.on_train_batch_end, [], set[int]()

    def count(self: Any, batch: int, logs: Any = None) -> None:
        step(self, batch, logs)
        taken.append(self.done)
        if self.done in kill_at:
            raise _Killed

    monkeypatch.setattr(Record, "on_train_batch_end", count)
    for number in (6, 10):
        kill_at.add(number)
        with pytest.raises(_Killed):
            _small(train, {"cache": str(tmp_path)})
    resumed = _small(train, {"cache": str(tmp_path)})
    assert taken == list(range(1, 13))  # no step twice
    for one, two in zip(resumed.kept["model"].weights, whole.kept["model"].weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())
    losses = [[e["eval_loss"] for e in run.history["epochs"]] for run in (resumed, whole)]
    assert losses[0] == losses[1]
    assert not list((tmp_path / "checkpoints").iterdir())


def test_the_rate_moves_and_gradients_are_bounded_as_configured(train: Callable[..., Any]) -> None:
    trained = _small(train, schedule="linear", warmup=0.5, clip_norm=0.25, weight_decay=0.01)
    optimizer = trained.kept["model"].optimizer
    assert type(optimizer).__name__ == "AdamW" and optimizer.global_clipnorm == 0.25
    rate = optimizer._learning_rate
    found = [float(rate(step)) for step in (0, 5, 6, 9, 12)]
    assert found == pytest.approx([0.01 / 6, 0.01, 0.01, 0.005, 0.0], abs=1e-9)
    unbounded = _small(train, sequence={"epochs": 1}).kept["model"].optimizer
    assert unbounded.global_clipnorm == 1.0  # where nothing is said: gradients here jump


def test_a_loss_that_is_no_number_names_its_step(train: Callable[..., Any]) -> None:
    settings = {"sequence": {"learning_rate": 1e30, "epochs": 2}, "schedule": "constant"}
    with pytest.raises(
        FloatingPointError, match=r"in step \d+ \(epoch 1\).*lower the learning rate"
    ):
        _small(train, **settings)


def test_a_warm_start_matches_characters_and_tokens(
    train: Callable[..., Any], trained: Any
) -> None:
    """Only words of a and b now, and e, which is new: ids are others, what they stand for is not."""
    rows = [
        {"word": w, "spoken": " ".join(f"{c.upper()}1" for c in w)}
        for w in ("ab" * (n % 3) + "aeb"[n % 3] for n in range(1, 60))
    ]
    settings = {"sequence": {**SETTINGS, "epochs": 1, "learning_rate": 1e-9}}
    warm = train(
        COLUMNS,
        rows,
        "spoken",
        "sequence",
        [],
        {"word": "text"},
        settings,
        told={"warm_start": trained.saved_model},
    )
    taken = warm.history["warm_start"]
    assert taken["new"] == ["'e'", "token E1"]
    assert sorted(taken["left"]) == ["'c'", "'d'", "token C1", "token D1"]
    import tensorflow as tf

    signature = tf.saved_model.load(warm.saved_model).signatures["serving_default"]
    said = signature(word=tf.constant(["bab", "aab"]))["prediction"].numpy()
    assert [text.decode() for text in said] == ["B1 A1 B1", "A1 A1 B1"]
