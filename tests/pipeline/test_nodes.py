"""pipeline/nodes.py: the planner's table is the pipeline that is really built."""

from pathlib import Path

import pytest

from pipeline.nodes import NODES, downstream, switched_off, upstream


@pytest.mark.parametrize(
    ("infra_validator", "teacher"), [("true", False), ("false", False), ("true", True)]
)
def test_the_table_is_the_dag(shop, infra_validator: str, teacher: bool) -> None:
    from pipeline import dag
    from pipeline.config import load
    from pipeline.prepare import prepare

    overrides = [f"infra_validate.enabled={infra_validator}"]
    if teacher:
        (shop.folder / "teacher" / "3").mkdir(parents=True)
        (shop.folder / "teacher" / "3" / "saved_model.pb").touch()
        overrides.append("distill.teacher=teacher")
    loaded = load(str(shop.config), overrides)
    off = switched_off(loaded.config.model_dump(by_alias=True))
    without = set() if infra_validator == "true" else {"InfraValidator"}
    assert off == (without if teacher else without | {"DistillGate"})
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
        *("Trainer", "Baseline", "Evaluator", "InfraValidator", "DistillGate", "Pusher"),
    }
    assert upstream(["DataGate"]) == {
        "ExampleGen",
        "StatisticsGen",
        "SchemaGen",
        "ExampleValidator",
        "DataGate",
    }


def test_every_room_exists(root: Path) -> None:
    for node in NODES:
        for room in node.rooms:
            assert (root / room).is_dir(), room
