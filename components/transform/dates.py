"""Dates as model inputs: points on the circles of hour, weekday and year, and the date's age."""

import math

import tensorflow as tf

_DAY = 86_400


def seconds(value: tf.Tensor) -> tf.Tensor:
    """(batch,) Unix seconds or ISO 8601 text, UTC -> (batch,) float64, NaN where unreadable."""
    return _from_iso(value) if value.dtype == tf.string else tf.cast(value, tf.float64)


def circles(moment: tf.Tensor) -> tf.Tensor:
    """(batch,) Unix seconds -> (batch, 6): sine and cosine of hour, weekday and day of the year.

    A missing moment is at the centre of each circle: zeros.
    """
    missing = tf.math.is_nan(moment)
    day = tf.where(missing, tf.zeros_like(moment), moment) / _DAY
    points = []
    # Unix day 0 was a Thursday; 365.2425 days keep the seasons in place over centuries.
    for turn in (day, (day + 3.0) / 7.0, day / 365.2425):
        angle = (turn - tf.floor(turn)) * 2.0 * math.pi
        points += [tf.sin(angle), tf.cos(angle)]
    known = tf.cast(~missing, tf.float64)[:, tf.newaxis]
    return tf.cast(tf.stack(points, axis=1) * known, tf.float32)


def _from_iso(text: tf.Tensor) -> tf.Tensor:
    """Unix seconds of `YYYY-MM-DD[(T| )HH:MM[:SS]]`, NaN where it does not read so. (batch,)"""
    pattern = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?.*)?"
    readable = tf.strings.regex_full_match(text, pattern)
    full = tf.where(readable, tf.strings.join([text, "T00:00:00"]), "1970-01-01T00:00:00")

    def part(start: int, length: int) -> tf.Tensor:
        digits = tf.strings.substr(full, start, length)
        digits = tf.where(tf.strings.regex_full_match(digits, r"\d+"), digits, "0")
        return tf.cast(tf.strings.to_number(digits, tf.int64), tf.int64)

    days = _days_since_1970(part(0, 4), part(5, 2), part(8, 2))
    # A bare `HH:MM` is followed by the joined text, whose seconds read as 0.
    moment = days * _DAY + part(11, 2) * 3600 + part(14, 2) * 60 + part(17, 2)
    return tf.where(readable, tf.cast(moment, tf.float64), tf.constant(math.nan, tf.float64))


def _days_since_1970(year: tf.Tensor, month: tf.Tensor, day: tf.Tensor) -> tf.Tensor:
    """Days from civil date, proleptic Gregorian: Howard Hinnant, chrono-compatible algorithms."""
    year = tf.where(month <= 2, year - 1, year)
    era = year // 400
    year_of_era = year - era * 400
    shifted = tf.where(month > 2, month - 3, month + 9)
    day_of_year = (153 * shifted + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468
