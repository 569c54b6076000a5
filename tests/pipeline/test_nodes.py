"""pipeline/nodes.py: the planner's table is the pipeline that is really built."""

from pathlib import Path

import pytest

from pipeline.nodes import BY_ID, NODES, downstream, switched_off, upstream


@pytest.mark.parametrize(
    ("infra_validator", "teacher", "tuned"),
    [
        ("true", False, ""),
        ("false", False, ""),
        ("true", True, ""),
        ("true", False, "tuner.trials=3"),
        ("true", False, "tuner.reuse=best.txt"),
    ],
)
def test_the_table_is_the_dag(shop, infra_validator: str, teacher: bool, tuned: str) -> None:
    from pipeline import dag
    from pipeline.config import load
    from pipeline.prepare import prepare

    overrides = [f"infra_validate.enabled={infra_validator}"]
    if teacher:
        (shop.folder / "teacher" / "3").mkdir(parents=True)
        (shop.folder / "teacher" / "3" / "saved_model.pb").touch()
        overrides += ["distill.teacher=teacher", 'lite.formats=["int8"]']
    if tuned:
        (shop.folder / "best.txt").write_text('{"values": {"train.dropout": 0.2}}')
        overrides.append(tuned)
    loaded = load(str(shop.config), overrides)
    off = switched_off(loaded.config.model_dump(by_alias=True))
    without = set() if infra_validator == "true" else {"InfraValidator"}
    without |= set() if teacher else {"DistillGate", "LiteExporter"}
    without |= set() if tuned.startswith("tuner.trials") else {"Tuner"}
    without |= set() if tuned.startswith("tuner.reuse") else {"TunedValues"}
    assert off == without
    nodes = [node for node in NODES if node.id not in off]
    prepared = prepare(loaded, Path(shop.folder / "output"))
    assert prepared.schema_path is not None
    built = dag.create_pipeline(prepared, prepared.schema_path)
    assert [component.id for component in built.components] == [node.id for node in nodes]
    for component, node in zip(built.components, nodes, strict=True):
        real = {upstream_node.id for upstream_node in component.upstream_nodes}
        assert real == {*node.inputs, *node.after} - off, node.id


def test_what_follows_and_what_comes_before() -> None:
    assert downstream(["Trainer"]) == {
        *("Trainer", "Baseline", "Evaluator", "InfraValidator", "DistillGate", "LiteExporter"),
        "Pusher",
    }
    assert upstream(["DataGate"]) == {
        "ExampleGen",
        "StatisticsGen",
        "SchemaGen",
        "ExampleValidator",
        "DataGate",
    }


def test_a_trial_depends_on_whatever_the_trainer_depends_on() -> None:
    trainer, tuner = BY_ID["Trainer"], BY_ID["Tuner"]
    assert {*trainer.sections} <= {*tuner.sections}
    assert {*trainer.facts} - {"lite"} <= {*tuner.facts}  # that is written beside a model
    assert {*trainer.rooms} <= {*tuner.rooms}


def test_reuse_switches_the_search_off() -> None:
    both = {"tuner": {"trials": 20, "reuse": "last"}}
    others = {"infra_validate": {"enabled": True}, "distill": {"teacher": "x"}}
    others |= {"lite": {"formats": ["int8"]}}
    assert switched_off({**both, **others}) == {"Tuner"}


def test_every_room_exists(root: Path) -> None:
    for node in NODES:
        for room in node.rooms:
            assert (root / room).exists(), room
