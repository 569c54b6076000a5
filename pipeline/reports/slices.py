"""The slices section: one table of every slice and metric, beside all rows and the baseline."""

import re
from typing import Any

from pipeline.reports.facts import Facts
from pipeline.reports.metrics import compared


def build(facts: Facts) -> dict[str, Any]:
    """Keys: `keys` (metrics), `lines`: `slice` (empty: all rows), `rows`, `values`.

    A value says how it differs from all rows (`overall`) as well as from the baseline's slice.
    """
    judged = facts.verdict
    measured = judged.get("metrics", {})
    whole = measured.get("", {})
    keys = [key for key in whole if "/" not in key]
    lines = [
        {
            "slice": name,
            "rows": judged.get("counts", {}).get(name, {}).get("rows"),
            "values": [
                {
                    **compared(
                        key,
                        values.get(key),
                        judged.get("baseline", {}).get(name, {}).get(key),
                        judged.get("intervals", {}).get(name, {}).get(key),
                    ),
                    "overall": _less(values.get(key), whole.get(key)) if name else None,
                }
                for key in keys
            ],
        }
        for name, values in sorted(measured.items(), key=lambda item: _natural(item[0]))
    ]
    return {"keys": keys, "lines": lines, "count": sum(line["slice"] != "" for line in lines)}


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Sorts `hour=2` before `hour=10`, and all rows before everything."""
    parts = re.split(r"(\d+)", name) if name else []
    return [(1, int(p), "") if p.isascii() and p.isdigit() else (0, 0, p) for p in parts]


def _less(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other
