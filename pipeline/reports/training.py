"""The training section: a chart per measure over the epochs, training against evaluation."""

import math
from typing import Any

from pipeline.reports.facts import Facts

_NOT_MEASURES = {"epoch", "steps", "seconds", "rows_per_second", "best", "phase", "size", "policy"}


def build(facts: Facts) -> dict[str, Any]:
    """Keys: `epochs`, `rows`, `unlabelled`, `precision`, `seconds`, `best`, `curves`, `rounds`.

    A curve has a `name`, `train` and `eval` as lists of [epoch, value], and `starts`: the epochs
    (counted through) at which another phase, such as fine-tuning, begins. `rounds` are those of
    pseudo-labels, as history.json has them; the curves are of the best of them.
    """
    training = facts.training
    epochs = [dict(epoch) for epoch in training.get("epochs", [])]
    phases = [str(epoch.get("phase", "")) for epoch in epochs]
    names = list(
        dict.fromkeys(
            key.removeprefix("eval_")
            for epoch in epochs
            for key, value in epoch.items()
            if key not in _NOT_MEASURES and isinstance(value, int | float)
        )
    )
    best = [number for number, epoch in enumerate(epochs, 1) if epoch.get("best")]
    return {
        "epochs": len(epochs),
        "rows": training.get("rows"),
        "unlabelled": training.get("unlabelled", {}).get("rows"),
        "rounds": _rounds(training.get("semi", {})),
        "precision": training.get("precision", {}),
        "seconds": sum(float(epoch.get("seconds", 0)) for epoch in epochs),
        "best": best[-1] if best else None,
        "phases": [
            {"name": phase, "from": number}
            for number, phase in enumerate(phases, 1)
            if phase and (number == 1 or phases[number - 2] != phase)
        ],
        "curves": [
            {"name": name, "train": points(epochs, name), "eval": points(epochs, f"eval_{name}")}
            for name in sorted(names, key=lambda name: (name != "loss", name))
            if name not in ("learning_rate", "of")
        ],
    }


def _rounds(semi: dict[str, Any]) -> dict[str, Any]:
    """Keys: `confidence`, `share`, `teacher`, `ended`, `classes`, `measures`, `lines` (round, rows, taken, of,
    per_class in the order of classes, values in that of measures, best). Empty without any."""
    told = semi.get("rounds", [])
    if not told:
        return {}
    measures = [key for key in told[0] if key.startswith("eval_")]
    classes = next((list(each["per_class"]) for each in told if "per_class" in each), [])
    return {
        "confidence": semi.get("confidence"),
        "share": semi.get("share"),
        "teacher": semi.get("teacher", ""),
        "ended": semi.get("ended", ""),
        "classes": classes,
        "measures": [key.removeprefix("eval_") for key in measures],
        "lines": [
            {
                "round": each["round"],
                "rows": each["rows"],
                "taken": each.get("taken"),
                "of": each.get("of"),
                "per_class": [each.get("per_class", {}).get(name) for name in classes],
                "values": [each.get(key) for key in measures],
                "best": each["best"],
            }
            for each in told
        ],
    }


def points(epochs: list[dict[str, Any]], key: str) -> list[list[float]]:
    """[epoch, value] of a measure, where it is a finite number."""
    return [
        [number, float(epoch[key])]
        for number, epoch in enumerate(epochs, 1)
        if isinstance(epoch.get(key), int | float) and math.isfinite(epoch[key])
    ]
