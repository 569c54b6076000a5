"""The data section: rows per split, a line per column with its histogram, and the anomalies."""

import math
from typing import Any

from components.example_validator.drift import name
from pipeline.reports.facts import Facts
from pipeline.reports.wording import number

_TOP = 8
_NAMED = 3
_LONGEST = 60


def build(facts: Facts) -> dict[str, Any]:
    """Keys: `splits`, `columns` (in the order of the first split), `anomalies`."""
    found = facts.statistics
    names = list(dict.fromkeys(name(f) for split in found.values() for f in split.features))
    return {
        "splits": [{"split": key, "rows": int(split.num_examples)} for key, split in found.items()],
        "columns": [column(called, found, facts.label) for called in names],
        "anomalies": facts.summary.get("anomalies", []),
    }


def column(called: str, found: dict[str, Any], label: str) -> dict[str, Any]:
    """One column: keys `name`, `label` (whether it is), `kind`, `splits` ({split: what is told}).

    Args:
      called: its name.
      found: {split: DatasetFeatureStatistics}.
      label: the name of the label.
    """
    by_split = {}
    for split, statistics in found.items():
        feature = next((f for f in statistics.features if name(f) == called), None)
        kind = feature.WhichOneof("stats") if feature is not None else None
        if feature is not None and kind:
            by_split[split] = _one(getattr(feature, kind), kind, int(statistics.num_examples))
    kinds = [str(one["kind"]) for one in by_split.values()]
    return {
        "name": called,
        "label": called == label,
        "kind": kinds[0] if kinds else "unknown",
        "splits": by_split,
    }


def _one(stats: Any, kind: str, rows: int) -> dict[str, Any]:
    common = stats.common_stats
    made: dict[str, Any] = {
        "rows": rows,
        "missing": max(rows - int(common.num_non_missing), 0),
        "unique": None,
        "words": "",
        "bars": [],
    }
    if kind == "num_stats":
        return {**made, "kind": "number", **_numbers(stats)}
    if kind == "string_stats":
        return {**made, "kind": "text", **_texts(stats, int(common.num_non_missing))}
    sizes = f"{number(stats.min_num_bytes)} to {number(stats.max_num_bytes)} bytes"
    words = f"{sizes}, mean {number(round(stats.avg_num_bytes))}" if stats.max_num_bytes else ""
    return {**made, "kind": "bytes", "words": words}


def _numbers(stats: Any) -> dict[str, Any]:
    histogram = next((h for h in stats.histograms if h.type == h.STANDARD), None)
    buckets = histogram.buckets if histogram else ()
    return {
        "min": stats.min,
        "mean": stats.mean,
        "median": stats.median,
        "max": stats.max,
        "deviation": stats.std_dev,
        "zeros": int(stats.num_zeros),
        "words": f"{number(stats.min)} to {number(stats.max)}, median {number(stats.median)}, "
        f"mean {number(stats.mean)} ± {number(stats.std_dev)}",
        "bars": [
            [
                f"{number(b.low_value)} to {number(b.high_value)}: {b.sample_count:,.0f}",
                b.sample_count,
            ]
            for b in buckets
            if math.isfinite(b.sample_count)
        ],
    }


def _texts(stats: Any, present: int) -> dict[str, Any]:
    top = [(value.value, int(value.frequency)) for value in stats.top_values][:_TOP]
    ranked = stats.rank_histogram.buckets
    shown = [f"{_short(value)} ({count / (present or 1):.0%})" for value, count in top[:_NAMED]]
    rest = int(stats.unique) - len(shown)
    more = f" and {rest:,} more" if rest > 0 and shown else ""
    return {
        "unique": int(stats.unique),
        "top": top,
        "words": ", ".join(shown) + more,
        "bars": [
            [f"{_short(b.label)}: {b.sample_count:,.0f}", b.sample_count] for b in ranked[:30]
        ],
    }


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
