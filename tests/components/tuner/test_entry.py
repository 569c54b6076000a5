"""components/tuner/entry.py: which search is the same one, found again after a kill."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.tuner.config import TunerSection
from components.tuner.space import Parameter
from data.import_path import ImportPathError

SPACE = Parameter(name="train.dropout", kind="float", low=0, high=0.5, default=0.1)


def _folder(place: Path, files: str = "a", trial: str = "", **section: Any) -> str:
    from components.tuner.entry import tuner_fn

    told = {
        "tuner": TunerSection(**{"trials": 3, **section}).model_dump_json(),
        "space": json.dumps([SPACE.model_dump(mode="json")]),
        "objective": "loss",
        "trial": trial or "components.trainer.trial.run_trial",
        "cache": str(place),
    }
    arguments = SimpleNamespace(
        custom_config=told,
        transform_graph_path="graph",
        working_dir=str(place / "tmp"),
        train_files=[files],
        eval_files=["eval"],
    )
    found: str = tuner_fn(arguments).tuner.project_dir
    assert arguments.transform_output == "graph"
    return found


def test_more_trials_are_the_same_search_and_other_data_or_settings_another(
    tmp_path: Path,
) -> None:
    first = _folder(tmp_path)
    assert Path(first).parent == tmp_path / "tuner"
    assert _folder(tmp_path, trials=30) == first
    others = [_folder(tmp_path, "b"), _folder(tmp_path, seed=1), _folder(tmp_path, prune=False)]
    assert len({first, *others}) == 4


def test_a_trial_that_is_no_function_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImportPathError, match="has no 'run_trail'. Did you mean 'run_trial'"):
        _folder(tmp_path, trial="components.trainer.trial.run_trail")
