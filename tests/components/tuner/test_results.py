"""components/tuner/results.py: which trial is the best, and records that survive a crash."""

from pathlib import Path

from components.tuner.results import Trial, best, keep, kept, read, write


def test_the_first_of_the_best_wins_and_what_was_ended_or_failed_does_not() -> None:
    trials = [
        Trial(1, {}, "complete", 0.5),
        Trial(2, {}, "pruned", 0.1),
        Trial(3, {}, "failed", None),
        Trial(4, {}, "budget", 0.3),
        Trial(5, {}, "complete", 0.3),
        Trial(6, {}, "complete", 0.0),
    ]
    found = best(trials[:5], higher=False)
    assert found is not None and found.number == 4
    found = best(trials, higher=False)
    assert found is not None and found.number == 6  # a score of zero is a score
    found = best(trials, higher=True)
    assert found is not None and found.number == 1
    assert best(trials[1:3], higher=False) is None


def test_records_come_back_in_order_and_a_cut_off_one_is_not_read(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        keep(tmp_path, Trial(number, {"train.hidden": [8]}, "complete", 0.1, [0.2, 0.1], 1.5))
    (tmp_path / "0011.json.partial").write_text('{"number": 11')
    assert [trial.number for trial in kept(tmp_path)] == [1, 2, 10]
    assert kept(tmp_path)[0].curve == [0.2, 0.1]
    assert kept(tmp_path / "nowhere") == []


def test_trials_json(tmp_path: Path) -> None:
    write(tmp_path / "a", {"best": 2})
    assert read(tmp_path / "a") == {"best": 2}
    assert read(tmp_path) == {}
