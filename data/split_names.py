"""What the splits are called, on disk (`Split-<name>`) and in everything that is told of them."""

SPLITS = ("train", "eval", "test")
"""Every labelled row is in one of these."""
UNLABELLED = "unlabelled"
"""Rows without a label, where `data.unlabelled` asks for them."""


def is_unlabelled(pattern: str) -> bool:
    """Whether a file, or a glob of files, lies in the split without labels."""
    return f"Split-{UNLABELLED}" in pattern.split("/")
