"""Taking a blessing back: what a ModelBlessing says afterwards to whoever reads it, and how."""

from pathlib import Path
from typing import Any

REVOKED = "revoked"
"""Custom property of a ModelBlessing: why it was taken back."""
_BLESSED, _MODEL_ID = "blessed", "current_model_id"  # TFX's names


def is_about(blessing: Any, model_id: int) -> bool:
    """Whether an MLMD ModelBlessing artifact blesses this model."""
    return bool(
        blessing.custom_properties[_MODEL_ID].int_value == model_id
        and blessing.custom_properties[_BLESSED].int_value
    )


def revoke(blessing: Any, why: str) -> None:
    """Changes an MLMD ModelBlessing artifact, which the caller stores, and the file beside it."""
    blessing.custom_properties[_BLESSED].int_value = 0
    blessing.custom_properties[REVOKED].string_value = why
    folder = Path(blessing.uri)
    if (folder / "BLESSED").exists():
        (folder / "NOT_BLESSED").touch()
        (folder / "BLESSED").unlink()
