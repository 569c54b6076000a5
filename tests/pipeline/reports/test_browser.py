"""The pages in a real Chromium: nothing fails, nothing leaves them, and they can be worked with."""

import threading
from pathlib import Path
from typing import Any

import pytest

from pipeline.reports import compare, page, serve

pytestmark = pytest.mark.slow

CELLS = """[...document.querySelectorAll('#{table} tbody tr')].filter(r => !r.hidden)
           .map(r => r.cells[{column}]).map(c => (c.querySelector('span') ?? c).textContent.trim())"""


@pytest.fixture(autouse=True)
def screen(request: pytest.FixtureRequest) -> None:
    """A desktop in light colours, whatever the test before looked at."""
    request.getfixturevalue("chromium").size(1280, 900)


def clean(chromium: Any) -> None:
    assert chromium.errors == []
    assert chromium.requests == []


def test_the_report_opens_from_disk(chromium: Any, crowded: Path, hostile: str) -> None:
    for scheme in ("light", "dark"):
        chromium.size(1280, 900, scheme)
        chromium.open(crowded / "report.html")
        clean(chromium)
    assert chromium.js("document.title") == "crowd · 20260101-000000"  # no hostile name ran
    shown = chromium.js("[...document.querySelectorAll('section')].map(section => section.id)")
    assert shown == [name for name, _ in page.SECTIONS]
    assert hostile in chromium.js("document.querySelector('#columns-table').textContent")
    charts = "[...document.querySelectorAll('#plots svg.chart')].filter(s => !s.closest('details'))"
    assert chromium.js(f"{charts}.length") > 10
    assert chromium.js(f"{charts}.every(s => s.getBoundingClientRect().height > 40)")
    picture = "document.querySelector('#worst img')"
    assert chromium.js(f"{picture}.naturalWidth") == 1


def test_tables_sort_by_click_and_by_key(chromium: Any, crowded: Path) -> None:
    chromium.open(crowded / "report.html")
    column = "[...document.querySelectorAll('#slices-table th')][3]"
    chromium.js(f"{column}.querySelector('button').click()")
    shown = chromium.js(CELLS.format(table="slices-table", column=3))
    assert shown[0] == "0.8000"  # all rows stay on top
    numbers = [float(text) for text in shown[1:]]
    assert len(numbers) == 200 and numbers == sorted(numbers, reverse=True)
    assert chromium.js(f"{column}.getAttribute('aria-sort')") == "descending"
    chromium.js(f"{column}.querySelector('button').focus()")
    for kind in ("keyDown", "keyUp"):
        chromium.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r",
                      windowsVirtualKeyCode=13)  # fmt: skip
    numbers = [
        float(text) for text in chromium.js(CELLS.format(table="slices-table", column=3))[1:]
    ]
    assert numbers == sorted(numbers)
    names = "[...document.querySelectorAll('#slices-table th')][1].querySelector('button').click()"
    chromium.js(names)
    shown = chromium.js(CELLS.format(table="slices-table", column=1))[1:]
    numbered = [name for name in shown if name[5:].isdigit()]
    assert numbered == [f"city={number}" for number in range(199)]
    clean(chromium)


def test_slices_are_found_compared_and_read_three_ways(chromium: Any, crowded: Path) -> None:
    chromium.open(crowded / "report.html")
    chromium.js(
        "(() => { const f = document.querySelector('[data-filters=slices-table]');"
        "f.value = 'CITY=19'; f.dispatchEvent(new Event('input')); })()"
    )
    shown = chromium.js(CELLS.format(table="slices-table", column=1))
    assert shown == ["all rows", "city=19", *(f"city={number}" for number in range(190, 199))]
    chromium.js(
        "(() => { const s = document.querySelector('[data-shows=slices-table]');"
        "s.value = 'overall'; s.dispatchEvent(new Event('change')); })()"
    )
    first, second = chromium.js(CELLS.format(table="slices-table", column=3))[:2]
    assert first == "–" and second[0] in "+−"
    intervals = "[...document.querySelectorAll('#slices-table small')]"
    assert chromium.js(f"{intervals}.length > 0 && {intervals}.every(s => s.hidden)")
    chromium.open(crowded / "report.html")
    chromium.js("document.querySelectorAll('#slices-table input')[7].click()")
    chromium.js("document.querySelector('[data-compares]').click()")
    assert len(chromium.js(CELLS.format(table="slices-table", column=1))) == 2
    chromium.js("document.querySelector('[data-compares]').click()")
    assert len(chromium.js(CELLS.format(table="slices-table", column=1))) == 201
    clean(chromium)


def test_on_a_phone_tables_scroll_and_the_page_does_not(chromium: Any, crowded: Path) -> None:
    chromium.size(390, 844)
    chromium.open(crowded / "report.html")
    assert chromium.js("document.documentElement.scrollWidth") <= 390
    wide = "document.querySelector('#slices .scroll')"
    assert chromium.js(f"{wide}.scrollWidth > {wide}.clientWidth")
    assert chromium.js(f"{wide}.tabIndex") == 0  # reached and scrolled by keyboard


def test_on_paper_everything_is_shown(chromium: Any, crowded: Path) -> None:
    chromium.size(1000, 1400, media="print")
    chromium.open(crowded / "report.html")
    assert chromium.js("getComputedStyle(document.querySelector('nav')).display") == "none"
    box = "document.querySelector('#slices .scroll')"
    assert chromium.js(f"{box}.scrollHeight - {box}.clientHeight") <= 2
    printed = chromium.call("Page.printToPDF")
    assert printed["data"].startswith("JVBER")  # %PDF


def test_text_can_be_read_in_both_schemes(chromium: Any, crowded: Path) -> None:
    """WCAG 2.1 AA: a contrast of 4.5 for every colour of text on its ground."""
    measure = """(() => {
      const parts = (c) => c.match(/[\\d.]+/g).map(Number);
      const lum = (c) => { const [r, g, b] = parts(c).slice(0, 3).map((v) => {
        v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
      const ground = (e) => { for (; e; e = e.parentElement) {
        const c = getComputedStyle(e).backgroundColor; const p = parts(c);
        if (p.length < 4 || p[3] === 1) return c; } return 'rgb(255,255,255)'; };
      const bad = new Set();
      for (const e of document.querySelectorAll('main *')) {
        if (!e.textContent.trim() || e.closest('svg') || e.closest('.matrix')) continue;
        const [a, b] = [lum(getComputedStyle(e).color), lum(ground(e))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) bad.add(`${e.tagName}.${e.className} ${ratio.toFixed(2)}`);
      }
      return [...bad]; })()"""
    for scheme in ("light", "dark"):
        chromium.size(1280, 900, scheme)
        chromium.open(crowded / "report.html")
        assert chromium.js(measure) == [], scheme


def test_two_runs_side_by_side(chromium: Any, crowded: Path) -> None:
    written, *_ = compare.write(crowded.parents[1], "20250101-000000", crowded.name)
    chromium.open(written)
    clean(chromium)
    assert chromium.js("document.querySelectorAll('section').length") == 7


def test_the_index_and_a_report_over_http(chromium: Any, crowded: Path) -> None:
    server = serve.make_server(crowded.parents[2], 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        chromium.open(address)
        clean(chromium)
        link = chromium.js("document.querySelector('tbody th a').href")
        chromium.open(link)
        assert chromium.js("document.querySelector('h1').textContent") == "crowd"
        clean(chromium)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
