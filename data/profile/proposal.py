"""From files to everything a configuration needs: columns, label, task, treatments, warnings."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from data.columns import Treatment
from data.profile import label_sets
from data.profile.decision import Decision, as_text, decide, unused
from data.profile.label import Label
from data.profile.label_decision import decide as decide_label
from data.profile.leaks import leak
from data.profile.survey import Survey, spelled_missing, survey
from data.reading import images
from data.reading.errors import DataError
from data.sources import Source, SourceFormat
from data.tasks import Task

SHOWN = 40
"""Columns that tables and messages list."""
SLICED, SLICES = 12, 3
"""Columns of at most `SLICED` values are worth metrics per value; so many of them, the fewest values first."""
LARGEST, STEP, SMALL = 160, 32, 96
"""Pictures of at least `SMALL` pixels are resized to a multiple of `STEP`, at most to `LARGEST`."""
FEW, FEWER_STEPS = 1000, 100
"""Below so many pictures a phase of so many steps does; docs/measurements.md, "Few pictures"."""


@dataclass(frozen=True)
class Proposal:
    """Everything that will be written, and what to tell."""

    found: Survey
    label: Label
    decisions: list[Decision]
    excluded: dict[str, str]
    missing: tuple[str, ...]
    leaks: dict[str, str]
    picture_side: int = 0
    """The shorter side of a typical picture, in pixels; 0: there are none."""

    @property
    def picture_size(self) -> int:
        """What `train.image.size` should be; 0: its default will do."""
        side = min(self.picture_side, LARGEST)
        return side // STEP * STEP if side >= SMALL else 0

    @property
    def least_steps(self) -> int:
        """What `train.image.least_steps` should be; 0: its default will do."""
        return FEWER_STEPS if self.picture_side and self.found.rows < FEW else 0

    @property
    def slices(self) -> tuple[str, ...]:
        """Columns of few categories, for each of which metrics are worth a look."""
        few = {
            d.name: len(self.found.columns[d.name].counts or ())
            for d in self.decisions
            if d.treatment is Treatment.VOCABULARY
        }
        few = {name: values for name, values in few.items() if 2 <= values <= SLICED}
        return tuple(sorted(few, key=lambda name: (few[name], name))[:SLICES])


def propose(
    source: Source,
    label_name: str | Sequence[str],
    task: Task | None = None,
    exclude: tuple[str, ...] = (),
    skip_corrupt: bool = False,
    progress: Callable[[int], None] | None = None,
    partly_labelled: bool = False,
) -> Proposal:
    """Reads the data and decides.

    Args:
      source: the files.
      label_name: the label's column, or several: columns of 0 and 1 that become one label.
      task: what the user says; None: from the values.
      exclude: columns left out.
      skip_corrupt: leave out pictures that cannot be decoded.
      progress: called with the rows read so far.
      partly_labelled: rows without a label are wanted.

    Raises:
      DataError: no such label, nothing to learn from, or whatever reading found.
    """
    found = survey(source, True, None, progress, partly_labelled)
    if found.corrupt and not skip_corrupt:
        more = f" and {len(found.corrupt) - 1} more" if len(found.corrupt) > 1 else ""
        raise DataError(
            f"{found.corrupt[0]}{more}: cannot be decoded. Repair or remove, or use --skip-corrupt."
        )
    several = [] if isinstance(label_name, str) else [_label_name(found, n) for n in label_name]
    if isinstance(label_name, str) or len(several) == 1:
        several = [_label_name(found, several[0] if several else str(label_name))]
    spelled = {n: texts for n, texts in spelled_missing(found).items() if n not in several}
    if spelled:
        found = survey(source, True, spelled, progress, partly_labelled)
    unknown = [name for name in exclude if name not in found.columns]
    if unknown:
        raise DataError(f"--exclude names no column: {unknown[0]}.{_near(unknown[0], found)}")
    if len(several) > 1:
        label = label_sets.of_columns(found, several)
    else:
        label = decide_label(found, several[0], task, partly_labelled)
        if source.format in (SourceFormat.IMAGES, SourceFormat.TEXTS) and task is None:
            label = replace(label, why=f"{len(label.classes)} folders, a class each")
    others = [c for n, c in found.columns.items() if n not in several and n not in exclude]
    decisions = [decide(column, found) for column in others]
    excluded = dict.fromkeys(exclude, "as you asked")
    excluded |= {d.name: d.why for d in decisions if d.treatment is None}
    used = [d for d in decisions if d.treatment not in (None, "ignore")]
    if label.task is Task.SEQUENCE:  # learnt from one text, and nothing beside it
        texts = [d for d in decisions if d.type == "BYTES" and d.treatment is not None][:1]
        decisions = [as_text(d) if d in texts else unused(d) for d in decisions]
        used = [d for d in decisions if d.treatment is Treatment.TEXT]
    if not used:  # free text is learnt from where it is all there is
        decisions = [as_text(d) if d.prose else d for d in decisions]
        used = [d for d in decisions if d.treatment is Treatment.TEXT][:1]
        decisions = [d for d in decisions if not d.prose or d in used]
    if not used:
        reasons = "; ".join(f"{d.name}: {d.why}" for d in decisions[:5])
        raise DataError(
            f"No column is left to predict '{label.name}' from ({reasons or 'it is the only one'})."
        )
    one_value = label.task not in (Task.MULTILABEL, Task.SEQUENCE)
    leaks = {
        d.name: leak(found.columns[d.name], found.columns[label.name], label)
        for d in (used if one_value else ())
    }
    missing = tuple(sorted({text for texts in spelled.values() for text in texts}))
    sides = [found.columns[d.name].picture_side for d in used if d.treatment is Treatment.IMAGE]
    return Proposal(
        found,
        label,
        decisions,
        excluded,
        missing,
        {n: why for n, why in leaks.items() if why},
        max(sides, default=0),
    )


def _label_name(found: Survey, name: str) -> str:
    if not name and found.source.format in (SourceFormat.IMAGES, SourceFormat.TEXTS):
        return images.LABEL
    if name in found.columns:
        return name
    if not name:
        raise DataError(f"--label is missing. The columns: {_columns(found)}.")
    raise DataError(f"There is no column '{name}' in {found.source.name}.{_near(name, found)}")


def _near(name: str, found: Survey) -> str:
    folded = {column.strip().casefold(): column for column in found.columns}
    near = difflib.get_close_matches(name.strip().casefold(), folded, n=1)
    hint = f" Did you mean '{folded[near[0]]}'?" if near else ""
    return f"{hint} The columns: {_columns(found)}."


def _columns(found: Survey) -> str:
    names = list(found.columns)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
