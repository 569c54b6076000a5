"""Import paths: the ordinary case; what leads nowhere is tested where it is used."""

import json

import pytest

from data.import_path import ImportPathError, function_at


def test_a_function() -> None:
    assert function_at("json.dumps", "train.model") is json.dumps


def test_the_message_names_the_setting() -> None:
    with pytest.raises(
        ImportPathError, match=r"^transform\.preprocessing: module 'json' has no 'dump_s'"
    ):
        function_at("json.dump_s", "transform.preprocessing")
