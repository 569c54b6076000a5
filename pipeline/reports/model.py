"""A report as plain data: what report.json holds, and what the page and the Markdown are made of."""

import logging
import math
import time
from collections.abc import Callable
from typing import Any

from pipeline.reports import (
    card,
    clusters,
    columns,
    drift,
    lite,
    metrics,
    nodes,
    plots,
    pretraining,
    slices,
    training,
    tuning,
    verdict,
    worst,
)
from pipeline.reports.facts import Facts

logger = logging.getLogger(__name__)

VERSION = 1
"""Of report.json's form."""

SECTIONS: dict[str, Callable[[Facts], dict[str, Any]]] = {
    "verdict": verdict.build,
    "columns": columns.build,
    "drift": drift.build,
    "tuning": tuning.build,
    "clusters": clusters.build,
    "pretraining": pretraining.build,
    "training": training.build,
    "metrics": metrics.build,
    "slices": slices.build,
    "plots": plots.build,
    "lite": lite.build,
    "worst": worst.build,
    "nodes": nodes.build,
    "card": card.build,
}


def build(facts: Facts) -> dict[str, Any]:
    """Every section. One that cannot be made is None and named in `problems` with the reason."""
    summary = facts.summary
    made: dict[str, Any] = {
        "version": VERSION,
        "run_id": facts.run.id,
        "pipeline": summary.get("pipeline", facts.root.name),
        "status": facts.run.status,
        "seconds": summary.get("seconds"),
        "written": time.strftime("%Y-%m-%d %H:%M:%S"),
        "source": facts.run.request.get("source", ""),
        "overrides": list(facts.run.request.get("overrides", [])),
        "task": facts.task.value if facts.task else "",
        "label": facts.label,
        "data": str(facts.config.get("data.path", "")),
        "problems": [],
    }
    for name, section in SECTIONS.items():
        try:
            made[name] = section(facts)
        except Exception as error:  # one broken artifact must not cost the rest of the report
            logger.exception("the report's section '%s' could not be made", name)
            made[name] = None
            made["problems"].append(f"{name}: {type(error).__name__}: {error}")
    return dict(finite(made))


def finite(value: Any) -> Any:
    """The same with None for numbers that JSON has no words for."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
