"""Policies by name and by measurement, and that a chosen one reaches the layers made under it."""

import keras
import numpy as np
import pytest

from components.trainer import precision
from components.trainer.precision import MARGIN, choose_precision, measure_speedup, policy_scope


@pytest.mark.parametrize("name", precision.POLICIES)
def test_a_named_policy_is_taken_without_measuring(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(precision, "measure_speedup")
    choice = choose_precision(name)
    assert (choice.policy, choice.speedup) == (name, None)


@pytest.mark.parametrize(("speedup", "reduced"), [(0.6, False), (1.05, False), (2.0, True)])
def test_auto_takes_what_measures_clearly_faster(
    speedup: float, reduced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "measure_speedup", lambda policy: speedup)
    choice = choose_precision("auto")
    assert (choice.policy != "float32") is reduced
    assert choice.speedup == speedup
    assert f"{speedup:.2f} times as fast" in choice.reason


def test_the_measurement_is_real_and_auto_agrees_with_it() -> None:
    assert 0.01 < measure_speedup("mixed_bfloat16") < 100
    choice = choose_precision("auto")
    assert choice.speedup is not None
    assert (choice.policy != "float32") is (choice.speedup >= MARGIN)


def test_an_unknown_policy_lists_the_valid_ones() -> None:
    with pytest.raises(ValueError, match="Valid: auto, float32, mixed_float16, mixed_bfloat16"):
        choose_precision("int8")


def test_a_policy_holds_inside_its_scope_only() -> None:
    before = keras.config.dtype_policy().name
    with policy_scope("mixed_float16"):
        layer = keras.layers.Dense(2)
        output = layer(np.ones((1, 3), np.float32))
    assert layer.compute_dtype == "float16"
    assert layer.kernel.dtype == "float32"
    assert output.dtype.name == "float16"
    with pytest.raises(RuntimeError), policy_scope("mixed_bfloat16"):
        raise RuntimeError
    assert keras.config.dtype_policy().name == before
