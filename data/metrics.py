"""The metric keys used everywhere (configuration, gates, summary.json, reports), and which way is up."""

import difflib
from dataclasses import dataclass

from data.tasks import Task


@dataclass(frozen=True)
class Metric:
    """One metric a model of some task is measured by."""

    key: str
    higher_is_better: bool
    tasks: frozenset[Task]
    per_class: bool = False
    """Also available as `<key>/<class>`."""


_BOTH = frozenset({Task.BINARY, Task.MULTICLASS})
_BINARY = frozenset({Task.BINARY})
_REGRESSION = frozenset({Task.REGRESSION})

METRICS: dict[str, Metric] = {
    metric.key: metric
    for metric in (
        Metric("accuracy", True, _BOTH),
        Metric("precision", True, _BOTH, per_class=True),
        Metric("recall", True, _BOTH, per_class=True),
        Metric("f1", True, _BOTH, per_class=True),
        Metric("auc", True, _BOTH, per_class=True),
        Metric("auc_pr", True, _BOTH, per_class=True),
        Metric("log_loss", False, _BOTH),
        Metric("calibration", True, _BINARY),
        Metric("mse", False, _REGRESSION),
        Metric("rmse", False, _REGRESSION),
        Metric("mae", False, _REGRESSION),
        Metric("r2", True, _REGRESSION),
    )
}


def metrics_for(task: Task) -> list[Metric]:
    """The metrics that mean something for a task, in the order tables show them."""
    return [metric for metric in METRICS.values() if task in metric.tasks]


def find_metric(key: str, task: Task, classes: list[str] | None = None) -> Metric:
    """The metric behind a key such as `auc` or `f1/sneaker`.

    Args:
      key: a metric key, with `/<class>` for one class of a multi-class task.
      task: the task it is asked of.
      classes: the label's classes, where known; checks the part behind the slash.

    Raises:
      ValueError: unknown key, or a metric of another task; the message lists the valid ones.
    """
    name, slash, label = key.partition("/")
    valid = [metric.key for metric in metrics_for(task)]
    metric = METRICS.get(name)
    if metric is None or name not in valid:
        raise ValueError(
            f"no metric '{name}' for task {task.value}.{_hint(name, valid)} Valid: "
            f"{', '.join(valid)}. Received: {key!r}"
        )
    if slash:
        if not metric.per_class or task is not Task.MULTICLASS:
            raise ValueError(
                f"metric '{name}' has no value per class for task {task.value}. Received: {key!r}"
            )
        if not label or (classes is not None and label not in classes):
            known = f"{_hint(label, classes)} Valid: {', '.join(classes)}." if classes else ""
            raise ValueError(f"no class '{label}'.{known} Received: {key!r}")
    return metric


def _hint(name: str, valid: list[str]) -> str:
    near = difflib.get_close_matches(name, valid, n=1)
    return f" Did you mean '{near[0]}'?" if near else ""
