"""The model card: what the model is, what it is for, and what it was made of.

After Mitchell et al., "Model Cards for Model Reporting" (2019). What only its owners know comes
from `[card]`; what they have not written is shown as not stated.
"""

import json
from typing import Any

from pipeline.reports.config import CardSection
from pipeline.reports.facts import Facts
from pipeline.reports.nodes import size_of

_TITLES = {
    "description": "What it does",
    "intended_use": "Intended use",
    "not_for": "Not for",
    "limitations": "Known limitations",
    "owners": "Owners",
    "license": "Licence",
}


def build(facts: Facts) -> dict[str, Any]:
    """Keys: `stated` ([title, text or empty]), `made_of` ([title, text]), `settings`."""
    config = facts.config
    pushed = facts.summary.get("pushed") or {}
    model = facts.artifact("Trainer", "model")
    classes = facts.classes
    columns = _columns(facts)
    made_of = {
        "Name": facts.summary.get("pipeline", facts.root.name),
        "Version": str(pushed.get("version", "")) or "not pushed",
        "Made": f"run {facts.run.id}",
        "Task": str(config.get("data.task", "")),
        "Answers": f"{facts.label}: {_listed(classes)}" if classes else facts.label,
        "From": _listed(columns) if columns else "",
        "Data": str(config.get("data.path", "")),
        "Training rows": f"{facts.training['rows']:,}" if facts.training.get("rows") else "",
        "Network": _network(config, model is not None),
        "Configuration": str(facts.summary.get("config_hash", ""))[:16],
    }
    return {
        "stated": [
            [title, str(config.get(f"card.{key}", ""))]
            for key, title in _TITLES.items()
            if key in CardSection.model_fields
        ],
        "made_of": [[title, text] for title, text in made_of.items() if text],
        "model_bytes": size_of(model) if model else 0,
        "settings": {key: value for key, value in sorted(config.items()) if key[:5] != "card."},
    }


def _columns(facts: Facts) -> list[str]:
    trainer = facts.run.request.get("nodes", {}).get("Trainer", {}).get("facts", {})
    text = trainer.get("columns", "")
    try:
        return [str(name) for name in json.loads(text)] if text else []
    except ValueError:
        return []


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(names[:20]) + more


def _network(config: dict[str, Any], trained: bool) -> str:
    if not trained:
        return ""
    if config.get("train.model"):
        return f"one's own: {config['train.model']}"
    pictures = any(value == "image" for key, value in config.items() if key.startswith("features."))
    if pictures:
        return (
            f"{config.get('train.image.backbone', '')}, {config.get('train.image.size', '')} pixels"
        )
    hidden = config.get("train.hidden", [])
    return f"dense layers of {', '.join(str(size) for size in hidden)}" if hidden else "linear"
