"""The report as Markdown, short enough for a comment on a change: verdict, gates, metrics, drift."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.earlier.reuse import words
from pipeline.reports.wording import number, seconds, signed, size

_SLICES = 10
_DRIFT = 10
_TRIALS = 5


def report(model: Mapping[str, Any]) -> str:
    """report.md."""
    parts = [f"# {text(model['pipeline'])}: {_headline(model)}", _line(model)]
    verdict = model["verdict"] or {}
    if verdict.get("detail"):
        parts.append(text(verdict["detail"]))
    served = verdict.get("served")
    if verdict.get("gates") or served:
        rows = [
            (
                gate["metric"],
                gate["slice"] or "all rows",
                number(gate["value"]),
                number(gate["baseline"]),
                gate["threshold"],
                "yes" if gate["passed"] else "**no**",
                gate.get("why", ""),
            )
            for gate in verdict["gates"]
        ]
        if served:
            passed = "yes" if served["passed"] else "**no**"
            value = number(served["value"])
            asked = (served["threshold"], passed, served["why"])
            rows.append(("served", f"{served['rows']} rows", value, "–", *asked))
        head = ("metric", "slice", "value", "baseline", "asked for", "passed", "why")
        parts += ["## Gates", table(head, rows, marked=(5,))]
    parts += _metrics(model["metrics"] or {})
    parts += _smaller(model["lite"] or {})
    parts += _slices(model["slices"] or {})
    parts += _tuning(model["tuning"] or {})
    parts += _anomalies(model["columns"] or {})
    parts += _drift(model["drift"] or {})
    parts += [f"> A section could not be made: {text(problem)}" for problem in model["problems"]]
    return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], marked: tuple[int, ...] = ()) -> str:
    """A table of cells; what came from the data is made harmless, cells of `marked` are not touched."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in rows:
        cells = (cell if i in marked else text(cell) for i, cell in enumerate(row))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def text(value: object) -> str:
    """Text that Markdown and HTML leave as it is, on one line."""
    plain = " ".join(str(value).split())
    for sign in "\\`*_[]|#~":
        plain = plain.replace(sign, "\\" + sign)
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _headline(model: Mapping[str, Any]) -> str:
    verdict = model["verdict"]
    return text(verdict["headline"]) if verdict else text(model["status"])


def _line(model: Mapping[str, Any]) -> str:
    known = [f"run {model['run_id']}", model["task"], model["data"]]
    if model["seconds"] is not None:
        known.append(seconds(model["seconds"]))
    return " · ".join(text(part) for part in known if part)


def _metrics(section: Mapping[str, Any]) -> list[str]:
    if not section.get("overall"):
        return []
    rows = (
        (cell["key"], number(cell["value"]), number(cell["baseline"]), signed(cell["change"]))
        for cell in section["overall"]
    )
    return ["## Metrics on test", table(("metric", "value", "baseline", "change"), rows)]


def _smaller(section: Mapping[str, Any]) -> list[str]:
    if not section.get("lines"):
        return []
    rows = (
        (
            line["format"],
            size(line["bytes"]),
            *(number(line["metrics"][name]) for name in section["metrics"]),
            number(line["agreement"]),
            number(line["milliseconds"]),
            "yes" if line["passed"] else "**no**",
            line["why"],
        )
        for line in section["lines"]
    )
    names = section["metrics"]
    head = ("model", "size", *names, "same answer", "ms per row", "passed", "why")
    return ["## Smaller models", table(head, rows, marked=(5 + len(names) - 1,))]


def _slices(section: Mapping[str, Any]) -> list[str]:
    """The slices that are furthest below all rows, by the first metric."""
    keys = section.get("keys") or []
    lines = [line for line in section.get("lines", []) if line["slice"]]
    if not keys or not lines:
        return []
    shown = lines[:_SLICES]
    rows = (
        (line["slice"], number(line["rows"]), *(number(c["value"]) for c in line["values"][:5]))
        for line in shown
    )
    more = f"\n\n{len(lines) - len(shown)} more in report.html." if len(lines) > len(shown) else ""
    return ["## Slices", table(("slice", "rows", *keys[:5]), rows) + more]


def _tuning(section: Mapping[str, Any]) -> list[str]:
    """The values that were taken, and after a search its best trials."""
    if not section:
        return []
    taken = ", ".join(f"{name} = {value}" for name, value in section["values"].items())
    parts = ["## Tuning", text(f"{taken}; found by {section['from']}")]
    scored = [trial for trial in section["trials"] if trial["score"] is not None]
    if scored:
        sign = -1 if section["higher_is_better"] else 1
        scored.sort(key=lambda trial: (sign * trial["score"], trial["number"]))
        rows = (
            (
                str(trial["number"]),
                number(trial["score"]),
                str(trial["epochs"]),
                trial["ended"],
                words(trial["values"]),
            )
            for trial in scored[:_TRIALS]
        )
        head = ("trial", section["objective"], "epochs", "ended", "settings")
        parts.append(table(head, rows))
        parts.append(f"{len(section['trials'])} trials, all of them in report.html.")
    return parts


def _anomalies(section: Mapping[str, Any]) -> list[str]:
    if not section.get("anomalies"):
        return []
    rows = (
        (row["severity"], row["column"], row["split"], row["what"], row["detail"])
        for row in section["anomalies"]
    )
    return ["## Data anomalies", table(("severity", "column", "split", "what", "detail"), rows)]


def _drift(section: Mapping[str, Any]) -> list[str]:
    moved = [row for row in section.get("rows", []) if row["drifted"]][:_DRIFT]
    if not moved:
        return []
    rows = (
        (
            row["column"],
            row["measure"],
            number(row["distance"]),
            number(row["threshold"]),
            row["detail"],
        )
        for row in moved
    )
    head = ("column", "measure", "distance", "threshold", "what moved")
    return [f"## Drift against run {section['against']}", table(head, rows)]
