"""Where TFX's Tuner comes in: tuner_fn makes the search that the configuration asks for."""

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tfx.components.tuner.component import TunerFnResult

from components.tuner.config import TunerSection
from components.tuner.search import Search
from components.tuner.space import Parameters
from data.import_path import function_at


def tuner_fn(fn_args: Any) -> TunerFnResult:
    """The search, ready to start.

    Args:
      fn_args: TFX's FnArgs. `custom_config` holds `tuner` (JSON of TunerSection), `space` (JSON of
        its Parameters), `objective`, `trial` (import path of (fn_args, values, watch, about), which
        trains once) and what that needs, perhaps also `cache`, a folder for what outlives a killed
        search.
    """
    config = fn_args.custom_config
    section = TunerSection.model_validate_json(config["tuner"])
    trial = function_at(config["trial"], "the Tuner's trial")
    # What the Trainer's arguments have, and the Tuner's lack.
    fn_args.transform_output = fn_args.transform_graph_path
    fn_args.model_run_dir = fn_args.working_dir

    def train(
        values: Mapping[str, Any],
        watch: Callable[[dict[str, Any]], None],
        about: Mapping[str, Any],
    ) -> None:
        trial(fn_args, values, watch, about)

    folder = Path(config.get("cache") or fn_args.working_dir) / "tuner" / _key(fn_args, trial)
    space = Parameters.validate_json(config["space"])
    search = Search(section, space, config["objective"], train, folder)
    return TunerFnResult(tuner=search, fit_kwargs={})


def _key(fn_args: Any, trial: Callable[..., None]) -> str:
    """A name for a search: the same data, configuration and code give the same one. The number of
    trials is no part of it: one that was killed may go on to another number."""
    config = dict(fn_args.custom_config)
    section = {**json.loads(config.pop("tuner")), "trials": 0}
    files = (fn_args.transform_graph_path, fn_args.train_files, fn_args.eval_files)
    found = hashlib.sha256(json.dumps([config, section, files], sort_keys=True).encode())
    for room in (Path(__file__).parent, Path(inspect.getfile(trial)).parent):
        for file in sorted(room.rglob("*.py")):
            found.update(file.read_bytes())
    return found.hexdigest()[:16]
