"""Dates as graph operations, against Python's datetime."""

import math
from datetime import UTC, datetime, timedelta

import pytest


def _seconds(texts: list[str]) -> list[float]:
    import tensorflow as tf

    from components.transform.dates import seconds

    found: list[float] = tf.function(seconds)(tf.constant(texts)).numpy().tolist()
    return found


@pytest.mark.parametrize(
    "text",
    [
        "2014-05-13",
        "2014-05-13T16:53",
        "2014-05-13 16:53",
        "2014-05-13T16:53:20",
        "2014-05-13T16:53:20Z",
        "2014-05-13T16:53Z",
        "2014-05-13T16:53:20+02:00",
        "2014-05-13T16:53:20-0330",
        "2014-05-13T16:53-03:30",
        "2014-05-13T00:10:00+05:45",
        "2016-02-29",
        "2000-02-29",
        "1969-12-31T23:59:59",
        "1900-03-01",
        "0001-01-01",
        "9999-12-31T23:59:59",
    ],
)
def test_like_datetime(text: str) -> None:
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    assert _seconds([text]) == [expected]


def test_fractions_are_dropped() -> None:
    expected = datetime(2014, 5, 13, 16, 53, 20, tzinfo=UTC).timestamp()
    assert _seconds(["2014-05-13T16:53:20.999", "2014-05-13T16:53:20.5Z"]) == [expected] * 2
    assert _seconds(["2014-05-13T18:53:20.5+02:00"]) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2014",
        "2014-5-3",
        "13.05.2014",
        "2014-00-01",
        "2014-13-01",
        "2014-01-00",
        "2014-02-29",
        "1900-02-29",
        "2014-04-31",
        "2014-05-13T24:00",
        "2014-05-13T10:60",
        "2014-05-13T10",
        "2014-05-13T10:00:",
        "2014-05-13T10:00 Uhr",
        "٢٠١٤-٠٥-١٣",
        "2014-05-13\n",
    ],
)
def test_unreadable(text: str) -> None:
    assert math.isnan(_seconds([text])[0])


def test_every_day_of_four_centuries() -> None:
    start = datetime(1890, 1, 1, tzinfo=UTC)
    days = [start + timedelta(days=7 * week) for week in range(20_871)]
    found = _seconds([day.date().isoformat() for day in days])
    assert found == [day.timestamp() for day in days]
