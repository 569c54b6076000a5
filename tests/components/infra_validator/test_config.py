"""The section: what goes together, and what cannot be."""

import pytest
from pydantic import ValidationError

from components.infra_validator.config import InfraValidateSection


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"url": "http://staging:8501"}, "url and directory go together"),
        ({"directory": "/srv/models/x"}, "url and directory go together"),
        ({"url": "staging:8501", "directory": "/srv"}, "http://host:port"),
        ({"url": "file:///etc/passwd", "directory": "/srv"}, "http://host:port"),
        ({"rows": 0}, "greater than or equal to 1"),
        ({"warmup_rows": 1001, "rows": 2000}, "less than or equal to 1000"),
        ({"tolerance": 0}, "greater than 0"),
        ({"start_seconds": 0}, "greater than 0"),
        ({"port": 1}, "Extra inputs"),
    ],
)
def test_what_cannot_be(given: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        InfraValidateSection.model_validate(given)


def test_another_server() -> None:
    section = InfraValidateSection(url="https://staging/tf", directory="/srv/models/x")
    assert section.model == "candidate"
