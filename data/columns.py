"""What can be done with a column before a model sees it: the words of `[features]`."""

from enum import StrEnum


class Treatment(StrEnum):
    """How Transform turns a raw column into model inputs."""

    ZSCORE = "zscore"
    """Numeric: subtract the mean, divide by the standard deviation (of the training split)."""
    MINMAX = "minmax"
    """Numeric: scale to [0, 1] by the training split's range."""
    LOG = "log"
    """Numeric: sign(x) * log(1 + |x|), then z-score. For long tails."""
    BUCKETS = "buckets"
    """Numeric: quantile buckets, as a category."""
    RAW = "raw"
    """Numeric: as it is."""
    VOCABULARY = "vocabulary"
    """Categorical: index in the training split's vocabulary, with out-of-vocabulary buckets."""
    HASH = "hash"
    """Categorical: hashed to a fixed number of buckets. For very many values."""
    DATE = "date"
    """Unix seconds or ISO 8601 text: hour, weekday and day of year as points on a circle, and age."""
    IMAGE = "image"
    """Encoded JPEG or PNG bytes: passed through; the trainer decodes."""
    TEXT = "text"
    """Free text: passed through; the trainer tokenizes, see `[train.text]`."""
    IGNORE = "ignore"
    """Ingested, checked and usable for slices; the model does not see it."""


NUMERIC = frozenset(
    {Treatment.ZSCORE, Treatment.MINMAX, Treatment.LOG, Treatment.BUCKETS, Treatment.RAW}
)
CATEGORICAL = frozenset({Treatment.VOCABULARY, Treatment.HASH})

BESIDE = "beside/"
"""How transformed features begin that are no inputs of the model."""
ROW_WEIGHT = f"{BESIDE}weight"
"""How much a row counts in training."""
TEACHER = f"{BESIDE}teacher"
"""What another model answers on the row, as plain outputs."""


def beside(column: str) -> str:
    """The name under which a raw column goes through Transform untouched."""
    return f"{BESIDE}raw/{column}"
