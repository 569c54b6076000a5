"""Which files `data.unlabelled` means, and a run that keeps their rows away from every judge."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import ConfigError, load
from pipeline.prepare import prepare
from pipeline.prepared import Prepared

KEYS = {"ExampleGen": "examples", "Transform": "transformed_examples"}
COLUMNS = ("age", "visits", "city")


def _prepare(shop: Any, *overrides: str) -> Prepared:
    return prepare(load(str(shop.config), list(overrides)), shop.folder / "output")


def _more(shop: Any, rows: list[dict[str, Any]], name: str = "more.csv") -> Path:
    path: Path = shop.folder / name
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_another_file(shop: Any) -> None:
    more = _more(shop, [{"age": 1, "visits": 2, "city": "Bern"}])
    plain, prepared = _prepare(shop), _prepare(shop, "data.unlabelled=more.csv")
    assert plain.unlabelled is None and plain.files == plain.source.files
    assert prepared.unlabelled is not None and prepared.unlabelled.files == (more,)
    assert prepared.data_fingerprint != plain.data_fingerprint
    more.write_text("age,visits,city\n3,4,Rome\n")
    assert _prepare(shop, "data.unlabelled=more.csv").data_fingerprint != prepared.data_fingerprint


def test_a_flat_folder_of_texts_is_texts(tmp_path: Path) -> None:
    for place in ("in/ham/1", "in/spam/2", "more/3"):
        file = tmp_path / f"{place}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("some words")
    (tmp_path / "spam.pbtxt").write_text(
        (Path(__file__).parent.parent.parent / "pipeline/configs/spam.pbtxt").read_text()
    )
    (tmp_path / "spam.toml").write_text(
        'name = "spam"\n[data]\npath = "in"\nlabel = "label"\ntask = "binary"\n'
        'schema = "spam.pbtxt"\nunlabelled = "more"\n[features]\ntext = "text"\n'
    )
    prepared = prepare(load(str(tmp_path / "spam.toml")), tmp_path / "output")
    assert prepared.unlabelled is not None and prepared.unlabelled.format == "texts"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("data.unlabelled=gone.csv", ["data.unlabelled", "gone.csv"]),
        ("data.unlabelled=shop.csv", ["both name", '"empty"']),
    ],
)
def test_a_mistake_is_a_sentence(shop: Any, override: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        _prepare(shop, override)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (' not_in_environment: "SERVING"', "", ["not_in_environment", "'bought'"]),
        (
            'value_count { min: 1 max: 1 }\n  string_domain { value: "no"',
            'shape { dim { size: 1 } }\n  string_domain { value: "no"',
            ["shape", "value_count"],
        ),
    ],
)
def test_a_schema_that_demands_the_label(
    shop: Any, before: str, after: str, words: list[str]
) -> None:
    schema = shop.folder / "shop.pbtxt"
    text = schema.read_text()
    assert before in text
    schema.write_text(text.replace(before, after))
    _prepare(shop)
    with pytest.raises(ConfigError) as caught:
        _prepare(shop, "data.unlabelled=empty")
    assert all(word in str(caught.value) for word in words)


def test_a_first_schema_from_partly_labelled_data(shop: Any) -> None:
    lines = (shop.folder / "shop.csv").read_text().splitlines()
    for number in range(1, 200, 3):
        lines[number] = lines[number].rpartition(",")[0] + ","
    (shop.folder / "shop.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(ConfigError, match="missing in"):
        _prepare(shop, "data.schema=")
    prepared = _prepare(shop, "data.schema=", "data.unlabelled=empty")
    assert prepared.classes == ("no", "yes")
    assert "min_fraction: 1.0" in prepared.schema_path.read_text().partition("bought")[2][:200]


@pytest.mark.slow
def test_a_run(shop: Any, new_rows: Any) -> None:
    """Rows without labels go through statistics and Transform to the Trainer, and no further."""
    import tensorflow as tf

    from pipeline.earlier import lineage

    def rows(node: str, split: str) -> int:
        folder = Path(lineage.outputs(shop.root, shop.last().id)[node][KEYS[node]][-1].uri)
        files = [str(file) for file in (folder / f"Split-{split}").glob("*")]
        return sum(1 for _ in tf.data.TFRecordDataset(files, compression_type="GZIP"))

    _more(shop, new_rows(150, seed=9))
    assert (
        shop.run(
            "--set",
            "data.unlabelled=more.csv",
            "--set",
            "semi.rounds=1",
            "--set",
            "semi.confidence=0.6",
        )
        == 0
    )
    assert rows("ExampleGen", "unlabelled") == rows("Transform", "unlabelled") == 150
    assert sum(rows("ExampleGen", split) for split in ("train", "eval", "test")) == 600
    made = lineage.outputs(shop.root, shop.last().id)
    history = json.loads(Path(made["Trainer"]["model_run"][-1].uri, "history.json").read_text())
    assert history["rows"] == rows("Transform", "train")
    assert history["unlabelled"] == {"rows": 150}
    last = history["semi"]["rounds"][-1]
    assert last["of"] == 150 and 0 < last["taken"] == sum(last["per_class"].values())
    assert shop.last().summary["anomalies"] == []
    report = (shop.root / "runs" / shop.last().id / "report.html").read_text()
    assert "150 without labels" in report and "Pseudo-labels" in report

    # What else is odd in them stops the run: the model would learn from it.
    _more(shop, [{**row, "city": "Atlantis"} for row in new_rows(150, seed=9)])
    assert shop.run("--set", "data.unlabelled=more.csv") == 3
    anomalies = shop.last().summary["anomalies"]
    assert {(row["column"], row["split"]) for row in anomalies} == {("city", "unlabelled")}
