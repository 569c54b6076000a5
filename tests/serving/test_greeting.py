"""serving/greeting.py: the line that is printed at the start can be pasted into a shell."""

import shlex
from pathlib import Path
from typing import Any, cast

import pytest

from serving.greeting import curl_line


@pytest.mark.parametrize("text", ["x", 'it\'s; $HOME `date` "quoted"\n'])
def test_the_body_of_a_file_is_quoted_for_a_shell(tmp_path: Path, text: str) -> None:
    file = tmp_path / "example.json"
    file.write_text(text)
    line = curl_line(cast(Any, None), "shop", "http://localhost:1", str(file))
    assert line is not None
    url = "http://localhost:1/v1/models/shop:predict"
    assert shlex.split(line) == ["curl", "-d", text.strip(), url]


def test_a_long_body_stays_in_its_file(tmp_path: Path) -> None:
    file = tmp_path / "my photo.json"
    file.write_text("x" * 100_000)
    line = curl_line(cast(Any, None), "shop", "http://localhost:1", str(file))
    assert line is not None
    assert shlex.split(line)[2] == f"@{file}"
