"""pipeline/plan.py: what would run and why, from facts and history alone."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.earlier.history import NodeRecord, Run
from pipeline.nodes import LOOKED_UP, NODES
from pipeline.plan import (
    Selection,
    Step,
    _run_first,
    base_run,
    check_names,
    make_plan,
    nothing_to_do,
)

VALUES = "run r0: learning_rate 0.002"
FROM_TRAINER = ["Trainer", "Evaluator", "DistillGate", "InfraValidator", "LiteExporter", "Pusher"]
FACTS = {node.id: {"config a": "1"} for node in NODES} | {"TunedValues": {"tuned": VALUES}}


def _finished(
    run_id: str,
    facts: dict[str, dict[str, str]],
    producers: dict[str, str] | None = None,
    **summary: Any,
) -> Run:
    """A run in which each node ran, or was cached from `producers[node]`."""
    found = {"Baseline": "none", "TunedValues": facts["TunedValues"]["tuned"]}
    producers = found | (producers or {})
    made = {node.id: producers.get(node.id, run_id) for node in NODES}
    nodes = {
        node.id: NodeRecord(
            state="ran" if made[node.id] == run_id or node.id in LOOKED_UP else "cached",
            seconds=1.0,
            cpu_seconds=1.0,
            producer=made[node.id],
            facts=facts[node.id],
            inputs={name: made[name] for name in node.inputs},
        )
        for node in NODES
    }
    return Run(Path(run_id), {}, nodes, {"status": "ok", "blessed": True, **summary})


def _plan(
    history: list[Run],
    facts: dict[str, dict[str, str]] = FACTS,
    selection: Selection = Selection(),  # noqa: B008 (frozen)
    serving: Path = Path("/nowhere"),
) -> dict[str, Step]:
    return {step.node: step for step in make_plan(facts, history, selection, serving)}


def _ran(plan: dict[str, Step]) -> list[str]:
    return [name for name, step in plan.items() if step.action == "run" and name not in LOOKED_UP]


def test_the_first_run_runs_everything() -> None:
    plan = _plan([])
    assert len(_ran(plan)) == len(NODES) - len(LOOKED_UP)
    assert plan["ExampleGen"].why == "never ran"


def test_nothing_changed_runs_nothing() -> None:
    plan = _plan([_finished("r1", FACTS)])
    assert _ran(plan) == []
    assert nothing_to_do(list(plan.values()))


def test_a_changed_setting_reruns_only_what_depends_on_it() -> None:
    facts = {**FACTS, "Trainer": {"config train.epochs": "3"}}
    before = {**FACTS, "Trainer": {"config train.epochs": "10"}}
    plan = _plan([_finished("r1", before)], facts)
    assert _ran(plan) == FROM_TRAINER
    assert plan["Trainer"].why == "config train.epochs 10 → 3"
    assert plan["Transform"].source == "r1"


def test_going_back_to_an_older_setting_finds_its_model() -> None:
    other = {**FACTS, "Trainer": {"config a": "2"}}
    first = _finished("r1", FACTS)
    same = {
        node.id: "r1"
        for node in NODES
        if node.id in ("ExampleGen", "SchemaGen", "StatisticsGen", "ExampleValidator", "DataGate")
        or node.id in ("Transform", "Tuner")
    }
    second = _finished("r2", other, {**same, "Baseline": "model of r1"})
    plan = _plan([second, first])
    assert plan["Trainer"].source == "r1"
    # Its baseline is another model now, so it is judged again.
    assert _ran(plan) == FROM_TRAINER[1:]


def test_values_that_are_used_again_are_told_and_other_values_train_anew() -> None:
    plan = _plan([_finished("r1", FACTS)])
    assert plan["TunedValues"].why == f"takes the values of {VALUES}"
    assert plan["Trainer"].action == "cached"
    other = {**FACTS, "TunedValues": {"tuned": "best.txt: learning_rate 0.1"}}
    plan = _plan([_finished("r1", FACTS)], other)
    assert _ran(plan) == FROM_TRAINER


def test_the_second_run_against_the_newly_blessed_model_is_unchanged() -> None:
    first = _finished("r1", FACTS)
    plan = _plan([first])
    assert plan["Baseline"].source == "none"  # the candidate is not its own baseline
    assert plan["Evaluator"].action == "cached"


def test_a_rolled_back_model_is_no_baseline(tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "1.json").write_text('{"run": "r1", "withdrawn": "bad"}')
    facts = {**FACTS, "Trainer": {"config a": "2"}}
    assert _plan([_finished("r1", FACTS)], facts)["Baseline"].source == "model of r1"
    assert _plan([_finished("r1", FACTS)], facts, serving=tmp_path)["Baseline"].source == "none"


def test_a_deleted_model_is_pushed_again(tmp_path: Path) -> None:
    run = _finished("r1", FACTS, pushed={"path": str(tmp_path / "1"), "version": 1})
    assert _plan([run], serving=tmp_path)["Pusher"].forced
    (tmp_path / "1").mkdir()
    assert _plan([run], serving=tmp_path)["Pusher"].action == "cached"


def test_deleted_output_is_made_again(tmp_path: Path) -> None:
    run = _finished("r1", FACTS, outputs={"Transform": [str(tmp_path / "gone")]})
    plan = _plan([run])
    assert plan["Transform"].forced
    assert "Trainer" in _ran(plan)


def test_a_failed_node_is_no_answer() -> None:
    run = _finished("r1", FACTS)
    broken = NodeRecord("failed", 1.0, 1.0, "r1", FACTS["Trainer"], run.nodes["Trainer"].inputs)
    run.nodes["Trainer"] = broken
    assert _plan([run])["Trainer"].action == "run"


def test_a_part_skips_the_rest() -> None:
    plan = _plan([_finished("r1", FACTS)], selection=Selection(("Trainer",), ("Evaluator",)))
    assert plan["Transform"].action == "skip"
    assert plan["Pusher"].action == "skip"
    assert plan["Trainer"].action == "cached"


def test_a_node_that_is_switched_off_is_in_nobodys_way() -> None:
    off = Selection(off=frozenset({"InfraValidator"}))
    without = _finished("r1", FACTS)
    del without.nodes["InfraValidator"]
    del without.nodes["Pusher"].inputs["InfraValidator"]
    plan = _plan([without], selection=off)
    assert "InfraValidator" not in plan and nothing_to_do(list(plan.values()))
    assert _ran(_plan([without])) == ["InfraValidator", "Pusher"]  # switched on
    assert _ran(_plan([_finished("r1", FACTS)], selection=off)) == ["Pusher"]  # switched off
    part = Selection(("Pusher",), off=off.off)
    assert base_run(part, [without]) == "r1"
    with pytest.raises(ValueError, match="switched off: infra_validate.enabled is false"):
        check_names(["InfraValidator"], off.off)


def test_a_model_that_cannot_be_served_is_no_baseline() -> None:
    facts = {**FACTS, "Trainer": {"config a": "2"}}
    no, yes = ({"asked": True, "blessed": blessed} for blessed in (False, True))
    refused = _finished("r1", FACTS, infra=no)
    assert _plan([refused], facts)["Baseline"].source == "none"
    every = {node.id: "r1" for node in NODES if node.id not in ("InfraValidator", "Pusher")}
    accepted_later = _finished("r2", FACTS, every, infra=yes)
    assert _plan([accepted_later, refused], facts)["Baseline"].source == "model of r1"
    refused_later = _finished("r2", FACTS, every, infra=no)
    accepted = _finished("r1", FACTS, infra=yes)
    assert _plan([refused_later, accepted], facts)["Baseline"].source == "none"
    not_asked = _finished("r2", FACTS, every, infra={"asked": False, "blessed": False})
    assert _plan([not_asked, accepted], facts)["Baseline"].source == "model of r1"


def test_force_runs_what_has_not_changed_and_what_follows() -> None:
    plan = _plan([_finished("r1", FACTS)], selection=Selection(force=("Transform",)))
    assert _ran(plan) == [
        "Transform",
        "Tuner",
        "Trainer",
        "Evaluator",
        "DistillGate",
        "InfraValidator",
        "LiteExporter",
        "Pusher",
    ]
    assert plan["Transform"].forced


def test_an_unknown_node_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no node 'Train'.*Trainer"):
        check_names(["Train"])


@pytest.mark.parametrize(
    ("names", "said"),
    [(["A"], "A runs"), (["A", "B"], "A and B run"), (["A", "B", "C"], "A, B and C run")],
)
def test_why_a_node_runs_is_a_sentence(names: list[str], said: str) -> None:
    assert _run_first(names) == said
