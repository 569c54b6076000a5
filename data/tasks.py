"""The kinds of question a model can be asked, and the names every room uses for them."""

from enum import StrEnum


class Task(StrEnum):
    """What the label asks of the model."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"

    @property
    def is_classification(self) -> bool:
        """True where the label is one of a fixed list of classes."""
        return self is not Task.REGRESSION
