"""plots.json, worst.json and TFMA's own plots, from the real Evaluator."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn import metrics as sk

from components.evaluator import shown as shown_module
from components.evaluator.config import EvaluateSection
from data.tasks import Task

RANDOM = np.random.default_rng(4)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)


def read(folder: Path, name: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads((folder / name).read_text(encoding="utf-8"), parse_constant=refuse)


@pytest.fixture(scope="module")
def binary(evaluate: Callable[..., Any], model: Callable[..., Path]) -> Any:
    rows = [
        {
            "y": "yes" if yes else "no",
            "p": float(np.float32(np.clip(RANDOM.normal(0.4 + 0.2 * yes, 0.2), 0, 1))),
            "part": ["a", "<script>"][number % 2],
            "text": "x" * 1000,
            "picture": PNG,
            "several": [1, 2, 3],
            "odd": float("nan"),
            "number": number,
        }
        for number, yes in enumerate(RANDOM.random(700) < 0.4)
    ]
    section = EvaluateSection.model_validate({"slices": ["part"]})
    done = evaluate(
        rows, section, Task.BINARY, ("no", "yes"), model(Task.BINARY, "p", ("no", "yes"))
    )
    return rows, done.folder


def test_curves_are_scikit_learns(binary: Any) -> None:
    rows, folder = binary
    plots = read(folder, "plots.json")
    assert set(plots) == {"", "part=a", "part=<script>"}
    for name, chosen in {"": rows, "part=a": rows[::2]}.items():
        y = np.array([row["y"] == "yes" for row in chosen])
        p = np.array([row["p"] for row in chosen])
        curve = np.array(plots[name]["roc"][""])
        assert len(curve) <= 200 and list(curve[0, :2]) == [0, 0] and list(curve[-1, :2]) == [1, 1]
        for alarms, hits, threshold in curve[1:]:
            assert hits == pytest.approx(np.mean(p[y] >= threshold - 1e-7), abs=2e-3)
            assert alarms == pytest.approx(np.mean(p[~y] >= threshold - 1e-7), abs=2e-3)
        area = np.trapezoid(curve[:, 1], curve[:, 0])
        assert area == pytest.approx(sk.roc_auc_score(y, p), abs=2e-3)
        for recall, precision, threshold in plots[name]["pr"][""][5:]:
            decided = p >= threshold - 1e-7
            assert precision == pytest.approx(sk.precision_score(y, decided), abs=5e-3)
            assert recall == pytest.approx(sk.recall_score(y, decided), abs=5e-3)
        buckets = np.array(plots[name]["calibration"][""])
        assert buckets[:, 2].sum() == len(y) and len(buckets) == 20
        assert buckets[:, 2] @ buckets[:, 0] == pytest.approx(p.sum(), rel=1e-5)
        assert buckets[:, 2] @ buckets[:, 1] == pytest.approx(y.sum(), rel=1e-5)
        confusion = plots[name]["confusion"]
        assert confusion["classes"] == ["no", "yes"]
        assert confusion["weights"] == sk.confusion_matrix(y, p > 0.5).tolist()


def test_the_worst_rows_come_first_with_their_columns(binary: Any) -> None:
    rows, folder = binary
    worst = read(folder, "worst.json")
    losses = [row["loss"] for row in worst]
    assert len(worst) == 25 and losses == sorted(losses, reverse=True)
    of_label = [row["p"] if row["y"] == "yes" else 1 - row["p"] for row in rows]
    expected = -np.log(np.clip(np.sort(of_label)[:25], 1e-7, 1))
    assert losses == pytest.approx(expected, rel=1e-5)
    first = worst[0]
    row = rows[first["columns"]["number"]]
    assert first["label"] == row["y"] and first["score"] == pytest.approx(row["p"])
    assert first["prediction"] == ("yes" if row["p"] > 0.5 else "no")
    assert first["columns"]["several"] == "1, 2, 3" and first["columns"]["odd"] == "nan"
    assert len(first["columns"]["text"]) == 300 and first["columns"]["text"].endswith("…")
    assert base64.b64decode(first["picture"]) == PNG
    assert not {"y", "picture"} & set(first["columns"])


def test_tfma_has_its_plots(binary: Any) -> None:
    import tensorflow_model_analysis as tfma

    rows, folder = binary
    y = np.array([row["y"] == "yes" for row in rows])
    p = np.array([row["p"] for row in rows])
    result = tfma.load_eval_result(str(folder))
    [data] = [plot for key, plot in result.plots if key == ()]
    plots = data[""][""]
    matrices = plots["confusionMatrixAtThresholds"]["matrices"]
    assert len(matrices) <= 201
    for matrix in matrices[1:-1:20]:
        decided = p > matrix["threshold"]
        assert matrix["truePositives"] == np.sum(decided & y)
        assert matrix.get("falsePositives", 0) == np.sum(decided & ~y)
        assert matrix["precision"] == pytest.approx(sk.precision_score(y, decided))
    buckets = plots["calibrationHistogramBuckets"]["buckets"]
    assert sum(b["numWeightedExamples"] or 0 for b in buckets) == len(y)


def test_residuals_and_text(evaluate: Callable[..., Any], model: Callable[..., Path]) -> None:
    labels = RANDOM.normal(10, 2, 1500)
    rows = [{"y": float(v), "p": float(v + RANDOM.normal(0, 1))} for v in labels]
    done = evaluate(rows, EvaluateSection(), Task.REGRESSION, (), model(Task.REGRESSION, "p"))
    found = read(done.folder, "plots.json")[""]["residuals"]
    assert sum(bar[2] for bar in found["histogram"]) == pytest.approx(1500)
    pairs = {(np.float32(row["y"]), np.float32(row["p"])) for row in rows}
    assert len(found["sample"]) == 1000
    known = np.array(sorted(pairs))
    for label, prediction in found["sample"][:50]:
        assert np.abs(known - [label, prediction]).sum(axis=1).min() < 1e-4
    worst = read(done.folder, "worst.json")
    error = max(abs(np.float32(row["y"]) - np.float32(row["p"])) for row in rows)
    assert worst[0]["loss"] == pytest.approx(error, rel=1e-5)


def test_distances_of_sequences(evaluate: Callable[..., Any], model: Callable[..., Path]) -> None:
    rows = [
        {"y": "a b c d", "p": "a b c d"},
        {"y": "a b c d", "p": "a b"},
        {"y": "a b", "p": "c d e"},
    ]
    done = evaluate(rows, EvaluateSection(), Task.SEQUENCE, (), model(Task.SEQUENCE, "p"))
    assert read(done.folder, "plots.json")[""]["distances"] == [[0, 1.0], [2, 1.0], [3, 1.0]]
    worst = read(done.folder, "worst.json")
    assert (worst[0]["label"], worst[0]["prediction"]) == ("a b", "c d e")
    assert [row["loss"] for row in worst] == [1.5, 0.5, 0.0]


def test_one_class_only_still_has_what_can_be_drawn(
    evaluate: Callable[..., Any], model: Callable[..., Path]
) -> None:
    rows = [{"y": "no", "p": 0.25}] * 3
    done = evaluate(
        rows, EvaluateSection(), Task.BINARY, ("no", "yes"), model(Task.BINARY, "p", ("no", "yes"))
    )
    found = read(done.folder, "plots.json")[""]
    assert found["roc"] == {"": []} and found["pr"] == {"": []}
    assert found["calibration"] == {"": [[0.25, 0.0, 3.0]]}


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "L")])
def test_a_photograph_is_shown_smaller(kind: str, mode: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (900, 1200, len(mode)), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise.squeeze()).save(out, kind)
    shown = shown_module._small(out.getvalue())
    assert shown is not None
    with Image.open(io.BytesIO(base64.b64decode(shown))) as small:
        assert (small.format, small.size) == ("JPEG", (240, 180))
    cut = out.getvalue()[:25_000]
    assert shown_module._small(cut[:20_000]) == base64.b64encode(cut[:20_000]).decode()
    assert shown_module._small(b"\xff\xd8\xff" + bytes(30_000)) is None
