"""Multi-label data recognised in its three shapes, and what only looks like it."""

import tomllib
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.profile.label_sets import separator
from data.profile.proposal import propose
from data.reading.errors import DataError
from data.sources import resolve
from data.tasks import Task
from pipeline.commands.init import main
from pipeline.config import load
from pipeline.prepare import prepare

NAMES = (["a"], ["a", "b"], [], ["b", "c"], ["a", "b", "c"], ["c"])


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["a|b", "b", "c|a", "a|b|c", ""], "|"),
        (["a; b", "b", "c; a", "a; c"], ";"),
        (["Blue, Inc", "Yellow, Inc"], ""),  # as many names as values
        (["Austin, TX", "Dallas, TX", "Miami, FL"], ""),
        (["a|a", "a|b", "b|c", "a|c"], ""),  # a name twice in a cell
        (["a", "b", "c"], ""),
    ],
)
def test_separators(cells: list[str], mark: str) -> None:
    assert separator(Counter(dict.fromkeys(cells, 10))) == mark


def _csv(folder: Path, header: str, lines: list[str]) -> str:
    (folder / "d.csv").write_text("\n".join([header, *lines]) + "\n")
    return str(folder / "d.csv")


def test_lists_behind_a_separator_become_a_configuration(tmp_path: Path) -> None:
    lines = [f"{n / 7:.3f},{'|'.join(NAMES[n % 6])}" for n in range(300)]
    data = _csv(tmp_path, "x,tags", lines)
    assert main([str(tmp_path / "my.toml"), "--data", data, "--label", "tags"]) == 0
    written = tomllib.loads((tmp_path / "my.toml").read_text())["data"]
    assert (written["task"], written["label_separator"]) == ("multilabel", "|")
    prepared = prepare(load(str(tmp_path / "my.toml")), tmp_path / "output")
    assert prepared.classes == ("a", "b", "c")
    assert list(prepared.features) == ["x"]


def test_several_labels_are_columns_of_flags(tmp_path: Path) -> None:
    lines = [f"{n / 7:.3f},{n % 2},{'false' if n % 3 else 'true'}" for n in range(300)]
    data = _csv(tmp_path, "x,b,a", lines)
    flags = ["--label", "b", "--label", "a"]
    assert main([str(tmp_path / "my.toml"), "--data", data, *flags]) == 0
    written = tomllib.loads((tmp_path / "my.toml").read_text())["data"]
    assert written["label_columns"] == ["b", "a"]
    prepared = prepare(load(str(tmp_path / "my.toml")), tmp_path / "output")
    assert prepared.label == "labels"
    assert prepared.classes == ("b", "a")
    with pytest.raises(DataError, match="'x' is none"):
        propose(resolve(data, tmp_path), ["a", "x"])


def test_lists_in_parquet(tmp_path: Path) -> None:
    table = pa.table({"x": [n / 7 for n in range(300)], "t": [NAMES[n % 6] for n in range(300)]})
    pq.write_table(table, tmp_path / "d.parquet")
    found = propose(resolve(str(tmp_path / "d.parquet"), tmp_path), "t").label
    assert (found.task, found.classes, found.separator) == (Task.MULTILABEL, ("a", "b", "c"), "")
    assert found.counts == {"a": 150, "b": 150, "c": 150}


def test_classes_with_commas_stay_classes(tmp_path: Path) -> None:
    lines = [f'{n / 7:.3f},"{["Blue, Inc", "Red, Inc", "Ann"][n % 3]}"' for n in range(300)]
    found = propose(resolve(_csv(tmp_path, "x,firm", lines), tmp_path), "firm").label
    assert (found.task, found.classes) == (Task.MULTICLASS, ("Ann", "Blue, Inc", "Red, Inc"))


def test_a_sequence_is_learnt_from_the_one_text(tmp_path: Path) -> None:
    lines = [f"{n},word{n},W {n % 7}" for n in range(300)]
    data = _csv(tmp_path, "n,word,spoken", lines)
    arguments = [str(tmp_path / "my.toml"), "--data", data, "--label", "spoken"]
    assert main([*arguments, "--task", "sequence"]) == 0
    prepared = prepare(load(str(tmp_path / "my.toml")), tmp_path / "output")
    assert prepared.texts == prepared.model_columns == ["word"]
    assert prepared.classes == ()
