"""A small CSV of taxi trips, spoiled at will, through TFDV's statistics and TFX's ExampleValidator."""

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCHEMA = """
feature { name: "big_tipper" type: BYTES presence { min_fraction: 1 min_count: 1 }
  value_count { min: 1 max: 1 } domain: "tippers" }
feature { name: "fare" type: FLOAT presence { min_fraction: 1 min_count: 1 }
  value_count { min: 1 max: 1 } float_domain { min: 0 max: 500 disallow_inf: true } }
feature { name: "seconds" type: INT presence { min_fraction: 0.9 min_count: 1 }
  value_count { min: 1 max: 1 } int_domain { min: 0 max: 86400 } }
feature { name: "payment_type" type: BYTES presence { min_fraction: 1 min_count: 1 }
  value_count { min: 1 max: 1 } string_domain { value: "Cash" value: "Credit Card" } }
string_domain { name: "tippers" value: "no" value: "yes" }
"""
ROWS = 400
Rows = list[dict[str, str]]


def clean() -> Rows:
    """400 trips that fit the schema."""
    chance = random.Random(1)
    return [
        {
            "big_tipper": chance.choice(["no", "yes"]),
            "fare": f"{chance.uniform(3, 60):.2f}",
            "seconds": "" if number % 50 == 0 else str(chance.randint(60, 3600)),
            "payment_type": chance.choice(["Cash", "Credit Card"]),
        }
        for number in range(ROWS)
    ]


def write_csv(rows: Rows, columns: list[str], path: Path) -> Path:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def _batch(path: Path) -> Any:
    """A CSV as Arrow lists; a column with one value that is no number is text altogether."""
    import pyarrow as pa

    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        names = list(reader.fieldnames or [])
    columns = []
    for name in names:
        texts = [row[name] for row in rows]
        for kind, convert in ((pa.int64(), int), (pa.float32(), float), (pa.binary(), str.encode)):
            try:
                values = [[convert(text)] if text else None for text in texts]
            except ValueError:
                continue
            columns.append(pa.array(values, pa.list_(kind)))
            break
    return pa.RecordBatch.from_arrays(columns, names)


@pytest.fixture(scope="session")
def validated(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Path, Path]]:
    """CSVs per split -> (anomalies, statistics), as the pipeline leaves them."""

    def run(splits: dict[str, Path]) -> tuple[Path, Path]:
        from tensorflow_data_validation.statistics import stats_impl, stats_options
        from tfx.components.example_validator import executor
        from tfx.types import standard_artifacts

        folder = tmp_path_factory.mktemp("validated")
        statistics, schema = standard_artifacts.ExampleStatistics(), standard_artifacts.Schema()
        anomalies = standard_artifacts.ExampleAnomalies()
        statistics.split_names = json.dumps(list(splits))
        for name, artifact in (("s", statistics), ("schema", schema), ("a", anomalies)):
            artifact.uri = str(folder / name)
            Path(artifact.uri).mkdir()
        for split, file in splits.items():
            options = stats_options.StatsOptions()
            made = stats_impl.generate_statistics_in_memory(_batch(file), options)
            target = folder / "s" / f"Split-{split}"
            target.mkdir()
            (target / "FeatureStats.pb").write_bytes(made.SerializeToString())
        (folder / "schema" / "schema.pbtxt").write_text(SCHEMA, encoding="utf-8")
        executor.Executor().Do(
            {"statistics": [statistics], "schema": [schema]},
            {"anomalies": [anomalies]},
            {"exclude_splits": "[]"},
        )
        return folder / "a", folder / "s"

    return run


@pytest.fixture
def trips() -> Callable[[], Rows]:
    return clean


@pytest.fixture
def write() -> Callable[[Rows, list[str], Path], Path]:
    return write_csv
