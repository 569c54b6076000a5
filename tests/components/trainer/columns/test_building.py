"""Models named in the configuration: what is taken, and what is refused in one sentence."""

import sys
import types
from typing import Any

import pytest

from components.trainer.config import TrainSection
from data.import_path import ImportPathError
from data.tasks import Task


def _spec(path: str, task: Task = Task.BINARY) -> Any:
    from components.trainer.inputs import InputKind, ModelInput
    from components.trainer.spec import Spec
    from components.trainer.target import Target

    inputs = (
        ModelInput("fare/log", InputKind.NUMBERS, 2),
        ModelInput("dense", InputKind.CATEGORY, 5),
        ModelInput("größe", InputKind.CATEGORY, 300),
        ModelInput("outputs", InputKind.NUMBERS, 1),
    )
    classes = {Task.BINARY: ("no", "yes"), Task.REGRESSION: ()}.get(task, ("a", "b", "c"))
    several = (-1.0, -2.0, -0.7)
    start = {Task.BINARY: (-2.0,), Task.REGRESSION: (5e6,)}.get(task, several)
    settings = TrainSection(model=path)
    return Spec(inputs, task, classes, Target(start, 1e6), settings)


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """An importable module `mine`."""
    made = types.ModuleType("mine")
    monkeypatch.setitem(sys.modules, "mine", made)
    return made


@pytest.mark.parametrize("task", [task for task in Task if task is not Task.SEQUENCE])
def test_ours_starts_where_the_label_is(task: Task) -> None:
    """With all weights but the head's bias at zero, the outputs are those of the label alone."""
    import numpy as np

    from components.trainer.columns.building import build_model

    spec = _spec("", task)
    model = build_model(spec)
    for weight in model.weights:
        if len(weight.shape) == 2:
            weight.assign(np.zeros(weight.shape))
    batch = {
        "fare/log": np.ones((3, 2), np.float32),
        "dense": np.array([0, 1, 4]),
        "größe": np.array([0, 1, 299]),
        "outputs": np.ones((3, 1), np.float32),
    }
    np.testing.assert_allclose(model(batch).numpy(), [spec.target.start] * 3, rtol=1e-6)


def test_no_warning_about_names(recwarn: pytest.WarningsRecorder) -> None:
    from components.trainer.columns.building import build_model

    build_model(_spec(""))
    assert not [str(w.message) for w in recwarn if "inputs" in str(w.message)]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("build", r"train\.model names a function as module\.function.*Received: 'build'"),
        ("my pkg.build", r"names a function as module\.function"),
        ("no_such_package.sub.build", "there is no module 'no_such_package'"),
        ("components.no_such_module.build", r"there is no module 'components\.no_such_module'"),
        ("mine.biuld", "module 'mine' has no 'biuld'. Did you mean 'build'?"),
        ("mine.number", r"'mine\.number' should be a function. Received: int 3"),
    ],
)
def test_paths_that_lead_nowhere(module: Any, path: str, message: str) -> None:
    from components.trainer.columns.building import build_model

    module.build = lambda spec: None
    module.number = 3
    with pytest.raises(ImportPathError, match=message):
        build_model(_spec(path))


def test_what_a_module_lacks_itself_is_its_own_error(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from components.trainer.columns.building import build_model

    (tmp_path / "needs_more.py").write_text("import not_installed_at_all\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="not_installed_at_all"):
        build_model(_spec("needs_more.build"))


def test_what_is_no_model(module: Any) -> None:
    from components.trainer.columns.building import build_model

    module.build = lambda spec: [1, 2]
    with pytest.raises(
        TypeError, match=r"'mine.build' should return a keras\.Model.*list \[1, 2\]"
    ):
        build_model(_spec("mine.build"))


def test_inputs_that_are_no_features(module: Any) -> None:
    import keras

    from components.trainer.columns.building import build_model

    def build(spec: Any) -> keras.Model:
        entry = keras.Input((2,), name="fare")
        return keras.Model({"fare": entry}, keras.layers.Dense(1)(entry))

    module.build = build
    with pytest.raises(ValueError, match=r"features among fare/log, dense, .*Received: \['fare'\]"):
        build_model(_spec("mine.build"))


def test_outputs_of_the_wrong_width(module: Any) -> None:
    import keras

    from components.trainer.columns.building import build_model

    def build(spec: Any) -> keras.Model:
        entries = spec.keras_inputs()
        return keras.Model(entries, keras.layers.Dense(7)(spec.encoded(entries)))

    module.build = build
    message = r"\(batch, 3\) for task multiclass. Received: \(None, 7\)"
    with pytest.raises(ValueError, match=message):
        build_model(_spec("mine.build", Task.MULTICLASS))
