"""The section of smaller models: every file made of the model, beside it, with what it lost."""

from typing import Any

from pipeline.reports.facts import Facts


def build(facts: Facts) -> dict[str, Any]:
    """Keys: `lines` (as in lite.json), `metrics` (their names), `rows`; empty without any file."""
    told = facts.summary.get("lite") or {}
    if not told:
        return {}
    lines = told["models"]
    return {"lines": lines, "metrics": list(lines[0]["metrics"]), "rows": told["rows"]}
