"""The section of clusters: their sizes, labels and what is special, with the rows in their middles."""

from typing import Any

from pipeline.reports.facts import Facts
from pipeline.reports.worst import picture

_MOST = 3


def build(facts: Facts) -> dict[str, Any]:
    """Keys: those of history.json's `clusters`, where each of `clusters` has besides `number`, `share` (of
    all rows) and `mix` (the most frequent labels, in words), and pictures are data URIs. Empty
    without any.
    """
    told = facts.training.get("clusters", {})
    if not told:
        return {}
    rows = told["rows"]
    lines = [
        {
            **each,
            "number": number,
            "share": each["size"] / rows if rows else 0.0,
            "mix": _mix(each["labels"], each["labelled"]),
            "nearest": [{**row, "picture": picture(row.get("picture"))} for row in each["nearest"]],
        }
        for number, each in enumerate(told["clusters"], 1)
    ]
    return {**told, "clusters": lines}


def _mix(labels: dict[str, float], labelled: int) -> str:
    """`no 80 %, yes 20 %`, or mean and deviation of numbers."""
    if not labels or not labelled:
        return "–"
    if set(labels) == {"mean", "deviation"}:
        return f"mean {labels['mean']:.4g}, deviation {labels['deviation']:.4g}"
    first = sorted(labels.items(), key=lambda pair: -pair[1])
    words = [f"{name} {100 * rows / labelled:.0f} %" for name, rows in first[:_MOST] if rows]
    return ", ".join(words) + (", …" if sum(1 for _, rows in first if rows) > _MOST else "")
