"""The Evaluator's metrics on many rows and slices, against scikit-learn on the same predictions.

    python tests/benchmarks/evaluator_speed.py --rows 100000 --slices 10 [--replicates 200] [--stock]

Rows are tf.Examples that hold a label, a prediction and columns to slice by; TFMA reads them through
our extractors and metrics on Beam (FnApiRunner) and writes its result. Six metrics: accuracy,
precision, recall, f1, auc, log_loss. CPU seconds of this process and its children, without imports;
a run of 4,000 rows goes first. Writing the rows is not counted.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import metrics as sk

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
METRICS = ("accuracy", "precision", "recall", "f1", "auc", "log_loss")
Columns = dict[str, Any]


def columns(rows: int, slices: int, seed: int = 1) -> Columns:
    """Labels, float32 predictions, and columns of three values each: overall and three per column."""
    random = np.random.default_rng(seed)
    label = random.random(rows) < 0.3
    found: Columns = {
        "label": label.astype(np.float32),
        "p": np.clip(random.normal(0.4 + 0.2 * label, 0.2, rows), 0, 1).astype(np.float32),
    }
    for number in range(-(-(slices - 1) // 3)):
        found[f"c{number}"] = random.integers(0, min(3, slices - 1 - 3 * number), rows)
    return found


def write(data: Columns, file: Path) -> None:
    """As tf.Examples, uncompressed."""
    import tensorflow as tf

    names = [name for name in data if name not in ("label", "p")]
    with tf.io.TFRecordWriter(str(file)) as writer:
        for row in zip(*data.values(), strict=True):
            example = tf.train.Example()
            for name, value in zip(data, row, strict=True):
                feature = example.features.feature[name]
                if name in names:
                    feature.bytes_list.value.append(b"value %d" % value)
                else:
                    feature.float_list.value.append(value)
            writer.write(example.SerializeToString())


def evaluate(data: Columns, file: Path, output: Path, stock: bool, replicates: int) -> None:
    """One evaluation, as the Evaluator sets it up but with predictions from a column."""
    import tensorflow_model_analysis as tfma
    from apache_beam.options.pipeline_options import PipelineOptions
    from tensorflow_model_analysis.proto import config_pb2

    from components.evaluator.config import EvaluateSection
    from components.evaluator.eval_config import eval_config
    from components.evaluator.extraction import custom_extractors
    from data.tasks import Task

    sliced = [name for name in data if name not in ("label", "p")]
    section = EvaluateSection.model_validate(
        {"metrics": METRICS, "slices": sliced, "replicates": replicates}
    )
    config = eval_config(section, Task.BINARY, "label", ["no", "yes"])
    spec = config.model_specs[0]
    spec.signature_name, spec.prediction_key = "", "p"
    del spec.preprocessing_function_names[:]
    extractors = None
    if stock:
        names = ["BinaryAccuracy", "Precision", "Recall", "F1Score", "AUC", "BinaryCrossEntropy"]
        del config.metrics_specs[:]
        config.metrics_specs.add(
            metrics=[config_pb2.MetricConfig(class_name=name) for name in names]
        )
    else:
        extractors = custom_extractors(None, config, None)
    tfma.run_model_analysis(
        eval_config=config,
        data_location=str(file),
        output_path=str(output),
        extractors=extractors,
        pipeline_options=PipelineOptions(["--runner=FnApiRunner"]),
    )


def reference(data: Columns) -> dict[str, dict[str, float]]:
    """{slice: {metric: value}} by scikit-learn."""
    groups = {"": np.ones(len(data["p"]), bool)}
    for name, values in data.items():
        if name not in ("label", "p"):
            groups |= {f"{name}=value {v}": values == v for v in np.unique(values)}
    found = {}
    for name, chosen in groups.items():
        y, p = data["label"][chosen], data["p"][chosen].astype(float)
        decided = p > 0.5
        found[name] = {
            "accuracy": sk.accuracy_score(y, decided),
            "precision": sk.precision_score(y, decided),
            "recall": sk.recall_score(y, decided),
            "f1": sk.f1_score(y, decided),
            "auc": sk.roc_auc_score(y, p),
            "log_loss": sk.log_loss(y, np.clip(p, 1e-7, 1 - 1e-7)),
        }
    return found


def cpu() -> float:
    """CPU seconds so far."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--slices", type=int, default=10, help="with the overall one")
    parser.add_argument("--replicates", type=int, default=0, help="of intervals; 0: none")
    parser.add_argument("--stock", action="store_true", help="TFMA's own metrics and extractors")
    arguments = parser.parse_args()
    import tfx.components  # noqa: F401  # patches what is missing from TFMA's wheel

    from components.evaluator import results

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = columns(arguments.rows, arguments.slices)
        small = columns(4_000, arguments.slices)
        write(small, folder / "small")
        write(data, folder / "rows")
        settings = (arguments.stock, arguments.replicates)
        evaluate(small, folder / "small", folder / "warm", *settings)
        before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, (cpu(), time.time())
        evaluate(data, folder / "rows", folder / "result", *settings)
        spent, wall = cpu() - start[0], time.time() - start[1]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = cpu()
        expected = reference(data)
        spent_there = cpu() - begun
        worst = 0.0
        if not arguments.stock:
            found = results.measured(folder / "result")[0].metrics
            worst = max(
                abs(found[part][key] / value - 1)
                for part, values in expected.items()
                for key, value in values.items()
            )
    json.dump(
        {
            **vars(arguments),
            "cpu_seconds": round(spent, 2),
            "wall_seconds": round(wall, 2),
            "scikit_learn_cpu_seconds": round(spent_there, 2),
            "ratio": round(spent / spent_there, 1),
            "greatest_relative_difference": worst,
            "slices_found": len(expected),
            "peak_megabytes_before_and_after": [before // 1024, peak // 1024],
        },
        sys.stdout,
        indent=1,
    )
    print()


if __name__ == "__main__":
    main()
