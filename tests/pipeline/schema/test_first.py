"""pipeline/schema/first.py: a schema nobody named is inferred once, then kept."""

import pytest

from pipeline.config import ConfigError, load
from pipeline.prepare import prepare
from pipeline.prepared import Prepared


def _prepare(shop, *overrides: str) -> Prepared:
    loaded = load(str(shop.config), ['data.schema=""', *overrides])
    return prepare(loaded, shop.folder / "output")


def test_it_is_kept_when_the_data_changes(shop) -> None:
    first = _prepare(shop)
    assert first.classes == ("no", "yes")
    assert first.schema_path == shop.root / "schema.pbtxt"
    file = shop.folder / "shop.csv"
    file.write_text(file.read_text().replace("Bern", "Atlantis"))
    second = _prepare(shop)
    assert second.schema_hash == first.schema_hash
    assert second.data_fingerprint != first.data_fingerprint


def test_data_without_the_label_is_a_sentence(shop) -> None:
    with pytest.raises(ConfigError, match=r"none can be inferred.*sold"):
        _prepare(shop, "data.label=sold")
    assert not (shop.root / "schema.pbtxt").exists()


def test_a_column_that_names_the_split_is_not_in_it(shop) -> None:
    schema = _prepare(shop, "data.split_column=visits").schema_path.read_text()
    assert '"age"' in schema
    assert '"visits"' not in schema
