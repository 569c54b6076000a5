"""The section of the examples the model got most wrong, as the Evaluator kept them."""

from typing import Any

from pipeline.reports.facts import Facts

_LONGEST = 300


def build(facts: Facts) -> dict[str, Any]:
    """Keys: `columns` (in the order they occur), `examples`, `why_not`."""
    found = facts.worst
    if found is None:
        return {"columns": [], "examples": [], "why_not": "The Evaluator kept none."}
    examples = [_one(example) for example in found]
    columns = list(dict.fromkeys(name for example in examples for name in example["columns"]))
    why = "" if examples else "There is none: the test split has no rows."
    return {"columns": columns, "examples": examples, "why_not": why}


def _one(example: dict[str, Any]) -> dict[str, Any]:
    return {
        "loss": example.get("loss"),
        "label": example.get("label"),
        "prediction": example.get("prediction"),
        "score": example.get("score"),
        "columns": {name: _short(value) for name, value in example.get("columns", {}).items()},
        "picture": picture(example.get("picture")),
    }


def picture(encoded: Any) -> str:
    """A data URI for base64 of a PNG, JPEG, GIF, BMP or WebP; empty for anything else."""
    kinds = {"iVBOR": "png", "/9j/": "jpeg", "R0lGOD": "gif", "Qk": "bmp", "UklGR": "webp"}
    if not isinstance(encoded, str) or not _is_base64(encoded):
        return ""
    kind = next((kind for start, kind in kinds.items() if encoded.startswith(start)), "")
    return f"data:image/{kind};base64,{encoded}" if kind else ""


def _is_base64(text: str) -> bool:
    return text.isascii() and text.replace("+", "a").replace("/", "a").rstrip("=").isalnum()


def _short(value: Any) -> Any:
    text = value if isinstance(value, str) else None
    return text[:_LONGEST] + "…" if text and len(text) > _LONGEST else value
