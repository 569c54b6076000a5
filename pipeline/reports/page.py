"""The HTML page: templates, style and script put together into one file that loads nothing.

Jinja escapes every value. The page's Content-Security-Policy allows no connection at all and no
script but the page's own, by its hash, so that a hostile column name stays text even if an escape
were forgotten.
"""

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pipeline.reports import parallel, svg, tuning, wording

FOLDER = Path(__file__).parent / "templates"
SECTIONS = (
    ("verdict", "Verdict"),
    ("metrics", "Metrics"),
    ("slices", "Slices"),
    ("plots", "Plots"),
    ("lite", "Smaller models"),
    ("worst", "Worst examples"),
    ("columns", "Data"),
    ("drift", "Drift"),
    ("tuning", "Tuning"),
    ("clusters", "Clusters"),
    ("pretraining", "Pre-training"),
    ("training", "Training"),
    ("nodes", "Nodes and lineage"),
    ("card", "Model card"),
)
OPTIONAL = frozenset({"clusters", "lite", "pretraining", "tuning"})
"""Sections that are left out where there is nothing to say."""
"""(key in report.json, title), in the order of the page."""
TITLES = {"roc": "ROC", "pr": "Precision and recall", "calibration": "Calibration"}
_AXES = {
    "roc": ("false positive rate", "true positive rate"),
    "pr": ("recall", "precision"),
    "calibration": ("mean prediction", "mean label"),
}


def report(model: Mapping[str, Any], tfma: bool) -> str:
    """report.html.

    Args:
      model: as model.build makes it.
      tfma: whether tfma.html lies beside it.
    """
    # Most runs search nothing and make nothing smaller; that they did not is no news.
    shown = [pair for pair in SECTIONS if pair[0] not in OPTIONAL or model[pair[0]] != {}]
    return render("report.html", r=model, sections=shown, tfma=tfma, titles=TITLES)


def render(template: str, **values: Any) -> str:
    """Any of our templates, with style, script and policy."""
    return environment().get_template(template).render(**values)


@cache
def environment() -> jinja2.Environment:
    """The templates with our filters and charts."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (FOLDER / "script.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    made.filters |= {
        "number": wording.number,
        "signed": wording.signed,
        "seconds": wording.seconds,
        "size": wording.size,
        "share": wording.share,
        "plain": _plain,
    }
    made.globals |= {
        "style": Markup((FOLDER / "style.css").read_text(encoding="utf-8")),
        "script": Markup(script),
        "script_hash": f"sha256-{digest}",
        "spark_bars": svg.spark_bars,
        "spark_line": svg.spark_line,
        "curve_chart": _curve,
        "plot": _plot,
        "two_curves": _two_curves,
        "two_plots": _two_plots,
        "heat": svg.heat,
        "against_label": _against_label,
        "histogram": _histogram,
        "distances": _distances,
        "scores": _scores,
        "parallel": parallel.of_search,
    }
    return made


def _plain(value: Any) -> str:
    """A value from the data: whole numbers as they stand there, since many are codes; other numbers
    as we write them, anything else as text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–" if value is None else str(value)
    if math.isfinite(value) and value == int(value):
        return str(int(value)).replace("-", "−")
    return wording.number(value)


def _curve(curve: Mapping[str, Any]) -> Markup:
    lines = [
        svg.Line(f"{name}ing" if name == "train" else "evaluation", curve[name], style, marks=True)
        for style, name in enumerate(("train", "eval"))
        if curve[name]
    ]
    frame = svg.Frame("epoch", "", whole=True, width=320, height=190)
    return svg.lines(lines, frame, f"{curve['name']} by epoch")


def _plot(kind: str, points: Sequence[Sequence[float]], label: str, width: int = 300) -> Markup:
    name = f"{TITLES[kind]} {label}".strip()
    line = svg.Line(name, [(p[0], p[1]) for p in points], marks=kind == "calibration")
    return svg.lines([line], _plot_frame(kind, [line], width), name)


def _two_curves(curve: Mapping[str, Any]) -> Markup:
    sides = [svg.Line(side.upper(), curve[side], i, marks=True) for i, side in enumerate("ab")]
    return svg.lines(
        sides, svg.Frame("epoch", "", whole=True, width=320, height=190), curve["name"]
    )


def _two_plots(plot: Mapping[str, Any]) -> Markup:
    kind = plot["kind"]
    sides = [
        svg.Line(side.upper(), [(p[0], p[1]) for p in plot[side]], style, kind == "calibration")
        for style, side in enumerate("ab")
    ]
    return svg.lines(sides, _plot_frame(kind, sides), f"{TITLES[kind]} {plot['class']}")


def _plot_frame(kind: str, lines: Sequence[svg.Line], width: int = 300) -> svg.Frame:
    x_label, y_label = _AXES[kind]
    inside = all(0 <= value <= 1 for line in lines for point in line.points for value in point)
    whole = (0.0, 1.0) if inside else None
    return svg.Frame(
        x_label,
        y_label,
        width=width,
        square=True,
        x_range=whole,
        y_range=whole,
        diagonal=kind != "pr",
    )


def _against_label(sample: Sequence[Sequence[float]]) -> Markup:
    frame = svg.Frame("label", "prediction", width=300, square=True, diagonal=True)
    return svg.dots([(p[0], p[1]) for p in sample], frame, "prediction against label")


def _histogram(buckets: Sequence[Sequence[float]], x_label: str) -> Markup:
    frame = svg.Frame(x_label, "rows")
    return svg.bars([(b[0], b[1], b[2]) for b in buckets], frame, f"histogram: {x_label}")


def _distances(rows: Sequence[Sequence[float]]) -> Markup:
    buckets = [(d - 0.5, d + 0.5, count) for d, count in rows]
    return svg.bars(buckets, svg.Frame("edits", "rows", whole=True), "edit distances")


def _scores(section: Mapping[str, Any]) -> Markup:
    found = {True: [], False: []}  # type: dict[bool, list[svg.Point]]
    for trial in section["trials"]:
        if trial["score"] is not None:
            found[trial["state"] == "pruned"].append((trial["number"], trial["score"]))
    best = [(point[0], point[1]) for point in tuning.best_so_far(section)]
    lines = [
        svg.Line("best so far", best, 0),
        svg.Line("trial", found[False], 0, marks=True, joined=False),
        svg.Line("pruned", found[True], 1, marks=True, joined=False),
    ]
    found_range = tuning.score_range(section)
    frame = svg.Frame("trial", section["objective"], whole=True, y_range=found_range)
    return svg.lines(lines, frame, f"{section['objective']} by trial")
