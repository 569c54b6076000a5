"""pipeline/engines/table.py: names become arguments; what cannot run says everything that is missing."""

import os
from pathlib import Path

import pytest

from pipeline.engines import local, table
from pipeline.engines.site import EngineError


def test_auto_goes_by_the_size_of_the_data(site) -> None:
    small = table.choose(site(data_bytes=local.PROCESSES_FROM - 1, workers=2))
    large = table.choose(site(data_bytes=local.PROCESSES_FROM, workers=2))
    assert (small.name, large.name) == ("local", "processes")
    assert "MiB of data" in small.why


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no choice of cores here")
def test_auto_stays_in_one_process_where_one_core_is_allowed(site) -> None:
    allowed = os.sched_getaffinity(0)
    place = site(data_bytes=local.PROCESSES_FROM)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert table.choose(place).name == "local"
        # Asked for by name it has its two all the same.
        assert (
            "--direct_num_workers=2" in table.beam_args(place, table.choose(place, "processes"))[""]
        )
    finally:
        os.sched_setaffinity(0, allowed)


def test_the_flag_wins_over_the_configuration(site) -> None:
    assert table.choose(site(name="processes"), "local").name == "local"
    assert table.choose(site(name="processes")).name == "processes"


def test_an_unknown_engine_or_node_lists_the_valid_ones(site) -> None:
    with pytest.raises(
        EngineError, match=r"no engine 'flnk'\. Valid: auto, .*Did you mean 'flink'"
    ):
        table.choose(site(), "flnk")
    with pytest.raises(EngineError, match="no node 'Evaluater'. Valid: ExampleGen, Evaluator"):
        table.choose(site(nodes={"Evaluater": {}}))


def test_a_node_may_have_an_engine_and_arguments_of_its_own(site) -> None:
    place = site(
        name="processes",
        workers=3,
        args=["--save_main_session"],
        nodes={"Evaluator": {"name": "local", "args": ["--one=1"]}, "ExampleGen": {"args": ["-x"]}},
    )
    found = table.beam_args(place, table.choose(place))
    assert "--direct_num_workers=3" in found[""] and found[""][-1] == "--save_main_session"
    assert "--direct_num_workers=3" in found["ExampleGen"] and found["ExampleGen"][-1] == "-x"
    assert "--direct_num_workers=3" not in found["Evaluator"]
    assert found["Evaluator"][-2:] == ["--save_main_session", "--one=1"]


def test_every_engine_names_its_runner_and_what_it_ships(site) -> None:
    """Without either, Beam downloads a runner and TFX packs itself for every component."""
    for engine in table.ENGINES.values():
        arguments = engine.args(site(), Path("ours.whl"))
        assert arguments[0].startswith("--runner=")
        flags = {argument.partition("=")[0] for argument in arguments}
        assert flags & {"--extra_package", "--sdk_container_image"}
        assert engine.ships == ("--extra_package=ours.whl" in arguments)


def test_all_that_is_missing_is_said_at_once_with_its_cure(site) -> None:
    place = site(
        name="flink",
        flink_master="http://127.0.0.1:9",
        job_endpoint="127.0.0.1:9",
        worker="127.0.0.1:9",
        packages=["dist/mine.whl"],
    )
    with pytest.raises(EngineError) as raised:
        table.check(place, table.choose(place))
    title, *lines = str(raised.value).splitlines()
    assert title == "engine 'flink' cannot run:"
    assert [line.split(":")[0].strip()[:12] for line in lines] == [
        "no Flink Job",
        "the Beam job",
        "the worker p",
        "engine.packa",
    ]
    assert all("cluster up" in line or "pip wheel" in line for line in lines)


def test_an_engine_of_one_node_is_checked_too(site) -> None:
    place = site(name="local", nodes={"Evaluator": {"name": "portable"}})
    with pytest.raises(EngineError, match=r"(?s)'portable' cannot run.*cluster up --kind portable"):
        table.check(place, table.choose(place))
