"""The metric keys used everywhere (configuration, gates, summary.json, reports), and which way is up."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from data.tasks import Task


@dataclass(frozen=True)
class Metric:
    """One metric a model of some task is measured by."""

    key: str
    higher_is_better: bool
    tasks: frozenset[Task]
    per_class: bool = False
    """Also available as `<key>/<class>` where there are more than two classes."""
    on_request: frozenset[Task] = frozenset()
    """Tasks that measure it only where the configuration names it: the same number as another
    metric's, or one that few ask for."""
    only_per_class: frozenset[Task] = frozenset()
    """Tasks where it has no value over all classes: `macro_f1` and `micro_f1` are two answers."""


_BINARY = frozenset({Task.BINARY})
_MULTICLASS = frozenset({Task.MULTICLASS})
_MULTILABEL = frozenset({Task.MULTILABEL})
_REGRESSION = frozenset({Task.REGRESSION})
_SEQUENCE = frozenset({Task.SEQUENCE})
_ONE_CLASS = _BINARY | _MULTICLASS
_CLASSES = _ONE_CLASS | _MULTILABEL
_SEVERAL = _MULTICLASS | _MULTILABEL


def _averages(key: str) -> Iterable[Metric]:
    # Of a multi-class task the plain key is the macro average, and the micro average of any of the
    # three is the accuracy.
    yield Metric(f"macro_{key}", True, _SEVERAL, on_request=_MULTICLASS)
    yield Metric(f"micro_{key}", True, _SEVERAL, on_request=_MULTICLASS)
    yield Metric(f"weighted_{key}", True, _SEVERAL, on_request=_SEVERAL)


METRICS: dict[str, Metric] = {
    metric.key: metric
    for metric in (
        Metric("accuracy", True, _ONE_CLASS),
        *(
            Metric(f"top_{k}_accuracy", True, _MULTICLASS, False, _MULTICLASS)
            for k in (2, 3, 5, 10)
        ),
        Metric("hamming_loss", False, _MULTILABEL),
        Metric("subset_accuracy", True, _MULTILABEL),
        *_averages("f1"),
        *_averages("precision"),
        *_averages("recall"),
        Metric("precision", True, _CLASSES, per_class=True, only_per_class=_MULTILABEL),
        Metric("recall", True, _CLASSES, per_class=True, only_per_class=_MULTILABEL),
        Metric("f1", True, _CLASSES, per_class=True, only_per_class=_MULTILABEL),
        Metric("auc", True, _CLASSES, per_class=True),
        Metric("auc_pr", True, _CLASSES, per_class=True),
        Metric("weighted_auc", True, _SEVERAL, on_request=_SEVERAL),
        Metric("weighted_auc_pr", True, _SEVERAL, on_request=_SEVERAL),
        Metric("log_loss", False, _ONE_CLASS),
        Metric("calibration", True, _BINARY),
        Metric("mse", False, _REGRESSION),
        Metric("rmse", False, _REGRESSION),
        Metric("mae", False, _REGRESSION),
        Metric("r2", True, _REGRESSION),
        Metric("edit_distance", False, _SEQUENCE),
        Metric("phoneme_error_rate", False, _SEQUENCE),
        Metric("exact_match", True, _SEQUENCE),
        Metric("bleu", True, _SEQUENCE),
    )
}


def metrics_for(task: Task) -> list[Metric]:
    """The metrics a task is measured by unless told otherwise, in the order tables show them."""
    return [metric for metric in _valid(task) if task not in metric.on_request]


def find_metric(key: str, task: Task, classes: list[str] | None = None) -> Metric:
    """The metric behind a key such as `auc` or `f1/sneaker`.

    Args:
      key: a metric key, with `/<class>` for one class of a multi-class or multi-label task.
      task: the task it is asked of.
      classes: the label's classes, where known; checks the part behind the slash.

    Raises:
      ValueError: unknown key, or a metric of another task; the message lists the valid ones.
    """
    name, slash, label = key.partition("/")
    valid = [metric.key for metric in _valid(task)]
    metric = METRICS.get(name)
    if metric is None or name not in valid:
        raise ValueError(
            f"no metric '{name}' for task {task.value}.{_hint(name, valid)} Valid: "
            f"{', '.join(valid)}. Received: {key!r}"
        )
    if slash:
        if not metric.per_class or task is Task.BINARY:
            raise ValueError(
                f"metric '{name}' has no value per class for task {task.value}. Received: {key!r}"
            )
        if not label or (classes is not None and label not in classes):
            known = f"{_hint(label, classes)} Valid: {', '.join(classes)}." if classes else ""
            raise ValueError(f"no class '{label}'.{known} Received: {key!r}")
    return metric


def find_number(key: str, task: Task, classes: list[str] | None = None) -> Metric:
    """As `find_metric`, of a key that stands for one number, as a gate needs it.

    Raises:
      ValueError: as `find_metric`, or the key stands for several numbers.
    """
    metric = find_metric(key, task, classes)
    if not has_overall_value(key, task):
        raise ValueError(
            f"'{key}' of a {task.value} task is a number per class. Valid: macro_{key}, "
            f"micro_{key}, weighted_{key}, {key}/<class>. Received: {key!r}"
        )
    return metric


def has_overall_value(key: str, task: Task) -> bool:
    """Whether a key stands for one number: not so `f1` of a multi-label task, which has one per
    class."""
    return "/" in key or task not in METRICS[key].only_per_class


def _valid(task: Task) -> list[Metric]:
    return [metric for metric in METRICS.values() if task in metric.tasks]


def _hint(name: str, valid: list[str]) -> str:
    near = difflib.get_close_matches(name, valid, n=1)
    return f" Did you mean '{near[0]}'?" if near else ""
