"""Which version `train.warm_start` means, so that a run with nothing changed finds its own result.

A training that begins with the newest version pushes a newer one. Were that the one to begin with
now, the next run would train again, and so without end. So where the newest version came from
exactly today's data, configuration and code, today's training is the one that made it, and begins
where that one began.
"""

from pathlib import Path

from components.pusher.versions import manifests
from data.saved_models import BLESSED, latest
from pipeline.earlier import history
from pipeline.earlier.other_model import OtherModel, find_model, model_fact
from pipeline.fingerprints import FACT_OF_START, node_facts
from pipeline.nodes import Facts, switched_off, upstream
from pipeline.prepared import Prepared


def find_start(prepared: Prepared, base: Path, output: Path) -> OtherModel | None:
    """The model to begin with; None where a training draws its first weights.

    Args:
      prepared: the configuration, but for this.
      base: where relative paths start.
      output: the folder of all pipelines' outputs.

    Raises:
      ConfigError: there is no such model.
    """
    name, served = prepared.config.train.warm_start, prepared.serving_directory
    place = find_model("train.warm_start", name, base, output, served)
    if place is None:
        return None
    newest = latest(place) or place
    if name != BLESSED:
        return OtherModel(newest, model_fact(newest))
    maker = str(manifests(served).get(int(newest.name), {}).get("run", ""))
    return _began_with(prepared, maker) or OtherModel(newest, model_fact(newest))


def _began_with(prepared: Prepared, run_id: str) -> OtherModel | None:
    """What a run's training began with, if it was today's training."""
    folder = prepared.root / "runs" / run_id
    if not run_id or not (folder / "request.json").is_file():
        return None
    then, now = history.read(folder).request["nodes"], node_facts(prepared)
    fact = str(then.get("Trainer", {}).get("facts", {}).get(FACT_OF_START, ""))
    off = switched_off(prepared.config.model_dump(by_alias=True))
    for node in upstream(["Trainer"]):
        if node in off and node not in then:
            continue
        if _without_start(then.get(node, {}).get("facts", {})) != _without_start(now[node]):
            return None
    return OtherModel(Path(fact.rpartition(" ")[0]), fact) if fact else None


def _without_start(facts: Facts) -> Facts:
    return {name: value for name, value in facts.items() if name != FACT_OF_START}
