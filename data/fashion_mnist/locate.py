"""Where Fashion-MNIST lies on this machine: the committed sample, or all 70,000 pictures."""

from pathlib import Path

from data.fashion_mnist import originals

SAMPLE = Path(__file__).with_name("sample.parquet")
FULL_NAME = "fashion-mnist-70000.parquet"


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
    path = cache / FULL_NAME
    if path.is_file():
        return path

    from data.fashion_mnist.encode import png, write_parquet

    images: list[bytes] = []
    labels: list[str] = []
    for part in ("train", "t10k"):
        pixels, numbers = originals.read_part(part, folder)
        images.extend(png(picture) for picture in pixels)
        labels.extend(originals.CLASSES[number] for number in numbers)
    write_parquet(images, labels, path)
    return path
