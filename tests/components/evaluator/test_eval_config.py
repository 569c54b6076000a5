"""From `[evaluate]` to TFMA's EvalConfig and back: every gate arrives, nothing unknown passes."""

import pytest
from google.protobuf import json_format
from tensorflow_model_analysis.proto import config_pb2

from components.evaluator import results
from components.evaluator.config import EvaluateSection, Gate
from components.evaluator.eval_config import effective_gates, eval_config, metric_keys
from data.tasks import Task

GATES = (
    Gate(metric="auc", min=0.0, worse_by=0.0),
    Gate(metric="log_loss", max=0.5, worse_by=0.25),
    Gate(metric="auc", slice="zip=60601, kind=a", min=0.5),
    Gate(metric="auc", slice="kind=a", max=1.0),
)


def test_gates_survive_the_journey() -> None:
    config = eval_config(EvaluateSection(gates=GATES), Task.BINARY, "y", ["no", "yes"])
    text = json_format.MessageToJson(config)  # as TFX stores it in MLMD
    found, task = results.gates(json_format.Parse(text, config_pb2.EvalConfig()))
    assert task is Task.BINARY

    def lines(gates: tuple[Gate, ...]) -> set[tuple[object, ...]]:
        return {(g.metric, g.slice, g.min, g.max, g.worse_by) for g in gates}

    canonical = Gate(metric="auc", slice="kind=a, zip=60601", min=0.5)
    assert lines(found) == lines((*GATES[:2], canonical, GATES[3]))


def test_the_same_section_gives_the_same_bytes() -> None:
    """They are part of the cache key."""
    made = {
        eval_config(
            EvaluateSection(gates=GATES), Task.BINARY, "y", ["no", "yes"]
        ).SerializeToString(deterministic=True)
        for _ in range(3)
    }
    assert len(made) == 1


def test_a_number_in_a_text_column_is_sliced_by_column() -> None:
    config = eval_config(EvaluateSection(gates=GATES), Task.BINARY, "y", ["no", "yes"])
    specs = [(list(s.feature_keys), dict(s.feature_values)) for s in config.slicing_specs]
    assert specs == [([], {}), ([], {"kind": "a"}), (["zip"], {"kind": "a"})]


@pytest.mark.parametrize(
    ("task", "classes", "metric"),
    [
        (Task.BINARY, ["no", "yes"], "rmse"),
        (Task.BINARY, ["no", "yes"], "f1/yes"),
        (Task.MULTICLASS, ["a", "b", "c"], "f1/d"),
        (Task.MULTICLASS, ["a", "b", "c"], "accuracy/a"),
        (Task.MULTICLASS, ["a", "b", "c"], "f1/"),
        (Task.REGRESSION, [], "auc"),
        (Task.BINARY, ["no", "yes"], "example_count"),
    ],
)
def test_unknown_metrics_are_errors(task: Task, classes: list[str], metric: str) -> None:
    for section in (
        EvaluateSection(gates=(Gate(metric=metric, min=0),)),
        EvaluateSection(metrics=(metric,)),
    ):
        with pytest.raises(ValueError, match="Received"):
            eval_config(section, task, "y", classes)


def test_a_gate_is_measured_even_if_its_metric_was_not_asked_for() -> None:
    section = EvaluateSection(metrics=("accuracy",), gates=(Gate(metric="f1/b", min=0.5),))
    config = eval_config(section, Task.MULTICLASS, "y", ["a", "b", "c"])
    assert any('"f1/b"' in metric.config for metric in config.metrics_specs[0].metrics)


def test_keys_per_class() -> None:
    section = EvaluateSection(metrics=("f1", "accuracy", "recall/a b/c"))
    keys = metric_keys(section, Task.MULTICLASS, ["a b/c", "é"])
    assert keys == ["f1", "f1/a b/c", "f1/é", "accuracy", "recall/a b/c"]


@pytest.mark.parametrize("task", list(Task))
def test_without_gates_a_model_must_beat_chance(task: Task) -> None:
    [gate] = effective_gates(EvaluateSection(), task)
    assert gate.min is not None or gate.max is not None
