"""The rows without labels among the files that TFX hands to the Trainer."""

from collections.abc import Sequence

from data.split_names import is_unlabelled


def divide(patterns: Sequence[str]) -> tuple[list[str], list[str]]:
    """The globs of the training split, and those of rows without labels.

    Args:
      patterns: FnArgs.train_files, which has both where `data.unlabelled` asks for them.
    """
    return (
        [pattern for pattern in patterns if not is_unlabelled(pattern)],
        [pattern for pattern in patterns if is_unlabelled(pattern)],
    )
