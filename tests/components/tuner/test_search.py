"""components/tuner/search.py: the real KerasTuner over trainings of a few lines of arithmetic."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from components.tuner import results
from components.tuner.config import TunerSection
from components.tuner.search import AllFailedError, Search
from components.tuner.space import Parameter

RATE = Parameter(name="train.learning_rate", kind="float", low=1e-4, high=1, log=True, default=1e-3)
HIDDEN = Parameter(
    name="train.hidden", kind="choice", choices=((8,), (64, 8), (8, 8)), default=(64, 8)
)
EPOCHS = 6
CONFIGURED = {"train.learning_rate": 1e-3, "train.hidden": [64, 8]}
Values = Mapping[str, Any]


class KilledError(BaseException):
    """What no search survives."""


class Trainings:
    """A loss that is least at a rate of 0.1 and falls from epoch to epoch; counts what it is asked."""

    def __init__(self, before: Callable[[int, Values], None] = lambda number, values: None) -> None:
        self.asked: list[dict[str, Any]] = []
        self.about: list[Values] = []
        self.epochs = 0
        self._before = before

    def __call__(
        self, values: Values, watch: Callable[[dict[str, Any]], None], about: Values
    ) -> None:
        self.asked.append(dict(values))
        self.about.append(about)
        for epoch in range(1, EPOCHS + 1):
            self.epochs += 1
            self._before(len(self.asked), values)
            watch({"epoch": epoch, "eval_loss": loss(values, epoch), "best": True})


def loss(values: Values, epoch: int) -> float:
    return abs(math.log10(values["train.learning_rate"]) + 1) + 1 / epoch


def search(folder: Path, trainings: Trainings, objective: str = "loss", **section: Any) -> Search:
    asked = TunerSection(**{"trials": 12, "seed": 3, **section})
    return Search(asked, (RATE, HIDDEN), objective, trainings, folder / "search")


def done(folder: Path, trainings: Trainings, **section: Any) -> tuple[Search, list[dict[str, Any]]]:
    made = search(folder, trainings, **section)
    made.search()
    return made, made.told()["trials"]


@pytest.mark.parametrize(("algorithm", "count"), [("random", 12), ("bayesian", 6)])
def test_the_best_of_what_was_tried_is_found(tmp_path: Path, algorithm: str, count: int) -> None:
    trainings = Trainings()
    made, trials = done(tmp_path, trainings, algorithm=algorithm, trials=count)
    assert len(trials) == len(trainings.asked) == count
    assert trials[0]["values"] == CONFIGURED
    best = min(trials, key=lambda trial: trial["score"])
    assert made.told()["best"] == best["number"]
    [values] = made.get_best_hyperparameters()
    assert values.get("train.learning_rate") == best["values"]["train.learning_rate"]
    assert best["score"] < trials[0]["score"]
    assert best["score"] == pytest.approx(loss(best["values"], EPOCHS))


def test_hopeless_trials_are_ended_early_and_the_best_is_the_same(tmp_path: Path) -> None:
    """Without pruning the counts of epochs are equal, and this fails."""
    whole, pruned = Trainings(), Trainings()
    _, all_of_it = done(tmp_path / "whole", whole, prune=False)
    made, trials = done(tmp_path / "pruned", pruned, prune=True)
    assert pruned.asked == whole.asked
    assert whole.epochs == 12 * EPOCHS
    ended = [trial for trial in trials if trial["state"] == "pruned"]
    assert ended and pruned.epochs == 12 * EPOCHS - sum(EPOCHS - len(t["curve"]) for t in ended)
    assert pruned.epochs < whole.epochs
    assert all(len(trial["curve"]) == 2 for trial in ended)
    assert min(t["score"] for t in trials) == min(t["score"] for t in all_of_it)
    assert trials[made.told()["best"] - 1]["state"] == "complete"


def test_hyperband_gives_the_better_third_three_times_the_epochs(tmp_path: Path) -> None:
    trainings = Trainings()
    made, trials = done(tmp_path, trainings, algorithm="hyperband", max_epochs=4, trials=9)
    assert trials[0]["values"] == CONFIGURED
    again = [trial for trial in trials if trial["again"]]
    assert again
    for trial in again:
        first = trials[trial["again"] - 1]
        assert trial["values"] == first["values"]
        assert trial["curve"][: len(first["curve"])] == first["curve"]
        assert len(trial["curve"]) > len(first["curve"])
        rest = [t["score"] for t in trials[:5] if not t["again"]]
        assert first["score"] <= sorted(rest)[1]
    assert {trial["state"] for trial in trials} == {"budget"}
    assert trainings.epochs == sum(len(trial["curve"]) for trial in trials)
    assert made.told()["best"] == min(trials, key=lambda t: (t["score"], t["number"]))["number"]


def test_the_same_seed_tries_the_same_and_another_seed_does_not(tmp_path: Path) -> None:
    runs = [Trainings(), Trainings(), Trainings()]
    for number, (trainings, seed) in enumerate(zip(runs, (0, 0, 1), strict=True)):
        done(tmp_path / str(number), trainings, seed=seed, trials=5)
    assert runs[0].asked == runs[1].asked
    assert runs[0].asked[1:] != runs[2].asked[1:]


def _fail_with_8(number: int, values: Values) -> None:
    if values["train.hidden"] == [8]:
        raise FloatingPointError("the loss is not a finite number in step 3")


def test_a_failed_trial_is_recorded_and_the_search_goes_on(tmp_path: Path) -> None:
    made, trials = done(tmp_path, Trainings(_fail_with_8))
    failed = [trial for trial in trials if trial["state"] == "failed"]
    assert failed and len(trials) == 12
    assert all(trial["values"]["train.hidden"] == [8] for trial in failed)
    assert failed[0]["why"] == "FloatingPointError: the loss is not a finite number in step 3"
    assert failed[0]["score"] is None
    assert made.get_best_hyperparameters()[0].get("train.hidden") != "[8]"


def _fail(number: int, values: Values) -> None:
    raise ValueError("no rows in nowhere")


def test_where_all_fail_there_are_no_best_values(tmp_path: Path) -> None:
    made, trials = done(tmp_path, Trainings(_fail), trials=5)
    assert [trial["state"] for trial in trials] == ["failed"] * 5
    assert made.told()["best"] is None
    with pytest.raises(AllFailedError, match=r"all 5 trials failed.*trial 1: ValueError: no rows"):
        made.get_best_hyperparameters()


def test_an_objective_that_is_not_measured_fails_with_what_is(tmp_path: Path) -> None:
    made = search(tmp_path, Trainings(), objective="auc", trials=2)
    made.search()
    assert "the training measures loss" in made.told()["trials"][0]["why"]


def _killed_in_the_fifth() -> Callable[[int, Values], None]:
    """In its second epoch."""
    seen: list[int] = []

    def before(number: int, values: Values) -> None:
        seen.append(number)
        if seen.count(5) == 2:
            raise KilledError

    return before


def test_a_search_that_was_killed_goes_on_with_the_trial_it_was_in(tmp_path: Path) -> None:
    whole = Trainings()
    _, wanted = done(tmp_path / "whole", whole)
    first, second = Trainings(_killed_in_the_fifth()), Trainings()
    with pytest.raises(KilledError):
        done(tmp_path / "killed", first)
    assert len(results.kept(tmp_path / "killed" / "search" / "records")) == 4
    _, trials = done(tmp_path / "killed", second)
    assert second.asked == whole.asked[4:]
    for one in (*trials, *wanted):
        one.pop("seconds")
    assert trials == wanted
    assert second.about[0]["trial"] == 5 and "best_loss" in second.about[0]


def test_one_that_is_killed_at_once_is_found_again_too(tmp_path: Path) -> None:
    def at_once(number: int, values: Values) -> None:
        raise KilledError

    with pytest.raises(KilledError):
        done(tmp_path, Trainings(at_once))
    trainings = Trainings()
    _, trials = done(tmp_path, trainings)
    assert trainings.asked[0] == CONFIGURED and len(trials) == 12


def test_forgotten_it_starts_anew(tmp_path: Path) -> None:
    made, _ = done(tmp_path, Trainings(), trials=3)
    made.forget()
    trainings = Trainings()
    done(tmp_path, trainings, trials=3)
    assert len(trainings.asked) == 3


def test_the_score_is_that_of_the_epoch_the_trainer_keeps(tmp_path: Path) -> None:
    def train(values: Values, watch: Callable[[dict[str, Any]], None], about: Values) -> None:
        for epoch, (accuracy, measured) in enumerate([(0.7, 0.6), (0.9, 0.4), (0.8, 0.3)], 1):
            best = epoch != 3  # kept by accuracy
            watch({"epoch": epoch, "eval_loss": measured, "eval_accuracy": accuracy, "best": best})

    for objective, kept in (("loss", 0.4), ("accuracy", 0.9)):
        asked = TunerSection(trials=1)
        made = Search(asked, (RATE,), objective, train, tmp_path / objective)
        made.search()
        assert made.told()["trials"][0]["score"] == kept


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    made, _ = done(tmp_path, Trainings(), trials=3)
    results.write(tmp_path / "out", made.told())
    assert results.read(tmp_path / "out") == made.told()
    assert results.read(tmp_path) == {}
