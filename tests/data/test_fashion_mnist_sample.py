"""The committed sample: what is in it, and that it is what make_sample draws."""

import hashlib
import io
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from data.fashion_mnist import locate, originals
from data.fashion_mnist.make_sample import chosen_rows, main


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return pq.read_table(locate.sample())


def test_800_of_each_class_and_no_picture_twice(table: pa.Table) -> None:
    assert Counter(table["label"].to_pylist()) == dict.fromkeys(originals.CLASSES, 800)
    assert len(set(table["image"].to_pylist())) == 8000


def test_pictures_are_small_gray_png(table: pa.Table) -> None:
    for picture in table["image"].to_pylist()[::400]:
        image = Image.open(io.BytesIO(picture))
        assert (image.format, image.mode, image.size) == ("PNG", "L", (28, 28))


def test_it_is_small_and_the_one_described_in_the_readme() -> None:
    content = locate.sample().read_bytes()
    assert len(content) < 4_000_000
    readme = (Path(locate.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256(content).hexdigest() in readme


def test_classes_are_mixed_from_the_first_rows_on(table: pa.Table) -> None:
    assert len(set(table["label"].to_pylist()[:100])) == 10


def test_drawing_is_even_and_takes_the_smallest_hashes() -> None:
    labels = np.arange(1000, dtype=np.uint8) % 10
    rows = chosen_rows(labels, per_class=3)
    assert Counter(labels[rows].tolist()) == dict.fromkeys(range(10), 3)

    def rank(row: int) -> bytes:
        return hashlib.sha256(str(row).encode()).digest()

    assert rows == sorted(rows, key=rank)
    for label in range(10):
        smallest = sorted(np.flatnonzero(labels == label).tolist(), key=rank)[:3]
        assert sorted(row for row in rows if labels[row] == label) == sorted(smallest)


@pytest.mark.skipif(
    not originals.FOLDER.is_dir(), reason="Debian's package dataset-fashion-mnist is not installed"
)
def test_made_anew_it_holds_the_same_pixels_and_labels(table: pa.Table, tmp_path: Path) -> None:
    again = tmp_path / "again.parquet"
    main(again)
    new = pq.read_table(again)
    assert new["label"].equals(table["label"])

    def pixels(pictures: list[bytes]) -> list[bytes]:
        return [Image.open(io.BytesIO(picture)).tobytes() for picture in pictures]

    assert pixels(new["image"].to_pylist()) == pixels(table["image"].to_pylist())


def test_an_installation_without_samples_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locate, "SAMPLE", Path("/nowhere/sample.parquet"))
    with pytest.raises(FileNotFoundError, match="an installed wheel ships no samples"):
        locate.sample()
