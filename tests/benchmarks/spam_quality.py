"""How well `spam` tells spam from wanted mail, against TF-IDF with logistic regression.

    PYTHONPATH=. python tests/benchmarks/spam_quality.py --splits 5

Mails that are the same by their letters stay in one part. Each split shuffles the groups anew into 8
parts for training, 1 that chooses (our epoch, their strength) and 1 for the test. The encoder is
frozen, so what it makes of a mail does not depend on the split: every mail is encoded once, with the
preset's encoder and tokenizer, and the head is fitted on it by the Trainer's own recipe. The
regression gets whole texts, and texts cut to as many words as we read tokens; of C = 1, 10 and 100
the best by AUC on eval.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import split_run
import tensorflow as tf
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score

from components.trainer.text.config import TextSettings
from components.trainer.text.learner import load_encoder
from components.trainer.transfer.recipe import Parts, fit_parts
from components.trainer.transfer.throttle import Throttle
from data.tasks import Task
from pipeline.config import load
from pipeline.prepare import prepare

STRENGTHS = (1.0, 10.0, 100.0)


class _Vectors:
    """Encoded mails as the recipe reads rows: each is its number."""

    def __init__(self, rows: Any, labels: Any) -> None:
        self._rows, self._labels = rows, labels
        self.count = len(rows)

    def __iter__(self) -> Iterator[tuple[Any, Any, None]]:
        for start in range(0, self.count, 512):
            rows = self._rows[start : start + 512]
            yield tf.strings.as_string(rows), self._labels[rows], None


def main() -> None:
    """Encode once; measure and print a line per split, then the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--keep", default="", help="a file to keep the vectors in")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(load("spam", arguments.set), Path(folder))
    settings = prepared.config.train.text.model_copy(update={"fine_tune_epochs": 0})
    table = split_run.read(prepared).to_pydict()
    texts, groups = table["text"], table["group"]
    labels = np.array([label == prepared.classes[-1] for label in table["label"]], np.int64)
    vectors = _encoded(texts, settings, arguments.keep)
    found: list[dict[str, float]] = []
    for seed in range(arguments.splits):
        parts = split_run.shuffled(len(labels), seed, groups)
        row: dict[str, float] = {"rows": len(labels), "groups": len(set(groups))}
        row |= _measured("ours", labels, parts, _ours(vectors, labels, parts, settings, seed))
        cut = [" ".join(text.split()[: settings.length]) for text in texts]
        row |= _measured("TF-IDF", labels, parts, _regression(texts, labels, parts))
        row |= _measured("TF-IDF of what we read", labels, parts, _regression(cut, labels, parts))
        found.append(row)
        _show(f"split {seed}", row)
    _show("mean", {key: statistics.mean(row[key] for row in found) for key in found[0]})


def _encoded(texts: list[str], settings: TextSettings, keep: str) -> Any:
    if keep and Path(keep).is_file():
        return np.load(keep)
    encoder = load_encoder(settings)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def encode(batch: tf.Tensor) -> tf.Tensor:
        return encoder.upper(encoder.lower(encoder.tokenize(batch)), False)

    began, cpu = time.perf_counter(), time.process_time()
    parts = [encode(tf.constant(texts[at : at + 64])).numpy() for at in range(0, len(texts), 64)]
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(f"{len(texts)} mails encoded in {wall:.0f} s, {cpu:.0f} CPU seconds", flush=True)
    vectors = np.concatenate(parts)
    if keep:
        np.save(keep, vectors)
    return vectors


def _ours(vectors: Any, labels: Any, parts: Any, settings: TextSettings, seed: int) -> Any:
    table = tf.constant(vectors)
    network = Parts(
        decode=lambda rows: tf.gather(table, tf.strings.to_number(rows, tf.int64)),
        lower=lambda rows: rows,
        upper=lambda rows, training: rows,
        variables=[],
        channels=vectors.shape[1],
    )
    train, judge = (_Vectors(part, labels) for part in parts[:2])
    seeded = settings.model_copy(update={"seed": seed})
    quiet = Throttle(lambda event: None)
    head, _ = fit_parts(network, train, judge, seeded, Task.BINARY, 1, quiet, settings.hidden)
    return [np.ravel(head(vectors[part])) for part in parts[1:]]


def _regression(texts: list[str], labels: Any, parts: Any) -> Any:
    words = TfidfVectorizer(sublinear_tf=True, min_df=2)
    train, *judged = ([texts[row] for row in part] for part in parts)
    fitted, others = words.fit_transform(train), [words.transform(part) for part in judged]
    best: tuple[float, Any] = (0.0, None)
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=1000).fit(fitted, labels[parts[0]])
        scores = [model.decision_function(part) for part in others]
        best = max(best, (roc_auc_score(labels[parts[1]], scores[0]), scores), key=lambda e: e[0])
    return best[1]


def _measured(who: str, labels: Any, parts: Any, scores: Any) -> dict[str, float]:
    row = {}
    for name, part, score in zip(("eval", "test"), parts[1:], scores, strict=True):
        row[f"{name} AUC {who}"] = roc_auc_score(labels[part], score)
        row[f"{name} accuracy {who}"] = accuracy_score(labels[part], score > 0)
    return row


def _show(name: str, row: dict[str, float]) -> None:
    print(f"{name}: " + ", ".join(f"{key} {value:.5g}" for key, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
