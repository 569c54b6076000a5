"""The real Evaluator on models that answer what a column says: values, gates, blessing, baseline."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from sklearn import metrics as sk

from components.evaluator.config import EvaluateSection
from data.tasks import Task

NO_YES = ("no", "yes")
KINDS = ("T-shirt/top", "größe = 5, rot", "one class", "bunched")


def rows() -> list[dict[str, Any]]:
    """600 rows: `p` and `q` are two models' probabilities, the rest is there to slice by."""
    random = np.random.default_rng(3)
    found = []
    for number in range(600):
        kind = KINDS[number % 4]
        yes = kind != "one class" and random.random() < 0.4
        p = float(np.float32(np.clip(random.normal(0.4 + 0.3 * yes, 0.2), 0, 1)))
        found.append(
            {
                "y": "yes" if yes else "no",
                "p": float(np.float32(0.3 + p * 1e-4)) if kind == "bunched" else p,
                "q": float(np.float32(np.round(np.clip(p + random.normal(0, 0.1), 0, 1), 1))),
                "broken": math.nan if number == 5 else p,
                "kind": kind,
                "zip": str(60601 + number % 2),
                "hour": number % 3,
                "fare": [0.1, 2.5, 3.0][number % 3],
                "sometimes": "x" if number % 5 == 0 else None,
                "single": "me" if number == 10 else "others",
            }
        )
    return found


ROWS = rows()
GATES = [
    {"metric": "auc", "min": 0.6, "worse_by": 0.2},
    {"metric": "auc", "min": 0.999},
    {"metric": "log_loss", "max": 0.7, "worse_by": 1.0},
    {"metric": "f1", "slice": {"kind": "T-shirt/top"}, "min": 0.1},
    {"metric": "f1", "slice": "kind=größe = 5, rot", "min": 0.1},
    {"metric": "auc", "slice": "kind=bunched", "min": 0.7},
    {"metric": "auc", "slice": "kind=one class", "min": 0.0, "worse_by": 1.0},
    {"metric": "accuracy", "slice": "zip=60601", "min": 0.5},
    {"metric": "accuracy", "slice": "hour=1", "min": 0.5},
    {"metric": "accuracy", "slice": "fare=3", "min": 0.5},
    {"metric": "accuracy", "slice": "fare=0.1", "min": 0.5},
    {"metric": "accuracy", "slice": "hour=1, kind=bunched", "min": 0.1},
    {"metric": "accuracy", "slice": "hour=77", "min": 0.0},
    {"metric": "accuracy", "slice": "kind=nobody", "min": 0.0},
    {"metric": "accuracy", "slice": "single=me", "min": 0.0},
]
SECTION = EvaluateSection.model_validate(
    {"slices": ["kind", "sometimes", "fare", ["hour", "kind"]], "gates": GATES}
)


@pytest.fixture(scope="module")
def compared(evaluate: Callable[..., Any], model: Callable[..., Path]) -> Any:
    """`p` against the baseline `q`, with every gate above."""
    return evaluate(
        ROWS,
        SECTION,
        Task.BINARY,
        NO_YES,
        model(Task.BINARY, "p", NO_YES),
        model(Task.BINARY, "q", NO_YES),
    )


@pytest.mark.parametrize("side", ["metrics", "baseline"])
def test_values_are_scikit_learns_on_every_slice(compared: Any, side: str) -> None:
    column = "p" if side == "metrics" else "q"
    values = compared.verdict[side]
    names = {
        "": lambda row: True,
        **{f"kind={kind}": lambda row, kind=kind: row["kind"] == kind for kind in KINDS},
        "sometimes=x": lambda row: row["sometimes"] == "x",
        "fare=2.5": lambda row: row["fare"] == 2.5,
        "hour=2, kind=bunched": lambda row: row["hour"] == 2 and row["kind"] == "bunched",
    }
    for name, chosen in names.items():
        y = np.array([row["y"] == "yes" for row in ROWS if chosen(row)])
        p = np.array([row[column] for row in ROWS if chosen(row)])
        expected = {
            "accuracy": sk.accuracy_score(y, p > 0.5),
            "f1": sk.f1_score(y, p > 0.5, zero_division=0.0),
            "log_loss": sk.log_loss(y, np.clip(p, 1e-7, 1 - 1e-7), labels=[0, 1]),
            "auc": sk.roc_auc_score(y, p) if len(set(y)) == 2 else None,
            "auc_pr": sk.average_precision_score(y, p) if len(set(y)) == 2 else None,
        }
        if name == "kind=one class" and not (p > 0.5).any():
            expected["f1"] = None
        for key, value in expected.items():
            found = values[name][key]
            assert found == (None if value is None else pytest.approx(value, rel=1e-6)), (name, key)
        if side == "metrics":
            assert compared.verdict["counts"][name]["rows"] == len(y)


def test_tfma_loads_both_models_by_name(compared: Any) -> None:
    directory = str(compared.folder)
    for name, side in (("candidate", "metrics"), ("baseline", "baseline")):
        loaded = tfma.load_eval_result(directory, model_name=name)
        [(kind, value)] = loaded.get_metrics_for_slice()["auc"].items()
        found = value["value"] if kind == "boundedValue" else value  # with intervals
        assert found == compared.verdict[side][""]["auc"]
    assert tfma.load_validation_result(directory).validation_ok is False


def test_every_slice_that_was_asked_for_is_there(compared: Any) -> None:
    slices = set(compared.verdict["metrics"])
    assert {f"hour={h}, kind={k}" for h in range(3) for k in KINDS} <= slices
    assert "sometimes=" not in slices and not any("None" in name for name in slices)
    assert compared.verdict["counts"]["single=me"]["rows"] == 1


def test_gates_pass_and_fail_with_reasons(compared: Any) -> None:
    failing = {
        (g["metric"], g["slice"], g["threshold"])
        for g in compared.verdict["gates"]
        if not g["passed"]
    }
    assert failing == {
        ("auc", "", ">= 0.999"),
        ("auc", "kind=one class", ">= 0"),
        ("auc", "kind=one class", ">= baseline - 1"),
        ("accuracy", "hour=77", ">= 0"),
        ("accuracy", "kind=nobody", ">= 0"),
        ("example_count", "fare=0.1", ">= 1"),
    }
    assert compared.gate("accuracy", "hour=77")["why"] == "the slice has no rows"
    undefined = compared.gate("auc", "kind=one class", ">= 0")
    assert undefined["value"] is None
    assert undefined["why"] == "not defined on these 150 rows: too few rows or classes"
    assert compared.gate("auc", "", ">= baseline")["baseline"] is not None
    assert compared.gate("auc", "kind=bunched")["value"] > 0.7  # TFMA's own says 0.5 here
    assert not compared.blessed and not compared.verdict["blessed"]


def test_what_only_tfma_objects_to_is_in_the_table(compared: Any) -> None:
    """0.1 is not the float32 that the column holds: TFMA misses the slice that we find."""
    assert compared.gate("accuracy", "fare=0.1")["passed"]
    line = compared.gate("example_count", "fare=0.1")
    assert not line["passed"] and line["why"].startswith("TFMA finds no such slice")


def test_tfma_says_the_same_gate_by_gate(compared: Any) -> None:
    validation = compared.tfma()
    assert not validation.validation_ok
    failures = sorted(
        (
            failure.metric_key.name,
            failure.metric_key.is_diff,
            len(entry.slice_key.single_slice_keys),
        )
        for entry in validation.metric_validations_per_slice
        for failure in entry.failures
    )
    assert failures == [("auc", False, 0), ("auc", False, 1), ("auc", True, 1)]
    missing = {tuple(spec.feature_values.items()) for spec in validation.missing_slices}
    assert missing == {(("hour", "77"),), (("kind", "nobody"),), (("fare", "0.1"),)}


def test_the_artifacts_open_with_tfma_itself(compared: Any) -> None:
    import tensorflow_model_analysis as tfma

    [result] = tfma.load_eval_results(str(compared.folder), model_name="candidate").get_results()
    [overall] = [metrics for key, metrics in result.slicing_metrics if key == ()]
    auc = overall[""][""]["auc"]["boundedValue"]
    assert auc["value"] == compared.verdict["metrics"][""]["auc"]
    low, high = compared.verdict["intervals"][""]["auc"]
    assert low < auc["value"] < high
    assert [auc["lowerBound"], auc["upperBound"]] == pytest.approx([low, high])
    assert overall[""][""]["example_count"]["doubleValue"] == len(ROWS)


def test_no_nan_reaches_json(compared: Any) -> None:
    text = (compared.folder / "verdict.json").read_text(encoding="utf-8")
    assert "NaN" not in text and "Infinity" not in text


def test_a_nan_prediction_fails_and_says_how_many(
    evaluate: Callable[..., Any], model: Callable[..., Path]
) -> None:
    gates = [{"metric": "auc", "min": 0.0}, {"metric": "log_loss", "worse_by": 9.0}]
    done = evaluate(
        ROWS,
        EvaluateSection.model_validate({"gates": gates, "slices": ["hour"]}),
        Task.BINARY,
        NO_YES,
        model(Task.BINARY, "broken", NO_YES),
    )
    assert not done.blessed
    assert done.gate("auc")["why"] == "1 of 600 predictions are no finite numbers"
    assert done.verdict["metrics"]["hour=0"]["auc"] is not None  # the row is in another slice
    change = done.gate("log_loss")
    assert not change["passed"], "no baseline, but the candidate itself has no value"


def test_the_only_gate_compares_and_there_is_no_baseline(
    evaluate: Callable[..., Any], model: Callable[..., Path]
) -> None:
    section = EvaluateSection.model_validate({"gates": [{"metric": "f1/Ä b/c", "worse_by": 0.0}]})
    classes = ("Ä b/c", *"BCDEFGHI", "never seen")
    random = np.random.default_rng(5)
    labels = random.integers(0, 9, 300)
    scores = random.dirichlet(np.ones(10), 300) + 0.5 * np.eye(10)[labels]
    data = [{"y": classes[c], "s": list(s)} for c, s in zip(labels, scores, strict=True)]
    done = evaluate(data, section, Task.MULTICLASS, classes, model(Task.MULTICLASS, "s", classes))
    assert done.blessed and done.verdict["blessed"]
    assert done.gate("f1/Ä b/c")["why"] == "no blessed model to compare with"
    assert done.blessing.get_int_custom_property("current_model_id") == 7
    decisions = np.asarray(scores, np.float32).argmax(axis=1)
    values = done.verdict["metrics"][""]
    assert values["f1"] == pytest.approx(sk.f1_score(labels, decisions, average="macro"))
    [expected] = sk.recall_score(labels, decisions, labels=[0], average=None)
    assert values["recall/Ä b/c"] == pytest.approx(expected)
    assert values["auc/never seen"] is None


def test_buckets_weights_and_confidence(
    evaluate: Callable[..., Any], model: Callable[..., Path]
) -> None:
    random = np.random.default_rng(12)
    yes = random.random(900) < 0.4
    good = np.clip(random.normal(0.35 + 0.3 * yes, 0.15), 0, 1)
    worse = np.clip(good + random.normal(0, 0.2, 900), 0, 1)
    data = [
        {
            "y": "yes" if yes[n] else "no",
            "p": float(np.float32(good[n])),
            "q": float(np.float32(worse[n])),
            "fare": None if n == 7 else float(n % 30),
            "w": float(n % 3),
            "part": "ab"[n % 2],
        }
        for n in range(900)
    ]
    fare = {"column": "fare", "buckets": [0, 10, 20]}
    sure = {"metric": "auc", "worse_by": 0.0, "confidence": 0.95}
    gates = [
        sure,
        {**sure, "slice": {"fare": "0..10", "part": "a"}},
        {"metric": "accuracy", "min": 0.5, "confidence": 0.9},
        {"metric": "accuracy", "slice": "fare=10..20", "min": 0.5},
        {"metric": "auc", "slice": "fare=..0", "min": 0.5},
    ]
    section = EvaluateSection.model_validate({"slices": [fare, ["part", fare]], "gates": gates})
    candidate, baseline = model(Task.BINARY, "p", NO_YES), model(Task.BINARY, "q", NO_YES)
    done = evaluate(data, section, Task.BINARY, NO_YES, candidate, baseline, weight="w")
    p = np.array([row["p"] for row in data])
    w = np.array([row["w"] for row in data])
    numbers = np.arange(900)
    bucket = {
        "fare=0..10": numbers % 30 < 10,
        "fare=10..20": (numbers % 30 >= 10) & (numbers % 30 < 20),
    }
    for name, chosen in {"": numbers >= 0, **bucket}.items():
        chosen = chosen & ((numbers != 7) | (name == ""))
        values = done.verdict["metrics"][name]
        expected = sk.roc_auc_score(yes[chosen], p[chosen], sample_weight=w[chosen])
        assert values["auc"] == pytest.approx(expected, rel=1e-6), name
        expected = sk.accuracy_score(yes[chosen], p[chosen] > 0.5, sample_weight=w[chosen])
        assert values["accuracy"] == pytest.approx(expected, rel=1e-6), name
        assert done.verdict["counts"][name]["rows"] == chosen.sum()
    assert {"fare=20..", "fare=0..10, part=a"} <= set(done.verdict["metrics"])
    line = done.gate("auc", threshold=">= baseline")
    assert line["threshold"] == ">= baseline with 95 % confidence" and line["passed"]
    low, high = line["interval"]
    assert 0 < low < line["value"] - line["baseline"] < high
    assert done.verdict["differences"][""]["auc"] == pytest.approx([low, high])
    assert not done.gate("auc", "fare=..0")["passed"]
    assert done.gate("auc", "fare=..0")["why"] == "the slice has no rows"
    low, high = done.gate("accuracy")["interval"]
    assert low < done.gate("accuracy")["value"] < high
    # The other way round it is worse for sure; the same model is not better for sure, but as good.
    back = evaluate(data, section, Task.BINARY, NO_YES, baseline, candidate)
    assert not back.gate("auc")["passed"] and back.gate("auc")["interval"][1] < 0
    assert not back.blessed


def test_not_better_beyond_chance(evaluate: Callable[..., Any], model: Callable[..., Path]) -> None:
    """A value above the bound, whose interval reaches below it, does not pass with confidence."""
    data = [
        {"y": "yes" if n % 2 else "no", "p": 0.8 if (n % 2) ^ (n % 5 < 2) else 0.2}
        for n in range(60)
    ]
    gates = [
        {"metric": "accuracy", "min": 0.55},
        {"metric": "accuracy", "min": 0.55, "confidence": 0.95},
        {"metric": "auc", "max": 0.95, "confidence": 0.9},
    ]
    section = EvaluateSection.model_validate({"gates": gates})
    done = evaluate(data, section, Task.BINARY, NO_YES, model(Task.BINARY, "p", NO_YES))
    plain, sure, below = done.verdict["gates"]
    assert plain["passed"] and plain["interval"] is None and plain["value"] == pytest.approx(0.6)
    assert not sure["passed"] and sure["threshold"] == ">= 0.55 with 95 % confidence"
    assert sure["interval"][0] < 0.55 < sure["value"] and sure["interval"][1] > 0.65
    assert below["passed"] and not done.blessed
    assert done.tfma().validation_ok, "TFMA looks at the values alone"


def test_several_labels_a_row(evaluate: Callable[..., Any], model: Callable[..., Path]) -> None:
    classes = ("cell wall", "größe, rot", "never")
    random = np.random.default_rng(8)
    truth = (random.random((200, 3)) < [0.5, 0.3, 0.0]).astype(int)
    scores = np.clip(random.normal(0.3 + 0.3 * truth, 0.2), 0, 1).astype(np.float32)
    data = [
        {
            "y": [name for name, applies in zip(classes, row, strict=True) if applies],
            "s": [float(v) for v in score],
            "t": [float(v) for v in score[::-1]],
            "part": "even" if number % 2 == 0 else "odd",
        }
        for number, (row, score) in enumerate(zip(truth, scores, strict=True))
    ]
    gates = [
        {"metric": "micro_f1", "min": 0.5, "worse_by": 0.0},
        {"metric": "f1/größe, rot", "slice": "part=odd", "min": 0.1},
        {"metric": "auc/never", "min": 0.5},
    ]
    done = evaluate(
        data,
        EvaluateSection.model_validate({"gates": gates, "slices": ["part"]}),
        Task.MULTILABEL,
        classes,
        model(Task.MULTILABEL, "s", classes),
        model(Task.MULTILABEL, "t", classes),
    )
    chosen = (scores > 0.5).astype(int)
    values = done.verdict["metrics"][""]
    assert values["hamming_loss"] == pytest.approx(sk.hamming_loss(truth, chosen))
    assert values["subset_accuracy"] == pytest.approx(sk.accuracy_score(truth, chosen))
    assert values["micro_f1"] == pytest.approx(sk.f1_score(truth, chosen, average="micro"))
    expected = sk.roc_auc_score(truth[:, 0], scores[:, 0])
    assert values["auc/cell wall"] == pytest.approx(expected, rel=1e-6)
    assert "f1" not in values and "f1/never" in values
    half = done.verdict["metrics"]["part=odd"]["f1/größe, rot"]
    assert half == pytest.approx(sk.f1_score(truth[1::2, 1], chosen[1::2, 1]))
    assert done.gate("micro_f1", threshold=">= baseline")["baseline"] < values["micro_f1"]
    assert not done.gate("auc/never")["passed"] and not done.blessed
    assert done.gate("auc/never")["why"].startswith("not defined on these 200 rows")


def test_sequences_of_tokens(evaluate: Callable[..., Any], model: Callable[..., Path]) -> None:
    data = [
        {"y": "HH AH0 L OW1", "good": "HH AH0 L OW1", "bad": "L OW1", "word": "hello"},
        {"y": "W ER1 L D", "good": "W ER1 L T", "bad": "", "word": "world"},
    ]
    gates = [
        {"metric": "phoneme_error_rate", "max": 0.2, "worse_by": 0.0},
        {"metric": "exact_match", "slice": "word=world", "min": 0.5},
    ]
    section = EvaluateSection.model_validate({"gates": gates, "slices": ["word"]})
    good, bad = model(Task.SEQUENCE, "good"), model(Task.SEQUENCE, "bad")
    done = evaluate(data, section, Task.SEQUENCE, (), good, bad)
    assert done.verdict["metrics"][""] == {
        "phoneme_error_rate": 1 / 8,
        "edit_distance": 0.5,
        "exact_match": 0.5,
        "bleu": pytest.approx(72.31, abs=0.01),
    }
    assert done.verdict["baseline"][""]["phoneme_error_rate"] == 6 / 8
    assert done.gate("phoneme_error_rate", threshold="<= 0.2")["passed"]
    assert not done.gate("exact_match", "word=world")["passed"]


@pytest.fixture(scope="module")
def fares() -> list[dict[str, Any]]:
    """Regression: `good` is right to 0.1, `bad` to 1; every row of `flat` has the same label."""
    random = np.random.default_rng(11)
    labels = [float(v) for v in random.normal(10, 2, 80)]
    return [
        {
            "y": 5.0 if number % 8 == 0 else label,
            "good": label + 0.1,
            "bad": label + float(random.normal(0, 1)),
            "part": "flat" if number % 8 == 0 else "rest",
        }
        for number, label in enumerate(labels)
    ]


@pytest.mark.parametrize(
    ("candidate", "baseline", "passes"),
    [("bad", "good", False), ("good", "good", True)],
)
def test_worse_than_the_baseline_and_equal_to_it(
    evaluate: Callable[..., Any],
    model: Callable[..., Path],
    fares: list[dict[str, Any]],
    candidate: str,
    baseline: str,
    passes: bool,
) -> None:
    gates = [{"metric": "mae", "worse_by": 0.0}, {"metric": "r2", "worse_by": 0.0}]
    done = evaluate(
        fares,
        EvaluateSection.model_validate({"gates": gates, "slices": ["part"]}),
        Task.REGRESSION,
        (),
        model(Task.REGRESSION, candidate),
        model(Task.REGRESSION, baseline),
    )
    assert done.blessed is passes and done.tfma().validation_ok is passes
    assert done.gate("mae")["passed"] is passes and done.gate("r2")["passed"] is passes
    assert done.gate("mae")["threshold"] == "<= baseline"
    assert done.verdict["metrics"]["part=flat"]["r2"] is None
    assert done.verdict["metrics"]["part=flat"]["mae"] is not None


def test_an_empty_test_split_is_not_blessed(
    evaluate: Callable[..., Any], model: Callable[..., Path]
) -> None:
    done = evaluate([], EvaluateSection(), Task.BINARY, NO_YES, model(Task.BINARY, "p", NO_YES))
    assert not done.blessed
    assert done.gate("auc")["why"] == "the test split has no rows"
