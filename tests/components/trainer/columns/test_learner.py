"""The learner of columns under reduced precision: what is reduced, what is not, and what it costs."""

from typing import Any

import numpy as np
import pytest

from components.trainer.config import TrainSection
from data.tasks import Task

SECTION = TrainSection(steps=100, batch_size=32, hidden=(16,), learning_rate=0.02, dropout=0.0)


class _Rows:
    """Two classes that overlap, so that nobody can be right always; with ExampleFiles' face."""

    weights = None

    def __init__(self, count: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._x = rng.normal(size=(count, 2)).astype(np.float32)
        chance = 1 / (1 + np.exp(-4 * self._x[:, 0] * (self._x[:, 1] + 1)))
        self.labels = (rng.random(count) < chance).astype(np.float32)
        self.rows = count

    def _dataset(self) -> Any:
        import tensorflow as tf

        return tf.data.Dataset.from_tensor_slices(({"x": self._x}, self.labels))

    def batches(self, size: int) -> Any:
        return self._dataset().batch(size)

    def shuffled(self, size: int, seed: int, skip: int = 0) -> Any:
        order = self._dataset().shuffle(self.rows, seed=seed).repeat()
        return order.batch(size, drop_remainder=True).skip(skip)


def _learn(policy: str, seed: int = 0) -> Any:
    import keras

    from components.trainer.columns.learner import learn
    from components.trainer.inputs import InputKind, ModelInput
    from components.trainer.spec import Spec
    from components.trainer.target import target

    keras.utils.set_random_seed(seed)
    train: Any = _Rows(600, 0)
    evaluation: Any = _Rows(400, 1)
    settings = SECTION.model_copy(update={"precision": policy, "seed": seed})
    classes = ("no", "yes")
    start = target(train.labels, Task.BINARY, list(classes))
    entry = ModelInput("x", InputKind.NUMBERS, 2)
    return learn(Spec((entry,), Task.BINARY, classes, start, settings), train, evaluation)


@pytest.mark.parametrize(
    ("policy", "reduced", "scaled"),
    [
        ("float32", "float32", False),
        ("mixed_float16", "float16", True),
        ("mixed_bfloat16", "bfloat16", False),
    ],
)
def test_layers_compute_in_the_policy_s_type_and_the_answer_is_float32(
    policy: str, reduced: str, scaled: bool
) -> None:
    import keras

    learned = _learn(policy)
    dense = [layer for layer in learned.model.layers if isinstance(layer, keras.layers.Dense)]
    assert [layer.compute_dtype for layer in dense] == [reduced, "float32"]
    assert {variable.dtype for variable in learned.model.trainable_variables} == {"float32"}
    assert learned.model.output.dtype == "float32"
    assert isinstance(learned.model.optimizer, keras.optimizers.LossScaleOptimizer) is scaled
    assert learned.history["precision"]["policy"] == policy
    assert keras.config.dtype_policy().name == "float32"


def test_what_is_measured_is_the_same_within_noise() -> None:
    """Over three seeds; in a pair the first weights and the rows are the same."""

    def best(policy: str, seed: int) -> list[float]:
        kept = [epoch for epoch in _learn(policy, seed).history["epochs"] if epoch["best"]][-1]
        return [kept["eval_loss"], kept["eval_auc"]]

    full = np.array([best("float32", seed) for seed in range(3)])
    assert (full[:, 1] > 0.8).all()
    for policy in ("mixed_float16", "mixed_bfloat16"):
        less = np.array([best(policy, seed) for seed in range(3)])
        np.testing.assert_allclose(less, full, atol=0.01)
        assert not np.array_equal(less, full)  # it was in effect
