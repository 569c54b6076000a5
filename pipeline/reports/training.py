"""The training section: a chart per measure over the epochs, training against evaluation."""

import math
from typing import Any

from pipeline.reports.facts import Facts

_NOT_MEASURES = {"epoch", "steps", "seconds", "rows_per_second", "best", "phase", "size", "policy"}


def build(facts: Facts) -> dict[str, Any]:
    """Keys: `epochs`, `rows`, `precision`, `seconds`, `best`, `curves`.

    A curve has a `name`, `train` and `eval` as lists of [epoch, value], and `starts`: the epochs
    (counted through) at which another phase, such as fine-tuning, begins.
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
        "precision": training.get("precision", {}),
        "seconds": sum(float(epoch.get("seconds", 0)) for epoch in epochs),
        "best": best[-1] if best else None,
        "phases": [
            {"name": phase, "from": number}
            for number, phase in enumerate(phases, 1)
            if phase and (number == 1 or phases[number - 2] != phase)
        ],
        "curves": [
            {"name": name, "train": _points(epochs, name), "eval": _points(epochs, f"eval_{name}")}
            for name in sorted(names, key=lambda name: (name != "loss", name))
            if name not in ("learning_rate", "of")
        ],
    }


def _points(epochs: list[dict[str, Any]], key: str) -> list[list[float]]:
    return [
        [number, float(epoch[key])]
        for number, epoch in enumerate(epochs, 1)
        if isinstance(epoch.get(key), int | float) and math.isfinite(epoch[key])
    ]
