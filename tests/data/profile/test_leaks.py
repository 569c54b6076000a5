"""A column that tells the label is found; one that merely helps is not accused."""

import random
from pathlib import Path

import pytest

from data.profile.label_decision import decide
from data.profile.leaks import _auc, leak
from data.profile.survey import survey
from data.sources import resolve


def leaks(tmp_path: Path, rows: list[dict[str, object]]) -> dict[str, str]:
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    found = survey(resolve("a.csv", tmp_path))
    label = decide(found, "y")
    return {
        name: leak(column, found.columns["y"], label)
        for name, column in found.columns.items()
        if name != "y"
    }


def test_classes(tmp_path: Path) -> None:
    draw = random.Random(0)
    rows: list[dict[str, object]] = []
    for n in range(300):
        y = n % 2
        rows.append(
            {
                "y": y,
                "copy": "ja" if y else "nein",
                "finer": f"{'j' if y else 'n'}{n % 10}",
                "helps": draw.gauss(2 * y, 1),
                "tells": draw.gauss(9 * y, 1),
                "unique": f"u{n}",
                "random": draw.choice("abc"),
            }
        )
    found = leaks(tmp_path, rows)
    assert {name for name, why in found.items() if why} == {"copy", "finer", "tells"}


def test_the_taxi_tip(root: Path) -> None:
    found = survey(resolve("chicago-taxi", root))
    label = decide(found, "big_tipper")
    target = found.columns["big_tipper"]
    why = {n: leak(c, target, label) for n, c in found.columns.items() if n != "big_tipper"}
    assert [name for name in why if why[name]] == ["tips"]


@pytest.mark.parametrize(
    ("scores", "classes", "area"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], 1.0),
        ([4, 3, 2, 1], [0, 0, 1, 1], 1.0),
        ([1, 1, 1, 1], [0, 1, 0, 1], 0.5),
    ],
)
def test_auc(scores: list[float], classes: list[int], area: float) -> None:
    import numpy as np

    assert _auc(np.array(scores, float), np.array(classes)) == area
