"""The section of what a network learned before it saw a label: its epochs, and which of them stayed."""

from typing import Any

from pipeline.reports.facts import Facts
from pipeline.reports.training import points

_KINDS = {"columns": "columns", "pictures": "squares of pictures"}


def build(facts: Facts) -> dict[str, Any]:
    """Keys: `of` (what was guessed, in words), `rows`, `noise`, `epochs`, `best`, `first`, `kept` (the
    loss on eval after the first epoch and after the best), `seconds`, `curves` (as in the training
    section). Empty where nothing was learned before.
    """
    told = facts.training.get("pretrain", {})
    epochs = told.get("epochs", [])
    if not epochs:
        return {}
    best = max((n for n, epoch in enumerate(epochs, 1) if epoch.get("best")), default=None)
    return {
        "of": _KINDS.get(told.get("what", "columns"), ""),
        "rows": told.get("rows"),
        "noise": told.get("noise"),
        "epochs": len(epochs),
        "best": best,
        "first": epochs[0].get("eval_loss"),
        "kept": epochs[best - 1].get("eval_loss") if best else None,
        "seconds": sum(float(epoch.get("seconds", 0)) for epoch in epochs),
        "curves": [
            {"name": "loss", "train": points(epochs, "loss"), "eval": points(epochs, "eval_loss")}
        ],
    }
