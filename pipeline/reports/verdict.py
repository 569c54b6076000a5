"""The first section: what became of the run, and every gate with its reason."""

from typing import Any

from data.metrics import METRICS
from pipeline import failure
from pipeline.reports.facts import Facts


def build(facts: Facts) -> dict[str, Any]:
    """Keys: `state` (good, held or bad), `headline`, `detail`, `gates`; `served` is what the
    InfraValidator found, None where no server was asked; `no_baseline` says why there is none."""
    summary = facts.summary
    status = facts.run.status
    gates = [_gate(gate) for gate in summary.get("gates", [])]
    missed = sum(not gate["passed"] for gate in gates)
    pushed = summary.get("pushed")
    detail = ""
    if status == "ok" and pushed:
        state, headline = "good", f"Blessed and pushed as version {pushed['version']}"
    elif status == "ok":
        state = "good"
        headline = "Blessed, not pushed" if summary.get("blessed") else "Finished, nothing pushed"
        detail = _not_asked_for(summary)
    elif status == "not_blessed" and missed:
        state, headline = "held", f"Not blessed: {missed} of {len(gates)} gates not passed"
    elif status == "not_blessed":
        state, headline = "held", "Not pushed"
        detail = str(summary.get("not_pushed", ""))
    elif status == "data_anomalies":
        state, headline = "bad", "Stopped by data anomalies"
        detail = "The data section lists them. Nothing was trained on this data."
    else:
        state = "bad"
        headline, detail = _failed(facts)
    return {
        "state": state,
        "headline": headline,
        "detail": detail,
        "gates": gates,
        "served": _served(summary.get("infra") or {}),
        "no_baseline": facts.verdict.get("no_baseline", ""),
    }


def _gate(gate: dict[str, Any]) -> dict[str, Any]:
    value, baseline = gate.get("value"), gate.get("baseline")
    change = None if value is None or baseline is None else value - baseline
    metric = METRICS.get(str(gate["metric"]).partition("/")[0])
    return {
        **gate,
        "change": change,
        "better": None if not change or metric is None else (change > 0) == metric.higher_is_better,
    }


def _served(infra: dict[str, Any]) -> dict[str, Any] | None:
    """How the candidate answered through a server, in the words of a gate."""
    if not infra.get("asked"):
        return None
    loaded = infra.get("load_seconds")
    how = f"by {infra['server']}" + ("" if loaded is None else f", loaded in {loaded:.1f} s")
    return {
        "rows": infra["rows"],
        "value": infra.get("difference"),
        "threshold": f"<= {infra['tolerance']:g}",
        "passed": infra["blessed"],
        "why": infra["why"] or how,
    }


def _not_asked_for(summary: dict[str, Any]) -> str:
    nodes = summary.get("nodes", [])
    left = [node["id"] for node in nodes if node["state"] == "skipped"]
    return f"Not asked for: {', '.join(left)}." if left else ""


def _failed(facts: Facts) -> tuple[str, str]:
    for name, record in facts.run.nodes.items():
        if record.state == "failed":
            event = record.event
            what, where, hint = failure.explain(
                event["error"], event["message"], event["traceback"]
            )
            return f"{name} failed", " · ".join(part for part in (what, where, hint) if part)
        if record.state == "running":
            return f"{name} did not finish", "The run was ended while it ran."
    return "Failed", "No node started; log.txt says more."
