"""tfma.html: real evaluations by TFMA, shown by TFMA's own elements in a real Chromium, offline."""

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.reports import tfma_page

CHART_JS = "87364cc2b2a76a6684929e7d6b80b18a897794db38400caff1fcf1791c6925d2"
"""sha256 of dist/chart.umd.min.js in the npm package chart.js 4.6.1."""

BINARY = """
model_specs { label_key: "label" prediction_key: "prob" }
slicing_specs {} slicing_specs { feature_keys: "city" }
metrics_specs {
  metrics { class_name: "ExampleCount" }
  metrics { class_name: "AUC" config: '"name":"auc"' }
  metrics { class_name: "BinaryAccuracy" config: '"name":"accuracy"' }
  metrics { class_name: "ConfusionMatrixPlot" config: '"num_thresholds":50' }
  metrics { class_name: "CalibrationPlot" config: '"num_buckets":50' }
}"""
CLASSES = """
model_specs { label_key: "label" prediction_key: "prob" }
slicing_specs {}
metrics_specs {
  metrics { class_name: "ExampleCount" }
  metrics { class_name: "SparseCategoricalAccuracy" config: '"name":"accuracy"' }
  metrics { class_name: "MultiClassConfusionMatrixPlot" }
}
metrics_specs {
  binarize { class_ids { values: [0, 3] } }
  metrics { class_name: "Recall" config: '"name":"recall"' }
}"""
# Looks into TFMA's elements, whose insides are in shadow roots.
DEEP = """var deep = (css, from = document) => {
  const found = [...from.querySelectorAll(css)];
  for (const e of from.querySelectorAll('*')) if (e.shadowRoot) found.push(...deep(css, e.shadowRoot));
  return found; };"""


def evaluate(folder: Path, rows: list[dict[str, Any]], config: str) -> Path:
    """What the Evaluator writes of rows that hold their predictions."""
    import tensorflow as tf
    import tfx.components  # noqa: F401  (tensorflow_model_analysis needs it first)
    from apache_beam.options.pipeline_options import PipelineOptions
    from google.protobuf import text_format
    from tensorflow_model_analysis.api import model_eval_lib
    from tensorflow_model_analysis.proto import config_pb2

    data = str(folder / "rows.tfrecord")
    with tf.io.TFRecordWriter(data) as writer:
        for row in rows:
            example = tf.train.Example()
            for name, value in row.items():
                feature = example.features.feature[name]
                if isinstance(value, str):
                    feature.bytes_list.value.append(value.encode())
                else:
                    feature.float_list.value.extend(np.ravel(value).tolist())
            writer.write(example.SerializeToString())
    model_eval_lib.run_model_analysis(
        eval_config=text_format.Parse(config, config_pb2.EvalConfig()),
        data_location=data,
        output_path=str(folder / "evaluation"),
        pipeline_options=PipelineOptions(["--runner=FnApiRunner"]),
    )
    return folder / "evaluation"


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a binary evaluation with slices, one of them hostile, and every plot."""
    random = np.random.default_rng(0)
    labels = random.random(300) < 0.4
    scores = np.clip(0.3 + 0.35 * labels + random.normal(0, 0.2, 300), 0.01, 0.99)
    cities = random.choice(["Bern", "Oslo", '<img src=x onerror="document.title=1">'], 300)
    folder = tmp_path_factory.mktemp("binary")
    rows = [
        {"label": float(a), "prob": float(b), "city": str(c)}
        for a, b, c in zip(labels, scores, cities, strict=True)
    ]
    page = folder / "tfma.html"
    page.write_text(tfma_page.html(evaluate(folder, rows, BINARY), "made", "<b>1"))
    return page


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a multi-class evaluation."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 200)
    scores = random.random((200, 4))
    scores[np.arange(200), labels] += 0.8
    folder = tmp_path_factory.mktemp("classes")
    rows = [{"label": float(a), "prob": b} for a, b in zip(labels, scores, strict=True)]
    page = folder / "tfma.html"
    page.write_text(tfma_page.html(evaluate(folder, rows, CLASSES), "made", "1", ["a", "b", "c"]))
    return page


def test_the_library_is_the_published_file() -> None:
    content = (tfma_page.FOLDER / "chart.umd.min.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() == CHART_JS


def test_an_evaluation_without_metrics_is_refused(tmp_path: Path) -> None:
    (tmp_path / "eval_config.json").write_text('{"evalConfig": {"modelSpecs": [{}]}}')
    with pytest.raises(Exception):  # noqa: B017  (TFMA's own, of whatever type)
        tfma_page.html(tmp_path, "made", "1")


def test_classes_have_their_names(classes: Path) -> None:
    text = classes.read_text()
    assert '"a": {"recall"' in text and '"classId:0"' not in text
    assert '"classId:3": {"recall"' in text  # more classes than names: as TFMA says it


@pytest.mark.slow
def test_slices_in_tfmas_own_table(chromium: Any, binary: Path) -> None:
    chromium.open(binary, settle=2.0)
    assert (chromium.errors, chromium.requests) == ([], [])
    rows = chromium.js(
        f"{DEEP} deep('tr.google-visualization-table-tr-even, tr.google-visualization-table-tr-odd')"
        ".map(r => [...r.cells].map(c => c.textContent.trim()))"
    )
    assert {row[0] for row in rows} == {
        "city:Bern", "city:Oslo", 'city:<img src=x onerror="document.title=1">',
    }  # fmt: skip
    head = chromium.js(
        f"{DEEP} deep('.google-visualization-table-table th').map(c => c.textContent)"
    )
    assert head == ["feature", "accuracy", "auc", "example_count"]
    assert chromium.js("document.title") == "TFMA · made · <b>1"
    # Sorted by its own header.
    chromium.js(f"{DEEP} deep('.google-visualization-table-table th')[2].click()")
    aucs = chromium.js(
        f"{DEEP} deep('.google-visualization-table-table tbody tr').map(r => Number(r.cells[2].textContent))"
    )
    assert aucs == sorted(aucs) and 0.5 < aucs[0] < 1
    # All rows instead of slices.
    chromium.js(
        "(() => { const s = document.getElementById('slicing'); s.value = 0;"
        "s.dispatchEvent(new Event('change')); })()"
    )
    chromium.js("new Promise(done => setTimeout(done, 1000))")
    assert chromium.js(
        f"{DEEP} deep('.google-visualization-table-table tbody tr').map(r => r.cells[3].textContent.trim())"
    ) == ["300"]


@pytest.mark.slow
def test_every_plot_is_drawn(chromium: Any, binary: Path) -> None:
    chromium.open(binary, settle=2.0)
    chromium.js(f"{DEEP} deep('tfma-plot')[0].showAll_ = true")
    chromium.js("new Promise(done => setTimeout(done, 1500))")
    painted = chromium.js(
        f"""{DEEP} deep('canvas', document.getElementById('plot').shadowRoot).filter(c => c.width).map(c => {{
          const pixels = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
          let inked = 0;
          for (let i = 3; i < pixels.length; i += 4) inked += pixels[i] > 0;
          return [c.getAttribute('aria-label'), inked]; }})"""
    )
    assert len(painted) == 7, (
        painted
    )  # calibration, residual, distribution, PR, ROC, accuracy, gain
    assert all(inked > 500 for _, inked in painted), painted
    assert (chromium.errors, chromium.requests) == ([], [])


@pytest.mark.slow
def test_the_histogram_of_slices(chromium: Any, binary: Path) -> None:
    chromium.open(binary, settle=2.0)
    chromium.js(f"{DEEP} deep('tfma-graph-data-filter')[0].chartType = 1")
    chromium.js("new Promise(done => setTimeout(done, 1000))")
    chromium.js(
        f"{DEEP} deep('.google-visualization-table-table tbody tr')[0].click()"
    )  # marks the bars the slice is in
    chromium.js("new Promise(done => setTimeout(done, 500))")
    colours = chromium.js(
        f"{DEEP} deep('tfma-metrics-histogram')[0].chart_.chart.data.datasets[0].backgroundColor"
    )
    assert colours.count("#8c2d04") == 1 and len(set(colours)) == 2
    inside = "deep('tfma-metrics-histogram')[0].shadowRoot"
    assert chromium.js(f"{DEEP} deep('canvas', {inside}).some(c => c.width > 300)")
    assert (chromium.errors, chromium.requests) == ([], [])


@pytest.mark.slow
def test_a_confusion_matrix(chromium: Any, classes: Path) -> None:
    chromium.open(classes, settle=2.0)
    text = chromium.js(
        f"{DEEP} deep('tfma-multi-class-confusion-matrix-at-thresholds')[0].shadowRoot.textContent"
    )
    assert re.search(r"Class Id\s+Total", text) and "Predicted" in text
    assert (chromium.errors, chromium.requests) == ([], [])
