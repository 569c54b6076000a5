"""Small charts as inline SVG: they print, scale, need no script, and take their colours from the page.

Everything that comes from data is escaped by `markupsafe`; coordinates are in user units, which the
page scales to the width there is. Lines differ by dashes as well as by colour.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from pipeline.reports.wording import number, tick

Point = tuple[float, float]
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 10, 34


@dataclass(frozen=True)
class Line:
    """One line of a chart."""

    name: str
    points: Sequence[Point]
    style: int = 0
    """Which of the page's line styles, 0 to 5."""
    marks: bool = False
    """A dot on every point."""
    joined: bool = True
    """Drawn as a line; otherwise only its marks are."""


@dataclass(frozen=True)
class Frame:
    """The area a chart is drawn in, and what its axes say."""

    x_label: str = ""
    y_label: str = ""
    width: int = 420
    height: int = 260
    x_range: Point | None = None
    y_range: Point | None = None
    diagonal: bool = False
    """A thin line from corner to corner: chance, or perfect calibration."""
    square: bool = False
    whole: bool = False
    """The x axis counts: no ticks between whole numbers."""


def lines(series: Sequence[Line], frame: Frame, title: str) -> Markup:
    """A line chart with a legend where there is more than one line."""
    series = [replace(line, points=_finite(line.points)) for line in series]
    series = [line for line in series if line.points]
    if not series:
        return Markup()
    height = frame.width if frame.square else frame.height
    scale = _Scale(frame, height, [p for line in series for p in line.points])
    body = [scale.axes()]
    if frame.diagonal:
        (x0, x1), (y0, y1) = scale.x_range, scale.y_range
        ends = [(max(x0, y0), max(x0, y0)), (min(x1, y1), min(x1, y1))]
        body.append(Markup('<path class="thin" d="{}"/>').format(scale.path(ends)))
    for line in series:
        if line.joined:
            body.append(
                Markup('<path class="line s{}" d="{}"><title>{}</title></path>').format(
                    line.style, scale.path(line.points), line.name
                )
            )
        if line.marks:
            body += [
                Markup(
                    '<circle class="dot s{}" cx="{}" cy="{}" r="3"><title>{}</title></circle>'
                ).format(line.style, *scale.place(point), f"{line.name}: {number(point[1])}")
                for point in line.points
            ]
    drawing = _svg(frame.width, height, title, Markup().join(body))
    return drawing + (legend(series) if len(series) > 1 else Markup())


def legend(series: Sequence[Line]) -> Markup:
    """The names of the lines, each with a piece of its line."""
    items = [
        Markup(
            '<span><svg viewBox="0 0 24 8" width="24" height="8" aria-hidden="true">'
            + (
                '<path class="line s{}" d="M0 4H24"/></svg>{}</span>'
                if line.joined
                else '<circle class="dot s{}" cx="12" cy="4" r="3"/></svg>{}</span>'
            )
        ).format(line.style, line.name)
        for line in series
    ]
    return Markup('<div class="legend">{}</div>').format(Markup().join(items))


def dots(points: Sequence[Point], frame: Frame, title: str) -> Markup:
    """A scatter plot."""
    points = _finite(points)
    if not points:
        return Markup()
    height = frame.width if frame.square else frame.height
    scale = _Scale(frame, height, points)
    body = [scale.axes()]
    if frame.diagonal:
        low, high = scale.x_range[0], scale.x_range[1]
        body.append(
            Markup('<path class="thin" d="{}"/>').format(scale.path([(low, low), (high, high)]))
        )
    body += [
        Markup('<circle class="faint" cx="{}" cy="{}" r="2.5"/>').format(*scale.place(point))
        for point in points
    ]
    return _svg(frame.width, height, title, Markup().join(body))


def bars(buckets: Sequence[tuple[float, float, float]], frame: Frame, title: str) -> Markup:
    """A histogram with axes.

    Args:
      buckets: (low, high, rows).
      frame: where.
      title: for who cannot see it.
    """
    drawn = [(low, high, rows) for low, high, rows in buckets if math.isfinite(low + high)]
    if not drawn:
        return Markup()
    top = max(rows for *_, rows in drawn) or 1
    edges = [(low, 0.0) for low, *_ in drawn] + [(high, top) for _, high, _ in drawn]
    scale = _Scale(frame, frame.height, edges, nice_x=False)
    body = [scale.axes()]
    for low, high, rows in drawn:
        x0, y0 = scale.place((low, rows))
        x1, y1 = scale.place((high, 0))
        body.append(
            Markup(
                '<rect class="bar" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
            ).format(
                x0,
                y0,
                round(max(x1 - x0 - 1, 1), 1),
                round(max(y1 - y0, 0), 1),
                f"{number(low)} to {number(high)}: {number(rows)}",
            )
        )
    return _svg(frame.width, frame.height, title, Markup().join(body))


def spark_bars(buckets: Sequence[tuple[str, float]], title: str, width: int = 120) -> Markup:
    """A histogram for a table's cell: no axes; each bar says on hover what it is."""
    if not buckets or not any(value > 0 for _, value in buckets):
        return Markup()
    top = max(value for _, value in buckets)
    step = width / len(buckets)
    body = [
        Markup('<rect class="bar" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
            round(index * step, 1), round(26 - 25 * value / top, 1), round(max(step - 1, 0.6), 1),
            round(max(25 * value / top, 0.5 if value else 0), 1), words,
        )
        for index, (words, value) in enumerate(buckets)
    ]  # fmt: skip
    return _svg(width, 27, title, Markup().join(body), "spark")


def spark_line(values: Sequence[float | None], title: str, width: int = 160) -> Markup:
    """A trend for a table's cell, oldest first; gaps where a value is missing."""
    known = [value for value in values if value is not None]
    if not known:
        return Markup()
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    step = (width - 8) / max(len(values) - 1, 1)
    places = [
        (round(4 + i * step, 1), round(22 - 18 * (v - low) / span if high > low else 13, 1), v)
        for i, v in enumerate(values)
        if v is not None
    ]
    path = "M" + "L".join(f"{x} {y}" for x, y, _ in places)
    body = [Markup('<path class="line s0" d="{}"/>').format(path)] + [
        Markup('<circle class="dot s0" cx="{}" cy="{}" r="2"><title>{}</title></circle>').format(
            x, y, number(value)
        )
        for x, y, value in places
    ]
    return _svg(width, 27, title, Markup().join(body), "spark")


class _Scale:
    """Data to drawing, with axes."""

    def __init__(
        self, frame: Frame, height: int, points: Sequence[Point], nice_x: bool = True
    ) -> None:
        self.frame, self.height = frame, height
        self.x_range = frame.x_range or _range([x for x, _ in points], nice_x)
        self.y_range = frame.y_range or _range([y for _, y in points])
        if frame.square and frame.diagonal and not frame.x_range:
            both = (*self.x_range, *self.y_range)
            self.x_range = self.y_range = (min(both), max(both))

    def place(self, point: Point) -> Point:
        """Coordinates, rounded to a tenth."""
        (x0, x1), (y0, y1) = self.x_range, self.y_range
        wide = self.frame.width - _LEFT - _RIGHT
        high = self.height - _TOP - _BOTTOM
        x = _LEFT + wide * (min(max(point[0], x0), x1) - x0) / ((x1 - x0) or 1)
        y = _TOP + high * (1 - (min(max(point[1], y0), y1) - y0) / ((y1 - y0) or 1))
        return round(x, 1), round(y, 1)

    def path(self, points: Sequence[Point]) -> str:
        """The `d` of a line through the points, points on one spot only once."""
        placed = [self.place(point) for point in points]
        kept = [p for i, p in enumerate(placed) if not i or p != placed[i - 1]]
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in kept)

    def axes(self) -> Markup:
        """Ticks, grid and the names of the axes."""
        parts = []
        bottom, right = self.height - _BOTTOM, self.frame.width - _RIGHT
        for value in ticks(*self.y_range):
            y = self.place((self.x_range[0], value))[1]
            parts.append(
                Markup(
                    '<path class="grid" d="M{} {}H{}"/><text x="{}" y="{}" class="end">{}</text>'
                ).format(_LEFT, y, right, _LEFT - 6, y + 4, tick(value))
            )
        for value in ticks(*self.x_range):
            if self.frame.whole and value != int(value):
                continue
            x = self.place((value, self.y_range[0]))[0]
            parts.append(
                Markup(
                    '<path class="grid" d="M{} {}V{}"/><text x="{}" y="{}" class="mid">{}</text>'
                ).format(x, bottom, bottom + 4, x, bottom + 16, tick(value))
            )
        middle = round((_LEFT + right) / 2)
        parts.append(
            Markup('<text x="{}" y="{}" class="mid name">{}</text>').format(
                middle, self.height - 3, self.frame.x_label
            )
        )
        across = round((_TOP + bottom) / 2)
        parts.append(
            Markup(
                '<text transform="translate(10 {}) rotate(-90)" class="mid name">{}</text>'
            ).format(across, self.frame.y_label)
        )
        return Markup().join(parts)


def _finite(points: Sequence[Point]) -> list[Point]:
    return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values between two bounds, about so many."""
    if not high > low or not math.isfinite(high - low):
        return [low]
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((m * power for m in (1, 2, 2.5, 5) if m * power >= rough), 10 * power)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def _range(values: Sequence[float], nice: bool = True) -> Point:
    known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(known), max(known)
    if low == high:
        return low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    if not nice:
        return low, high
    marks = ticks(low, high)
    step = marks[1] - marks[0] if len(marks) > 1 else high - low
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def _svg(width: int, height: int, title: str, body: Markup, kind: str = "chart") -> Markup:
    return Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        kind, width, height, title, body
    )


def heat(weights: Sequence[Sequence[float]], names: Sequence[str]) -> Markup:
    """A large confusion matrix: a square per cell that is not empty, darker by share of its row."""
    size = max(4, 720 // max(len(names), 1))
    side = size * len(names)
    cells = []
    for row, values in enumerate(weights):
        total = sum(values)
        for column, value in enumerate(values):
            if value > 0:
                cells.append(
                    Markup(
                        '<rect class="cell" x="{}" y="{}" width="{}" height="{}" opacity="{}">'
                        "<title>{}</title></rect>"
                    ).format(
                        column * size, row * size, size, size,
                        round(0.15 + 0.85 * math.sqrt(value / total), 2),
                        f"{names[row]} taken for {names[column]}: {number(value)}",
                    )
                )  # fmt: skip
    frame = Markup('<rect class="grid" x="0" y="0" width="{}" height="{}"/>').format(side, side)
    return _svg(side, side, "confusion matrix", frame + Markup().join(cells))
