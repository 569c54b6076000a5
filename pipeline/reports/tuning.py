"""The tuning section: what a search tried, how each trial did, which settings the Trainer took."""

from collections.abc import Mapping
from typing import Any

from components.tuner import results
from pipeline.reports.facts import Facts

_ENDED = {"complete": "complete", "pruned": "pruned", "budget": "budget spent", "failed": "failed"}


def build(facts: Facts) -> dict[str, Any]:
    """Empty where no Tuner was asked and no values were used again. Else `values` and `from`, what the
    Trainer took; and after a search `algorithm`, `objective`, `higher_is_better`, `parameters`,
    `trials` and their `best`.

    A trial has `number`, `values`, `score`, `epochs`, `seconds`, `state`, `ended` (in words), `why`.
    """
    tuned = facts.summary.get("tuned") or {}
    folder = facts.artifact("Tuner", "tuner_results")
    found = results.read(folder) if folder else {}
    if not found:
        return {"values": tuned["values"], "from": tuned["from"], "trials": []} if tuned else {}
    trials = [_trial(each) for each in found["trials"]]
    return {
        "values": tuned.get("values", {}),
        "from": tuned.get("from", ""),
        "algorithm": found["algorithm"],
        "objective": found["objective"],
        "higher_is_better": found["higher_is_better"],
        "parameters": found["parameters"],
        "trials": trials,
        "best": found["best"],
        "seconds": sum(trial["seconds"] for trial in trials),
        "counts": {
            word: sum(trial["state"] == state for trial in trials) for state, word in _ENDED.items()
        },
    }


def _trial(each: Mapping[str, Any]) -> dict[str, Any]:
    again = f"; again from {each['again']}" if each["again"] else ""
    return {
        "number": each["number"],
        "values": each["values"],
        "score": each["score"],
        "epochs": len(each["curve"]),
        "seconds": each["seconds"],
        "state": each["state"],
        "ended": _ENDED[each["state"]] + again,
        "why": each["why"],
    }


def score_range(section: Mapping[str, Any]) -> tuple[float, float] | None:
    """The scores that charts show: those of trials that were not pruned, as a wild one would press all
    others together; None where there is no score."""
    scored = [trial for trial in section["trials"] if trial["score"] is not None]
    whole = [trial for trial in scored if trial["state"] != "pruned"] or scored
    scores = [trial["score"] for trial in whole]
    return (min(scores), max(scores)) if scores else None


def best_so_far(section: Mapping[str, Any]) -> list[list[float]]:
    """[trial, best score until then]; a pruned trial is never the best."""
    better = max if section["higher_is_better"] else min
    points: list[list[float]] = []
    for trial in section["trials"]:
        scores = [points[-1][1]] if points else []
        if trial["score"] is not None and trial["state"] != "pruned":
            scores.append(trial["score"])
        if scores:
            points.append([trial["number"], better(scores)])
    return points
