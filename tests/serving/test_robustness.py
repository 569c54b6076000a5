"""The robustness script in small; in full it is run by hand, with counts to report."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("robustness.py")


def run(*arguments):
    done = subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True)
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
