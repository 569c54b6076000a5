"""Dates as model inputs: points on the circles of hour, weekday and year, and the date's age."""

import math

import tensorflow as tf

_DAY = 86_400
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
_OFFSET = r"[+-][0-9]{2}:?[0-9]{2}"


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
    """Unix seconds of `YYYY-MM-DD[(T| )HH:MM[:SS[.fraction]][Z|+HH:MM]]`. (batch,)

    Without an offset it is UTC. NaN where it does not read so or there is no such day or time;
    fractions of a second are dropped.
    """
    # Those of other length are filled up, so that every digit stands where it is looked for.
    zoned = tf.strings.regex_full_match(text, f"{_DATE}{_TIME}{_OFFSET}")
    readable = zoned | tf.strings.regex_full_match(text, f"{_DATE}({_TIME}Z?)?")
    full = tf.where(readable, text, "1970-01-01")
    full = tf.strings.regex_replace(full, f"^({_DATE})$", r"\1T00:00:00")
    full = tf.strings.regex_replace(
        full, f"^({_DATE}[T ][0-9]{{2}}:[0-9]{{2}})([^:]|$)", r"\1:00\2"
    )
    offset = tf.strings.regex_replace(full, r"^.*([+-][0-9]{2}):?([0-9]{2})$", r"\1\2")
    offset = tf.where(zoned, offset, "+0000")

    def part(string: tf.Tensor, start: int, length: int) -> tf.Tensor:
        return tf.strings.to_number(tf.strings.substr(string, start, length), tf.int64)

    year, month, day = part(full, 0, 4), part(full, 5, 2), part(full, 8, 2)
    hour, minute, second = part(full, 11, 2), part(full, 14, 2), part(full, 17, 2)
    first = _days_since_1970(year, month, tf.ones_like(day))
    following = _days_since_1970(year + month // 12, month % 12 + 1, tf.ones_like(day))
    exists = (month >= 1) & (month <= 12) & (day >= 1) & (day <= following - first)
    exists &= (hour < 24) & (minute < 60) & (second <= 60)
    east = part(offset, 0, 3) * 3600  # the sign is of the minutes too
    west = tf.equal(tf.strings.substr(offset, 0, 1), "-")
    east += tf.where(west, tf.constant(-60, tf.int64), 60) * part(offset, 3, 2)
    moment = (first + day - 1) * _DAY + hour * 3600 + minute * 60 + second - east
    known = readable & exists
    return tf.where(known, tf.cast(moment, tf.float64), tf.constant(math.nan, tf.float64))


def _days_since_1970(year: tf.Tensor, month: tf.Tensor, day: tf.Tensor) -> tf.Tensor:
    """Days from civil date, proleptic Gregorian: Howard Hinnant, chrono-compatible algorithms."""
    year = tf.where(month <= 2, year - 1, year)
    era = year // 400
    year_of_era = year - era * 400
    shifted = tf.where(month > 2, month - 3, month + 9)
    day_of_year = (153 * shifted + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468
