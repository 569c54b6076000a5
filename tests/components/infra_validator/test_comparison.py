"""Answers held against predictions: what counts as the same, and how a difference is told."""

import math
from typing import Any

import pytest

from components.infra_validator.comparison import compare
from components.infra_validator.refusal import NotServableError

OWN = {"class": [b"yes"], "score": [0.75], "scores": [0.25, 0.75]}
SAME = {"class": "yes", "score": 0.75, "scores": [0.25, 0.75]}


def test_the_same() -> None:
    assert compare([OWN, OWN], [SAME, {**SAME, "score": 0.7503}], 1e-3) == pytest.approx(3e-4)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({**SAME, "score": 0.76}, r"row 1 of 1, output 'score': .*0\.76.*0\.75.*tolerance 0\.001"),
        ({**SAME, "score": math.nan}, "output 'score': the server answered nan"),
        ({**SAME, "score": math.inf}, "output 'score': the server answered inf"),
        ({**SAME, "score": "0.75"}, "output 'score': the server answered '0.75'"),
        ({**SAME, "score": None}, "output 'score': the server answered None"),
        ({**SAME, "score": True}, "output 'score': the server answered True"),
        (
            {**SAME, "class": "no"},
            "output 'class': the server answered 'no', the model itself 'yes'",
        ),
        ({**SAME, "class": {"b64": "bm8="}}, "output 'class'"),
        ({**SAME, "scores": [0.25]}, "output 'scores': 1 values from the server, 2 from the model"),
        ({**SAME, "scores": [0.75, 0.25]}, "output 'scores'"),
        ({"class": "yes", "score": 0.75}, "lacks 'scores'"),
        (0.75, "lacks 'class'"),
    ],
)
def test_another(answer: Any, words: str) -> None:
    with pytest.raises(NotServableError, match=words):
        compare([OWN], [answer], 1e-3)


def test_the_models_own_nan_is_no_answer_either() -> None:
    with pytest.raises(NotServableError, match="the model answered nan"):
        compare([{"score": [math.nan]}], [{"score": 0.5}], 1e-3)


def test_one_output_comes_without_its_name() -> None:
    assert compare([{"prediction": [3.0]}], [3.0], 1e-3) == 0.0
    assert compare([{"vector": [3.0, 4.0]}], [[3.0, 4.0]], 1e-3) == 0.0
    assert compare([{"out_bytes": [b"\xff"]}], [{"b64": "/w=="}], 1e-3) == 0.0


def test_large_values_differ_by_a_share() -> None:
    assert compare([{"prediction": [1e6]}], [1e6 + 100], 1e-3) == pytest.approx(1e-4)
    with pytest.raises(NotServableError):
        compare([{"prediction": [1e6]}], [1e6 + 2000], 1e-3)


def test_equal_scores_may_name_either_class() -> None:
    tied = {"class": [b"no"], "score": [0.5], "scores": [0.5, 0.5]}
    assert compare([tied], [{"class": "yes", "score": 0.5, "scores": [0.5, 0.5]}], 1e-3) == 0.0


def test_bytes_may_come_as_text_or_as_base64() -> None:
    own = {"name": ["Zürich".encode()], "score": [1.0]}
    for name in ("Zürich", {"b64": "WsO8cmljaA=="}):
        assert compare([own], [{"name": name, "score": 1.0}], 1e-3) == 0.0
