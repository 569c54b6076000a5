"""The drift section: how far this run's data is from that of the last run on other data."""

from typing import Any

from components.example_validator.config import DriftSection
from components.example_validator.drift import compare
from pipeline.earlier import history
from pipeline.reports.facts import Facts, artifact, statistics


def build(facts: Facts) -> dict[str, Any]:
    """Keys: `against` (a run id, or empty), `whose` data that is, `why_not`, `split`, `rows` (of
    distances), `drifted`."""
    own = artifact(facts.run, "StatisticsGen", "statistics")
    against = _other_data(facts)
    empty: dict[str, Any] = {"against": "", "whose": "", "split": "", "rows": [], "drifted": 0}
    if own is None:
        return {**empty, "why_not": "The run made no statistics."}
    if against is None:
        same = facts.previous and artifact(facts.previous, "StatisticsGen", "statistics")
        why = "Every earlier run had the same data." if same else "There is no earlier run."
        return {**empty, "why_not": why}
    before = statistics(artifact(against, "StatisticsGen", "statistics"))
    split = next((name for name in facts.statistics if name in before), "")
    if not split:
        return {**empty, "why_not": f"Run {against.id} has no split in common with this one."}
    rows = compare(before[split], facts.statistics[split], thresholds(facts.config))
    return {
        "against": against.id,
        "whose": "the last one on other data",
        "why_not": "",
        "split": split,
        "rows": [row.as_dict() for row in rows],
        "drifted": sum(row.drifted for row in rows),
    }


def thresholds(config: dict[str, Any]) -> DriftSection:
    """`[validate.drift]` out of a flat configuration."""
    prefix = "validate.drift."
    own = {key.removeprefix(prefix): v for key, v in config.items() if key.startswith(prefix)}
    columns = {
        key.removeprefix("columns."): value
        for key, value in own.items()
        if key.startswith("columns.")
    }
    plain = {key: value for key, value in own.items() if not key.startswith("columns")}
    return DriftSection.model_validate({**plain, "columns": columns})


def _other_data(facts: Facts) -> history.Run | None:
    """The newest earlier run whose statistics are other files than this run's."""
    own = artifact(facts.run, "StatisticsGen", "statistics")
    for run in history.runs(facts.root):
        found = artifact(run, "StatisticsGen", "statistics")
        if run.id < facts.run.id and found is not None and found != own:
            return run
    return None
