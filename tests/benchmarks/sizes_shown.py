"""What tests/benchmarks/sizes.py measured, as a table and a plot in the documentation."""

import json
import math
from pathlib import Path
from typing import Any

from markupsafe import Markup

NODES = (
    "ExampleGen", "StatisticsGen", "ExampleValidator", "Transform", "Trainer", "Evaluator",
    "InfraValidator",
)  # fmt: skip
PLOTTED = ("ExampleGen", "StatisticsGen", "Transform", "Evaluator")
COLOURS = ("#1b6ca8", "#c2571a", "#3a7d44", "#7b4397")
DASHES = {"local": "", "processes": "6 4", "flink": "2 3", "portable": "8 3 2 3"}
WIDTH, HEIGHT, LEFT, BOTTOM = 640, 380, 60, 40


def write(results: Path) -> None:
    """Writes `sizes.md` and `sizes.svg` beside the measurements."""
    last: dict[tuple[int, str], dict[str, Any]] = {}
    for line in results.read_text(encoding="utf-8").splitlines():
        found = json.loads(line)
        last[found["rows"], found["engine"]] = found
    measured = [last[key] for key in sorted(last)]
    results.with_suffix(".md").write_text(_table(measured), encoding="utf-8")
    results.with_suffix(".svg").write_text(_plot(measured), encoding="utf-8")


def _table(measured: list[dict[str, Any]]) -> str:
    head = ["rows", "input", "engine", *NODES, "the whole run"]
    lines = [
        "# Sizes",
        "",
        "Written by `make bench-sizes` from docs/sizes.jsonl. Each cell: seconds · CPU seconds · peak",
        "MiB of the process tree. What it says: [measurements.md](measurements.md#sizes-make-bench-sizes).",
        "A run with –: it ended before these nodes, and its last cell is what ran. In brackets: the rows of",
        "the model that was evaluated, where the run trained none.",
        "",
        "![CPU seconds per 1,000 rows](sizes.svg)",
        "",
        "| " + " | ".join(head) + " |",
        "| " + " | ".join(["---"] * len(head)) + " |",
    ]
    for run in measured:
        cells = [f"{run['rows']:,}", f"{run['bytes'] / 2**20:,.0f} MiB", run["engine"]]
        cells += [_cell(run["nodes"].get(node)) for node in NODES]
        lines.append("| " + " | ".join([*cells, _cell(run["all"])]) + " |")
    return "\n".join(lines) + "\n"


def _cell(cost: dict[str, float] | None) -> str:
    if not cost:
        return "–"
    model = f" ({cost['model']:,})" if "model" in cost else ""
    return f"{cost['seconds']:,.0f} · {cost['cpu']:,.0f} · {cost['mib']:,.0f}{model}"


def _plot(measured: list[dict[str, Any]]) -> str:
    """CPU seconds per 1,000 rows over rows, both axes in powers of ten."""
    lines: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for run in measured:
        for node in PLOTTED:
            if node in run["nodes"]:
                cost = max(run["nodes"][node]["cpu"], 0.1) / run["rows"] * 1000
                lines.setdefault((node, run["engine"]), []).append((run["rows"], cost))
    points = [point for line in lines.values() for point in line]
    (x0, x1), (y0, y1) = _decades([p[0] for p in points]), _decades([p[1] for p in points])

    def at(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - x0) / (x1 - x0) * (WIDTH - LEFT - 180)
        up = (math.log10(y) - y0) / (y1 - y0) * (HEIGHT - BOTTOM - 20)
        return round(LEFT + across, 1), round(HEIGHT - BOTTOM - up, 1)

    text = Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>')
    rule = Markup('<path d="M{} {}L{} {}" stroke="#ccc" fill="none"/>')
    body = []
    for power in range(x0, x1 + 1):
        (x, bottom), (_, top) = at(10**power, 10**y0), at(10**power, 10**y1)
        body += [
            rule.format(x, bottom, x, top),
            text.format(x, bottom + 16, "middle", f"{10**power:,}"),
        ]
    for power in range(y0, y1 + 1):
        (left, y), (right, _) = at(10**x0, 10**power), at(10**x1, 10**power)
        body += [
            rule.format(left, y, right, y),
            text.format(left - 6, y + 4, "end", f"{10.0**power:g}"),
        ]
    body.append(text.format(LEFT, 12, "start", "CPU seconds per 1,000 rows"))
    body.append(text.format((LEFT + WIDTH - 180) / 2, HEIGHT - 6, "middle", "rows"))
    for number, ((node, engine), line) in enumerate(sorted(lines.items())):
        colour, dash = COLOURS[PLOTTED.index(node)], DASHES.get(engine, "1 4")
        path = "M" + "L".join("{} {}".format(*at(*point)) for point in line)
        stroke = Markup('stroke="{}" stroke-width="2" stroke-dasharray="{}" fill="none"').format(
            colour, dash
        )
        body.append(Markup('<path d="{}" {}/>').format(path, stroke))
        body += [
            Markup('<circle cx="{}" cy="{}" r="3" fill="{}"/>').format(*at(*p), colour)
            for p in line
        ]
        y = 24 + 16 * number
        body.append(Markup('<path d="M{} {}h26" {}/>').format(WIDTH - 168, y, stroke))
        body.append(text.format(WIDTH - 136, y + 4, "start", f"{node}, {engine}"))
    frame = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" font-family="sans-serif" '
        'font-size="11"><rect width="100%" height="100%" fill="white"/>{}</svg>\n'
    )
    return str(frame.format(WIDTH, HEIGHT, Markup("").join(body)))


def _decades(values: list[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)
