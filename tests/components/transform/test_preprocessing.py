"""Every treatment through real TFT: what comes out, for ordinary and for strange values."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

COLUMNS: dict[str, type] = {
    "score": float,
    "range": float,
    "plain": float,
    "tail": float,
    "quarter": float,
    "both": float,
    "constant": float,
    "empty": float,
    "huge": float,
    "seconds": int,
    "word": str,
    "number": int,
    "id": str,
    "when": str,
    "moment": int,
    "blank": str,
    "hidden": str,
    "a b": str,
    "a/b": str,
    "label": str,
}
FEATURES: dict[str, Any] = {
    "score": "zscore",
    "range": "minmax",
    "plain": "raw",
    "tail": "log",
    "quarter": {"as": "buckets", "buckets": 4},
    "both": {"as": ["log", "buckets"], "buckets": 4},
    "constant": ["zscore", "minmax", "buckets"],
    "empty": ["zscore", "minmax", "buckets", "raw"],
    "huge": ["zscore", "minmax", "buckets"],
    "seconds": ["zscore", "buckets"],
    "word": {"as": "vocabulary", "top_k": 3, "min_count": 2, "oov_buckets": 2},
    "number": "vocabulary",
    "id": {"as": "hash", "buckets": 50},
    "when": "date",
    "moment": "date",
    "blank": "vocabulary",
    "hidden": "ignore",
    "a b": "vocabulary",
    "a/b": "vocabulary",
}
CLASSES = ["no", "maybe so", "ja ☂"]
START = 1_400_000_000
WORDS = ["ü ☂"] * 4 + ["b"] * 3 + ["c"] * 2 + ["d"] * 2 + ["once", "two\nlines", "two\nlines"]


def _row(i: int) -> dict[str, Any]:
    return {
        "score": None if i == 3 else float(i),
        "range": float("nan") if i == 3 else float(i * 2),
        "plain": float(i),
        "tail": float(10**i) if i % 2 else -float(10**i),
        "quarter": float(i),
        "both": float(i),
        "constant": 7.0,
        "empty": None,
        "huge": [3e38, -3e38, float("inf"), 1.0][i % 4],
        "seconds": START + i,
        "word": None if i == 13 else [*WORDS, "", None][i],
        "number": [5, 5, 5, -3, -3, 0, 2**53 + 1, None][i % 8],
        "id": f"user {i % 5}",
        "when": DATES[i % len(DATES)][0],
        "moment": START + i * 86_400,
        "blank": "",
        "hidden": "x",
        "a b": "left",
        "a/b": "right",
        "label": CLASSES[i % 3],
    }


DATES: list[tuple[str, datetime | None]] = [
    ("2014-05-13", datetime(2014, 5, 13, tzinfo=UTC)),
    ("2014-05-13T16:53", datetime(2014, 5, 13, 16, 53, tzinfo=UTC)),
    ("2014-05-13 16:53:20", datetime(2014, 5, 13, 16, 53, 20, tzinfo=UTC)),
    ("2016-02-29T23:59:59Z", datetime(2016, 2, 29, 23, 59, 59, tzinfo=UTC)),
    ("2000-02-29", datetime(2000, 2, 29, tzinfo=UTC)),
    ("1969-12-31 23:00", datetime(1969, 12, 31, 23, tzinfo=UTC)),
    ("1900-03-01", datetime(1900, 3, 1, tzinfo=UTC)),
    ("2014-05-13T16:53:20.25+02:00", datetime(2014, 5, 13, 14, 53, 20, tzinfo=UTC)),
    ("yesterday", None),
    ("2014-13-01", None),
    ("2014-02-30", None),
    ("2014-05-13T25:00", None),
    ("", None),
]
UNSEEN: dict[str, Any] = {
    "score": 1e30,
    "range": -50.0,
    "quarter": -1.0,
    "huge": 5.0,
    "seconds": None,
    "word": "never seen",
    "number": 77,
    "id": "user 3",
    "when": "2014-05-13",
    "moment": None,
    "a b": "right",
    "a/b": "right",
    "label": "none of them",
}


@pytest.fixture(scope="module")
def run(analyze_and_transform: Callable[..., Any]) -> Any:
    rows = [_row(i) for i in range(16)]
    others = [UNSEEN, {}, {**UNSEEN, "quarter": 1e9, "word": "b"}]
    return analyze_and_transform(COLUMNS, rows, FEATURES, "label", CLASSES, others)


@pytest.fixture(scope="module")
def seen(run: Any) -> dict[str, Any]:
    """The 16 analysed rows."""
    found: dict[str, Any] = run[0]
    return found


@pytest.fixture(scope="module")
def unseen(run: Any) -> dict[str, Any]:
    """An unknown row, one with nothing, and another unknown one."""
    found: dict[str, Any] = run[1]
    return found


def test_names_and_kinds(run: Any, seen: dict[str, Any]) -> None:
    several = {"both", "constant", "empty", "huge", "seconds"}
    expected = {"label", *(name for name in FEATURES if name not in several | {"hidden"})}
    expected |= {f"{name}/{word}" for name in several for word in _words(name)}
    assert set(seen) == expected
    domains = {
        feature.name: (feature.int_domain.min, feature.int_domain.max)
        for feature in run[2].transformed_metadata.schema.feature
        if feature.HasField("int_domain") and feature.int_domain.is_categorical
    }
    assert domains == {
        "quarter": (0, 4),
        "both/buckets": (0, 4),
        "constant/buckets": (0, 20),
        "empty/buckets": (0, 20),
        "huge/buckets": (0, 20),
        "seconds/buckets": (0, 20),
        "word": (0, 3 + 2),
        "number": (0, 4 + 1),
        "id": (0, 50),
        "blank": (0, 0 + 1),
        "a b": (0, 1 + 1),
        "a/b": (0, 1 + 1),
    }
    for name in domains:
        assert seen[name].shape == (16,)
        assert seen[name].dtype == np.int64
    assert seen["when"].shape == (16, 8)


def _words(name: str) -> list[str]:
    spec = FEATURES[name]
    words = spec["as"] if isinstance(spec, dict) else spec
    return list(words)


def test_zscore(seen: dict[str, Any], unseen: dict[str, Any]) -> None:
    values = np.array([i for i in range(16) if i != 3], float)
    expected = (values - values.mean()) / values.std()
    present = np.arange(16) != 3
    np.testing.assert_allclose(seen["score"][present, 0], expected, rtol=1e-5)
    np.testing.assert_array_equal(seen["score"][:, 1], ~present)
    assert seen["score"][3, 0] == 0
    assert unseen["score"].tolist() == [[10, 0], [0, 1], [10, 0]]  # held within ten deviations


def test_minmax(seen: dict[str, Any], unseen: dict[str, Any]) -> None:
    np.testing.assert_allclose(seen["range"][[0, 15, 5], 0], [0, 1, 10 / 30], rtol=1e-6)
    assert seen["range"][3].tolist() == [0, 1]
    assert unseen["range"][:2].tolist() == [[0, 0], [0, 1]]


def test_raw(seen: dict[str, Any], unseen: dict[str, Any]) -> None:
    assert seen["plain"][:, 0].tolist() == list(range(16))
    assert unseen["plain"][1].tolist() == [0, 1]


def test_log(seen: dict[str, Any]) -> None:
    raw = np.array([np.float32(_row(i)["tail"]) for i in range(16)], float)
    logs = np.sign(raw) * np.log1p(np.abs(raw))
    np.testing.assert_allclose(seen["tail"][:, 0], (logs - logs.mean()) / logs.std(), rtol=1e-4)


def test_buckets(seen: dict[str, Any], unseen: dict[str, Any]) -> None:
    assert seen["quarter"].tolist() == [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4
    assert unseen["quarter"].tolist() == [1, 0, 4]
    assert seen["both/buckets"].tolist() == seen["quarter"].tolist()


def test_constant_column(seen: dict[str, Any]) -> None:
    assert not seen["constant/zscore"].any()
    assert not seen["constant/minmax"].any()
    assert len(set(seen["constant/buckets"].tolist())) == 1


def test_column_without_a_value(seen: dict[str, Any]) -> None:
    for word in ("zscore", "minmax", "raw"):
        assert seen[f"empty/{word}"].tolist() == [[0, 1]] * 16
    assert not seen["empty/buckets"].any()
    assert not seen["blank"].any()


def test_huge_and_infinite_values(seen: dict[str, Any], unseen: dict[str, Any]) -> None:
    for name in ("huge/zscore", "huge/minmax"):
        assert np.isfinite(seen[name]).all()
        assert seen[name][:, 1].tolist() == [0, 0, 1, 0] * 4  # infinite is missing
        assert seen[name][0, 0] > seen[name][3, 0] > seen[name][1, 0]
    assert seen["huge/buckets"][2] == 0
    assert np.isfinite(unseen["huge/zscore"]).all()


def test_unix_seconds_stay_exact(seen: dict[str, Any]) -> None:
    """Float32 would round them to 128 seconds."""
    scores = seen["seconds/zscore"][:, 0]
    expected = (np.arange(16) - 7.5) / np.arange(16).std()
    np.testing.assert_allclose(scores, expected, rtol=1e-4)


def test_vocabulary(seen: dict[str, Any], unseen: dict[str, Any]) -> None:
    """top_k 3 of those seen twice; equally frequent ones in order; line breaks are unknown."""
    ids = seen["word"].tolist()
    assert ids[:11] == [1, 1, 1, 1, 2, 2, 2, 3, 3, ids[9], ids[9]]
    unknown = {*ids[9:13], int(unseen["word"][0])}
    assert unknown <= {4, 5}
    assert ids[13:] == [0, 0, 0]
    assert unseen["word"][1:].tolist() == [0, 2]


def test_vocabulary_of_whole_numbers(seen: dict[str, Any], unseen: dict[str, Any]) -> None:
    assert seen["number"][:8].tolist() == [1, 1, 1, 2, 2, 3, 4, 0]
    assert unseen["number"].tolist() == [5, 0, 5]


def test_columns_do_not_share_a_vocabulary(seen: dict[str, Any], unseen: dict[str, Any]) -> None:
    assert set(seen["a b"].tolist()) == set(seen["a/b"].tolist()) == {1}
    assert unseen["a b"][0] == 2  # "right" is known in the other column only
    assert unseen["a/b"][0] == 1


def test_hash_is_stable(seen: dict[str, Any], unseen: dict[str, Any]) -> None:
    """The same value, the same bucket: in every run, on every machine."""
    import tensorflow as tf

    expected = tf.strings.to_hash_bucket_fast([f"user {i % 5}" for i in range(16)], 50) + 1
    assert seen["id"].tolist() == expected.numpy().tolist()
    assert seen["id"][3] == unseen["id"][0]
    assert unseen["id"][1] == 0
    assert seen["id"][:5].tolist() == HASHES


HASHES = [43, 9, 10, 43, 22]


@pytest.mark.parametrize("position", range(len(DATES)))
def test_date_from_text(seen: dict[str, Any], position: int) -> None:
    text, moment = DATES[position]
    circles, age_is_missing = seen["when"][position, :6], seen["when"][position, 7]
    if moment is None:
        assert not circles.any(), text
        assert age_is_missing == 1
        return
    day = moment.timestamp() / 86_400
    turns = [day, (day + 3) / 7, day / 365.2425]
    expected = [f(2 * np.pi * (turn % 1)) for turn in turns for f in (np.sin, np.cos)]
    np.testing.assert_allclose(circles, expected, atol=1e-4, err_msg=text)
    assert age_is_missing == 0


def test_date_from_seconds(seen: dict[str, Any], unseen: dict[str, Any]) -> None:
    ages = seen["moment"][:, 6]
    np.testing.assert_allclose(np.diff(ages), np.diff(ages)[0], rtol=1e-4)  # a day each
    assert unseen["moment"][1].tolist() == [0] * 7 + [1]


def test_label_is_its_place_in_the_schema(seen: dict[str, Any], unseen: dict[str, Any]) -> None:
    assert seen["label"].tolist() == [i % 3 for i in range(16)]
    assert unseen["label"].tolist() == [-1, -1, -1]


def test_one_row(analyze_and_transform: Callable[..., Any]) -> None:
    columns: dict[str, type] = {"x": float, "w": str, "y": float}
    features = {"x": ["zscore", "minmax", "log", "buckets"], "w": "vocabulary"}
    row = {"x": 3.0, "w": "only", "y": 2.5}
    found, _, _ = analyze_and_transform(columns, [row], features, "y", [])
    assert found["y"].tolist() == [2.5]
    assert found["w"].tolist() == [1]
    for word in ("zscore", "minmax", "log"):
        assert found[f"x/{word}"].tolist() == [[0, 0]]
