"""Metric keys: which exist for which task, and what an unknown one is told."""

import pytest

from data.metrics import METRICS, find_metric, metrics_for
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
    }


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
        ("log_loss/a", Task.MULTICLASS, "no value per class"),
        ("f1/", Task.MULTICLASS, "no class ''"),
        ("f1/sneakers", Task.MULTICLASS, "Did you mean 'sneaker'. Valid: sneaker, boot"),
    ],
)
def test_unknown_keys(key: str, task: Task, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_metric(key, task, ["sneaker", "boot"])
