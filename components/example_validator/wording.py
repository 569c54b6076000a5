"""TFDV's findings in plain words, with counts of rows taken from the statistics."""

from collections.abc import Iterable
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

_INFO = anomalies_pb2.AnomalyInfo

TITLES = {
    _INFO.SCHEMA_MISSING_COLUMN: "Missing column",
    _INFO.SCHEMA_NEW_COLUMN: "Column not in the schema",
    _INFO.FEATURE_TYPE_LOW_FRACTION_PRESENT: "Too many missing values",
    _INFO.FEATURE_TYPE_LOW_NUMBER_PRESENT: "Too many missing values",
    _INFO.FEATURE_TYPE_NOT_PRESENT: "No values",
    _INFO.ENUM_TYPE_UNEXPECTED_STRING_VALUES: "Unexpected values",
    _INFO.UNEXPECTED_DATA_TYPE: "Wrong type",
    _INFO.FLOAT_TYPE_HAS_NAN: "Not a number",
    _INFO.FLOAT_TYPE_HAS_INF: "Infinite values",
    **dict.fromkeys((_INFO.INT_TYPE_SMALL_INT, _INFO.FLOAT_TYPE_SMALL_FLOAT), "Values too small"),
    **dict.fromkeys((_INFO.INT_TYPE_BIG_INT, _INFO.FLOAT_TYPE_BIG_FLOAT), "Values too large"),
}
"""What an anomaly is called; others keep TFDV's short description."""

_ECHOES = frozenset(
    {
        *(_INFO.FLOAT_TYPE_STRING_NOT_FLOAT, _INFO.FLOAT_TYPE_NOT_FLOAT),
        *(_INFO.INT_TYPE_NOT_INT_STRING, _INFO.INT_TYPE_INT_EXPECTED),
    }
)
"""Say again that the type is wrong."""
_SHOWN = 5


def without_echoes(info: Any) -> list[Any]:
    """The reasons of an anomaly, leaving out those another one already says better."""
    kinds = {reason.type for reason in info.reason}
    repeated = _ECHOES if _INFO.UNEXPECTED_DATA_TYPE in kinds else frozenset[int]()
    return [reason for reason in info.reason if reason.type not in repeated]


class Column:
    """One column of one split, as the schema wants it and as the statistics found it.

    Args:
      name: the column.
      schema: what it was compared with.
      data: the split's statistics, None where they are not at hand.
    """

    def __init__(self, name: str, schema: schema_pb2.Schema, data: Any | None) -> None:
        self._wanted = next((f for f in schema.feature if f.name == name), schema_pb2.Feature())
        self._domains = {domain.name: domain for domain in schema.string_domain}
        self._rows = int(data.num_examples) if data is not None else 0
        features = data.features if data is not None else ()
        self._found: Any = next((f for f in features if name in (f.name, *f.path.step)), None)

    def detail(self, reason: Any) -> str:
        """Which values and how many; TFDV's own words where nothing can be counted."""
        words = ""
        if reason.type == _INFO.SCHEMA_MISSING_COLUMN and self._rows:
            words = f"in none of the {self._rows:,} rows"
        elif self._found is not None and self._rows:
            words = self._counted(reason.type)
        return words or " ".join(reason.description.split())

    def _counted(self, kind: int) -> str:
        if kind == _INFO.SCHEMA_NEW_COLUMN:
            return f"has values in {self._of(self._present)}; nothing reads it"
        if TITLES.get(kind) in ("Too many missing values", "No values"):
            share = self._wanted.presence.min_fraction
            return f"missing in {self._of(self._rows - self._present)}; allowed {1 - share:.2%}"
        if kind == _INFO.ENUM_TYPE_UNEXPECTED_STRING_VALUES:
            return self._listed(v for v in self._texts if v[0] not in self._classes)
        if kind == _INFO.UNEXPECTED_DATA_TYPE:
            return self._wrong_type()
        if TITLES.get(kind) in ("Values too small", "Values too large"):
            return self._out_of_range(low=TITLES[kind] == "Values too small")
        return ""

    def _wrong_type(self) -> str:
        wanted = schema_pb2.FeatureType.Name(self._wanted.type)
        if wanted not in ("INT", "FLOAT") or not self._texts:
            return ""
        words = self._listed(v for v in self._texts if not _is(wanted, v[0]))
        return words and f"{'whole ' * (wanted == 'INT')}numbers are wanted: {words}"

    def _out_of_range(self, low: bool) -> str:
        """The extreme, the bound, and at most how many rows (statistics keep tenths, not rows)."""
        numbers = self._found.num_stats
        kind = "int_domain" if self._wanted.HasField("int_domain") else "float_domain"
        domain = getattr(self._wanted, kind)
        edge, bound = (numbers.min, domain.min) if low else (numbers.max, domain.max)
        tenths = [h for h in numbers.histograms if h.type == h.QUANTILES]
        outside = sum(
            bucket.sample_count
            for bucket in (tenths[0].buckets if tenths else ())
            if (bucket.low_value < bound if low else bucket.high_value > bound)
        )
        words = f"{'smallest' if low else 'largest'} {edge:.6g}, allowed {bound:.6g}"
        return f"{words}; at most {self._of(round(outside))}" if 0 < outside < self._rows else words

    @property
    def _present(self) -> int:
        kind = self._found.WhichOneof("stats")
        return int(getattr(self._found, kind).common_stats.num_non_missing) if kind else 0

    @property
    def _texts(self) -> list[tuple[str, int]]:
        """The commonest values of a column of text, with their counts."""
        buckets = self._found.string_stats.rank_histogram.buckets
        return [(bucket.label, round(bucket.sample_count)) for bucket in buckets]

    @property
    def _classes(self) -> frozenset[str]:
        shared = self._domains.get(self._wanted.domain) if self._wanted.domain else None
        return frozenset((shared or self._wanted.string_domain).value)

    def _listed(self, values: Iterable[tuple[str, int]]) -> str:
        found = sorted(values, key=lambda item: (-item[1], item[0]))
        if not found:
            return ""
        some = ", ".join(f"{value!r} ({count:,})" for value, count in found[:_SHOWN])
        more = f" and {len(found) - _SHOWN:,} other values" if len(found) > _SHOWN else ""
        at_least = "at least " * (self._found.string_stats.unique > len(self._texts))
        return f"{at_least}{self._of(sum(count for _, count in found))}: {some}{more}"

    def _of(self, count: int) -> str:
        return f"{count:,} of {self._rows:,} rows ({count / self._rows:.2%})"


def _is(wanted: str, text: str) -> bool:
    try:
        int(text) if wanted == "INT" else float(text)
    except ValueError:
        return False
    return True
