"""Metrics: what clients choose as a label neither grows without end nor breaks the page."""

import pytest

from serving import monitoring


@pytest.fixture
def counter():
    found = monitoring.Counter("/tests/calls", "model_name", "status")
    yield found
    del monitoring.REGISTRY["/tests/calls"]


def test_labels_that_clients_choose(counter, monkeypatch):
    monkeypatch.setattr(monitoring, "_MOST_COMBINATIONS", 5)
    counter.add("m", "OK")
    for number in range(20):
        counter.add(f"no {number}", "NOT_FOUND")
    counter.add("n" * 5000, "NOT_FOUND")
    counter.add("m", "OK", by=2)
    assert len(counter.values) == 6
    assert counter.values["(other)", "NOT_FOUND"] == 17
    assert counter.values["m", "OK"] == 3


def test_a_long_name_is_cut_and_a_line_stays_one(counter):
    for _ in range(2):
        counter.add("n" * 5000, "NOT_FOUND")
    counter.add('a"\n\\', "OK")
    assert counter.lines() == [
        r':tests:calls{model_name="a\"\n\\",status="OK"} 1',
        f':tests:calls{{model_name="{"n" * 256}",status="NOT_FOUND"}} 2',
    ]
