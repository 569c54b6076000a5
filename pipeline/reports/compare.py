"""Two runs side by side: settings, gates, metrics, slices, curves, data and cost."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from components.example_validator import drift
from pipeline.reports import facts, markdown, model, page
from pipeline.reports.drift import thresholds
from pipeline.reports.markdown import table, text
from pipeline.reports.metrics import compared
from pipeline.reports.wording import number, signed
from pipeline.reports.write import replace

SECTIONS = (
    ("settings", "What differs"),
    ("metrics", "Metrics"),
    ("slices", "Slices"),
    ("curves", "Training"),
    ("plots", "Plots"),
    ("drift", "Data"),
    ("nodes", "Cost"),
)


def write(root: Path, first: str, second: str) -> list[Path]:
    """Writes `runs/compare-A-B.html`, `.json` and `.md`; returns the files, the page first.

    Raises:
      ValueError: no such run, or twice the same.
    """
    if first == second:
        raise ValueError(f"two different runs are compared. Received: {first} twice")
    made = build(facts.gather(root, first), facts.gather(root, second))
    stem = root / "runs" / f"compare-{first}-{second}"
    texts = {
        ".html": page.render("compare.html", r=made, sections=SECTIONS, titles=page.TITLES),
        ".json": json.dumps(made, indent=1, allow_nan=False, default=str),
        ".md": as_markdown(made),
    }
    files = []
    for suffix, content in texts.items():
        file = stem.with_name(stem.name + suffix)
        replace(file, content)
        files.append(file)
    return files


def build(a: facts.Facts, b: facts.Facts) -> dict[str, Any]:
    """Everything the comparison says; changes are B less A."""
    first, second = model.build(a), model.build(b)
    made = {
        "pipeline": first["pipeline"],
        "a": _head(first),
        "b": _head(second),
        "settings": _settings(a, b),
        "metrics": _metrics(first, second),
        "slices": _slices(first, second),
        "curves": _curves(first, second),
        "plots": _plots(first, second),
        "drift": _drift(a, b),
        "nodes": _nodes(first, second),
    }
    return dict(model.finite(made))


def as_markdown(made: dict[str, Any]) -> str:
    """The comparison in short: settings and metrics."""
    a, b = made["a"]["run_id"], made["b"]["run_id"]
    parts = [f"# {text(made['pipeline'])}: {a} and {b}"]
    if made["settings"]:
        rows = ((row["key"], str(row["a"]), str(row["b"])) for row in made["settings"])
        parts += ["## What differs", table(("setting", a, b), rows)]
    if made["metrics"]["overall"]:
        lines = (
            (c["key"], number(c["baseline"]), number(c["value"]), signed(c["change"]))
            for c in made["metrics"]["overall"]
        )
        parts += ["## Metrics on test", markdown.table(("metric", a, b, "change"), lines)]
    return "\n\n".join(parts) + "\n"


def _head(one: dict[str, Any]) -> dict[str, Any]:
    verdict = one["verdict"] or {"state": "bad", "headline": one["status"]}
    return {
        "run_id": one["run_id"],
        "status": one["status"],
        "seconds": one["seconds"],
        "state": verdict["state"],
        "headline": verdict["headline"],
    }


def _settings(a: facts.Facts, b: facts.Facts) -> list[dict[str, Any]]:
    """The settings that differ; of a run that kept no config.json only some are known."""
    whole = all((one.run.path / "config.json").is_file() for one in (a, b))
    keys = {*a.config} | {*b.config} if whole else {*a.config} & {*b.config}
    return [
        {"key": key, "a": json.dumps(a.config.get(key)), "b": json.dumps(b.config.get(key))}
        for key in sorted(keys)
        if a.config.get(key) != b.config.get(key)
    ]


def _values(one: dict[str, Any]) -> dict[str, float | None]:
    section = one["metrics"] or {}
    values = {cell["key"]: cell["value"] for cell in section.get("overall", [])}
    per_class = section.get("per_class") or {"keys": [], "lines": []}
    for line in per_class["lines"]:
        for cell in line["values"]:
            values[f"{cell['key']}/{line['class']}"] = cell["value"]
    return values


def _metrics(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    before, now = _values(first), _values(second)
    cells = [compared(key, now.get(key), before.get(key)) for key in dict.fromkeys([*now, *before])]
    return {
        "overall": [cell for cell in cells if "/" not in cell["key"]],
        "per_class": [cell for cell in cells if "/" in cell["key"]],
    }


def _slices(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    def by_name(one: dict[str, Any]) -> dict[str, dict[str, Any]]:
        lines = (one["slices"] or {"lines": []})["lines"]
        return {line["slice"]: line for line in lines}

    before, now = by_name(first), by_name(second)
    keys = list(
        dict.fromkeys(
            cell["key"] for line in (*now.values(), *before.values()) for cell in line["values"]
        )
    )
    return {
        "keys": keys,
        "lines": [
            {
                "slice": name,
                "rows": [side.get(name, {}).get("rows") for side in (before, now)],
                "values": [
                    compared(key, _cell(now.get(name), key), _cell(before.get(name), key))
                    for key in keys
                ],
            }
            for name in dict.fromkeys([*now, *before])
        ],
    }


def _cell(line: dict[str, Any] | None, key: str) -> float | None:
    cells: Iterable[dict[str, Any]] = line["values"] if line else ()
    return next((cell["value"] for cell in cells if cell["key"] == key), None)


def _curves(first: dict[str, Any], second: dict[str, Any]) -> list[dict[str, Any]]:
    both = [
        {
            curve["name"]: curve["eval"] or curve["train"]
            for curve in (one["training"] or {}).get("curves", [])
        }
        for one in (first, second)
    ]
    return [
        {"name": name, "a": both[0].get(name, []), "b": both[1].get(name, [])}
        for name in dict.fromkeys([*both[0], *both[1]])
    ]


def _plots(first: dict[str, Any], second: dict[str, Any]) -> list[dict[str, Any]]:
    made = []
    for kind in ("roc", "pr", "calibration"):
        before, now = (
            {line["class"]: line["points"] for line in (one["plots"] or {}).get(kind, [])}
            for one in (first, second)
        )
        for label in dict.fromkeys([*now, *before]):
            made.append(
                {"kind": kind, "class": label, "a": before.get(label, []), "b": now.get(label, [])}
            )
    return made


def _drift(a: facts.Facts, b: facts.Facts) -> dict[str, Any]:
    places = [one.artifact("StatisticsGen", "statistics") for one in (a, b)]
    split = next((name for name in b.statistics if name in a.statistics), "")
    if places[0] == places[1] or not split:
        return {
            "same": places[0] == places[1] and places[0] is not None,
            "split": split,
            "rows": [],
        }
    rows = drift.compare(a.statistics[split], b.statistics[split], thresholds(b.config))
    return {"same": False, "split": split, "rows": [row.as_dict() for row in rows]}


def _nodes(first: dict[str, Any], second: dict[str, Any]) -> list[dict[str, Any]]:
    before, now = (
        {line["id"]: line for line in (one["nodes"] or {"lines": []})["lines"]}
        for one in (first, second)
    )
    return [
        {
            "id": name,
            **{
                key: [side.get(name, {}).get(key) for side in (before, now)]
                for key in ("state", "seconds", "cpu_seconds", "bytes")
            },
        }
        for name in dict.fromkeys([*before, *now])
    ]
