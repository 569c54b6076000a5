"""Texts and tokens as numbers, learnt from the training split; back to text in the served graph."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from components.trainer.transfer.batches import Array

END_OF_TEXT = 0
UNKNOWN = 1
_FIRST_SOURCE = 2

PADDING, START, END = 0, 1, 2
FIRST_TOKEN = 3

_HASHES = 2**62


class Source:
    """Characters or words of a text to ids 2, 3, …; 1 where unknown, 0 after the end."""

    def __init__(self, kind: str, lowercase: bool, longest: int, keys: Array) -> None:
        """Args:
        kind: characters or words.
        lowercase: whether case is folded.
        longest: how many are read.
        keys: (known,) int64, sorted: code points, or hashes of words.
        """
        self._kind = kind
        self._lowercase = lowercase
        self._longest = longest
        self._keys = keys

    @property
    def size(self) -> int:
        """How many ids there are."""
        return len(self._keys) + _FIRST_SOURCE

    @property
    def meanings(self) -> tuple[str, ...]:
        """What each id stands for: a character, or the hash of a word."""
        letters = self._kind == "characters"
        keys = [chr(key) if letters else f"word {key}" for key in self._keys.tolist()]
        return ("end of the text", "unknown", *(f"'{key}'" for key in keys))

    @staticmethod
    def learn(
        texts: Iterable[tf.Tensor], kind: str, lowercase: bool, longest: int, most: int
    ) -> "Source":
        """The most frequent characters or words of some batches of texts."""
        counts: Counter[int] = Counter()
        empty = Source(kind, lowercase, longest, np.empty(0, np.int64))
        for batch in texts:
            counts.update(empty._cut(batch).flat_values.numpy().tolist())
        known = sorted(key for key, _ in counts.most_common(most))
        return Source(kind, lowercase, longest, np.array(known, np.int64))

    def __call__(self, texts: Any) -> Any:
        """(batch,) string -> (batch, longest) int32, as graph operations without a table."""
        cut = self._cut(texts)
        keys = tf.constant(self._keys)
        place = tf.searchsorted(keys, cut.flat_values)
        found = tf.equal(tf.gather(keys, tf.minimum(place, len(self._keys) - 1)), cut.flat_values)
        ids = tf.where(found, tf.cast(place, tf.int32) + _FIRST_SOURCE, UNKNOWN)
        return cut.with_flat_values(ids).to_tensor(END_OF_TEXT, shape=(None, self._longest))

    def _cut(self, texts: Any) -> Any:
        if self._lowercase:
            texts = tf.strings.lower(texts, encoding="utf-8")
        if self._kind == "characters":
            keys = tf.cast(tf.strings.unicode_decode(texts, "UTF-8"), tf.int64)
        else:
            words = tf.strings.split(texts)
            keys = words.with_flat_values(
                tf.strings.to_hash_bucket_fast(words.flat_values, _HASHES)
            )
        return keys[:, : self._longest]


class Tokens:
    """Tokens of a label to ids 3, 4, …, and ids back to a text with one space between them."""

    def __init__(self, names: list[str]) -> None:
        """Args:
        names: the tokens in the order of their ids.
        """
        self.names = names
        self._ids = {name: number for number, name in enumerate(names, FIRST_TOKEN)}

    @property
    def size(self) -> int:
        """How many ids there are."""
        return len(self.names) + FIRST_TOKEN

    @property
    def meanings(self) -> tuple[str, ...]:
        """What each id stands for."""
        return ("padding", "start", "end", *(f"token {name}" for name in self.names))

    @staticmethod
    def learn(labels: Iterable[bytes], most: int) -> "Tokens":
        """The most frequent tokens of the training labels."""
        counts: Counter[str] = Counter()
        for label in labels:
            counts.update(label.decode().split())
        return Tokens(sorted(name for name, _ in counts.most_common(most)))

    def ids(self, labels: Iterable[bytes], longest: int) -> Array:
        """(rows, longest + 1) int32: the tokens, END, then padding.

        A token that the training split does not have is left out: no answer can hold it.
        """
        rows = []
        for label in labels:
            known = [self._ids[t] for t in label.decode().split() if t in self._ids][:longest]
            rows.append([*known, END, *[PADDING] * (longest - len(known))])
        return np.array(rows, np.int32)

    def text(self, ids: Any) -> Any:
        """(batch, steps) int32 -> (batch,) string: up to END, special ids left out."""
        ended = tf.cumsum(tf.cast(tf.equal(ids, END), tf.int32), axis=1) > 0
        shown = (ids >= FIRST_TOKEN) & ~ended
        names = tf.gather(tf.constant([""] * FIRST_TOKEN + self.names), ids)
        return tf.strings.reduce_join(tf.ragged.boolean_mask(names, shown), axis=1, separator=" ")
