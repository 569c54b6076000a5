"""pipeline/unread.py: what a kind of model never reads is refused, with what it reads instead."""

from pathlib import Path

import pytest

from components.trainer.config import TrainSection
from components.transform.config import Feature
from pipeline import unread
from pipeline.config import ConfigError, load
from pipeline.prepare import prepare


@pytest.mark.parametrize(
    ("preset", "setting", "words"),
    [
        ("fashion", "train.epochs=20", "train.image.head_epochs and train.image.fine_tune_epochs"),
        ("fashion", "train.precision=mixed_float16", "train.image.precision instead.*float16"),
        ("fashion", "train.patience=9", "pictures. Leave it out. Received: 9"),
        ("spam", "train.hidden=[8]", "train.text.hidden instead"),
        ("spam", "train.learning_rate=0.1", "train.text.head_rate and train.text.fine_tune_rate"),
        ("phonemes", "train.batch_size=8", "train.sequence.batch_size instead"),
        ("phonemes", "train.precision=mixed_bfloat16", "sequences. Leave it out"),
    ],
)
def test_it_says_what_to_set_instead(preset: str, setting: str, words: str) -> None:
    config = load(preset, [setting]).config
    with pytest.raises(ConfigError, match=f"mine.toml: {setting.split('=')[0]} is of .*{words}"):
        unread.check(config, config.features, Path("mine.toml"))


def test_a_run_is_refused_before_it_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Received: 20"):
        prepare(load("fashion", ["train.epochs=20"]), tmp_path)


def test_what_is_read_is_taken() -> None:
    for preset, settings in (
        ("taxi", ["train.epochs=20", "train.precision=mixed_float16"]),
        ("fashion", ["train.epochs=10", "train.clip_norm=1", "train.image.head_epochs=1"]),
        ("fashion", ["train.epochs=20", "train.model=mine.build"]),
        ("phonemes", ["train.schedule=constant", "train.sequence.epochs=1"]),
    ):
        config = load(preset, settings).config
        unread.check(config, config.features, Path("x"))


def test_a_picture_that_the_schema_tells_of_counts() -> None:
    config = load("taxi", ["train.epochs=20"]).config
    with pytest.raises(ConfigError, match="pictures"):
        unread.check(config, {"photo": Feature.model_validate("image")}, Path("x"))


def test_every_key_there_is() -> None:
    for section, keys in unread.INSTEAD.items():
        own = TrainSection.model_fields[section].default
        assert set(keys) <= set(TrainSection.model_fields)
        assert {name for names in keys.values() for name in names} <= set(type(own).model_fields)
