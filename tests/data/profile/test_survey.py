"""The one pass over the data."""

from pathlib import Path

import pytest

from data.profile import survey as module
from data.profile.survey import spelled_missing, survey
from data.reading.errors import DataError
from data.sources import resolve


def write(tmp_path: Path, text: str, name: str = "a.csv") -> None:
    (tmp_path / name).write_text(text)


def test_a_column_that_only_some_files_have(tmp_path: Path) -> None:
    write(tmp_path, "a,b\n1,2\n", "1.csv")
    write(tmp_path, "a\n1\n3\n", "2.csv")
    found = survey(resolve("*.csv", tmp_path))
    assert found.rows == 3
    assert (found.columns["b"].filled, found.columns["b"].rows) == (1, 3)


def test_places_are_lines(tmp_path: Path) -> None:
    write(tmp_path, 'a,b\n"x\ny",1\n\nz,2\n')
    found = survey(resolve("a.csv", tmp_path))
    assert found.place(0, 0) == "a.csv, line 2"
    assert found.place(0, 1) == "a.csv, line 5"


def test_the_sample_is_bounded_and_counts_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SAMPLE_CELLS", 1)
    monkeypatch.setattr("data.reading.delimited.BLOCK", 1000)
    write(tmp_path, "a\n" + "".join(f"{n % 5}\n" for n in range(5000)))
    column = survey(resolve("a.csv", tmp_path)).columns["a"]
    assert column.sampled < 1000
    assert column.counts is not None and sum(column.counts.values()) == 5000


def test_spellings_of_missing(tmp_path: Path) -> None:
    write(tmp_path, "a,b,c\n1,x,1\nNA,NA,2\n?,y,3\n")
    assert spelled_missing(survey(resolve("a.csv", tmp_path))) == {"a": ("?", "NA")}


def test_no_rows(tmp_path: Path) -> None:
    write(tmp_path, "a,b\n")
    with pytest.raises(DataError, match="no rows but a header"):
        survey(resolve("a.csv", tmp_path))
