"""The plots section: ROC, precision-recall, calibration, confusion, residuals, edit distances.

The Evaluator keeps the points in plots.json; here they are thinned out for the page, and the pairs
of classes that are confused most are named, since a matrix of a hundred classes cannot be read.
"""

from typing import Any

from pipeline.reports.facts import Facts

_POINTS = 160
_PAIRS = 20
_SLICES = 12
_DOTS = 600
_CURVES = ("roc", "pr", "calibration")


def build(facts: Facts) -> dict[str, Any]:
    """Keys: `roc`, `pr`, `calibration` (lists of {`class`, `points`, `metric`}, worst class first),
    `confusion`, `per_class` (multi-label: [true negatives, false positives, false negatives, true
    positives]), `residuals`, `distances`, `slices` and `slices_left_out`; empty where there is none.
    """
    whole = facts.plots.get("", {})
    metrics = facts.verdict.get("metrics", {}).get("", {})
    counts = facts.verdict.get("counts", {})
    names = sorted(
        (name for name in facts.plots if name),
        key=lambda name: (-(counts.get(name, {}).get("rows") or 0), name),
    )
    slices = [
        {"slice": name, "rows": counts.get(name, {}).get("rows"), **_curves(facts.plots[name], {})}
        for name in names[:_SLICES]
    ]
    return {
        **_curves(whole, metrics),
        "confusion": _confusion(whole.get("confusion") or {}),
        "per_class": [
            {"class": label, "counts": [cell for row in counted for cell in row]}
            for label, counted in (whole.get("confusion_per_class") or {}).items()
        ],
        "residuals": _residuals(whole.get("residuals") or {}),
        "distances": whole.get("distances") or [],
        "slices": [one for one in slices if any(one[kind] for kind in _CURVES)],
        "slices_left_out": max(len(names) - _SLICES, 0),
    }


def thinned(points: list[list[float]], most: int = _POINTS) -> list[list[float]]:
    """At most so many points, the first and the last among them."""
    if len(points) <= most:
        return points
    step = (len(points) - 1) / (most - 1)
    return [points[round(index * step)] for index in range(most)]


def _curves(plots: dict[str, Any], metrics: dict[str, Any]) -> dict[str, Any]:
    named = {"roc": "auc", "pr": "auc_pr"}
    made: dict[str, Any] = {}
    for kind in _CURVES:
        lines = []
        for label, points in (plots.get(kind) or {}).items():
            if not points:  # one class only: there is no curve
                continue
            key = named.get(kind, "")
            value = metrics.get(f"{key}/{label}" if label else key) if key else None
            kept = [[round(float(v), 5) for v in point] for point in thinned(points)]
            lines.append({"class": label, "points": kept, "metric": value})
        lines.sort(key=lambda line: (line["metric"] is None, line["metric"] or 0.0))
        made[kind] = lines
    return made


def _confusion(found: dict[str, Any]) -> dict[str, Any]:
    classes, weights = found.get("classes", []), found.get("weights", [])
    if not classes or not weights:
        return {}
    totals = [sum(row) for row in weights]
    pairs = [
        {
            "label": classes[row],
            "decision": classes[column],
            "rows": weights[row][column],
            "share": weights[row][column] / totals[row],
        }
        for row in range(len(classes))
        for column in range(len(classes))
        if row != column and weights[row][column] > 0
    ]
    pairs.sort(key=lambda pair: (-pair["rows"], pair["label"], pair["decision"]))
    return {"classes": classes, "weights": weights, "totals": totals, "pairs": pairs[:_PAIRS]}


def _residuals(found: dict[str, Any]) -> dict[str, Any]:
    histogram, sample = found.get("histogram") or [], found.get("sample") or []
    if not histogram and not sample:
        return {}
    return {"histogram": histogram, "sample": thinned(sample, _DOTS)}
