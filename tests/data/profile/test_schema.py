"""The schema that is written, judged by TFDV: good data passes, six kinds of bad do not."""

from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from data.profile.decision import decide
from data.profile.label_decision import decide as decide_label
from data.profile.schema import least_presence, schema_of, text_of
from data.profile.survey import survey
from data.sources import resolve


def rows(count: int = 400) -> list[dict[str, Any]]:
    return [
        {
            "y": "yes" if n % 3 else "no",
            "city": ["Aix", "Rom", "Köln"][n % 3],
            "price": n / 7,
            "rooms": n % 40,
            "gap": n / 3 if n % 2 else None,
        }
        for n in range(count)
    ]


def schema(tmp_path: Path, table: list[dict[str, Any]]) -> schema_pb2.Schema:
    lines = [",".join(table[0])]
    lines += [",".join("" if v is None else str(v) for v in row.values()) for row in table]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    found = survey(resolve("a.csv", tmp_path))
    label = decide_label(found, "y")
    decisions = [decide(column, found) for name, column in found.columns.items() if name != "y"]
    text = text_of(schema_of(found, label, decisions), "What it is.", {"city": "a comment"})
    assert "# a comment\nfeature {" in text
    return text_format.Parse(text, schema_pb2.Schema())


def test_text_and_message_are_the_same(tmp_path: Path) -> None:
    written = schema(tmp_path, rows())
    assert [f.name for f in written.feature] == ["y", "city", "price", "rooms", "gap"]
    assert list(written.default_environment) == ["TRAINING", "SERVING"]
    assert written.feature[1].string_domain.value == ["Aix", "Köln", "Rom"]


@pytest.mark.parametrize(
    ("filled", "total", "least", "most"),
    [(100, 100, 1, 1), (9_999, 10_000, 0.97, 0.99), (5_000, 10_000, 0.4, 0.49), (1, 1000, 0, 0)],
)
def test_presence(filled: int, total: int, least: float, most: float) -> None:
    assert least <= least_presence(filled, total) <= most


def anomalies(table: list[dict[str, Any]], judge: schema_pb2.Schema, where: str = "") -> set[str]:
    tfdv = pytest.importorskip("tensorflow_data_validation")
    pandas = pytest.importorskip("pandas")
    statistics = tfdv.generate_statistics_from_dataframe(pandas.DataFrame(table))
    found = tfdv.validate_statistics(statistics, judge, environment=where or None)
    return set(found.anomaly_info)


def test_tfdv_agrees(tmp_path: Path) -> None:
    good = rows()
    judge = schema(tmp_path, good)
    assert anomalies(good, judge) == set()
    for at in range(0, 400, 40):
        assert anomalies(good[at : at + 40], judge) == set(), "a small split of it is fine too"

    def spoiled(**change: Any) -> list[dict[str, Any]]:
        return [*good, {**good[0], **change}]

    assert anomalies(spoiled(y="maybe"), judge) == {"y"}
    assert anomalies(spoiled(city="Paris"), judge) == {"city"}
    assert anomalies(spoiled(price=float("inf")), judge) == {"price"}
    assert anomalies(spoiled(new=1.5), judge) == {"new"}
    assert anomalies([{**row, "rooms": str(row["rooms"])} for row in good], judge) == {"rooms"}
    without = [{k: v for k, v in row.items() if k != "y"} for row in good]
    assert anomalies(without, judge) == {"y"}
    assert anomalies(without, judge, "SERVING") == set()
