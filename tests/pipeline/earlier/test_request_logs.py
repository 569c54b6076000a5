"""pipeline/earlier/request_logs.py: which files are meant."""

from pathlib import Path

import pytest

from pipeline.earlier import request_logs


def test_files_folders_and_patterns(tmp_path: Path) -> None:
    odd = tmp_path / "logs [1]"
    odd.mkdir()
    a, b, config, log = (odd / name for name in ("a.tfrecord", "b.tfrecord", "c.config", "a-0.log"))
    for file in (a, b, config, log):
        file.touch()
    assert request_logs.files([str(odd)]) == [a, b]
    assert request_logs.files([str(log), str(tmp_path / "*" / "b.*"), str(b)]) == [log, b]


def test_nothing_there_says_how_a_log_comes_to_be(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gone.*--log_requests.*logging_config"):
        request_logs.files([str(tmp_path / "gone")])
