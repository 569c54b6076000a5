"""How many phonemes `phonemes` gets wrong, against the most frequent phoneme of each letter.

    PYTHONPATH=. python tests/benchmarks/phonemes_quality.py --splits 1

Words are shuffled into 8 parts for training, 1 that chooses (our epoch) and 1 for the test; a word's
several pronunciations stay together. Ours goes through real Transform and the real Trainer with the
preset's settings, and answers from the exported model. The baseline says for each letter the phoneme
that stands in its place most often in training words with as many phonemes as letters. A split takes
some five minutes of CPU.
"""

import argparse
import statistics
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import split_run

from components.evaluator.sequences import edit_distance
from pipeline.config import load
from pipeline.prepare import prepare


def main() -> None:
    """Measure and print a line per split, then the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--baseline-only", action="store_true")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    found: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(load("phonemes", arguments.set), Path(folder))
        table = split_run.read(prepared)
        words, spoken = table["word"].to_pylist(), table["phonemes"].to_pylist()
        for seed in range(arguments.splits):
            parts = split_run.shuffled(len(words), seed, words)
            test = [(words[row], spoken[row].split()) for row in parts[2]]
            letters = _letters([(words[row], spoken[row].split()) for row in parts[0]])
            guesses = [[letters[c] for c in word if c in letters] for word, _ in test]
            row: dict[str, float] = {"rows": len(test), "PER by letter": _rate(test, guesses)}
            if not arguments.baseline_only:
                run = split_run.fit(prepared, table, parts, seed, Path(folder) / str(seed))
                answers = np.ravel(run.answers("test")["prediction"])
                ours = [answer.decode().split() for answer in answers]
                row |= {**run.facts, "PER ours": _rate(test, ours)}
                exact = [guess == truth for (_, truth), guess in zip(test, ours, strict=True)]
                row["exact ours"] = float(np.mean(exact))
                row["times better"] = row["PER by letter"] / row["PER ours"]
            found.append(row)
            _show(f"split {seed}", row)
    _show("mean", {key: statistics.mean(row[key] for row in found) for key in found[0]})


def _letters(rows: list[tuple[str, list[str]]]) -> dict[str, str]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for word, phonemes in rows:
        if len(word) == len(phonemes):
            for letter, phoneme in zip(word, phonemes, strict=True):
                counts[letter][phoneme] += 1
    return {letter: found.most_common(1)[0][0] for letter, found in counts.items()}


def _rate(test: list[tuple[str, list[str]]], guesses: list[list[str]]) -> float:
    pairs = zip((truth for _, truth in test), guesses, strict=True)
    return sum(edit_distance(*pair) for pair in pairs) / sum(len(truth) for _, truth in test)


def _show(name: str, row: dict[str, Any]) -> None:
    print(f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
