"""pipeline/prepare.py: every mistake of a configuration is found before anything heavy starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config import ConfigError, load
from pipeline.prepare import prepare
from pipeline.prepared import Prepared


def _prepare(shop, *overrides: str) -> Prepared:
    return prepare(load(str(shop.config), list(overrides)), shop.folder / "output")


def test_facts_come_from_schema_and_configuration(shop) -> None:
    prepared = _prepare(shop, "features.visits=ignore")
    assert prepared.classes == ("no", "yes")
    assert prepared.model_columns == ["age", "city"]
    assert {n: f.treatment.value for n, f in prepared.features.items()} == {
        "age": "zscore",
        "visits": "ignore",
        "city": "vocabulary",
    }


def test_the_positive_class_comes_last(shop) -> None:
    assert _prepare(shop, "data.positive=no").classes == ("yes", "no")


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("data.path=gone.csv", ["data.path", "gone.csv"]),
        ("data.schema=gone.pbtxt", ["gone.pbtxt"]),
        ("data.label=sold", ["'sold'", "shop.pbtxt", "bought"]),
        ("data.task=multiclass", []),
        ("data.task=regression", ["regression", "'bought' is text"]),
        ("data.label=city", ["binary", "3 classes", "multiclass"]),
        ("data.positive=maybe", ["'maybe'", "no, yes"]),
        ("features.height=zscore", ["features.height", "no such column", "age"]),
        ("features.city=log", ["features.city", "needs numbers", "vocabulary"]),
        ("features.age=image", ["features.age", "encoded bytes"]),
        ('evaluate.gates=[{metric = "rmse", max = 1}]', ["rmse", "binary", "auc"]),
        ('evaluate.gates=[{metric = "f1/yes", min = 0}]', ["no value per class"]),
        ('evaluate.gates=[{metric = "auc", slice = "town=Bern", min = 0}]', ["town", "city"]),
        ('evaluate.gates=[{metric = "auc", slice = "Bern", min = 0}]', ["column=value"]),
        ('evaluate.gates=[{metric = "auc"}]', ["no bound"]),
        ('evaluate.slices=["town"]', ["town"]),
        ('evaluate.slices=[{column = "city", buckets = [1]}]', ["'city' holds text"]),
        ('evaluate.slices=[{column = "age", buckets = [2, 1]}]', ["rise", "[2.0, 1.0]"]),
        ('evaluate.baseline="2026"', ["evaluate.baseline '2026'", "no such run"]),
        ("data.weight=city", ["data.weight", "'city' is text", "numbers: age, visits"]),
        ("data.weight=wieght", ["'wieght' is no column of the schema", "age, visits"]),
        ("data.weight=bought", ["'bought' is the label"]),
        ("evaluate.weight=visits", ["data.weight = 'visits'"]),
        ('evaluate.gates=[{metric = "auc", min = 0, confidence = 0.999}]', ["at least 2000"]),
    ],
)
def test_a_mistake_is_a_sentence(shop, override: str, words: list[str]) -> None:
    if not words:
        assert _prepare(shop, override).classes == ("no", "yes")
        return
    with pytest.raises(ConfigError) as error:
        _prepare(shop, override)
    for word in words:
        assert word in str(error.value)


def test_the_weight_is_no_input_of_the_model(shop) -> None:
    assert _prepare(shop, "data.weight=visits").model_columns == ["age", "city"]
    with pytest.raises(ConfigError, match=r"features.visits: it is data.weight, and no input"):
        _prepare(shop, "data.weight=visits", "features.visits=log")
    with pytest.raises(ConfigError, match="in exclude"):
        _prepare(shop, "data.weight=visits", 'data.exclude=["visits"]')


def test_every_column_ignored_is_refused(shop) -> None:
    every = [f"features.{name}=ignore" for name in ("age", "visits", "city")]
    with pytest.raises(ConfigError, match="every column is ignored"):
        _prepare(shop, *every)


def test_a_broken_schema_is_named(shop) -> None:
    (shop.folder / "shop.pbtxt").write_text("feature { nme: 3 }")
    with pytest.raises(ConfigError, match=r"shop\.pbtxt is not a schema"):
        _prepare(shop)


def test_content_counts_not_time(shop) -> None:
    before = _prepare(shop).data_fingerprint
    file = shop.folder / "shop.csv"
    file.touch()
    assert _prepare(shop).data_fingerprint == before
    file.write_text(file.read_text() + "30,1,Bern,no\n")
    assert _prepare(shop).data_fingerprint != before


def test_nothing_heavy_is_imported(shop, root: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from pipeline.config import load; "
        "from pipeline.prepare import prepare; from pipeline.fingerprints import node_facts; "
        f"node_facts(prepare(load({str(shop.config)!r}), Path({str(shop.folder)!r}))); "
        "print([m for m in ('tensorflow', 'tfx', 'apache_beam') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
