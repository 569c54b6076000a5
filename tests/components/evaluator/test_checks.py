"""Everything wrong with `[evaluate]` that the schema gives away is said before a run."""

from typing import Any

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.evaluator.checks import check
from components.evaluator.config import EvaluateSection
from data.tasks import Task

SCHEMA = text_format.Parse(
    """
    feature { name: "y" type: BYTES string_domain { value: "no" value: "yes" } }
    feature { name: "payment" type: BYTES domain: "kinds" }
    feature { name: "company" type: BYTES string_domain { value: "Blue" }
      distribution_constraints { min_domain_mass: 0.9 } }
    feature { name: "street" type: BYTES }
    feature { name: "hour" type: INT int_domain { min: 0 max: 23 } }
    feature { name: "count" type: INT }
    feature { name: "fare" type: FLOAT }
    feature { name: "photo" type: BYTES image_domain {} }
    string_domain { name: "kinds" value: "Cash" value: "Credit Card" }
    """,
    schema_pb2.Schema(),
)


FARE = {"column": "fare", "buckets": [0, 10, 20]}


def run(section: dict[str, Any], task: Task = Task.BINARY, classes: Any = ("no", "yes")) -> None:
    check(EvaluateSection.model_validate(section), task, "y", list(classes), SCHEMA)


def gate(**settings: Any) -> dict[str, Any]:
    return {"gates": [{"metric": "auc", "min": 0.5, **settings}]}


@pytest.mark.parametrize(
    "section",
    [
        {},
        {"metrics": ["auc", "f1"], "slices": ["payment", ["hour", "street"]]},
        gate(slice="payment=Credit Card"),
        gate(slice="company=Red"),  # the schema lets one in ten be another
        gate(slice="street=Main, 5th, hour=23"),
        gate(slice="count=-7"),
        gate(metric="calibration", max=1.2),
        {"slices": [FARE, ["hour", FARE]], **gate(slice="fare=0..10")},
        {"slices": [{"column": "hour", "buckets": [12]}], **gate(slice="hour=..12")},
    ],
)
def test_fine(section: dict[str, Any]) -> None:
    run(section)


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ({"metrics": ["acuracy"]}, "Did you mean 'accuracy'"),
        (gate(metric="rmse"), "no metric 'rmse' for task binary"),
        (gate(metric="f1/yes"), "no value per class"),
        ({"slices": ["paymnet"]}, "no column 'paymnet'. Did you mean 'payment'? Valid: y, payment"),
        ({"slices": [["hour", "y"]]}, "'y' is the label"),
        ({"slices": ["fare"]}, "'fare' holds fractions"),
        ({"slices": ["photo"]}, "'photo' holds pictures"),
        (gate(slice="fare=0.1"), "'fare' holds fractions"),
        (gate(slice="y=yes"), "'y' is the label"),
        (gate(slice="nosuch=1"), "no column 'nosuch'"),
        (gate(slice="payment=cash"), "lists no 'cash' for 'payment'. Did you mean 'Cash'?"),
        (gate(slice="hour=noon"), "'hour' holds whole numbers. Received: 'noon'"),
        (gate(slice="hour=24"), "'hour' from 0 to 23"),
        (gate(metric="calibration", worse_by=0.1), "best at 1"),
        ({"slices": [FARE], **gate(slice="fare=0..9")}, "Valid: ..0, 0..10, 10..20, 20.."),
        ({"slices": [FARE], **gate(slice="fare=3")}, "no such bucket"),
        ({"slices": [{"column": "street", "buckets": [1]}]}, "'street' holds text"),
    ],
)
def test_refused(section: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as refused:
        run(section)
    assert sentence in str(refused.value)


def test_classes() -> None:
    run({"gates": [{"metric": "f1/b", "min": 0.1}]}, Task.MULTICLASS, ("a", "b", "c"))
    with pytest.raises(ValueError, match="no class 'd'"):
        run({"gates": [{"metric": "f1/d", "min": 0.1}]}, Task.MULTICLASS, ("a", "b", "c"))
    with pytest.raises(ValueError, match="empty name"):
        run({}, Task.MULTICLASS, ("a", "", "c"))


def test_the_presets_pass() -> None:
    from pipeline import config

    for name in config.presets():
        loaded = config.load(name)
        if loaded.schema_path is None or loaded.config.data.task is not Task.BINARY:
            continue
        schema = text_format.Parse(loaded.schema_path.read_text(), schema_pb2.Schema())
        settings = loaded.config
        [label] = [f for f in schema.feature if f.name == settings.data.label]
        classes = list(label.string_domain.value)
        check(settings.evaluate, settings.data.task, settings.data.label, classes, schema)
