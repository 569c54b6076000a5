"""The `[train.image]` section: what it refuses."""

import pytest
from pydantic import ValidationError

from components.trainer.pictures.config import ImageSettings


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("fine_tune_layers", 3),  # not a key
        ("size", 8),
        ("dropout", 1.0),
        ("head_epochs", 0),
        ("fine_tune_rate", 0),
        ("precision", "float16"),
        ("preprocessing", "imagenet"),
    ],
)
def test_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        ImageSettings.model_validate({key: value})


def test_frozen() -> None:
    with pytest.raises(ValidationError):
        ImageSettings().size = 64  # type: ignore[misc]
