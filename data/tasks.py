"""The kinds of question a model can be asked, and the names every room uses for them."""

from enum import StrEnum


class Task(StrEnum):
    """What the label asks of the model."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    MULTILABEL = "multilabel"
    """Which of a fixed list of classes apply: several, one, or none."""
    REGRESSION = "regression"
    SEQUENCE = "sequence"
    """A text of tokens with one space between them, out of a text."""

    @property
    def is_classification(self) -> bool:
        """True where the label names classes out of a fixed list: one, or any number."""
        return self in (Task.BINARY, Task.MULTICLASS, Task.MULTILABEL)

    @property
    def has_text_label(self) -> bool:
        """True where the label's column holds text: class names or tokens."""
        return self is not Task.REGRESSION
