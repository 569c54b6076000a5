"""pipeline/earlier/warm_start.py: which model a training begins with, and that a rerun finds its result."""

import shutil

import pytest

from components.pusher.versions import served
from pipeline.config import ConfigError, load
from pipeline.prepare import prepare
from pipeline.prepared import Prepared

WARM = ("--set", "train.warm_start=true")


def _prepared(shop, *overrides: str) -> Prepared:
    return prepare(load(str(shop.config), list(overrides)), shop.folder / "output")


def test_the_newest_version_begins_once_and_then_nothing_has_changed(shop, capfd) -> None:
    assert shop.run() == 0
    assert shop.last().summary["warm_start"] is None
    assert shop.run(*WARM) == 0
    taken = shop.last().summary["warm_start"]
    assert taken["model"] == str(shop.serving / "1") and taken["taken"] == taken["of"] > 0
    shown = " ".join(capfd.readouterr().out.split())
    assert f"{taken['of']:,} of {taken['of']:,} numbers taken, loss" in shown
    assert shop.states()["Transform"] == "cached" and shop.states()["Trainer"] == "ran"
    assert served(shop.serving) == [1, 2]

    before = len(list((shop.root / "runs").iterdir()))
    assert shop.run(*WARM) == 0
    assert "nothing has changed" in capfd.readouterr().out
    assert len(list((shop.root / "runs").iterdir())) == before
    # Unchanged even when what it began with has been cleared away.
    kept = shop.folder / "kept"
    shutil.move(shop.serving / "1", kept)
    assert shop.run(*WARM) == 0
    assert len(list((shop.root / "runs").iterdir())) == before
    shutil.move(kept, shop.serving / "1")

    # Another training, or the same one on other data, goes on from the newest version.
    second = str(shop.serving / "2")
    again = _prepared(shop, "train.warm_start=true", "train.epochs=3").start
    assert again is not None and str(again.path) == second
    with open(shop.folder / "shop.csv", "a", encoding="utf-8") as file:
        file.write("30,1,Bern,no\n")
    more = _prepared(shop, "train.warm_start=true").start
    assert more is not None and str(more.path) == second

    named = _prepared(shop, f"train.warm_start={shop.serving / '1'}").start
    assert named is not None and named.path == shop.serving / "1"
    trained = min((shop.root / "artifacts" / "Trainer" / "model").iterdir())
    output = _prepared(shop, f"train.warm_start={trained}").start
    assert output is not None and output.path == trained / "Format-Serving"


def test_a_model_that_is_not_there_is_refused_before_anything_runs(shop) -> None:
    assert _prepared(shop).start is None
    assert _prepared(shop, "train.warm_start=false").start is None
    with pytest.raises(
        ConfigError, match="has pushed none to .*Run it once without train.warm_start"
    ):
        _prepared(shop, "train.warm_start=true")
    with pytest.raises(ConfigError, match=r"train.warm_start: no model 'nosuch'\. Valid: blessed"):
        _prepared(shop, "train.warm_start=nosuch")
