"""What reruns ingestion: types, exclusions and splits; not ranges, domains or gates."""

from pathlib import Path

import pytest

from components.example_gen.config import DataSection
from components.example_gen.ingestion import Ingestion, plan

TAXI = Path("pipeline/configs/taxi.pbtxt")


def section(**changes: object) -> DataSection:
    fields = {"path": "a.csv", "label": "y", "task": "binary", **changes}
    return DataSection.model_validate(fields)


def schema(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "s.pbtxt"
    path.write_text(text)
    return path


def test_it_survives_the_journey_to_a_worker(tmp_path: Path) -> None:
    made = plan(section(exclude=["b", "a"], missing=["NA"]), None)
    assert Ingestion.load(made.dump()) == made
    assert made.types == {"y": "BYTES"}
    assert made.exclude == ("a", "b")


def test_a_changed_domain_is_the_same_ingestion(tmp_path: Path) -> None:
    first = plan(section(), schema(tmp_path, 'feature { name: "a" type: INT }'))
    text = 'feature { name: "a" type: INT int_domain { min: 0 } presence { min_count: 1 } }'
    assert plan(section(positive="1"), schema(tmp_path, text)).dump() == first.dump()
    text = text.replace("INT int", "FLOAT int")
    assert plan(section(), schema(tmp_path, text)).dump() != first.dump()


def test_a_class_label_must_be_text(tmp_path: Path) -> None:
    path = schema(tmp_path, 'feature { name: "y" type: INT }')
    with pytest.raises(ValueError, match="label 'y' of a binary task is text.*Received: INT"):
        plan(section(), path)
    assert plan(section(task="regression"), path).types == {"y": "INT"}


def test_the_taxi_schema(root: Path) -> None:
    made = plan(section(label="big_tipper", exclude=["tips"]), root / TAXI)
    assert made.types["big_tipper"] == "BYTES"
    assert made.types["fare"] == "FLOAT"
    assert made.types["trip_start_hour"] == "INT"
