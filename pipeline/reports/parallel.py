"""Parallel coordinates as inline SVG: an axis per setting, a line per trial from its values to its score."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipeline.reports.tuning import score_range
from pipeline.reports.wording import number

_WIDE, _HIGH, _TOP, _SIDE = 120, 190, 34, 60


@dataclass(frozen=True)
class Axis:
    """One setting, or the score."""

    name: str
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    choices: Sequence[Any] = ()

    def height(self, value: Any) -> float:
        """From 0, the lowest, to 1; the middle where there is only one."""
        if self.choices:
            last = len(self.choices) - 1
            return self.choices.index(value) / last if last else 0.5
        low, high, at = self.low, self.high, float(value)
        if self.log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return min(max((at - low) / (high - low), 0.0), 1.0) if high > low else 0.5

    def marks(self) -> list[tuple[float, str]]:
        """[(height, text)] beside the axis."""
        if self.choices:
            return [(self.height(value), str(value)) for value in self.choices]
        return [(0.0, f"{self.low:.4g}"), (1.0, f"{self.high:.4g}")]


def of_search(section: Mapping[str, Any]) -> Markup:
    """The trials of a tuning section that have a score; the best one stands out."""
    scored = [trial for trial in section["trials"] if trial["score"] is not None]
    scores = score_range(section)
    if scores is None:
        return Markup()
    axes = [
        Axis(
            axis["name"].rpartition(".")[2],
            axis["low"],
            axis["high"],
            axis["log"],
            [_plain(value) for value in axis["choices"]],
        )
        for axis in section["parameters"]
    ]
    axes.append(Axis(section["objective"], *scores))
    names = [axis["name"] for axis in section["parameters"]]
    rows = sorted(scored, key=lambda trial: trial["number"] == section["best"])  # the best on top
    lines = [
        (
            [*(_plain(trial["values"][name]) for name in names), trial["score"]],
            "line s1 best" if trial["number"] == section["best"] else "line s0 many",
            f"trial {trial['number']}: {section['objective']} {number(trial['score'])}",
        )
        for trial in rows
    ]
    return parallel(axes, lines)


def parallel(axes: Sequence[Axis], lines: Sequence[tuple[Sequence[Any], str, str]]) -> Markup:
    """The chart.

    Args:
      axes: from left to right.
      lines: (a value per axis, CSS classes, what is said on hover), in the order they are drawn.
    """

    def place(index: int, height: float) -> tuple[float, float]:
        return _SIDE + index * _WIDE, round(_TOP + _HIGH * (1 - height), 1)

    body = []
    for values, kind, words in lines:
        points = (
            place(i, axis.height(v)) for i, (axis, v) in enumerate(zip(axes, values, strict=True))
        )
        path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
        body.append(
            Markup('<path class="{}" d="{}"><title>{}</title></path>').format(kind, path, words)
        )
    for index, axis in enumerate(axes):
        x, top = place(index, 1.0)
        body.append(
            Markup(
                '<path class="axis" d="M{} {}V{}"/><text x="{}" y="{}" class="mid name">{}</text>'
            ).format(x, top, top + _HIGH, x, 14, axis.name)
        )
        for height, text in axis.marks():
            body.append(
                Markup('<text x="{}" y="{}" class="beside">{}</text>').format(
                    x + 4, place(index, height)[1] + 4, text
                )
            )
    wide = 2 * _SIDE + _WIDE * (len(axes) - 1)
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(wide, _TOP + _HIGH + 14, "settings and scores of the trials", Markup().join(body))


def _plain(value: Any) -> Any:
    """Lists as text, so that they can be looked up whatever they came from."""
    return str(list(value)) if isinstance(value, list | tuple) else value
