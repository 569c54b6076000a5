"""pipeline/commands/step.py: a run made of single steps leaves what a run leaves."""

import pytest

from components.pusher.versions import served
from pipeline.commands.step import main, tidy
from pipeline.nodes import NODES


@pytest.mark.parametrize(
    ("run_id", "ours"),
    [
        ("manual__2026-11-23T04:05:06.789+00:00", "20261123-040506"),
        ("scheduled__2026-11-23T04:05:06+00:00", "20261123-040506"),
        ("20261123T040506", "20261123-040506"),
        ("20261123-040506", "20261123-040506"),
        ("asset triggered/7", "asset-triggered-7"),
    ],
)
def test_a_schedulers_run_id_becomes_ours(run_id: str, ours: str) -> None:
    assert tidy(run_id) == ours


@pytest.mark.slow
def test_a_run_step_by_step(shop, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = "manual__2026-11-23T04:05:06+00:00"
    flags = ["--config", str(shop.config), "--root", str(shop.folder / "output")]
    flags += ["--run-id", run_id, "--engine", "local"]
    assert main(["Trainer", *flags]) == 2
    assert "`step start` comes first" in capsys.readouterr().err
    nodes = [node.id for node in NODES if not node.switch]  # what has one is off in the shop
    for step in ("start", *nodes, "finish"):
        assert main([step, *flags]) == 0, step
    run = shop.last()
    assert run.id == "20261123-040506" and run.status == "ok"
    assert set(shop.states().values()) == {"ran"}
    assert served(shop.serving) == [1]

    # `run_local.py` finds it all done; the same step again (a scheduler's retry) is harmless.
    assert shop.run("--engine", "local") == 0
    assert shop.last().id == run.id
    assert main(["start", *flags]) == main(["Transform", *flags]) == 0

    assert main(["Tranform", *flags]) == 2
    assert "no step 'Tranform'. Valid: start, ExampleGen" in capsys.readouterr().err


def test_a_step_that_fails_says_why(shop, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--config", str(shop.config), "--root", str(shop.folder / "output")]
    flags += ["--run-id", "1", "--engine", "local"]
    (shop.folder / "shop.csv").write_text("age,visits,city,bought\n1,2\n")
    assert main(["start", *flags]) == 0
    assert main(["ExampleGen", *flags]) == 1
    said = capsys.readouterr().err
    assert "shop.csv" in said and "Traceback" not in said
    assert main(["finish", *flags]) == 1
