"""How the committed sample was made: `python -m data.fashion_mnist.make_sample [target]`.

Drawn evenly and without a random generator, so that it comes out the same everywhere: of each
class the 800 training pictures whose number has the smallest sha256, in the order of that hash.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data.fashion_mnist import originals
from data.fashion_mnist.encode import png, write_parquet
from data.fashion_mnist.locate import SAMPLE

PER_CLASS = 800


def chosen_rows(labels: npt.NDArray[np.uint8], per_class: int = PER_CLASS) -> list[int]:
    """The row numbers drawn, classes mixed.

    Args:
      labels: class number of every row, (n,) uint8.
      per_class: how many rows of each class.

    Returns:
      `per_class` row numbers of each class, in the order of the sha256 of the row number.
    """
    order = sorted(range(len(labels)), key=lambda row: hashlib.sha256(b"%d" % row).digest())
    taken = dict.fromkeys(range(len(originals.CLASSES)), 0)
    rows = []
    for row in order:
        label = int(labels[row])
        if taken[label] < per_class:
            taken[label] += 1
            rows.append(row)
    return rows


def main(target: Path = SAMPLE) -> None:
    """Write the sample from Debian's 60,000 training pictures to `target`."""
    pixels, labels = originals.read_part("train")
    rows = chosen_rows(labels)
    names = [originals.CLASSES[labels[row]] for row in rows]
    write_parquet([png(pixels[row]) for row in rows], names, target)
    size = target.stat().st_size
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    print(f"{target}: {len(rows)} pictures, {size:,} bytes, sha256 {digest}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
