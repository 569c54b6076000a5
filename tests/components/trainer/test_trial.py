"""components/trainer/trial.py: a trial is the Trainer's own training, to the bit."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

COLUMNS: dict[str, type] = {"x": float, "kind": str, "y": str}
FEATURES = {"x": "zscore", "kind": "vocabulary"}
VALUES = {"train.learning_rate": 0.02, "train.hidden": [16, 8], "train.batch_size": 16}
HYPERPARAMETERS = {"space": [], "values": {**VALUES, "train.hidden": "[16, 8]", "tuner/epochs": 9}}
SETTINGS = {"epochs": 3, "dropout": 0.3}


def _rows() -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    yes = rng.random(200) < 0.5
    return [
        {"x": float(rng.normal() + two), "kind": str(rng.choice(["a", "b"])), "y": "ny"[int(two)]}
        for two in yes
    ]


@pytest.fixture(scope="module")
def arguments(transform: Callable[..., Path]) -> Any:
    """FnArgs of a Tuner, as tuner_fn completes them."""
    config = {"task": "binary", "label": "y", "classes": json.dumps(["n", "y"])}
    given = {"features": json.dumps(FEATURES), "preprocessing": "", "beside": "[]"}
    folder = transform(COLUMNS, _rows(), {**config, **given})
    return SimpleNamespace(
        custom_config={**config, "train": json.dumps(SETTINGS), "texts": "[]"},
        transform_output=str(folder / "graph"),
        train_files=[str(folder / "train*.gz")],
        eval_files=[str(folder / "eval*.gz")],
        model_run_dir=str(folder / "run"),
    )


def test_a_trial_sees_the_epochs_that_the_trainer_then_has(
    arguments: Any, train: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    from components.trainer.trial import run_trial

    seen: list[dict[str, Any]] = []
    run_trial(arguments, VALUES, seen.append, {"trial": 1})
    trained = train(
        COLUMNS,
        _rows(),
        label="y",
        task="binary",
        classes=["n", "y"],
        features=FEATURES,
        settings=SETTINGS,
        hyperparameters=HYPERPARAMETERS,
    )
    measured = [{k: v for k, v in e.items() if "second" not in k} for e in seen]
    epochs = [{k: v for k, v in e.items() if "second" not in k} for e in trained.history["epochs"]]
    assert measured == epochs and len(epochs) == 3
    assert trained.history["tuned"] == VALUES
    assert f"trains with the values of a Tuner: {VALUES}" in capsys.readouterr().out
    widths = [layer.units for layer in trained.kept["model"].layers if hasattr(layer, "units")]
    assert widths == [16, 8, 1]
    assert not Path(arguments.model_run_dir).exists()


def test_who_watches_can_end_it(arguments: Any) -> None:
    from components.trainer.trial import run_trial

    class EnoughError(Exception):
        pass

    seen: list[dict[str, Any]] = []

    def watch(epoch: dict[str, Any]) -> None:
        seen.append(epoch)
        raise EnoughError

    with pytest.raises(EnoughError):
        run_trial(arguments, VALUES, watch, {})
    assert [epoch["epoch"] for epoch in seen] == [1]


def test_its_progress_says_which_trial_it_is(
    arguments: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from components.trainer.progress import ENVIRONMENT, Progress
    from components.trainer.trial import run_trial

    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "progress.jsonl"))
    run_trial(arguments, VALUES, lambda epoch: None, {"trial": 2, "trials": 9, "best_loss": 0.4})
    Progress().report({"epoch": 1}, always=True)  # the Trainer's own, afterwards
    *events, last = [json.loads(line) for line in (tmp_path / "progress.jsonl").open()]
    assert all((e["trial"], e["trials"], e["best_loss"]) == (2, 9, 0.4) for e in events)
    assert events[-1]["epoch"] == 3 and last == {"epoch": 1}
