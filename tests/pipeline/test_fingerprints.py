"""pipeline/fingerprints.py: which change concerns which node."""

from pipeline.config import load
from pipeline.fingerprints import difference, digest, node_facts
from pipeline.nodes import Facts
from pipeline.prepare import prepare


def _facts(shop, *overrides: str) -> dict[str, Facts]:
    return node_facts(prepare(load(str(shop.config), list(overrides)), shop.folder / "output"))


def _changed(shop, *overrides: str) -> set[str]:
    before, now = _facts(shop), _facts(shop, *overrides)
    return {node for node in before if digest(before[node]) != digest(now[node])}


def test_a_setting_concerns_its_own_nodes(shop) -> None:
    assert _changed(shop, "train.epochs=5") == {"Trainer", "Tuner"}
    assert _changed(shop, "data.split_seed=5") == {"ExampleGen"}
    assert _changed(shop, "validate.stop_at=never") == {"DataGate"}
    assert _changed(shop, "features.age=log") == {"Transform", "LiteExporter"}
    assert _changed(shop, "features.age=ignore") == {
        "Transform",
        "Trainer",
        "Tuner",
        "LiteExporter",
    }
    assert _changed(shop, 'evaluate.slices=["visits"]') == {"Evaluator"}
    assert _changed(shop, "push.directory=/elsewhere") == {"Pusher"}
    assert _changed(shop) == set()


def test_new_data_concerns_ingestion_and_the_manifest(shop) -> None:
    before = _facts(shop)
    file = shop.folder / "shop.csv"
    file.write_text(file.read_text() + "30,1,Bern,no\n")
    now = _facts(shop)
    assert {n for n in before if before[n] != now[n]} == {"ExampleGen", "Pusher"}


def test_ones_own_code_counts(shop, monkeypatch) -> None:
    package = shop.folder / "my_pkg"
    package.mkdir()
    (package / "model.py").write_text("def build(spec): ...")
    monkeypatch.syspath_prepend(str(shop.folder))
    before = _facts(shop, "train.model=my_pkg.model.build")
    (package / "model.py").write_text("def build(spec): return 1")
    now = _facts(shop, "train.model=my_pkg.model.build")
    assert {n for n in before if before[n] != now[n]} == {"Trainer", "Tuner"}
    assert difference(before["Trainer"], now["Trainer"]) == "model changed"


def test_a_difference_is_told_in_few_words() -> None:
    before = {"config train.epochs": "10", "code data": "a", "data": "x", "environment": "e"}
    now = {"config train.epochs": "3", "code data": "b", "data": "y", "environment": "f"}
    words = difference(before, now)
    assert "config train.epochs 10 → 3" in words
    assert "code data changed" in words
    assert words.endswith("and 1 more")
