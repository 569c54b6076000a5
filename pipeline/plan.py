"""What would run and why: each node's facts against what earlier runs left, without TFX."""

from dataclasses import dataclass
from pathlib import Path

from components.pusher.versions import manifests, served
from pipeline.earlier.blessed import blessed_models
from pipeline.earlier.history import NodeRecord, Run
from pipeline.fingerprints import difference
from pipeline.nodes import (
    BY_ID,
    LOOKED_UP,
    NODES,
    RESOLVED_EACH_RUN,
    Facts,
    Node,
    downstream,
    upstream,
)


@dataclass(frozen=True)
class Step:
    """What the plan says of one node."""

    node: str
    action: str
    """`run`, `cached` or `skip`."""
    why: str
    source: str = ""
    """Cached: the run whose output is used."""
    forced: bool = False
    """Runs although TFX's cache would have an answer."""


@dataclass(frozen=True)
class Selection:
    """Which part of the DAG was asked for."""

    from_nodes: tuple[str, ...] = ()
    to_nodes: tuple[str, ...] = ()
    force: tuple[str, ...] = ()
    """Nodes to run even if nothing changed."""
    off: frozenset[str] = frozenset()
    """Nodes that the configuration leaves out of the DAG."""

    def nodes(self) -> set[str]:
        """Ids between `from_nodes` and `to_nodes`, both included; all of them without."""
        chosen = {node.id for node in NODES} - self.off
        if self.from_nodes:
            chosen &= downstream(list(self.from_nodes))
        if self.to_nodes:
            chosen &= upstream(list(self.to_nodes))
        return chosen


def make_plan(
    facts: dict[str, Facts], history: list[Run], selection: Selection, serving: Path
) -> list[Step]:
    """One step per node, in the order they run.

    Args:
      facts: every node's facts today.
      history: earlier runs, newest first.
      selection: partial and forced nodes.
      serving: where the Pusher publishes; a model deleted there is pushed again.
    """
    chosen = selection.nodes()
    steps: dict[str, Step] = {}
    for node in NODES:
        if node.id in selection.off:
            continue
        if node.id not in chosen:
            steps[node.id] = Step(node.id, "skip", "not asked for", _last_producer(node, history))
        elif node.id in selection.force:
            steps[node.id] = Step(node.id, "run", "forced", forced=True)
        elif node.id == RESOLVED_EACH_RUN:
            steps[node.id] = _baseline_step(steps, history, serving)
        elif node.id in LOOKED_UP:
            found = facts[node.id]["tuned"]
            steps[node.id] = Step(node.id, "run", f"takes the values of {found}", found)
        else:
            steps[node.id] = _step(node, facts[node.id], steps, history)
    push = steps["Pusher"]
    if push.action == "cached" and not _still_there(push, history, serving):
        steps["Pusher"] = Step("Pusher", "run", "the pushed model is gone", forced=True)
    return list(steps.values())


def nothing_to_do(steps: list[Step]) -> bool:
    """True when every node is answered by an earlier run."""
    return all(step.action == "cached" or step.node in LOOKED_UP for step in steps)


def _run_first(names: list[str]) -> str:
    """`A runs`, `A and B run`, `A, B and C run`."""
    if len(names) == 1:
        return f"{names[0]} runs"
    return f"{', '.join(names[:-1])} and {names[-1]} run"


def _step(node: Node, facts: Facts, steps: dict[str, Step], history: list[Run]) -> Step:
    inputs = [name for name in node.inputs if name in steps]  # the others are switched off
    running = [name for name in inputs if steps[name].action == "run"]
    # A lookup is no work: its source says what it finds.
    running = [name for name in running if name not in LOOKED_UP]
    if running:
        return Step(node.id, "run", _run_first(running))
    wanted = {name: steps[name].source for name in inputs}
    last: NodeRecord | None = None
    for run in history:
        record = run.nodes.get(node.id)
        if record is None or record.state != "ran":
            continue
        last = last or record
        if record.facts == facts and record.inputs == wanted:
            missing = [
                uri
                for uri in run.summary.get("outputs", {}).get(node.id, [])
                if not Path(uri).exists()
            ]
            if missing:
                return Step(node.id, "run", "its output was deleted", forced=True)
            return Step(node.id, "cached", f"cached from run {run.id}", run.id)
    if last is None:
        return Step(node.id, "run", "never ran")
    changed = difference(last.facts, facts)
    return Step(node.id, "run", changed or "its inputs come from another run")


def _baseline_step(steps: dict[str, Step], history: list[Run], serving: Path) -> Step:
    """Which blessed model the resolver will find: the newest that is not the candidate."""
    candidate = steps["Trainer"].source if steps["Trainer"].action != "run" else ""
    others = [run for run in blessed_models(history, serving) if run != candidate]
    source = f"model of {others[-1]}" if others else "none"
    return Step(RESOLVED_EACH_RUN, "run", f"looks up the model to beat ({source})", source)


def _still_there(step: Step, history: list[Run], serving: Path) -> bool:
    run = next((run for run in history if run.id == step.source), None)
    pushed = run.summary.get("pushed") if run else None
    if not pushed:
        return True
    manifest = manifests(serving).get(pushed["version"], {})
    return bool(manifest.get("withdrawn")) or pushed["version"] in served(serving)


def _last_producer(node: Node, history: list[Run]) -> str:
    for run in history:
        record = run.nodes.get(node.id)
        if record and record.state in ("ran", "cached"):
            return record.producer
    return ""


def check_names(names: list[str], off: frozenset[str] = frozenset()) -> None:
    """Raises ValueError for a node that does not exist or is switched off, listing the others."""
    for name in names:
        if name not in BY_ID:
            raise ValueError(f"no node '{name}'. Valid: {', '.join(BY_ID)}")
        if name in off:
            node = BY_ID[name]
            but = f", or {node.unless} is set" if node.unless else ""
            raise ValueError(f"node '{name}' is switched off: {node.switch} is false or empty{but}")


def base_run(selection: Selection, history: list[Run]) -> str:
    """The run whose outputs a partial run starts from: the newest that has all it needs.

    Returns:
      A run id; empty for a full run.

    Raises:
      ValueError: no earlier run has them.
    """
    if not selection.from_nodes:
        return ""
    chosen = selection.nodes()
    needed = {name for node in chosen for name in BY_ID[node].inputs} - chosen - selection.off
    for run in history:
        done = {name for name, record in run.nodes.items() if record.state in ("ran", "cached")}
        if needed <= done | set(LOOKED_UP):
            return run.id
    raise ValueError(
        f"--from {' '.join(selection.from_nodes)} needs the outputs of "
        f"{', '.join(sorted(needed))}, and no earlier run has them. Run once without --from."
    )
