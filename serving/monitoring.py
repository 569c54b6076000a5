"""Counters, histograms and gauges under TF Serving's names, and the Prometheus page of them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

_NOT_NAME = re.compile(r"[^a-zA-Z0-9_]")
_LONGEST_LABEL = 256
_MOST_COMBINATIONS = 10_000
_NOT_LABEL = re.compile(r"[^a-zA-Z0-9]")


def _exponential(start: float, factor: float, count: int) -> list[float]:
    limits = []
    for _ in range(count):
        limits.append(start)
        start *= factor
    return limits


def _label_text(names: Sequence[str], values: Sequence[str]) -> str:
    pairs = []
    for name, value in zip(names, values, strict=True):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        pairs.append(f'{_NOT_LABEL.sub("_", name)}="{escaped}"')
    return ",".join(pairs)


class Metric:
    """A named metric with label names; `path` is TF Serving's internal name with slashes."""

    kind = "untyped"

    def __init__(self, path: str, *labels: str) -> None:
        self.path = path
        self.labels = labels
        REGISTRY[path] = self

    @property
    def name(self) -> str:
        """Name on the Prometheus page: every character outside [A-Za-z0-9_] is a colon."""
        return _NOT_NAME.sub(":", self.path)

    def lines(self) -> list[str]:
        """Sample lines of the page, without the type line."""
        raise NotImplementedError

    def total(self) -> int:
        """First sample as an integer, 0 without one; what ReloadConfigResponse reports."""
        raise NotImplementedError


REGISTRY: dict[str, Metric] = {}


class Counter(Metric):
    """A sum per combination of label values."""

    kind = "counter"

    def __init__(self, path: str, *labels: str) -> None:
        super().__init__(path, *labels)
        self.values: dict[tuple[str, ...], int] = {}

    def add(self, *labels: str, by: int = 1) -> None:
        """Increments the sum of these label values.

        Clients choose some of them, model names of requests that fail: those are cut, and from
        10,000 combinations on they are counted together, as `(other)`.
        """
        if labels not in self.values:
            labels = tuple(label[:_LONGEST_LABEL] for label in labels)
            if len(self.values) >= _MOST_COMBINATIONS and labels not in self.values:
                labels = ("(other)", *labels[1:])
        self.values[labels] = self.values.get(labels, 0) + by

    def lines(self) -> list[str]:
        return [
            f"{self.name}{{{_label_text(self.labels, labels)}}} {value}"
            for labels, value in sorted(self.values.items())
        ]

    def total(self) -> int:
        return next(iter(self.values.values()), 0)


class Gauge(Counter):
    """A last value per combination of label values."""

    kind = "gauge"

    def set(self, *labels: str, to: int) -> None:
        """Replaces the value of these label values."""
        self.values[labels] = to


class Histogram(Metric):
    """Counts in exponential buckets per combination of label values.

    Args:
        path: Internal name.
        labels: Label names.
        buckets: (first limit, factor, number of limits); a bucket without limit follows.
    """

    kind = "histogram"

    def __init__(self, path: str, *labels: str, buckets: tuple[float, float, int]) -> None:
        super().__init__(path, *labels)
        self.limits = _exponential(*buckets)
        self.counts: dict[tuple[str, ...], list[int]] = {}
        self.sums: dict[tuple[str, ...], float] = {}

    def add(self, *labels: str, value: float) -> None:
        """Records one value."""
        counts = self.counts.get(labels)
        if counts is None:
            counts = self.counts[labels] = [0] * (len(self.limits) + 1)
            self.sums[labels] = 0.0
        counts[bisect_right(self.limits, value)] += 1
        self.sums[labels] += value

    def lines(self) -> list[str]:
        out = []
        for labels, counts in sorted(self.counts.items()):
            text = _label_text(self.labels, labels)
            prefix = f"{self.name}_bucket{{{text}{',' if text else ''}"
            cumulative = 0
            for index, count in enumerate(counts):
                cumulative += count
                limit = f"{self.limits[index]:g}" if index < len(self.limits) else "+Inf"
                out.append(f'{prefix}le="{limit}"}} {cumulative}')
            out.append(f"{self.name}_sum{{{text}}} {self.sums[labels]:g}")
            out.append(f"{self.name}_count{{{text}}} {cumulative}")
        return out

    def total(self) -> int:
        return 0


_LATENCY = (10, 1.8, 33)
_SIZES = (1, 2, 15)
_ROOT = "/tensorflow/serving/"
_BATCHING = _ROOT + "batching_session/"

request_count = Counter(_ROOT + "request_count", "model_name", "status")
request_latency = Histogram(
    _ROOT + "request_latency", "model_name", "API", "entrypoint", buckets=_LATENCY
)
runtime_latency = Histogram(
    _ROOT + "runtime_latency", "model_name", "API", "runtime", buckets=_LATENCY
)
request_example_counts = Histogram(_ROOT + "request_example_counts", "model", buckets=_SIZES)
request_example_count_total = Counter(_ROOT + "request_example_count_total", "model")
request_log_count = Counter(_ROOT + "request_log_count", "model_name", "status_code")
model_warmup_latency = Histogram(
    _ROOT + "model_warmup_latency", "model_path", "status", buckets=_LATENCY
)
model_warmup_records_read = Counter(_ROOT + "model_warmup_records_read", "model_path", "status")
mlmd_map = Gauge(_ROOT + "mlmd_map", "model_name", "version")
queuing_latency = Histogram(
    _BATCHING + "queuing_latency", "thread_pool_name", buckets=(100, 1.2, 52)
)
wrapped_run_count = Counter(_BATCHING + "wrapped_run_count")
padding_size = Histogram(_BATCHING + "padding_size", "execution_batch_size", buckets=_SIZES)
input_batch_size = Histogram(_BATCHING + "input_batch_size", buckets=_SIZES)
processed_batch_size = Histogram(_BATCHING + "processed_batch_size", buckets=_SIZES)


def prometheus_page() -> bytes:
    """All metrics in Prometheus' text format: type lines and samples, no help lines."""
    lines = []
    for path in sorted(REGISTRY):
        metric = REGISTRY[path]
        lines.append(f"# TYPE {metric.name} {metric.kind}")
        lines.extend(metric.lines())
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")
