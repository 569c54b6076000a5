"""pipeline/nodes.py: the planner's table is the pipeline that is really built."""

from pathlib import Path

from pipeline.nodes import NODES, downstream, upstream


def test_the_table_is_the_dag(shop) -> None:
    from pipeline import dag, engines
    from pipeline.config import load
    from pipeline.prepare import prepare

    loaded = load(str(shop.config))
    prepared = prepare(loaded, Path(shop.folder / "output"))
    assert prepared.schema_path is not None
    built = dag.create_pipeline(prepared, prepared.schema_path, engines.beam_args())
    assert [component.id for component in built.components] == [node.id for node in NODES]
    for component, node in zip(built.components, NODES, strict=True):
        real = {upstream_node.id for upstream_node in component.upstream_nodes}
        assert real == {*node.inputs, *node.after}, node.id


def test_what_follows_and_what_comes_before() -> None:
    assert downstream(["Trainer"]) == {"Trainer", "Baseline", "Evaluator", "Pusher"}
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
