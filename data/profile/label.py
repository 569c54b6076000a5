"""The label, decided: the task, the classes in the model's order, and what is odd about them."""

from dataclasses import dataclass, field

from data.tasks import Task


@dataclass(frozen=True)
class Label:
    """What the label asks."""

    name: str
    task: Task
    why: str
    classes: tuple[str, ...] = ()
    """In the model's order, binary with the positive class last; empty for regression."""
    counts: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What its owner should know."""
    separator: str = ""
    """Multi-label: what stands between class names in a cell; empty where the file has lists."""
    columns: tuple[str, ...] = ()
    """Multi-label: the columns of 0 and 1 that become the label."""
