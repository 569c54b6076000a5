"""Metric keys: which exist for which task, and what an unknown one is told."""

import pytest

from data.metrics import METRICS, find_metric, find_number, has_overall_value, metrics_for
from data.tasks import Task


@pytest.mark.parametrize("task", list(Task))
def test_every_metric_of_a_task_is_found_by_its_key(task: Task) -> None:
    assert metrics_for(task)
    for metric in metrics_for(task):
        assert find_metric(metric.key, task) is metric


def test_losses_go_down() -> None:
    assert {key for key, metric in METRICS.items() if not metric.higher_is_better} == {
        "log_loss",
        "mse",
        "rmse",
        "mae",
        "hamming_loss",
        "edit_distance",
        "phoneme_error_rate",
    }


def test_averages_have_names_where_one_key_would_be_two_answers() -> None:
    assert has_overall_value("f1", Task.MULTICLASS) and has_overall_value("f1", Task.BINARY)
    assert not has_overall_value("f1", Task.MULTILABEL) and has_overall_value(
        "f1/a", Task.MULTILABEL
    )
    assert find_number("f1/a", Task.MULTILABEL, ["a"]).key == "f1"
    with pytest.raises(ValueError, match="Valid: macro_f1, micro_f1, weighted_f1, f1/<class>"):
        find_number("f1", Task.MULTILABEL, ["a"])


def test_what_repeats_another_number_is_measured_on_request() -> None:
    keys = {metric.key for metric in metrics_for(Task.MULTICLASS)}
    assert "micro_f1" not in keys and find_metric("micro_f1", Task.MULTICLASS).higher_is_better


@pytest.mark.parametrize("label", ["sneaker", "T-shirt/top", "é ü", " ", "f1/f1"])
def test_classes_may_have_any_name(label: str) -> None:
    assert find_metric(f"f1/{label}", Task.MULTICLASS, [label, "other"]).key == "f1"


@pytest.mark.parametrize(
    ("key", "task", "message"),
    [
        ("acuracy", Task.BINARY, "Did you mean 'accuracy'.*Received: 'acuracy'"),
        ("rmse", Task.BINARY, "no metric 'rmse' for task binary. Valid: accuracy, "),
        ("auc", Task.REGRESSION, "Valid: mse, rmse, mae, r2"),
        ("", Task.BINARY, "no metric ''"),
        ("f1/yes", Task.BINARY, "no value per class for task binary"),
        ("f1/", Task.BINARY, "no value per class"),
        ("f1", Task.SEQUENCE, "Valid: edit_distance, phoneme_error_rate, exact_match, bleu"),
        ("hamming_loss", Task.MULTICLASS, "no metric 'hamming_loss' for task multiclass"),
        ("log_loss/a", Task.MULTICLASS, "no value per class"),
        ("f1/", Task.MULTICLASS, "no class ''"),
        ("f1/sneakers", Task.MULTICLASS, "Did you mean 'sneaker'. Valid: sneaker, boot"),
    ],
)
def test_unknown_keys(key: str, task: Task, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_metric(key, task, ["sneaker", "boot"])
