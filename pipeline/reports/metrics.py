"""The metrics section: every metric of the test split beside the baseline's; per class a table."""

from typing import Any

from data.metrics import METRICS
from pipeline.reports.facts import Facts


def build(facts: Facts) -> dict[str, Any]:
    """Keys: `rows`, `overall`, `per_class` (`keys`, `lines`), `no_baseline`.

    `interval` and `difference` (of a value, and of its change) are 95 % intervals, None where the
    evaluation drew none.
    """
    judged = facts.verdict
    values = judged.get("metrics", {}).get("", {}) or facts.summary.get("metrics", {}).get(
        "test", {}
    )
    before = judged.get("baseline", {}).get("", {})
    intervals = judged.get("intervals", {}).get("", {})
    differences = judged.get("differences", {}).get("", {})
    overall = [
        {
            **compared(key, value, before.get(key), intervals.get(key)),
            "difference": differences.get(key),
        }
        for key, value in values.items()
        if "/" not in key
    ]
    return {
        "rows": judged.get("counts", {}).get("", {}).get("rows"),
        "overall": overall,
        "per_class": _per_class(values, before, facts.classes),
        "no_baseline": judged.get("no_baseline", ""),
    }


def compared(
    key: str, value: float | None, before: float | None, interval: Any = None
) -> dict[str, Any]:
    """A metric beside the value to compare with; `better` is None where they are equal."""
    change = None if value is None or before is None else value - before
    higher = higher_is_better(key)
    return {
        "key": key,
        "value": value,
        "interval": interval,
        "baseline": before,
        "change": change,
        "better": None if not change or higher is None else (change > 0) == higher,
    }


def higher_is_better(key: str) -> bool | None:
    """Which way is up; None for a metric that is neither (calibration, or one of one's own)."""
    metric = METRICS.get(key.partition("/")[0])
    return None if metric is None or metric.key == "calibration" else metric.higher_is_better


def _per_class(
    values: dict[str, Any], before: dict[str, Any], classes: list[str]
) -> dict[str, Any]:
    keys = list(dict.fromkeys(key.partition("/")[0] for key in values if "/" in key))
    named = [key.partition("/")[2] for key in values if "/" in key]
    order = [label for label in classes if label in set(named)] or list(dict.fromkeys(named))
    return {
        "keys": keys,
        "lines": [
            {
                "class": label,
                "values": [
                    compared(key, values.get(f"{key}/{label}"), before.get(f"{key}/{label}"))
                    for key in keys
                ],
            }
            for label in order
        ],
    }
