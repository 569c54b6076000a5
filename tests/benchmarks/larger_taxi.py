"""Taxi trips, as many as wanted: the known 15,002 repeated with new times and jitter, in shards of CSV.

    python tests/benchmarks/larger_taxi.py FOLDER --rows 1500000

No two rows are equal but by chance: every copy of a trip starts at another time, and its fare,
tips, miles and seconds are scaled by up to 5 % (fare and tips alike, so that the label holds).
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from data.sources import resolve

ROWS_PER_SHARD = 250_000
"""Some 33 MB: a piece of work of half a minute."""
FIRST, LAST = 1_356_998_400, 1_483_228_800
"""Unix seconds: the trips start from 2013 to 2016."""
DAY = 86_400


def write(folder: Path, rows: int, seed: int = 0) -> None:
    """Writes `rows` trips as `trips-00000.csv`, ….

    Args:
      folder: made where it is not there; must be empty.
      rows: how many.
      seed: the same one gives the same files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise SystemExit(f"{folder} is not empty")
    [file] = resolve("chicago-taxi", Path.cwd()).files
    texts = csv.ConvertOptions(strings_can_be_null=True)
    trips = csv.read_csv(file, convert_options=texts)
    random = np.random.default_rng(seed)
    for number, start in enumerate(range(0, rows, ROWS_PER_SHARD)):
        count = min(ROWS_PER_SHARD, rows - start)
        wanted = (np.arange(start, start + count) * 7919) % len(trips)
        csv.write_csv(_jittered(trips.take(wanted), random), folder / f"trips-{number:05d}.csv")


def _jittered(trips: pa.Table, random: np.random.Generator) -> pa.Table:
    count = len(trips)
    times = random.integers(FIRST, LAST, count)
    # 1 January 1970 was a Thursday: day 5 where Sunday is 1.
    changed = {
        "trip_start_timestamp": times,
        "trip_start_hour": times % DAY // 3600,
        "trip_start_day": (times // DAY + 4) % 7 + 1,
        "trip_start_month": times.astype("M8[s]").astype("M8[M]").astype(int) % 12 + 1,
    }
    by_name = {name: pa.array(values) for name, values in changed.items()}
    money, way = random.uniform(0.95, 1.05, count), random.uniform(0.95, 1.05, count)
    for name, factor in (("fare", money), ("tips", money), ("trip_miles", way)):
        by_name[name] = pc.round(pc.multiply(trips[name].cast(pa.float64()), pa.array(factor)), 2)
    seconds = pc.multiply(trips["trip_seconds"].cast(pa.float64()), pa.array(way))
    by_name["trip_seconds"] = pc.round(
        pc.min_element_wise(seconds, 86_400.0, skip_nulls=False)
    ).cast(pa.int64())
    for name, column in by_name.items():
        trips = trips.set_column(trips.schema.get_field_index(name), name, column)
    return trips


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    write(options.folder, options.rows, options.seed)


if __name__ == "__main__":
    main()
