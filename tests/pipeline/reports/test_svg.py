"""pipeline/reports/svg.py: valid SVG with everything escaped, whatever the numbers are."""

import math
import xml.etree.ElementTree as ElementTree

import pytest

from pipeline.reports.svg import Frame, Line, bars, dots, heat, lines, spark_bars, spark_line, ticks

HOSTILE = '<script>alert("1")</script>'


def parsed(drawing: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<div>{drawing}</div>")


def texts(drawing: str) -> list[str]:
    return [node.text or "" for node in parsed(drawing).iter("text")]


def test_a_line_chart_puts_points_where_they_belong() -> None:
    frame = Frame("x", HOSTILE, x_range=(0, 1), y_range=(0, 1), width=158, height=144)
    drawing = lines([Line(HOSTILE, [(0, 0), (0.5, 1), (1, 0)])], frame, HOSTILE)
    path = next(node for node in parsed(drawing).iter("path") if node.get("class") == "line s0")
    assert path.get("d") == "M46 110L96 10L146 110"
    assert HOSTILE in texts(drawing)
    assert "<script" not in drawing


@pytest.mark.parametrize(
    "points",
    [
        [(1, 1)], [(0, 5), (1, 5)], [(0, math.nan), (1, 2)], [(0, math.inf), (1, 2)],
        [(1e-12, 1e12), (2e-12, -1e12)], [(0, 0)] * 5,
    ],
)  # fmt: skip
def test_odd_numbers_still_draw(points: list[tuple[float, float]]) -> None:
    for drawing in (
        lines([Line("a", points, marks=True), Line("b", points, 1)], Frame(), "t"),
        dots(points, Frame(square=True, diagonal=True), "t"),
    ):
        assert "nan" not in drawing and "inf" not in drawing
        parsed(drawing)


def test_nothing_to_draw_is_nothing() -> None:
    assert not lines([Line("a", [])], Frame(), "t")
    assert not bars([], Frame(), "t") and not dots([], Frame(), "t")
    assert not spark_bars([], "t") and not spark_bars([("a", 0)], "t")
    assert not spark_line([None, None], "t")


def test_a_histogram_has_a_bar_a_bucket_as_tall_as_its_rows() -> None:
    frame = Frame("x", "rows", width=258, height=144, y_range=(0, 10))
    found = parsed(bars([(0, 1, 10), (1, 2, 5)], frame, "t")).iter("rect")
    assert [float(node.get("height") or 0) for node in found] == [100.0, 50.0]


def test_small_charts() -> None:
    drawing = spark_bars([(HOSTILE, 4), ("b", 2)], "t", width=20)
    tall, low = parsed(drawing).iter("rect")
    assert (tall.get("height"), low.get("height")) == ("25.0", "12.5")
    assert (tall.find("title")).text == HOSTILE
    assert len(list(parsed(spark_line([1, None, 3], "t")).iter("circle"))) == 2


def test_a_heat_map_leaves_empty_cells_out() -> None:
    drawing = heat([[5, 0], [1, 3]], [HOSTILE, "b"])
    cells = [node for node in parsed(drawing).iter("rect") if node.get("class") == "cell"]
    assert len(cells) == 3
    assert cells[0].find("title").text == f"{HOSTILE} taken for {HOSTILE}: 5"


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(0.87, 0.912) == [0.87, 0.88, 0.89, 0.9, 0.91]
    assert ticks(3, 3) == [3]
