"""plots.json and worst.json for the reports, gathered from what TFMA wrote.

plots.json: {slice name: charts}, the overall slice under "". By task a slice has `roc` and `pr`
({class, or "" for binary: points}), `calibration`, `confusion` ({classes, weights[label][decision]}),
`confusion_per_class` (multi-label), `residuals` ({histogram, sample}), `distances`; see charts.py.
worst.json: a list, worst first, of {loss, label, prediction, score, columns: {name: text or number},
picture: base64 of the encoded image or null}.
"""

import base64
import json
import math
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import tensorflow as tf

from components.evaluator.results import details

PLOTS, WORST = "plots.json", "worst.json"
MOST_SLICES = 50
"""Slices whose charts are kept, beside those with gates: the first ones by name."""
_MOST_COLUMNS = 60
_LONGEST = 300
_LARGEST_PICTURE = 20_000
"""Bytes; a larger picture is shown smaller, so that a report of photographs stays a page."""
_SIDE = 240
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM")


def write(directory: Path, gated: Iterable[str], label: str) -> None:
    """Writes both files into the evaluation's directory.

    Args:
      directory: where TFMA wrote.
      gated: names of the slices that gates are about.
      label: the label's column.
    """
    plots = details(directory, "charts")
    worst = details(directory, "worst").get("", [])
    kept = {"", *gated, *sorted(plots)[: MOST_SLICES + 1]}
    chosen = {name: charts for name, charts in plots.items() if name in kept}
    rows = [_row(row, label) for row in worst]
    for file, content in ((PLOTS, chosen), (WORST, rows)):
        text = json.dumps(content, allow_nan=False)
        (directory / file).write_text(text, encoding="utf-8")


def _row(row: dict[str, Any], label: str) -> dict[str, Any]:
    example = tf.train.Example.FromString(base64.b64decode(row.pop("example")))
    columns: dict[str, Any] = {}
    picture = None
    for name, feature in sorted(example.features.feature.items()):
        kind = feature.WhichOneof("kind")
        values = list(getattr(feature, kind).value) if kind else []
        if values and isinstance(values[0], bytes) and _is_picture(values[0]):
            picture = _small(values[0]) if picture is None else picture
        elif name == label:
            row["label"] = _shown(values) if row["label"] is None else row["label"]
        elif len(columns) < _MOST_COLUMNS:
            columns[name] = _shown(values)
    return {**row, "columns": columns, "picture": picture}


def _is_picture(value: bytes) -> bool:
    return value.startswith(_PICTURES) or (value[:4] == b"RIFF" and value[8:12] == b"WEBP")


def _small(encoded: bytes) -> str | None:
    """Base64 of the picture, of one of at most 240 pixels a side where it is large; None: unreadable."""
    if len(encoded) > _LARGEST_PICTURE:
        from PIL import Image

        out = BytesIO()
        try:
            with Image.open(BytesIO(encoded)) as picture:
                picture.draft("RGB", (_SIDE, _SIDE))  # JPEG: decodes no more than that takes
                small = picture.convert("RGB")
                small.thumbnail((_SIDE, _SIDE))
                small.save(out, "JPEG", quality=85)
        except Exception:  # decoders raise what they like; the row is shown without its picture
            return None
        encoded = out.getvalue()
    return base64.b64encode(encoded).decode()


def _shown(values: list[Any]) -> Any:
    """A number, or text of bounded length; empty text for none."""
    if len(values) == 1 and isinstance(values[0], int | float):
        return values[0] if math.isfinite(values[0]) else str(values[0])
    texts = [
        item.decode(errors="replace") if isinstance(item, bytes) else f"{item:g}"
        for item in values[:_MOST_COLUMNS]
    ]
    text = ", ".join(texts)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
