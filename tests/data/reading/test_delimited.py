"""CSV as people have it: what is read byte for byte, and what is refused by line."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from data.reading import delimited
from data.reading.errors import DataError


def rows(path: Path) -> list[dict[str, str | None]]:
    return [row for batch in delimited.read(path) for row in batch.to_pylist()]


def write(tmp_path: Path, content: bytes | str) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_cells_are_kept_as_they_stand_and_empty_ones_are_missing(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b,c\n 007 , -0.0,"x, ""y"""\n,"",NA\n')
    assert rows(path) == [
        {"a": " 007 ", "b": " -0.0", "c": 'x, "y"'},
        {"a": None, "b": None, "c": "NA"},
    ]


def test_quoted_newlines_crlf_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = write(tmp_path, b'\xef\xbb\xbf"a\nx",b\r\n"1\r\n2",3\r\n')
    assert rows(path) == [{"a\nx": "1\r\n2", "b": "3"}]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    text = "name;x,a\n" if delimiter == ";" else "name,x\n".replace(",", delimiter)
    if delimiter == ";":
        text = 'name;price\n"a, b, c";1,5\n"d, e";2,5\n'
    else:
        text += f"a b;c{delimiter}1\n" * 5
    header = delimited.read_header(write(tmp_path, text))
    assert header.delimiter == delimiter


def test_one_column_is_a_table_too(tmp_path: Path) -> None:
    assert rows(write(tmp_path, "a\n1\n2\n")) == [{"a": "1"}, {"a": "2"}]


def test_unicode_names_and_gzip(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress("größe,年齢\n1,2\n".encode()))
    assert rows(path) == [{"größe": "1", "年齢": "2"}]


def test_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    assert rows(write(tmp_path, "a,b\n")) == []
    assert rows(write(tmp_path, "a,b")) == []


def test_a_field_larger_than_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK", 1000)
    big = "x" * 50_000
    path = write(tmp_path, "a,b\n" + "1,2\n" * 400 + f"3,{big}\n4,5\n" + "6,7\n" * 400)
    read = rows(path)
    assert len(read) == 802
    assert read[400] == {"a": "3", "b": big}
    assert [row["a"] for row in read] == ["1"] * 400 + ["3", "4"] + ["6"] * 400


def test_two_thousand_columns(tmp_path: Path) -> None:
    names = [f"column_{n}" for n in range(2000)]
    path = write(tmp_path, ",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
    assert len(rows(path)[0]) == 2000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,b\n1,2\n1,\xe9t\xe9\n", r"line 3: not UTF-8 \(byte 0xe9 .*iconv"),
        (b"a,\xe9\n1,2\n", "line 1: not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"a,b\n1,2\n\n1,2,3\n", "line 4: 3 cells where the header has 2: '1,2,3'.*quotes"),
        (b'a,b\n"x\ny",2\n1\n', "line 4: 1 cell where the header has 2"),
        (b"a,b,a\n1,2,3\n", "Column 'a' appears twice"),
        (b",b\n1,2\n", "Column 1 of .* has no name.*index=False"),
        (b"a, \n1,2\n", "Column 2 of .* has no name"),
        (b'a,b\n1,2\n1,"open\n3,4\n', "line 3: a quote is opened and never closed"),
        (b'a,b\n"open,2\n3,4\n', "line 2: 1 cell .*quote is probably opened"),
    ],
)
def test_what_is_broken_is_named_by_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        rows(write(tmp_path, content))


def test_a_broken_row_far_into_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n" + "1,2\n" * 300_000 + "1\n" + "1,2\n" * 300_000)
    with pytest.raises(DataError, match="line 300002: 1 cell"):
        rows(path)


def test_the_process_survives_an_error(tmp_path: Path) -> None:
    """The reader's threads once aborted or hung the interpreter at exit."""
    path = write(tmp_path, "a,b\n" + "1,2\n" * 500_000 + "1\n" + "1,2\n" * 500_000)
    code = f"""
from pathlib import Path
from data.reading import delimited
try:
    for _ in delimited.read(Path({str(path)!r})): pass
except ValueError as error: print("refused")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=Path.cwd()
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "refused\n", "")
