"""pipeline/tuning.py: what is searched, checked against the configuration before anything runs."""

from pathlib import Path
from typing import Any

import pytest

from components.transform.config import Feature
from pipeline.config import Config, ConfigError
from pipeline.tuning import Search, find_search, searchable

KINDS = {
    "columns": ({"a": "zscore"}, {}),
    "own": ({"a": "image"}, {"model": "my_pkg.build"}),
    "pictures": ({"a": "image"}, {}),
    "text": ({"a": "text"}, {}),
}


def _find(
    features: dict[str, str] | None = None, train: dict[str, Any] | None = None, **tuner: Any
) -> Search | None:
    data = {"path": "x.csv", "label": "y", "task": tuner.pop("task", "binary")}
    section = {"trials": 3, **tuner}
    tree = {"name": "n", "data": data, "train": train or {}, "tuner": section}
    made = {n: Feature.model_validate(f) for n, f in (features or {"a": "zscore"}).items()}
    return find_search(Config.model_validate(tree), made)


def test_without_trials_nothing_is_searched_and_with_reuse_nothing_more() -> None:
    assert _find(trials=0) is None
    assert _find(reuse="last") is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_model_has_a_usual_space(kind: str) -> None:
    features, train = KINDS[kind]
    found = _find(features, train)
    assert found is not None
    assert {one.name for one in found.parameters} <= {*searchable(kind)}
    assert found.objective == ("accuracy" if kind in ("pictures", "text") else "loss")


def test_the_configured_values_are_part_of_the_usual_space() -> None:
    found = _find(train={"learning_rate": 0.5, "hidden": [7], "batch_size": 40, "dropout": 0.9})
    assert found is not None
    by_name = {one.name: one for one in found.parameters}
    assert by_name["train.learning_rate"].high == by_name["train.learning_rate"].default == 0.5
    assert by_name["train.hidden"].choices[-1] == by_name["train.hidden"].default == (7,)
    assert 40 in by_name["train.batch_size"].choices
    assert by_name["train.dropout"].default == 0.9


def test_a_space_of_ones_own_is_kept_as_it_is() -> None:
    space = {
        "train.learning_rate": {"min": 0.01, "max": 0.1, "log": True},
        "train.epochs": {"min": 2, "max": 4},
        "train.hidden": {"choices": [[4], [8, 8]]},
        "train.dropout": {"choices": [0, 0.5]},
        "train.schedule": {"choices": ["linear", "constant"]},
    }
    found = _find(space=space)
    assert found is not None
    rate, epochs, hidden, dropout, schedule = found.parameters
    assert (rate.kind, rate.low, rate.high, rate.log, rate.default) == (
        *("float", 0.01, 0.1, True, 0.01),  # 0.001, which is configured, lies outside
    )
    assert (epochs.kind, epochs.default) == ("int", 4)
    assert hidden.choices == ((4,), (8, 8)) and hidden.default == (4,)
    assert dropout.choices == (0.0, 0.5) and all(type(c) is float for c in dropout.choices)
    assert schedule.default == "linear"


@pytest.mark.parametrize(
    ("tuner", "message"),
    [
        (
            {"space": {"train.learning_rat": {"min": 1, "max": 2}}},
            r"'train.learning_rat' is no setting.*Did you mean 'train.learning_rate'\? Valid: train.ep",
        ),
        ({"space": {"train.image.dropout": {"min": 0.1, "max": 0.2}}}, r"this model \(columns\)"),
        ({"space": {"train.seed": {"min": 1, "max": 2}}}, "no setting of this model"),
        ({"space": {"data.path": {"choices": ["a"]}}}, "no setting of this model"),
        (
            {"space": {"train.dropout": {"min": 0.1, "max": 2}}},
            'space."train.dropout": .*less than 1',
        ),
        ({"space": {"train.batch_size": {"min": 0.5, "max": 8}}}, r"integer.*Received: 0.5"),
        ({"space": {"train.hidden": {"min": 1, "max": 2}}}, "only numbers have min and max"),
        ({"space": {"train.balance_classes": {"min": 0, "max": 1}}}, "losses that cannot"),
        ({"space": {"train.hidden": {"choices": [[8], [0.5]]}}}, r"Received: \[0.5\]"),
        ({"objective": "f1"}, r"does not measure 'f1'.*Valid: loss, accuracy, auc"),
        ({"objective": "mae", "task": "multiclass"}, "Valid: loss, accuracy$"),
        (
            {"task": "regression", "space": {"train.regression_loss": {"choices": ["huber"]}}},
            "cannot be compared. Leave it out, or set tuner.objective to another: mae",
        ),
    ],
)
def test_mistakes_are_answered_before_the_run(tuner: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        _find(**tuner)


def test_losses_that_differ_can_be_told_apart_by_another_measure() -> None:
    space = {"train.regression_loss": {"choices": ["huber", "absolute"]}}
    found = _find(task="regression", space=space, objective="mae")
    assert found is not None and found.parameters[0].choices == ("huber", "absolute")


def test_a_mistake_in_the_file_names_its_key(tmp_path: Path) -> None:
    from pipeline.config import load

    file = tmp_path / "a.toml"
    file.write_text('name = "n"\n[data]\npath = "x.csv"\nlabel = "y"\ntask = "binary"\n')
    with pytest.raises(ConfigError, match=r"tuner.space.train.dropout: give it a min and a max"):
        load(str(file), ['tuner.space={"train.dropout" = {min = 1}}'])
    with pytest.raises(ConfigError, match=r"tuner.trails: unknown key. Did you mean 'trials'"):
        load(str(file), ["tuner.trails=3"])
