"""pipeline/config.py: presets and files, overrides, and mistakes answered in a sentence."""

from pathlib import Path

import pytest

from pipeline.config import ConfigError, load, presets


def test_every_preset_loads_and_names_itself() -> None:
    for name in presets():
        assert load(name).config.name == name


def test_a_preset_states_what_to_expect() -> None:
    for path in presets().values():
        header = path.read_text().split("\nname =")[0]
        assert header.count("\n") >= 2, f"{path.name} has no header with its expected numbers"


@pytest.mark.parametrize(
    ("preset", "override", "words"),
    [
        ("taxi", "train.balance_classes=true", "exclude each other"),
        ("fashion", "train.image.balance_classes=true", "exclude each other"),
        ("phonemes", "train.epochs=2", "sequences"),
    ],
)
def test_what_a_teacher_cannot_be_used_with(preset: str, override: str, words: str) -> None:
    load(preset, [override])
    with pytest.raises(ConfigError, match=words):
        load(preset, [override, "distill.teacher=blessed"])


@pytest.mark.parametrize(
    ("preset", "overrides", "words"),
    [
        ("taxi", ["semi.rounds=1"], "needs rows without labels: data.unlabelled"),
        ("fares", ["semi.rounds=1", "data.unlabelled=more.csv"], "binary and multiclass"),
        ("yeast", ["semi.rounds=1", "data.unlabelled=more.csv"], "Received: multilabel"),
        ("phonemes", ["semi.rounds=1", "data.unlabelled=more.csv"], "Received: sequence"),
        ("taxi", ["semi.teacher=blessed"], "semi.rounds to at least 1"),
        (
            "taxi",
            ["semi.rounds=1", "data.unlabelled=empty", "distill.teacher=blessed"],
            "exclude each other",
        ),
        ("yeast", ["data.unlabelled=empty"], "in none of the classes"),
        ("taxi", ["semi.rounds=1", "data.unlabelled=empty", "semi.confidence=1"], "less than 1"),
    ],
)
def test_what_pseudo_labels_cannot_be_used_with(
    preset: str, overrides: list[str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        load(preset, overrides)
    assert load("taxi", ["semi.rounds=2", "data.unlabelled=empty"]).config.semi.rounds == 2


def test_no_smaller_files_of_sequences() -> None:
    with pytest.raises(ConfigError, match="lite.formats: no smaller files of sequences"):
        load("phonemes", ['lite.formats=["int8"]'])
    with pytest.raises(ConfigError, match="'float32', 'float16' or 'int8'"):
        load("taxi", ['lite.formats=["int4"]'])


@pytest.mark.parametrize(
    ("preset", "override", "words"),
    [
        ("taxi", "train.model=mine.build", "network of one's own"),
        ("taxi", "train.warm_start=true", "begins with other weights"),
        ("taxi", "train.hidden=[]", "no layer to train"),
        ("fashion", "train.epochs=2", "'small-cnn' alone begins from nothing"),
        ("spam", "train.epochs=2", "a feature that is a text"),
        ("phonemes", "train.epochs=2", "sequence"),
    ],
)
def test_what_pre_training_cannot_be_used_with(preset: str, override: str, words: str) -> None:
    load(preset, [override])
    with pytest.raises(ConfigError, match=words):
        load(preset, [override, "pretrain.epochs=3"])


def test_pictures_from_scratch_can_be_pre_trained() -> None:
    load("fashion", ["train.image.backbone=small-cnn", "pretrain.epochs=3"])


def test_an_override_is_toml_or_text() -> None:
    config = load("taxi", ["train.epochs=3", "data.path=other.csv", "train.hidden=[8, 4]"]).config
    assert config.train.epochs == 3
    assert config.data.path == "other.csv"
    assert config.train.hidden == (8, 4)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("train.epoch=3", ["train.epoch", "unknown key", "Did you mean 'epochs'", "batch_size"]),
        ("trian.epochs=3", ["trian", "Did you mean 'train'"]),
        ("train.epochs=0", ["train.epochs", "greater than or equal to 1", "Received: 0"]),
        ("train.epochs=many", ["train.epochs", "integer", "'many'"]),
        ("data.task=ranking", ["data.task", "binary", "multiclass", "regression"]),
        ("data.split={train = 1}", ["data.split", "train, eval and test"]),
        ("features.fare=sqrt", ["features.fare", "zscore", "vocabulary"]),
        ("name=../evil", ["name"]),
        ("train.epochs.deep=1", ["train.epochs"]),
        ("no-equals-sign", ["key=value"]),
    ],
)
def test_a_mistake_says_where_what_and_how_to_fix_it(override: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as error:
        load("taxi", [override])
    for word in words:
        assert word in str(error.value)


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"fashion.*taxi.*Did you mean 'taxi'"):
        load("taxy")


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text("name = ")
    with pytest.raises(ConfigError, match=r"my\.toml is not valid TOML"):
        load(str(file))


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    text = 'name = "x"\n[data]\npath = "p"\nlabel = "y"\ntask = "binary"\n'
    file.write_text(text, encoding="utf-8-sig")
    assert load(str(file)).config.name == "x"


def test_a_schema_is_relative_to_the_configuration() -> None:
    loaded = load("taxi")
    assert loaded.schema_path == loaded.source.parent.resolve() / "taxi.pbtxt"
