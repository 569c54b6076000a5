"""pipeline/earlier/reuse.py: values of an earlier search, by path and from a real run."""

import json
from pathlib import Path

import pytest

from pipeline.config import ConfigError, load
from pipeline.earlier.reuse import Reused
from pipeline.prepare import prepare


def _reused(shop, name: str) -> Reused | None:
    return prepare(load(str(shop.config), [f"tuner.reuse={name}"]), shop.folder / "output").reused


def _write(place: Path, values: dict[str, object]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"space": [], "values": values}))


def test_a_file_beside_the_configuration_is_found_and_copied_by_content(shop) -> None:
    file = shop.folder / "best.txt"
    _write(file, {"train.dropout": 0.25, "train.hidden": "[8]", "tuner/epochs": 3})
    found = _reused(shop, "best.txt")
    assert found is not None
    assert found.values == {"train.dropout": 0.25, "train.hidden": [8]}
    assert str(found) == "best.txt: dropout 0.25, hidden [8]"
    assert [path.name for path in found.place.iterdir()] == ["best_hyperparameters.txt"]
    _write(file, {"train.dropout": 0.5})
    other = _reused(shop, "best.txt")
    assert other is not None and other.place != found.place


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"train.dropout": 1.5}, "do not fit this configuration: train.dropout"),
        ({"train.hiden": "[8]"}, "do not fit this configuration: train.hiden"),
        ({"learning_rate": 0.1}, "no setting of the Trainer: learning_rate"),
    ],
)
def test_values_of_another_configuration_are_refused(shop, values, message: str) -> None:
    _write(shop.folder / "best.txt", values)
    with pytest.raises(ConfigError, match=message):
        _reused(shop, "best.txt")


def test_nothing_there_is_said(shop) -> None:
    with pytest.raises(ConfigError, match=r"no file .*nowhere.txt. Valid: last, or the path"):
        _reused(shop, "nowhere.txt")
    with pytest.raises(ConfigError, match=r"last search, and there was none under .*shop"):
        _reused(shop, "last")


@pytest.mark.slow
def test_a_search_and_what_later_runs_make_of_it(shop, capsys) -> None:
    """The real thing: search, train with the best; then reuse it; then nothing has changed."""
    quick = ["--set", "infra_validate.enabled=false"]
    tune = [*quick, "--set", "tuner.trials=2", "--set", "train.patience=1"]
    assert shop.run(*tune) == 0
    first = shop.last()
    assert shop.states()["Tuner"] == "ran" and "TunedValues" not in shop.states()
    tuned = first.summary["tuned"]
    assert {*tuned["values"]} >= {"train.learning_rate", "train.hidden"}
    assert (tuned["trials"], tuned["from"]) == (2, f"run {first.id}")
    [manifest] = (shop.serving / "manifests").glob("*.json")
    assert json.loads(manifest.read_text())["tuned"] == tuned["values"]

    assert shop.run(*tune) == 0  # the Tuner too is cached
    assert "nothing has changed" in capsys.readouterr().out

    again = [*quick, "--set", "tuner.reuse=last", "--set", "train.patience=2"]
    assert shop.run(*again, "--plan") == 0
    assert f"takes the values of run {first.id}" in " ".join(capsys.readouterr().out.split())
    assert shop.run(*again) == 0
    second = shop.last()
    assert "Tuner" not in shop.states() and shop.states()["Trainer"] == "ran"
    assert second.summary["tuned"]["values"] == tuned["values"]
    assert second.summary["tuned"]["from"] == f"run {first.id}"
    assert shop.run(*again) == 0
    assert "nothing has changed" in capsys.readouterr().out
