"""An encoder-decoder: convolutions over the text, a GRU that attends to them, token by token.

Attention after the recurrence (Luong et al. 2015, "Effective Approaches to Attention-based Neural
Machine Translation"): in training the GRU runs over the true tokens at once and everything beside it
is one matrix product.
"""

from typing import Any

import keras
import tensorflow as tf

from components.trainer.sequence.config import SequenceSettings
from components.trainer.sequence.vocabulary import END, PADDING, START


class EncoderDecoder(keras.Model):
    """(source ids (batch, n), tokens before (batch, m)) -> logits of the next (batch, m, tokens)."""

    def __init__(self, sources: int, tokens: int, settings: SequenceSettings) -> None:
        """Args:
        sources: how many source ids there are.
        tokens: how many token ids there are.
        settings: width, layers, reach, dropout.
        """
        super().__init__(name="sequence")
        width = settings.width
        self._longest = settings.longest_answer
        self.look_up = keras.layers.Embedding(sources, width)
        self.convolutions = [
            keras.layers.Conv1D(2 * width, settings.reach, padding="same")
            for _ in range(settings.layers)
        ]
        self.normal = [keras.layers.LayerNormalization() for _ in range(settings.layers)]
        self.drop = keras.layers.Dropout(settings.dropout)
        self.first = keras.layers.Dense(width, activation="tanh")
        self.before = keras.layers.Embedding(tokens, width)
        self.cell = keras.layers.GRUCell(width)
        self.recurrent = keras.layers.RNN(self.cell, return_sequences=True)
        self.ask = keras.layers.Dense(width, use_bias=False)
        self.join = keras.layers.Dense(width, activation="tanh")
        self.next = keras.layers.Dense(tokens, dtype="float32")

    def call(self, inputs: tuple[Any, Any], training: bool = False) -> Any:
        """Teacher forcing: each token is guessed from the true ones before it."""
        source, before = inputs
        places, there, state = self.encode(source, training)
        steps = self.recurrent(self.before(before), initial_state=state, training=training)
        return self.read(steps, places, there, training)

    def encode(self, source: Any, training: bool) -> tuple[Any, Any, Any]:
        """Source ids to places (batch, n, width), which of them are there, and a first state."""
        there = tf.cast(tf.not_equal(source, 0), tf.float32)[:, :, tf.newaxis]
        x = self.look_up(source) * there
        for convolution, normal in zip(self.convolutions, self.normal, strict=True):
            value, gate = tf.split(convolution(x), 2, axis=2)  # gated linear unit
            x = normal(x + self.drop(value * tf.sigmoid(gate), training=training)) * there
        mean = tf.reduce_sum(x, axis=1) / tf.maximum(tf.reduce_sum(there, axis=1), 1.0)
        return x, there[:, :, 0], self.first(mean)

    def read(self, steps: Any, places: Any, there: Any, training: bool) -> Any:
        """States (batch, m, width) to logits, by what they attend to."""
        scores = tf.matmul(self.ask(steps), places, transpose_b=True)  # (batch, m, n)
        scores += (there[:, tf.newaxis, :] - 1.0) * 1e9
        seen = tf.matmul(tf.nn.softmax(scores), places)
        joined = self.join(tf.concat([steps, seen], axis=2))
        return self.next(self.drop(joined, training=training))

    def greedy(self, source: Any) -> tuple[Any, Any]:
        """The most probable token, one after another, until END or the longest answer.

        Returns:
          Ids (batch, longest) int32, padding after END; and the mean log-probability of the tokens
          said, END included, (batch,) float32.
        """
        places, there, state = self.encode(source, False)
        rows = tf.shape(source)[0]
        said = tf.TensorArray(tf.int32, self._longest, element_shape=[None])

        def step(
            at: Any, last: Any, state: Any, said: Any, total: Any, count: Any
        ) -> tuple[Any, ...]:
            going = tf.not_equal(last, END) & tf.not_equal(last, PADDING)
            output, states = self.cell(self.before(last), [state], training=False)
            logits = self.read(output[:, tf.newaxis, :], places, there, False)[:, 0]
            # Neither padding nor START is ever an answer.
            log = tf.nn.log_softmax(logits[:, END:])
            best = tf.argmax(log, axis=1, output_type=tf.int32)
            score = tf.reduce_max(log, axis=1)
            token = tf.where(going, best + END, PADDING)
            said = said.write(at, token)
            total += tf.where(going, score, 0.0)
            count += tf.cast(going, tf.float32)
            return at + 1, token, states[0], said, total, count

        def more(at: Any, last: Any, *_: Any) -> Any:
            going = tf.not_equal(last, END) & tf.not_equal(last, PADDING)
            return (at < self._longest) & tf.reduce_any(going)

        begin = tf.fill([rows], START)
        nothing = tf.zeros([rows])
        _, _, _, said, total, count = tf.while_loop(
            more, step, (0, begin, state, said, nothing, nothing)
        )
        ids = tf.transpose(said.stack())  # (batch, longest)
        return ids, total / tf.maximum(count, 1.0)
