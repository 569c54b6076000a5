"""The robustness scripts in small; in full they are run by hand, with counts to report."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def run(*arguments, script="robustness.py"):
    command = [sys.executable, str(HERE / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {result.pop("check"): result for result in map(json.loads, done.stdout.splitlines())}


def test_generated_json():
    (result,) = run("json", "--quick").values()
    names = {"read", "INVALID_ARGUMENT", "UNIMPLEMENTED"}
    assert {name.removeprefix("examples ") for name in result} - {"seconds"} <= names


@pytest.mark.slow
def test_everything_quickly():
    results = run("--quick")
    assert results["http"]["bad"] == {}
    assert results["http"]["alive"] and results["bodies"]["alive"] and results["slow"]["alive"]
    assert results["bodies"]["valid"] == 200
    assert results["slow"]["right answers beside them"] == 50
    assert set(results["swaps"]["answers"]) == {"2.0", "3.0"}
    assert set(results["kill"]["answers"]) == {"2.0"}
    readings = results["memory"]["resident_mib"]
    assert readings[-1] - readings[0] < 20


def check_rpc(results):
    frames, unfinished = results["frames"], results["unfinished"]
    assert frames["answers"]["never closed"] == 0
    assert frames["answers"]["answered"] > 50 and frames["answers"]["GOAWAY 1"] > 50
    assert unfinished["right answers beside them"] == 50
    assert unfinished["closed by the server"] and unfinished["ended call"]
    floods = results["floods"]
    assert not any(flood["wrong"] for flood in floods.values() if isinstance(flood, dict))
    for name in ("settings_frames", "pings", "continuations", "hpack_bomb"):
        assert floods[name]["closed"] and floods[name]["answers"]["GOAWAY 11"] == 1
    assert floods["too_large"]["answers"]["RST 0"] == 100
    for result in (frames, unfinished, floods):
        assert result["alive"] and result["faults"] == 0
    for result in (frames, unfinished):
        assert result["grown"]["files"] <= 0 and result["grown"]["threads"] == 0
    end = results["end"]
    assert (end["END"], end["closed"], end["status"], end["faults"]) == (end["calls"], 5, 0, 0)


def test_hostile_http2():
    check_rpc(run("--bare", "--quick", script="robustness_rpc.py"))


@pytest.mark.slow
def test_hostile_http2_with_a_model():
    check_rpc(run("--quick", script="robustness_rpc.py"))
