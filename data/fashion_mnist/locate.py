"""Where Fashion-MNIST lies on this machine: the committed sample, or all 70,000 pictures."""

from pathlib import Path

from data.fashion_mnist import originals

SAMPLE = Path(__file__).with_name("sample.parquet")
FULL_NAME = "fashion-mnist-70000.parquet"
OFFICIAL_NAME = "fashion-mnist-official.parquet"
EVAL = 5000
"""How many of the 60,000 training pictures, the last ones, the official split sets aside for eval."""


def sample() -> Path:
    """The committed sample: 8,000 pictures, 800 of each class.

    Returns:
      A Parquet file with columns `image` (PNG bytes, 28 x 28 gray) and `label` (class name).

    Raises:
      FileNotFoundError: the package was installed without its samples (a wheel ships none).
    """
    if not SAMPLE.is_file():
        raise FileNotFoundError(
            f"The Fashion-MNIST sample is not at {SAMPLE}: an installed wheel ships no samples. "
            "Run from a clone of the repository, or give data.path a file of your own."
        )
    return SAMPLE


def full(cache: Path, folder: Path = originals.FOLDER) -> Path:
    """All 70,000 pictures, converted once from Debian's package `dataset-fashion-mnist`.

    Args:
      cache: a folder for the Parquet file; made where it is missing.
      folder: where the package's files lie.

    Returns:
      A Parquet file with the columns of `sample()`. It is written complete or not at all; a
      second call finds it and reads nothing.

    Raises:
      FileNotFoundError: the package is not installed; the message names the command.
      ValueError: a file's sha256 is not the known one.
    """
    return _converted(cache / FULL_NAME, folder, with_split=False)


def official(cache: Path, folder: Path = originals.FOLDER) -> Path:
    """What `full` gives, with the split its authors made: a third column, `split`.

    Their 10,000 test pictures say test, the last `EVAL` of their training pictures eval, the others
    train.
    """
    return _converted(cache / OFFICIAL_NAME, folder, with_split=True)


def _converted(path: Path, folder: Path, with_split: bool) -> Path:
    if path.is_file():
        return path

    from data.fashion_mnist.encode import png, write_parquet

    images: list[bytes] = []
    labels: list[str] = []
    splits: list[str] = []
    for part in ("train", "t10k"):
        pixels, numbers = originals.read_part(part, folder)
        images.extend(png(picture) for picture in pixels)
        labels.extend(originals.CLASSES[number] for number in numbers)
        splits.extend([part] * len(pixels))
    if with_split:
        splits = [{"t10k": "test"}.get(part, part) for part in splits]
        last = splits.index("test")
        splits[last - EVAL : last] = ["eval"] * EVAL
    write_parquet(images, labels, path, splits if with_split else None)
    return path
