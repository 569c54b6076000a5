"""How far a column's values have moved between two sets of statistics; no TensorFlow needed.

Categories: L-infinity, the largest change of any one value's share. Numbers: Jensen-Shannon
divergence in bits, 0 for equal distributions, 1 for disjoint ones. Both are the distances of TFDV's
drift comparators; here the share of missing values is compared as well, in percentage points.
A number's distribution is read from both histograms that TFDV keeps, equal widths and tenths. Equal
widths alone, which TFDV compares, mislead where there is a long tail: between random parts of the
taxi trips they find a divergence of up to 0.79 (`trip_miles`), both together at most 0.04.
"""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from components.example_validator.config import DriftSection

LEAST_SHARE = 0.1
"""Neighbouring bins are joined until they hold this share of the rows: below it lies noise."""
_Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Drift:
    """One distance of one column."""

    column: str
    measure: str
    """`L-infinity`, `Jensen-Shannon` or `missing`."""
    distance: float
    threshold: float
    detail: str
    """The value that moved most, or the change of the share of missing values, in words."""

    @property
    def drifted(self) -> bool:
        """Whether the distance is above its threshold."""
        return self.distance > self.threshold

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "drifted": self.drifted}


def compare(before: Any, now: Any, settings: DriftSection) -> list[Drift]:
    """The distances of every column that both sides have, the farthest from its threshold first.

    Args:
      before: DatasetFeatureStatistics of the earlier data.
      now: of today's, usually the same split.
      settings: the thresholds.
    """
    earlier = {name(feature): feature for feature in before.features}
    found = [
        drift
        for feature in now.features
        if name(feature) in earlier
        for drift in _column(earlier[name(feature)], feature, settings)
    ]
    return sorted(found, key=lambda d: (-d.distance / max(d.threshold, 1e-9), d.column))


def name(feature: Any) -> str:
    """The column's name, whichever way the statistics spell it."""
    return str(feature.name or "/".join(feature.path.step))


def l_infinity(before: dict[str, float], now: dict[str, float]) -> tuple[float, str]:
    """The largest change of a value's share, and that value.

    Args:
      before: {value: count}; an empty one is at distance 0, for want of anything to compare.
      now: likewise.
    """
    total_before, total_now = sum(before.values()), sum(now.values())
    if not total_before or not total_now:
        return 0.0, ""
    changes = {
        value: now.get(value, 0) / total_now - before.get(value, 0) / total_before
        for value in sorted({*before, *now})
    }
    value = max(changes, key=lambda key: abs(changes[key]))
    return abs(changes[value]), value if changes[value] else ""


def jensen_shannon(before: list[float], now: list[float]) -> float:
    """Divergence in bits of two distributions over the same bins; they need not add up to 1.

    J. Lin, "Divergence measures based on the Shannon entropy", IEEE Trans. Inf. Theory 37 (1991).
    """
    total_before, total_now = sum(before), sum(now)
    if not total_before or not total_now:
        return 0.0
    divergence = 0.0
    for one, other in zip(before, now, strict=True):
        p, q = one / total_before, other / total_now
        middle = (p + q) / 2
        divergence += sum(x / 2 * math.log2(x / middle) for x in (p, q) if x > 0)
    return max(divergence, 0.0)


def bins_of_both(before: Any, now: Any) -> tuple[list[float], list[float]]:
    """Shares of two NumericStatistics in common bins of at least LEAST_SHARE each."""
    earlier, later = _cumulative(before), _cumulative(now)
    if not earlier or not later:
        return [], []
    edges = sorted({value for value, _ in (*earlier, *later)})
    lower = min(earlier, later, key=lambda points: points[-1][0])
    upper = max(earlier, later, key=lambda points: points[-1][0])
    gap = lower[-1][0] if lower[-1][0] < upper[0][0] else None  # nothing in common: two bins
    first, second = [0.0], [0.0]
    last_first = last_second = 0.0
    for edge in edges:
        one, other = _at(earlier, edge), _at(later, edge)
        first[-1] += one - last_first
        second[-1] += other - last_second
        last_first, last_second = one, other
        full = (first[-1] + second[-1]) / 2 >= LEAST_SHARE - 1e-9
        if full or edge == gap:
            first.append(0.0)
            second.append(0.0)
    return first, second


def _column(before: Any, now: Any, settings: DriftSection) -> Iterable[Drift]:
    kind = now.WhichOneof("stats")
    if kind is None or before.WhichOneof("stats") != kind:
        return
    column = name(now)
    before_stats, now_stats = getattr(before, kind), getattr(now, kind)
    own = settings.columns.get(column)
    if kind == "string_stats":
        distance, value = l_infinity(_counts(before_stats), _counts(now_stats))
        detail = f"most: {value!r}" if value else ""
        threshold = settings.categories if own is None else own
        yield Drift(column, "L-infinity", distance, threshold, detail)
    elif kind == "num_stats":
        distance = jensen_shannon(*bins_of_both(before_stats, now_stats))
        detail = f"mean {before_stats.mean:.4g} → {now_stats.mean:.4g}"
        threshold = settings.numbers if own is None else own
        yield Drift(column, "Jensen-Shannon", distance, threshold, detail)
    then, today = _missing(before_stats), _missing(now_stats)
    if then or today:
        words = f"{then:.1%} → {today:.1%} of the rows"
        yield Drift(column, "missing", abs(today - then), settings.missing, words)


def _counts(stats: Any) -> dict[str, float]:
    return {bucket.label: bucket.sample_count for bucket in stats.rank_histogram.buckets}


def _missing(stats: Any) -> float:
    lacking, present = stats.common_stats.num_missing, stats.common_stats.num_non_missing
    return float(lacking / (lacking + present)) if lacking + present else 0.0


def _cumulative(stats: Any) -> _Points:
    """(value, share of the rows up to it), rising; twice the same value where mass sits on it."""
    points: set[tuple[float, float]] = set()
    for histogram in stats.histograms:
        total = sum(bucket.sample_count for bucket in histogram.buckets)
        if not total:
            continue
        share = 0.0
        for bucket in histogram.buckets:
            if not math.isfinite(bucket.low_value) or not math.isfinite(bucket.high_value):
                continue
            points.add((bucket.low_value, share))
            share = min(share + bucket.sample_count / total, 1.0)
            points.add((bucket.high_value, share))
    highest, rising = 0.0, []
    for value, share in sorted(points):  # the two histograms are estimates: keep the order
        highest = max(highest, share)
        rising.append((value, highest))
    return rising


def _at(points: _Points, value: float) -> float:
    """The share of the rows up to `value`."""
    here = [share for x, share in points if x == value]
    if here:
        return max(here)
    if value < points[0][0]:
        return 0.0
    if value > points[-1][0]:
        return 1.0
    for (low, below), (high, above) in pairwise(points):
        if low < value < high:
            return below + (above - below) * (value - low) / (high - low)
    raise AssertionError("unreachable: the points enclose the value")
