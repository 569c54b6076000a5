"""The `[data]` section: where the rows are, what the label is, how they are split."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from data.tasks import Task

Format = Literal["auto", "csv", "parquet", "tfrecord", "images", "texts"]
EMPTY = "empty"
"""`data.unlabelled`: the rows of data.path without a label."""


class DataSection(BaseModel):
    """Where the data comes from.

    Every column is ingested but those in `exclude`; one that the schema does not know is written
    too, so that the validator can report it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    """A file, a folder, a glob, or the name of a known data set (see data/README.md)."""
    label: str
    """The column to predict."""
    task: Task
    """binary, multiclass, multilabel, regression or sequence."""
    label_separator: str = ""
    """Multi-label: what stands between the class names in the label's cells, such as "|". Lists in
    Parquet and TFRecord need none."""
    label_columns: tuple[str, ...] = ()
    """Multi-label: columns of 0 and 1 (or true and false) that become one label, `data.label`: the
    list of the names of those that are 1."""
    format: Format = "auto"
    """auto decides by suffix; a folder of sub-folders with pictures is `images`, with text files
    `texts`."""
    schema_file: str = Field(default="", alias="schema")
    """The curated schema, relative to the configuration. Empty: inferred from the
    first data, kept as schema.pbtxt in the output folder, and held against later data."""
    positive: str = ""
    """Binary: the class whose probability is `score`. Empty: the last one of the label's domain."""
    unlabelled: str = ""
    """Rows without a label, which `[semi]` and `[distill]` learn from: a second file, folder or glob
    with the same columns (its labels, if it has any, are not read; its pictures and texts need no
    folder per class), or `empty`: the rows of data.path whose label is empty, and pictures and texts
    beside the class folders. Left out, a row without a label is an anomaly."""
    weight: str = ""
    """The column that says how much each row counts, in training (loss and the metrics that are
    watched) and in the Evaluator's metrics: finite numbers of at least 0 in every row, in any unit. A
    row of weight 0 does not train. It is no input of the model, callers do not send it; Transform's
    means and vocabularies count every row. Empty: all the same."""
    exclude: tuple[str, ...] = ()
    """Columns dropped before anything else looks at them: leaks, secrets."""
    missing: tuple[str, ...] = ()
    """Spellings of a missing number beside the empty cell, such as "NA" or "?"."""
    split: dict[str, int] = {"train": 8, "eval": 1, "test": 1}
    """Parts of the whole by stable hash of the row; names are fixed, sizes are yours."""
    split_seed: int = 0
    """Another number gives another split of the same rows."""
    split_by: str = ""
    """Rows that share this column's value stay in one split (a customer, a patient)."""
    split_column: str = ""
    """The column that says which split a row is in, where that is settled: train, eval or test, in
    any case. Where it is empty `split` decides. It is read for that alone and not ingested."""
    skip_corrupt: bool = False
    """Leave out pictures that cannot be decoded (they are counted and named) instead of stopping."""

    @model_validator(mode="after")
    def _sets(self) -> "DataSection":
        if (self.label_separator or self.label_columns) and self.task is not Task.MULTILABEL:
            raise ValueError(
                'label_separator and label_columns are for task = "multilabel". '
                f"Received: {self.task.value}"
            )
        if self.label_separator and self.label_columns:
            raise ValueError("label_separator or label_columns, not both")
        if self.unlabelled == EMPTY and self.task is Task.MULTILABEL:
            raise ValueError(
                'unlabelled = "empty" is not for task = "multilabel", where an empty label says that '
                "a row is in none of the classes: put rows without labels into a file of their own"
            )
        if self.label in self.label_columns:
            raise ValueError(
                f"label is the name of the column that label_columns become; '{self.label}' is one "
                "of them"
            )
        return self

    @model_validator(mode="after")
    def _split_column(self) -> "DataSection":
        if self.split_column and self.split_column in (
            self.label,
            self.weight,
            *self.label_columns,
        ):
            raise ValueError(
                f"split_column: '{self.split_column}' is the label or the weight; the split is another "
                "column"
            )
        return self

    @model_validator(mode="after")
    def _weight(self) -> "DataSection":
        if self.weight and self.weight in (self.label, *self.label_columns):
            raise ValueError(f"weight: '{self.weight}' is the label; weights are another column")
        if self.weight and self.weight in self.exclude:
            raise ValueError(f"weight: '{self.weight}' is in exclude, so nobody would see it")
        return self

    @property
    def left_out(self) -> tuple[str, ...]:
        """The columns that are not ingested: `exclude`, and `split_column`."""
        return (*self.exclude, *filter(None, (self.split_column,)))

    @field_validator("split")
    @classmethod
    def _three_splits(cls, split: dict[str, int]) -> dict[str, int]:
        if set(split) != {"train", "eval", "test"} or min(split.values()) < 1:
            raise ValueError(
                "split needs train, eval and test, each a whole number of at least 1, "
                f"for example {{train = 8, eval = 1, test = 1}}. Received: {split}"
            )
        return split
