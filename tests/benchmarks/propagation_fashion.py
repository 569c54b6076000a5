"""Fashion-MNIST with a label on every tenth picture: what labels that spread to near pictures add.

    make bench-propagation-fashion ARGS="--seeds 3"

The splits are those of `make bench-semi-fashion`: each seed shuffles the committed sample anew, 600
labelled pictures, 1,000 that choose epoch and round, 5,400 whose labels nobody reads, 1,000 for the test.
Labels spread along the pooled features of a frozen EfficientNet-Lite0, once for both models:

  network   small-cnn on pixels, at least so many steps a round
  head      a head on the same frozen features
  itself    small-cnn again, which labels for itself: what the same share of the rows gains without spreading

Of each class the most probable are taken, in the proportions of the labels: `semi.share`. Each is trained
on the 600 alone (round 0) and on them and what was taken (round 1). `kept` is the round that eval chose. What runs is the trainer's own code: `propagating`, `self_train`, the picture learner.
"""

import argparse
import math
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

sys.path.insert(0, str(Path(__file__).parent))

import semi_fashion as pseudo

from components.trainer.techniques.clusters_config import ClustersSection
from components.trainer.techniques.semi_config import SemiSection

MODELS = ("network", "head", "itself")


def main() -> None:
    """Measures and prints a line per seed, then the means."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--steps", type=int, default=1200, help="at least so many of the network")
    parser.add_argument("--share", type=float, default=0.6, help="0: every row that is sure")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS[:2])
    arguments = parser.parse_args()
    print("seed   " + "".join(f"{m:>8} with   kept" for m in arguments.models), end="")
    print("   taken  right  seconds")
    lines = []
    with tempfile.TemporaryDirectory(prefix="propagation-fashion-") as folder:
        graph = pseudo._graph(Path(folder))
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            lines.append(_seed(seed, arguments, graph, Path(folder) / str(seed)))
            _show(str(seed), lines[-1], arguments.models)
    _show(
        "mean", {k: statistics.mean(line[k] for line in lines) for k in lines[0]}, arguments.models
    )
    for model in arguments.models:
        for round_ in ("with", "kept"):
            gains = [100 * (line[f"{model} {round_}"] - line[model]) for line in lines]
            spread = statistics.stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else math.nan
            mean = statistics.mean(gains)
            print(f"{model} {round_}: {mean:+.2f} points (standard error {spread:.2f})")


def _show(name: str, line: dict[str, float], models: list[str]) -> None:
    shown = "".join(
        f"  {line[m]:.4f} {line[f'{m} with']:.4f} {line[f'{m} kept']:.4f}" for m in models
    )
    end = f"{line['taken']:8.0f} {line['right']:6.3f} {line['seconds']:8.0f}"
    print(f"{name:5}{shown}{end}", flush=True)


def _seed(seed: int, arguments: Any, graph: Any, folder: Path) -> dict[str, float]:
    from components.trainer.clustering import propagating
    from components.trainer.examples import ExampleFiles
    from components.trainer.pictures.learner import learn
    from components.trainer.techniques.self_training import Rows, self_train

    start = time.perf_counter()
    files, truth, test = pseudo._write(seed, folder)
    train, evaluation, unlabelled = (
        ExampleFiles([files[name]], graph, "label") for name in ("train", "eval", "unlabelled")
    )
    section = SemiSection(rounds=1, method="propagation", share=arguments.share or None)
    alone = section.model_copy(update={"method": "self"})
    by = ClustersSection(backbone="efficientnet-lite0")
    images: dict[str, dict[str, Any]] = {
        "network": {**pseudo.NETWORK, "least_steps": arguments.steps},
        "head": dict(pseudo.TEACHER),
        "itself": {**pseudo.NETWORK, "least_steps": arguments.steps},
    }
    specs = {m: pseudo._spec(graph, files, {**images[m], "seed": seed}) for m in arguments.models}
    spread = propagating(specs[arguments.models[0]], section, by, train, unlabelled)
    line: dict[str, float] = {}
    for model in arguments.models:
        tested: list[float] = []

        def remembered(spec: Any, rows: Any, judges: Any, tested: list[float] = tested) -> Any:
            learned = learn(spec, rows, judges)
            tested.append(pseudo._accuracy(learned.outputs, *test))
            return learned

        rows = Rows(
            train,
            evaluation,
            unlabelled,
            None,
            lambda more: ExampleFiles([files["train"], *more], graph, "label"),
            None if model == "itself" else spread,
        )
        scratch = folder / f"rounds-{model}"
        scratch.mkdir()
        learned = self_train(
            remembered,
            specs[model],
            rows,
            alone if model == "itself" else section,
            "label",
            scratch,
        )
        chosen = next(told["round"] for told in learned.history["semi"]["rounds"] if told["best"])
        line |= {model: tested[0], f"{model} with": tested[-1], f"{model} kept": tested[chosen]}
        taken = pseudo._kept("it", scratch / "round-1.gz", truth)
        line |= {"taken": taken["kept_it"], "right": taken["right_it"]}
    return {**line, "seconds": time.perf_counter() - start}


if __name__ == "__main__":
    main()
