"""PNG and Parquet of the Fashion-MNIST pictures, read back by other people's readers."""

import io
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from data.fashion_mnist.encode import ROWS_PER_GROUP, png, write_parquet


@pytest.mark.parametrize(
    "pixels",
    [
        np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8),
        np.tile(np.arange(0, 250, 5, dtype=np.uint8), (30, 1)),  # smaller with a filter
        np.tile(np.arange(0, 250, 5, dtype=np.uint8)[:, None], (1, 30)),
        np.full((1, 1), 255, np.uint8),
    ],
    ids=["noise", "left to right", "top to bottom", "one pixel"],
)
def test_png_gives_the_pixels_back(pixels: np.ndarray) -> None:
    picture = Image.open(io.BytesIO(png(pixels)))
    assert picture.mode == "L"
    np.testing.assert_array_equal(np.asarray(picture), pixels)


def test_png_takes_the_filter_that_is_smallest() -> None:
    rows = np.random.default_rng(0).integers(0, 256, (1, 64), np.uint8)
    slope = np.cumsum(np.full((64, 64), 3, np.uint8), axis=0, dtype=np.uint8) + rows
    assert len(png(slope)) < 400  # one row of noise; unfiltered, every row is another


def test_parquet_has_two_columns_in_groups_and_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "pictures.parquet"
    count = ROWS_PER_GROUP + 1
    write_parquet([b"\x89%d" % n for n in range(count)], ["bag"] * count, path)
    table = pq.read_table(path)
    assert table.schema.names == ["image", "label"]
    assert [str(kind) for kind in table.schema.types] == ["binary", "string"]
    assert table["image"][count - 1].as_py() == b"\x89%d" % (count - 1)
    assert pq.ParquetFile(path).num_row_groups == 2
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "pictures.parquet"
    path.mkdir()  # cannot be replaced by a file
    with pytest.raises(OSError):
        write_parquet([b"1"], ["bag"], path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
