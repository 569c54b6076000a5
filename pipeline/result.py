"""What a run says at its beginning and end: tables a person reads, and the next thing to type."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from components.pusher.versions import manifests
from pipeline import failure
from pipeline.earlier.history import Run
from pipeline.earlier.reuse import words
from pipeline.plan import Step
from pipeline.prepared import Prepared
from pipeline.reports.wording import size


def opening(console: Console, prepared: Prepared, folder: Path) -> None:
    """One line: what runs on what, and where it goes."""
    data = prepared.source
    console.print(
        f"[bold]{prepared.config.name}[/] · {prepared.config.data.task.value} · "
        f"{escape(data.name)} ({data.format}) → [cyan]{escape(_short(folder))}[/]"
    )


def closing(
    console: Console, prepared: Prepared, run: Run, interrupted: bool, unreported: str = ""
) -> None:
    """Metrics, verdict, where the model is, what to type next; or what failed and how to go on.

    Args:
      console: the terminal.
      prepared: what ran.
      run: the finished run.
      interrupted: the user stopped it.
      unreported: why there is no report.html; empty where there is one.
    """
    _closing(console, prepared, run, interrupted)
    if unreported:
        console.print(f"[bold yellow]No report:[/] {escape(unreported)}")
    else:
        console.print(f"report:    [cyan]{escape(_short(run.path / 'report.html'))}[/]")


def _closing(console: Console, prepared: Prepared, run: Run, interrupted: bool) -> None:
    summary = run.summary
    console.print()
    if summary["status"] == "data_anomalies":
        anomalies_table(console, summary["anomalies"])
        console.print(
            "[bold red]Stopped by data anomalies.[/] Mend the data, or take the change into the "
            "schema (--all for every column), or set validate.stop_at:"
        )
        console.print(f"  [cyan]{escape(_accept_command(run))}[/]", soft_wrap=True)
        return
    if interrupted:
        console.print(f"[bold red]Interrupted.[/] {_resume(run)}")
        return
    if summary["status"] == "failed":
        _failed(console, run)
        return
    tuned = summary.get("tuned")
    if tuned:
        console.print(
            f"[italic]settings of {escape(tuned['from'])}[/]: {escape(words(tuned['values']))}"
        )
    if summary["metrics"]:
        metrics_table(console, summary["metrics"]["test"], prepared.classes)
        verdict_table(console, summary["gates"], summary.get("infra"))
        if summary.get("lite"):
            lite_table(console, summary["lite"])
    if summary.get("warm_start"):
        console.print(began_with(summary["warm_start"]))
    _outcome(console, prepared, summary)


def up_to_date(console: Console, prepared: Prepared, steps: list[Step], past: list[Run]) -> int:
    """Says that nothing has changed; returns the exit code that the earlier result had."""
    source = next(step.source for step in steps if step.node == "Evaluator")
    push = next(step.source for step in steps if step.node == "Pusher")
    run = next((run for run in past if run.id == push), None) or past[0]
    judged = next((run for run in past if run.id == source), run)
    console.print(
        f"[bold]{prepared.config.name}[/]: nothing has changed since run {run.id} "
        "(data, configuration, code, environment)."
    )
    infra = run.summary.get("infra") or {}
    unservable = infra.get("asked") and not infra["blessed"]
    if not judged.summary.get("blessed", True) or unservable:
        verdict_table(console, judged.summary.get("gates", []), infra)
        word = "Not servable" if unservable else "Not blessed"
        console.print(f"[bold yellow]{word}[/] then, so not pushed now. --force runs it again.")
        return 4
    pushed = run.summary.get("pushed") or {}
    manifest = manifests(prepared.serving_directory).get(pushed.get("version", 0), {})
    if manifest.get("withdrawn"):
        console.print(
            f"[bold yellow]Version {pushed['version']} was rolled back[/] "
            f"({escape(str(manifest['withdrawn']))}), so it is not pushed again."
        )
        return 4
    _outcome(console, prepared, run.summary, " then")
    if (run.path / "report.html").is_file():
        console.print(f"report:    [cyan]{escape(_short(run.path / 'report.html'))}[/]")
    return 0


def plan_table(console: Console, steps: list[Step]) -> None:
    """What would run and why."""
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("node", "would", "why"):
        table.add_column(title)
    for step in steps:
        style = {"run": "bold", "cached": "blue", "skip": "dim"}[step.action]
        table.add_row(step.node, f"[{style}]{step.action}[/]", escape(step.why))
    console.print(table)


def metrics_table(console: Console, values: Mapping[str, Any], classes: tuple[str, ...]) -> None:
    """Overall metrics; for many classes one row per class beside them."""
    overall = {name: value for name, value in values.items() if "/" not in name}
    console.print("[italic]metrics on the test split[/]")
    cells = [f"{name} [bold]{number(value)}[/]" for name, value in overall.items()]
    console.print("  " + "   ".join(cells))
    per_class = list(dict.fromkeys(name.partition("/")[0] for name in values if "/" in name))
    if per_class:
        table = Table(box=box.SIMPLE_HEAD)
        table.add_column("class")
        for name in per_class:
            table.add_column(name, justify="right")
        for label in classes:
            row = (number(values.get(f"{name}/{label}")) for name in per_class)
            table.add_row(escape(label), *row)
        console.print(table)


def verdict_table(
    console: Console, gates: list[dict[str, Any]], infra: Mapping[str, Any] | None = None
) -> None:
    """Every gate: metric, slice, value, baseline, threshold, pass; last the InfraValidator's."""
    table = Table(box=box.SIMPLE_HEAD, title="verdict", title_justify="left")
    for title in ("metric", "slice", "value", "baseline", "threshold", "pass", ""):
        table.add_column(title, justify="right" if title in ("value", "baseline") else "left")
    for gate in gates:
        table.add_row(
            escape(gate["metric"]),
            escape(gate["slice"] or "all rows"),
            number(gate["value"]),
            number(gate["baseline"]),
            gate["threshold"],
            "[green]yes[/]" if gate["passed"] else "[bold red]no[/]",
            escape(gate.get("why", "")),
        )
    if infra and infra["asked"]:
        found = infra["difference"]
        table.add_row(
            "served",
            f"{infra['rows']} rows",
            "–" if found is None else f"{found:.1g}",
            "",
            f"<= {infra['tolerance']:g}",
            "[green]yes[/]" if infra["blessed"] else "[bold red]no[/]",
            escape(
                infra["why"] or f"by {infra['server']}, loaded in {infra['load_seconds']:.1f} s"
            ),
        )
    console.print(table)


def lite_table(console: Console, told: Mapping[str, Any]) -> None:
    """The SavedModel and every smaller file: size, metrics, how many answers are the same, speed."""
    lines = told["models"]
    table = Table(box=box.SIMPLE_HEAD, title="smaller models", title_justify="left")
    table.add_column("model")
    for title in ("size", *lines[0]["metrics"], "same answer", "ms per row"):
        table.add_column(title, justify="right")
    table.add_column("pass")
    for line in lines:
        same = line["agreement"]
        passed = "[green]yes[/]" if line["passed"] else "[bold red]no[/]"
        table.add_row(
            line["format"],
            size(line["bytes"]),
            *(number(value) for value in line["metrics"].values()),
            "" if same is None else f"{same:.1%}",
            f"{line['milliseconds']:.3f}",
            passed if line["file"] else "",
        )
    console.print(table)
    for line in lines:
        if line["why"]:
            console.print(f"  [bold red]{line['format']} is not pushed:[/] {escape(line['why'])}")


def anomalies_table(console: Console, rows: list[dict[str, str]]) -> None:
    """What does not fit the schema, where, how many."""
    table = Table(box=box.SIMPLE_HEAD, title="data anomalies", title_justify="left")
    for title in ("severity", "column", "split", "what", "detail"):
        table.add_column(title, overflow="fold")
    for row in rows:
        style = "red" if row["severity"] == "error" else "yellow"
        cells = (row["column"], row["split"], row["what"], row["detail"])
        table.add_row(f"[{style}]{row['severity']}[/]", *(escape(cell) for cell in cells))
    console.print(table)


def number(value: float | None) -> str:
    """Four digits, or a dash where there is no value."""
    return "–" if value is None else f"{value:.4f}"


def began_with(taken: Mapping[str, Any]) -> str:
    """Which model the training began with, what it took and what it could not take."""
    words = f"began with [cyan]{escape(_short(Path(taken['model'])))}[/]: "
    words += f"{taken['taken']:,} of {taken['of']:,} numbers taken"
    if "eval_loss" in taken:
        words += f", loss {taken['eval_loss']:.4f} on the eval split before the first step"
    for key, what in (("new", "new here"), ("left", "only there")):
        if names := taken[key]:
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            words += f"; {what}: {escape(', '.join(names[:5]))}{more}"
    return words


def _outcome(console: Console, prepared: Prepared, summary: dict[str, Any], when: str = "") -> None:
    pushed = summary.get("pushed")
    if summary.get("status") == "not_blessed":
        why = summary.get("not_pushed", "")
        if why.startswith(("withdrawn", "not servable")):
            console.print(f"[bold yellow]Not pushed[/], {escape(why)}")
        else:
            console.print(
                "[bold yellow]Not blessed, not pushed.[/] The rows above without a pass say why."
            )
    elif pushed:
        console.print(
            f"[bold green]Blessed.[/] Version {pushed['version']} is in "
            f"[cyan]{escape(_short(Path(pushed['path'])))}[/]"
        )
        console.print(f"serve it:  [cyan]{_serve_command(prepared)}[/]")
    console.print(
        f"took {summary['seconds']:.0f} s{when} · everything about it: "
        f"[cyan]python -m pipeline status{_root_flag(prepared)}[/]"
    )


def _serve_command(prepared: Prepared) -> str:
    return f"python -m pipeline serve {prepared.config.name}{_root_flag(prepared)}"


def _root_flag(prepared: Prepared) -> str:
    """` --root …` where the output folder is not the usual one."""
    output = prepared.root.parent
    return "" if output == Path("output").resolve() else f" --root {shlex.quote(_short(output))}"


def _accept_command(run: Run) -> str:
    """The `schema accept` that would let the same data pass."""
    stopping = [row["column"] for row in run.summary["anomalies"] if row["severity"] == "error"]
    command = f"python -m pipeline schema accept --config {shlex.quote(run.request['source'])}"
    columns = [name for name in dict.fromkeys(stopping) if name and not name.startswith("(")]
    command += "".join(f" --column {shlex.quote(name)}" for name in columns) or " --all"
    return command + _elsewhere(run)


def _failed(console: Console, run: Run) -> None:
    for node, record in run.nodes.items():
        if record.state == "running":
            console.print(f"[bold red]{node} did not finish.[/] {_resume(run)}")
        if record.state != "failed":
            continue
        event = record.event
        what, where, hint = failure.explain(event["error"], event["message"], event["traceback"])
        console.print(f"[bold red]{node} failed.[/] {escape(what)}")
        if where:
            console.print(f"  at    {escape(where)}")
        if hint:
            console.print(f"  hint  {escape(hint)}")
        console.print(f"  log   {escape(_short(run.path / 'log.txt'))}")
        console.print(f"  {_resume(run)}")


def _resume(run: Run) -> str:
    command = f"python run_local.py --config {shlex.quote(run.request['source'])} --resume"
    return f"Go on where it stopped: [cyan]{command}{_elsewhere(run)}[/]"


def _elsewhere(run: Run) -> str:
    """` --root …` where the run's folder is not the usual one."""
    output = run.path.resolve().parents[2]
    return "" if output == Path("output").resolve() else f" --root {shlex.quote(str(output))}"


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
