"""data/tuned_values.py: values through KerasTuner's file and into a configuration."""

import json
from pathlib import Path

import pytest

from data.tuned_values import FILE, decoded, encoded, placed, read


def test_lists_go_through_as_text_and_the_rest_as_it_is() -> None:
    values = {"a": (128, 64), "b": 0.1, "c": "huber", "d": []}
    packed = {name: encoded(value) for name, value in values.items()}
    assert packed == {"a": "[128, 64]", "b": 0.1, "c": "huber", "d": "[]"}
    assert decoded(packed) == {"a": [128, 64], "b": 0.1, "c": "huber", "d": []}


def test_what_hyperband_keeps_for_itself_is_left_out() -> None:
    assert decoded({"train.dropout": 0.1, "tuner/epochs": 3, "tuner/trial_id": "0001"}) == {
        "train.dropout": 0.1
    }


def test_an_artifact_and_its_file_read_the_same(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(json.dumps({"space": [], "values": {"train.hidden": "[8]"}}))
    assert read(tmp_path) == read(tmp_path / FILE) == {"train.hidden": [8]}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"values": 3}', '{"values": null}'])
def test_another_file_is_refused_in_words(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(ValueError, match="is no HyperParameters file"):
        read(tmp_path)
    with pytest.raises(ValueError, match="no file"):
        read(tmp_path / "nowhere")


def test_values_are_placed_beside_what_is_there() -> None:
    tree = {"train": {"epochs": 3, "image": {"size": 80}}}
    made = placed(tree, {"train.image.dropout": 0.2, "train.epochs": 5})
    assert made == {"train": {"epochs": 5, "image": {"size": 80, "dropout": 0.2}}}
    assert tree == {"train": {"epochs": 3, "image": {"size": 80}}}
