"""Known names, files, folders and globs; and what is said where nothing is."""

from pathlib import Path

import pytest

from data.sources import SourceError, SourceFormat, resolve


def test_the_taxi_trips_lie_in_the_installed_package(tmp_path: Path) -> None:
    source = resolve("chicago-taxi", tmp_path)
    assert source.format is SourceFormat.CSV
    assert source.where == "chicago-taxi"
    assert source.files[0].name == "data.csv"


def test_a_changed_taxi_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.sources.TAXI_SHA256", "0" * 64)
    with pytest.raises(SourceError, match="sha256"):
        resolve("chicago-taxi", tmp_path)


def test_the_fashion_sample_is_parquet(tmp_path: Path) -> None:
    assert resolve("fashion-mnist", tmp_path).format is SourceFormat.PARQUET


def test_a_file_relative_to_the_base(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    source = resolve("a.csv", tmp_path)
    assert source.files == (tmp_path / "a.csv",)
    assert resolve(source.where, Path("/")).files == source.files


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.csv", "csv"),
        ("a.TSV", "csv"),
        ("a.csv.gz", "csv"),
        ("a.pq", "parquet"),
        ("a.tfrecord", "tfrecord"),
        ("data_tfrecord-00000-of-00001.gz", "tfrecord"),
    ],
)
def test_the_format_by_suffix(tmp_path: Path, name: str, format: str) -> None:
    (tmp_path / name).write_text("x")
    assert resolve(name, tmp_path).format == format


def test_a_folder_gives_its_files_sorted_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", ".hidden.csv", "_SUCCESS", "notes.md"):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text("x\n1\n")
    source = resolve("in", tmp_path)
    assert [file.name for file in source.files] == ["a.csv", "b.csv"]
    assert source.root == tmp_path / "in"


def test_a_glob(tmp_path: Path) -> None:
    for name in ("a-1.csv", "a-2.csv", "b.csv"):
        (tmp_path / name).write_text("x\n1\n")
    source = resolve("a-*.csv", tmp_path)
    assert len(source.files) == 2
    assert source.root == tmp_path
    assert resolve(source.where, Path("/")).files == source.files


def test_a_folder_of_pictures_keeps_its_classes(tmp_path: Path) -> None:
    for name in ("cat/1.png", "cat/deep/2.JPG", "dog/3.jpeg", "dog/.DS_Store", "dog/_4.png"):
        (tmp_path / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / name).write_bytes(b"x")
    source = resolve("pets", tmp_path)
    assert source.format is SourceFormat.IMAGES
    assert len(source.files) == 4


def test_a_folder_of_texts_keeps_its_classes(tmp_path: Path) -> None:
    for name in ("ham/1.txt", "ham/2.txt", "spam/1.eml", "spam/.DS_Store"):
        (tmp_path / "mails" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mails" / name).write_text("x")
    source = resolve("mails", tmp_path)
    assert source.format is SourceFormat.TEXTS
    assert len(source.files) == 3
    (tmp_path / "mails" / "all.txt").write_text("x")  # one outside the folders: a table in parts
    assert resolve("mails", tmp_path).format is SourceFormat.CSV
    (tmp_path / "years").mkdir()
    (tmp_path / "years" / "2024.txt").write_text("x\n1\n")
    assert resolve("years", tmp_path).format is SourceFormat.CSV


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("trip.csv", r"There is no 'trip.csv' .*Near it: trips.csv.*chicago-taxi, fashion-mnist"),
        ("chicago-taxis", "Near it: chicago-taxi"),
        ("nowhere/a.csv", "does not exist either"),
        ("*.parquet", "No file matches"),
        ("empty", "is empty"),
        ("mixed", r"mixes formats: a.csv \(csv\), b.parquet \(parquet\)"),
        ("odd", "nothing readable by its suffix"),
        ("gs://bucket/a.csv", "not on this machine"),
        ("one.png", "is one picture"),
    ],
)
def test_what_cannot_be_found_is_explained(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "trips.csv").write_text("x\n1\n")
    (tmp_path / "one.png").write_text("x")
    for name in ("empty/.keep", "mixed/a.csv", "mixed/b.parquet", "odd/a.docx"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    with pytest.raises(SourceError, match=message):
        resolve(path, tmp_path)


def test_a_named_format_overrides_the_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_text("x\n1\n")
    assert resolve("a.dat", tmp_path, "csv").format is SourceFormat.CSV
