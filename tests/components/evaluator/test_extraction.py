"""Our extractors against TFMA's own: the same slices, the same values, whatever the columns hold."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from components.evaluator.config import EvaluateSection
from components.evaluator.eval_config import eval_config
from data.tasks import Task

RANDOM = np.random.default_rng(6)


def rows() -> list[dict[str, Any]]:
    """Columns of every kind, with several values, with none, with zeros that look like text."""
    found = []
    for number in range(300):
        yes = bool(RANDOM.random() < 0.4)
        found.append(
            {
                "y": int(yes),
                "p": float(np.float32(np.clip(RANDOM.normal(0.4 + 0.2 * yes, 0.2), 0, 1))),
                "w": float(number % 4),
                "text": ["ä b", "7", "x=y, z"][number % 3],
                "whole": number % 5,
                "several": [["a", "b"], ["b", "b"], ["c"]][number % 3],
                "sometimes": None if number % 2 else "here",
                "never again": "once" if number == 3 else None,
            }
        )
    return found


ROWS = rows()
SECTION = {
    "metrics": ["accuracy", "auc", "log_loss"],
    "slices": [
        "text",
        "whole",
        "several",
        "sometimes",
        "never again",
        ["text", "whole"],
        ["several", "sometimes", "whole"],
    ],
    "gates": [
        {"metric": "auc", "slice": "text=7", "min": 0.1},
        {"metric": "auc", "slice": "whole=2, text=ä b", "min": 0.1},
    ],
    "replicates": 50,
}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, write_rows: Callable[..., None]) -> Any:
    """(our values, TFMA's slices with our metrics) of the same rows, by slice."""
    import tensorflow_model_analysis as tfma
    from apache_beam.options.pipeline_options import PipelineOptions

    from components.evaluator import results
    from components.evaluator.extraction import custom_extractors

    folder = tmp_path_factory.mktemp("extraction")
    write_rows(ROWS, folder)
    [file] = (folder / "Split-test").iterdir()
    section = EvaluateSection.model_validate(SECTION)
    config = eval_config(section, Task.BINARY, "y", ["no", "yes"], "w")
    spec = config.model_specs[0]
    spec.signature_name, spec.prediction_key = "", "p"
    del spec.preprocessing_function_names[:]
    found = []
    for extractors in (custom_extractors(None, config, None), None):
        output = folder / str(len(found))
        tfma.run_model_analysis(
            eval_config=config,
            data_location=str(file),
            output_path=str(output),
            extractors=extractors,
            pipeline_options=PipelineOptions(["--runner=FnApiRunner"]),
        )
        found.append(results.measured(output)[0])
    return found


def test_the_same_slices_and_values(both: Any) -> None:
    ours, stock = both
    assert set(ours.metrics) == set(stock.metrics) and len(ours.metrics) > 30
    assert ours.counts == stock.counts and ours.counts[""]["rows"] == 300
    for name, values in stock.metrics.items():
        for key, value in values.items():
            expected = None if value is None else pytest.approx(value, rel=1e-9)
            assert ours.metrics[name][key] == expected, (name, key)


def test_intervals_do_not_depend_on_how_rows_were_batched(both: Any) -> None:
    ours, stock = both
    assert set(ours.intervals) == set(stock.intervals)
    for name, values in stock.intervals.items():
        for key, (low, high) in values.items():
            assert ours.intervals[name][key] == pytest.approx([low, high], rel=1e-9), (name, key)


def test_values_are_scikit_learns_with_weights(both: Any) -> None:
    some = [row for row in ROWS if "b" in row["several"]]
    y, p, w = (np.array([row[name] for row in some]) for name in ("y", "p", "w"))
    values = both[0].metrics["several=b"]
    assert values["auc"] == pytest.approx(sk.roc_auc_score(y, p, sample_weight=w), rel=1e-9)
    expected = sk.log_loss(y, np.clip(p, 1e-7, 1 - 1e-7), sample_weight=w)
    assert values["log_loss"] == pytest.approx(expected, rel=1e-9)
