"""`transform.preprocessing`: one's own function instead of ours, and what it may return."""

import json
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

from data.import_path import ImportPathError


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """An importable module `mine`."""
    made = types.ModuleType("mine")
    monkeypatch.setitem(sys.modules, "mine", made)
    return made


def _run(path: str) -> dict[str, Any]:
    import tensorflow as tf

    from components.transform.preprocessing import preprocessing_fn

    inputs = {"x": tf.constant([1.0, 2.0]), "label": tf.constant(["b", "a"])}
    config = {
        "features": "{}",
        "label": "label",
        "classes": json.dumps(["a", "b"]),
        "preprocessing": path,
    }
    return preprocessing_fn(inputs, config)


def test_features_are_its_own_and_the_label_may_be_ours(module: Any) -> None:
    module.fn = lambda inputs, custom_config: {"half": inputs["x"] / 2}
    found = _run("mine.fn")
    assert found["half"].numpy().tolist() == [0.5, 1.0]
    assert found["label"].numpy().tolist() == [1, 0]


def test_the_label_may_be_its_own_too(module: Any) -> None:
    module.fn = lambda inputs, custom_config: {"half": inputs["x"] / 2, "label": inputs["x"]}
    assert _run("mine.fn")["label"].numpy().tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda inputs, config: None,
            r"'mine.fn' should return \{name: tensor\}. Received: NoneType",
        ),
        (lambda inputs, config: [1], r"Received: list \[1\]"),
        (lambda inputs, config: {}, r"Received: dict \{\}"),
        (lambda inputs, config: {"x": 3.0}, r"Received: 'x': float 3.0"),
        (lambda inputs, config: {1: inputs["x"]}, r"Received: 1: "),
    ],
)
def test_wrong_returns(module: Any, function: Callable[..., Any], message: str) -> None:
    module.fn = function
    with pytest.raises(TypeError, match=message):
        _run("mine.fn")


def test_a_path_that_leads_nowhere() -> None:
    message = r"transform\.preprocessing: there is no module 'no_such_package'"
    with pytest.raises(ImportPathError, match=message):
        _run("no_such_package.fn")


def test_numeric_treatment_of_text() -> None:
    import tensorflow as tf

    from components.transform.by_configuration import preprocess
    from components.transform.config import Feature

    features = {"word": Feature.model_validate(["vocabulary", "log"])}
    with pytest.raises(ValueError, match=r"features\.word: 'log' needs numbers"):
        preprocess({"word": tf.constant(["a"])}, features)


def test_two_features_of_one_name() -> None:
    import tensorflow as tf

    from components.transform.by_configuration import preprocess
    from components.transform.config import Feature

    features = {
        "fare/log": Feature.model_validate("raw"),
        "fare": Feature.model_validate(["log", "raw"]),
    }
    inputs = {name: tf.constant([1.0]) for name in features}
    with pytest.raises(ValueError, match=r"features\.fare: .* feature 'fare/log'"):
        preprocess(inputs, features)
