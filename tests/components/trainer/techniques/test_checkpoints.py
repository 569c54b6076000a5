"""A killed training goes on where it was, to the same bits; another training finds nothing."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.trainer.techniques.checkpoints import Checkpoints, State, key


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "a", 60)
    arrays = {"w": [np.arange(6.0).reshape(2, 3), np.array(7, np.int64)], "none": []}
    kept.save("fit", State(arrays, {"done": 3, "rng": {"state": 2**127}}))
    found = Checkpoints(tmp_path / "a", 60).load("fit")
    assert found is not None
    assert found.facts == {"done": 3, "rng": {"state": 2**127}}
    assert [a.dtype for a in found.arrays["w"]] == [np.float64, np.int64]
    np.testing.assert_array_equal(found.arrays["w"][0], arrays["w"][0])
    assert kept.load("another") is None
    kept.clear()
    assert kept.load("fit") is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_cut_short_means_from_the_beginning(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, 60)
    kept.save("fit", State({"w": [np.zeros(1000)]}, {}))
    whole = (tmp_path / "fit.npz").read_bytes()
    (tmp_path / "fit.npz").write_bytes(whole[: len(whole) // 2])
    assert kept.load("fit") is None


def test_no_seconds_or_no_folder_keep_nothing(tmp_path: Path) -> None:
    for kept in (Checkpoints(tmp_path / "a", 0), Checkpoints()):
        assert not kept.due()
        kept.save("fit", State({}, {}))
    assert list(tmp_path.iterdir()) == []


def test_the_key_is_that_of_data_and_configuration() -> None:
    assert key({"train": "a"}, ["x"]) == key({"train": "a"}, ["x"])
    assert (
        len({key({"train": "a"}, ["x"]), key({"train": "b"}, ["x"]), key({"train": "a"}, ["y"])})
        == 3
    )


FIT = """
import os, signal, sys
import keras, numpy as np, tensorflow as tf
from components.trainer.columns.building import build_model
from components.trainer.columns import fitting
from components.trainer.techniques.record import Record
from components.trainer.config import TrainSection
from components.trainer.inputs import InputKind, ModelInput
from components.trainer.spec import Spec
from components.trainer.target import target
from components.trainer.techniques.checkpoints import Checkpoints
from components.trainer.techniques.optimizing import Optimizing
from components.trainer.techniques.run import TrainingRun
from data.tasks import Task
from pathlib import Path

class Rows:
    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.x = rng.normal(size=(200, 4)).astype(np.float32)
        self.labels = (self.x @ [1, -2, 0, 1] + rng.normal(size=200)).astype(np.float32)
        self.rows = 200
        self.weights = None
    def _all(self):
        return tf.data.Dataset.from_tensor_slices(({"x": self.x}, self.labels))
    def batches(self, size):
        return self._all().batch(size)
    def shuffled(self, size, seed, skip=0):
        return self._all().shuffle(200, seed=seed).repeat().batch(size, drop_remainder=True).skip(skip)

def fit(folder, kill_at=0, every=1e-9):
    section = TrainSection(hidden=(8,), steps=85, batch_size=10, dropout=0.3, patience=50)
    keras.utils.set_random_seed(0)
    train = Rows(0)
    checkpoints = Checkpoints(Path(folder) if folder else None, every)
    run = TrainingRun(Optimizing.of(section), checkpoints)
    spec = Spec((ModelInput("x", InputKind.NUMBERS, 4),), Task.REGRESSION, (),
                target(train.labels, Task.REGRESSION, []), section, run)
    model = build_model(spec)
    step = Record.on_train_batch_end
    def counted(self, batch, logs=None):
        step(self, batch, logs)
        counted.steps = getattr(counted, "steps", 0) + 1
        if kill_at and counted.steps == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
    Record.on_train_batch_end = counted
    try:
        epochs = fitting.fit(model, spec, train, Rows(1))
    finally:
        Record.on_train_batch_end = step
    return model.get_weights(), epochs, getattr(counted, "steps", 0)
"""


def test_a_training_killed_by_kill_9_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    steps = 33  # in the middle of the second epoch
    program = FIT + textwrap.dedent(f"fit({str(tmp_path / 'kept')!r}, kill_at={steps})")
    killed = subprocess.run([sys.executable, "-c", program], env=os.environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    names: dict[str, Any] = {}
    exec(FIT, names)
    weights, epochs, repeated = names["fit"](tmp_path / "kept", every=3600)
    assert repeated == 85 - steps
    whole, expected, _ = names["fit"](None)
    for one, two in zip(weights, whole, strict=True):
        np.testing.assert_array_equal(one, two)
    assert [e["eval_loss"] for e in epochs] == [e["eval_loss"] for e in expected]
    assert [e["best"] for e in epochs] == [e["best"] for e in expected]


class _Killed(Exception):
    """Stands in for the signal where a whole process is not needed."""


@pytest.mark.parametrize("at", [7, 10, 12])  # of 5 steps an epoch: inside, at an end, inside again
def test_a_phase_of_transfer_learning_goes_on_to_the_same_bits(tmp_path: Path, at: int) -> None:
    whole, expected = _phase(None)
    with pytest.raises(_Killed):
        _phase(Checkpoints(tmp_path, 1e-9), at)
    resumed, history = _phase(Checkpoints(tmp_path, 1e-9))
    for one, two in zip(resumed, whole, strict=True):
        np.testing.assert_array_equal(one, two)
    for found, wanted in zip(history, expected, strict=True):
        assert found["loss"] == pytest.approx(wanted["loss"], rel=1e-6)
        assert found["eval_loss"] == wanted["eval_loss"]
        assert found["best"] == wanted["best"]


def test_a_phase_that_was_over_is_not_repeated(tmp_path: Path) -> None:
    first, expected = _phase(Checkpoints(tmp_path, 3600))
    again, history = _phase(Checkpoints(tmp_path, 3600), kill_at=1)
    assert history == expected
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)


def _phase(
    checkpoints: Checkpoints | None, kill_at: int = 0
) -> tuple[list[Any], list[dict[str, Any]]]:
    import keras

    from components.trainer.heads import HEADS
    from components.trainer.techniques.run import TrainingRun
    from components.trainer.transfer import place
    from components.trainer.transfer.activations import Activations
    from components.trainer.transfer.best import Best
    from components.trainer.transfer.phase import Phase
    from components.trainer.transfer.phases import train
    from components.trainer.transfer.throttle import Throttle
    from data.tasks import Task

    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 70).astype(np.int32)
    plain = (rng.normal(size=(70, 3)) + labels[:, None]).astype(np.float32)
    rows = Activations(plain, plain[:, ::-1].copy(), labels, None)
    head = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dropout(0.3, seed=1),
            keras.layers.Dense(2, kernel_initializer=keras.initializers.GlorotUniform(seed=1)),
        ]
    )
    run = TrainingRun(checkpoints=checkpoints or Checkpoints())
    phase = Phase(
        "head",
        lambda x, training: head(x, training=training),
        head.trainable_variables,
        3,
        0.05,
        16,
        run=run,
        others=head.non_trainable_variables,
    )
    best = Best(phase.variables, "accuracy")
    taken: list[int] = []
    add = place.Place.add

    def counted(self: Any, loss: Any, step: int) -> None:
        if kill_at and len(taken) == kill_at:
            raise _Killed
        taken.append(step)
        add(self, loss, step)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place.Place, "add", counted)
        order = np.random.default_rng(3)
        history = train(
            phase, rows, rows, HEADS[Task.MULTICLASS], best, order, Throttle(lambda event: None)
        )
    best.restore()
    return [variable.numpy() for variable in head.variables], history
