"""Distances between random parts of one data set, ours beside TFDV's: what finds drift in noise?

    python tests/benchmarks/drift_distances.py output/taxi

reads the statistics of the last run's splits, which are random parts of the same rows.
"""

import sys
from pathlib import Path

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from components.example_validator.config import DriftSection
from components.example_validator.drift import compare, name
from pipeline.earlier import history
from pipeline.reports.facts import artifact, statistics


def by_tfdv(
    before: statistics_pb2.DatasetFeatureStatistics, now: statistics_pb2.DatasetFeatureStatistics
) -> dict[str, float]:
    """Jensen-Shannon divergence of every numeric column, by TFDV's drift comparator."""
    schema = schema_pb2.Schema()
    for feature in now.features:
        if feature.WhichOneof("stats") == "num_stats":
            made = schema.feature.add(name=name(feature), type=schema_pb2.FLOAT)
            made.drift_comparator.jensen_shannon_divergence.threshold = 0.0
    both = [statistics_pb2.DatasetFeatureStatisticsList(datasets=[part]) for part in (now, before)]
    found = tfdv.validate_statistics(both[0], schema, previous_statistics=both[1])
    return {
        "/".join(info.path.step): info.drift_measurements[0].value
        for info in found.drift_skew_info
        if info.drift_measurements
    }


def main(root: Path) -> None:
    run = next(r for r in history.runs(root) if artifact(r, "StatisticsGen", "statistics"))
    splits = statistics(artifact(run, "StatisticsGen", "statistics"))
    for one, other in (("train", "test"), ("train", "eval"), ("eval", "test")):
        theirs = by_tfdv(splits[one], splits[other])
        ours = {
            drift.column: drift.distance
            for drift in compare(splits[one], splits[other], DriftSection())
            if drift.measure == "Jensen-Shannon"
        }
        print(f"\n{one} and {other}\n{'column':30} {'ours':>8} {'TFDV':>8}")
        for column in sorted(ours, key=lambda key: -theirs.get(key, 0)):
            print(f"{column:30} {ours[column]:8.4f} {theirs.get(column, float('nan')):8.4f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
