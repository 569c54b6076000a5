"""What `[clusters]` and propagation do not go with is said before anything runs."""

import pytest

from pipeline.config import ConfigError, load

SMALL = "train.image.backbone=small-cnn"
FROZEN = "train.image.fine_tune_epochs=0"
SPREAD = ["semi.rounds=1", "semi.method=propagation", "data.unlabelled=empty"]
BY_LITE = "clusters.backbone=efficientnet-lite0"


@pytest.mark.parametrize(
    ("preset", "overrides", "words"),
    [
        ("taxi", ["clusters.feature=one-hot"], "clusters.count to at least 2"),
        ("taxi", ["clusters.count=1"], "one cluster holds everything"),
        ("taxi", ["clusters.count=4", BY_LITE], "no feature is one"),
        ("phonemes", ["clusters.count=4"], "no clusters of sequences"),
        ("fashion", ["clusters.count=4", SMALL], "small-cnn knows nothing yet"),
        ("fashion", [*SPREAD, SMALL], "small-cnn knows nothing yet"),
        ("fashion", ["clusters.count=4", "clusters.feature=one-hot"], "sees other features"),
        (
            "fashion",
            ["clusters.count=4", "clusters.feature=one-hot", FROZEN, BY_LITE],
            "another than",
        ),
        ("taxi", SPREAD[1:], "set semi.rounds to 1"),
        ("taxi", [*SPREAD, "semi.teacher=blessed"], "Leave one of them out"),
    ],
)
def test_what_does_not_go_together(preset: str, overrides: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(preset, overrides)


@pytest.mark.parametrize(
    ("preset", "overrides"),
    [
        ("taxi", ["clusters.count=4", "clusters.feature=distances"]),
        ("fashion", ["clusters.count=4", "clusters.feature=distances", FROZEN]),
        ("fashion", ["clusters.count=4", SMALL, BY_LITE]),
        ("fashion", [*SPREAD, SMALL, BY_LITE]),
        ("spam", ["clusters.count=4"]),
    ],
)
def test_what_does(preset: str, overrides: list[str]) -> None:
    load(preset, overrides)
