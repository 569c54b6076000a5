"""Writes what was decided as a short configuration with the reason beside every line."""

import json
import re
from collections.abc import Sequence

from data.columns import Treatment
from data.profile.decision import Decision
from data.profile.label import Label
from data.tasks import Task

GATES = {
    Task.BINARY: ("auc", "min = 0.7, worse_by = 0.01"),
    Task.MULTICLASS: ("accuracy", "min = 0.7, worse_by = 0.01"),
    Task.MULTILABEL: ("micro_f1", "min = 0.5, worse_by = 0.01"),
    Task.REGRESSION: ("r2", "min = 0.5, worse_by = 0.01"),
    Task.SEQUENCE: ("exact_match", "min = 0.5, worse_by = 0.01"),
}
BARE = re.compile(r"^[A-Za-z0-9_-]+$")


def quoted(text: str) -> str:
    """A TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def key(name: str) -> str:
    """A TOML key."""
    return name if BARE.match(name) else quoted(name)


def comment(text: str) -> str:
    """One line after a hash, free of characters TOML does not allow there."""
    flat = " ".join(text.split())
    return "# " + "".join(c if c.isprintable() else "\ufffd" for c in flat)


def toml(
    *,
    name: str,
    head: str,
    path: str,
    label: Label,
    schema: str,
    decisions: list[Decision],
    excluded: dict[str, str],
    missing: tuple[str, ...] = (),
    format: str = "auto",
    skip_corrupt: bool = False,
    leaks: dict[str, str] | None = None,
    picture_size: int = 0,
    picture_side: int = 0,
    least_steps: int = 0,
    slices: Sequence[str] = (),
) -> str:
    """The configuration's text.

    Args:
      name: of the pipeline.
      head: a sentence about the data.
      path: of the data, relative to the configuration.
      label: decided.
      schema: the schema's file, relative to the configuration.
      decisions: one per column.
      excluded: columns left out, and why.
      missing: spellings of a missing number.
      format: written unless auto.
      skip_corrupt: written where true.
      leaks: why a column may give the label away.
      picture_size: what pictures are resized to, in pixels; 0: not written.
      picture_side: the shorter side of a typical picture, in pixels.
      least_steps: how many steps a phase of training pictures has at least; 0: not written.
      slices: columns for each value of which metrics are wanted too.
    """
    lines = [comment(head), f"name = {quoted(name)}", "", "[data]"]
    lines.append(f"path = {quoted(path)}")
    if format != "auto":
        lines.append(f"format = {quoted(format)}")
    lines.append(f"label = {quoted(label.name)}")
    lines.append(f"task = {quoted(label.task.value)}  {comment(label.why)}")
    if label.separator:
        lines.append(f"label_separator = {quoted(label.separator)}")
    if label.columns:
        lines.append(f"label_columns = [{', '.join(quoted(name) for name in label.columns)}]")
    lines += [comment(note) for note in label.notes]
    lines.append(f"schema = {quoted(schema)}")
    lines += _exclude(excluded)
    if missing:
        spelled = ", ".join(quoted(text) for text in missing)
        lines.append(f"missing = [{spelled}]  # read as a missing number")
    if skip_corrupt:
        lines.append("skip_corrupt = true  # pictures that cannot be decoded are left out")
    lines += ["", "[features]"]
    for decision in decisions:
        if decision.treatment is not None:
            lines += _feature(decision, (leaks or {}).get(decision.name, ""), label.name)
    if picture_size or least_steps:
        lines += ["", "[train.image]"]
    if picture_size:
        why = f"typical pictures have {picture_side} pixels or more a side; time grows with the square"
        lines.append(f"size = {picture_size}  {comment(why)}")
    if least_steps:
        why = "of each phase; with few pictures the default of 250 took twice as long for nothing"
        lines.append(f"least_steps = {least_steps}  {comment(why)}")
    lines += ["", *_evaluate(label, slices)]
    return "\n".join(lines) + "\n"


def _evaluate(label: Label, slices: Sequence[str]) -> list[str]:
    """Slices; and commented out, what a gate looks like. Which bound is right only the owner knows."""
    metric, bound = GATES[label.task]
    sliced = f"slices = [{', '.join(quoted(name) for name in slices)}]  # metrics per value, too"
    return [
        *(["[evaluate]", sliced] if slices else []),
        "# To be pushed a model must be no worse than chance, until you say what a good one is:",
        *([] if slices else ["# [evaluate]"]),
        f'# gates = [{{ metric = "{metric}", {bound} }}]',
    ]


def _exclude(excluded: dict[str, str]) -> list[str]:
    if not excluded:
        return ["exclude = []"]
    return [
        "exclude = [",
        *(f"    {quoted(name)},  {comment(why)}" for name, why in excluded.items()),
        "]",
    ]


def _feature(decision: Decision, leak: str, label: str) -> list[str]:
    lines = []
    if leak:
        lines.append(
            comment(
                f"Perhaps a leak: {leak}. If it is not known before '{label}' is, "
                "move it to data.exclude."
            )
        )
    if decision.warning:
        lines.append(comment(f"Note: {decision.warning}"))
    word = quoted(decision.treatment or Treatment.IGNORE)
    value = f"{{ as = {word}, buckets = {decision.buckets} }}" if decision.buckets else word
    lines.append(f"{key(decision.name)} = {value}  {comment(decision.why)}")
    return lines
