"""How the report writes numbers, sizes and times."""

import math
from typing import Any


def number(value: Any, digits: int = 4) -> str:
    """Four significant digits after a leading zero, thousands separated, a dash for no value."""
    if value is None or isinstance(value, str):
        return value or "–"
    value = float(value)
    if not math.isfinite(value):
        return "–" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if value == int(value) and abs(value) < 1e15:
        text = f"{int(value):,}"
    elif abs(value) >= 1e6 or abs(value) < 10.0 ** -(digits + 1):
        text = f"{value:.{digits - 1}e}"
    elif abs(value) >= 1000:
        text = f"{value:,.1f}"
    elif abs(value) >= 1:
        text = f"{value:.{digits - 1}f}".rstrip("0").rstrip(".")
    else:
        text = f"{value:.{digits}f}"
    return text.replace("-", "−")


def tick(value: float) -> str:
    """As short as it can be said, for an axis."""
    text = f"{value:,.10g}" if 1e-4 <= abs(value) < 1e7 or not value else f"{value:.3g}"
    return text.replace("-", "−")


def signed(value: float | None) -> str:
    """With a plus where it is one; a dash for no value."""
    if value is None or not math.isfinite(value):
        return "–"
    text = number(round(value, 4))
    return f"+{text}" if value > 0 and text != "0" else text


def size(bytes_: int) -> str:
    """1536 -> `1.5 kB`, decimal units."""
    amount, unit = float(bytes_), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"


def seconds(value: float) -> str:
    """95 -> `1 min 35 s`."""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def share(part: float, whole: float) -> str:
    """`12.3 %`; a dash of nothing."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    return f"{percent:.1f} %" if percent >= 0.1 or not percent else "< 0.1 %"
