"""Pictures by folder; corrupt ones named or left out."""

from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image

from data.reading import images, stream
from data.reading.errors import DataError
from data.sources import resolve


def encoded(format: str, size: tuple[int, int] = (40, 30), color: int = 90) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, (color, 10, 200)).save(out, format)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, format in (
        ("cat/1.jpg", "JPEG"),
        ("cat/deep/2.png", "PNG"),
        ("dog/3.bmp", "BMP"),
        ("dog/4.gif", "GIF"),
    ):
        (tmp_path / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / name).write_bytes(encoded(format))
    return tmp_path / "pets"


def read(folder: Path, corrupt: list[str] | None = None) -> list[dict[str, object]]:
    parts = stream.pieces(resolve(str(folder), Path("/")))
    return [
        row for part in parts for batch in stream.read(part, corrupt) for row in batch.to_pylist()
    ]


def test_the_class_is_the_first_folder(folder: Path) -> None:
    (folder / "dog" / ".DS_Store").write_bytes(b"x")
    (folder / "dog" / "notes.txt").unlink(missing_ok=True)
    assert [row["label"] for row in read(folder)] == ["cat", "cat", "dog", "dog"]
    assert read(folder)[0]["image"] == (folder / "cat/1.jpg").read_bytes()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"hello", "not a picture"),
        (encoded("JPEG", (400, 300))[:-500], "truncated"),
        (encoded("PNG", (400, 300))[:200], "truncated|broken|Truncated"),
        (encoded("WEBP"), "WEBP cannot be decoded by TensorFlow"),
    ],
)
def test_what_cannot_be_decoded_is_named(folder: Path, content: bytes, reason: str) -> None:
    (folder / "cat" / "0.jpg").write_bytes(content)
    with pytest.raises(DataError, match=f"0.jpg cannot be decoded: .*({reason})"):
        read(folder)
    corrupt: list[str] = []
    assert len(read(folder, corrupt)) == 4
    assert len(corrupt) == 1 and "0.jpg" in corrupt[0]


def test_a_picture_without_a_class(folder: Path) -> None:
    (folder / "stray.png").write_bytes(encoded("PNG"))
    with pytest.raises(DataError, match="stray.png lies beside the class folders"):
        read(folder)


def test_batches_stay_small(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "BATCH_FILES", 3)
    source = resolve(str(folder), Path("/"))
    batches = list(images.read(source.files, source.root))
    assert [batch.num_rows for batch in batches] == [3, 1]
    assert batches[0].schema.field("image").type == pa.binary()
