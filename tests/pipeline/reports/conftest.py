"""A real headless Chromium, driven over its DevTools protocol, and material to report on."""

import base64
import json
import random
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2
from websockets.sync.client import ClientConnection, connect

from pipeline.reports import write


class Page:
    """One tab: opens files, counts what goes wrong and what it asks the network for."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self.errors: list[str] = []
        self.requests: list[str] = []
        """Every URL asked for, but the page itself and what is inside it (data:, blob:)."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command; events that arrive meanwhile are kept."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=60))
            if message.get("id") == self._number:
                assert "error" not in message, message
                return dict(message["result"])
            self._event(message)

    def open(self, address: str | Path, settle: float = 0.3) -> None:
        """Loads a file or an address and waits until it has; then `settle` seconds more."""
        url = address.as_uri() if isinstance(address, Path) else address
        self.errors, self.requests = [], []
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + 30
        while self.js("document.readyState") != "complete" and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(settle)
        self.js("0")  # takes in what has happened until now
        self.requests = [seen for seen in self.requests if seen.partition("#")[0] != url]

    def js(self, expression: str) -> Any:
        """The value of an expression in the page; a promise is awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def size(self, width: int, height: int, scheme: str = "light", media: str = "screen") -> None:
        """The window, in pixels, and the colours and medium the user prefers."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", media=media, features=[feature])

    def picture(self, file: Path, whole: bool = False) -> None:
        """A screenshot as PNG."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(shot["data"]))

    def _event(self, message: dict[str, Any]) -> None:
        what, told = message.get("method"), message.get("params", {})
        if what == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(told["exceptionDetails"])[:2000])
        elif what == "Runtime.consoleAPICalled" and told["type"] in ("error", "assert"):
            self.errors.append(json.dumps(told["args"])[:2000])
        elif what == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.errors.append(told["entry"]["text"])
        elif what == "Network.requestWillBeSent":
            url = told["request"]["url"]
            if not url.startswith(("data:", "blob:")):
                self.requests.append(url)


def start(profile: Path) -> tuple[subprocess.Popen[bytes], ClientConnection]:
    """A Chromium of one's own and a connection to its first tab."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    process = subprocess.Popen(
        [
            program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--remote-debugging-port=0", f"--user-data-dir={profile}", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    port_file = profile / "DevToolsActivePort"
    deadline = time.monotonic() + 60
    while not (port_file.is_file() and port_file.read_text().count("\n")):
        assert process.poll() is None and time.monotonic() < deadline, "Chromium did not start"
        time.sleep(0.05)
    port = port_file.read_text().splitlines()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=30) as answer:
        tabs = json.load(answer)
    address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
    return process, connect(address, max_size=None)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A tab of a Chromium that runs as long as the tests do; skips where there is none."""
    process, socket = start(tmp_path_factory.mktemp("chromium"))
    try:
        yield Page(socket)
    finally:
        socket.close()
        process.terminate()
        process.wait(30)


HOSTILE = '<script>document.title="owned"</script><img src=x onerror="document.title=1">'
"""A name that must stay text wherever it is shown."""


@dataclass
class MadeRun:
    """A run's folder and artifacts written by hand, to put into a report what no small run has."""

    root: Path
    id: str = "20260101-000000"
    summary: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)
    verdict: dict[str, Any] = field(default_factory=dict)
    plots: dict[str, Any] = field(default_factory=dict)
    worst: list[dict[str, Any]] | None = None
    training: dict[str, Any] = field(default_factory=dict)
    tried: dict[str, Any] = field(default_factory=dict)
    """trials.json of the Tuner."""
    statistics: dict[str, Any] = field(default_factory=dict)
    """{split: DatasetFeatureStatistics}."""

    def write(self) -> Path:
        """Writes it all; returns the run's folder."""
        folder = self.root / "runs" / self.id
        folder.mkdir(parents=True)
        outputs: dict[str, list[str]] = {}

        def artifact(node: str, key: str) -> Path:
            place = self.root / "artifacts" / node / key / self.id
            place.mkdir(parents=True)
            outputs.setdefault(node, []).append(str(place))
            return place

        evaluation = artifact("Evaluator", "evaluation")
        (evaluation / "verdict.json").write_text(json.dumps(self.verdict))
        if self.plots:
            (evaluation / "plots.json").write_text(json.dumps(self.plots))
        if self.worst is not None:
            (evaluation / "worst.json").write_text(json.dumps(self.worst))
        (artifact("Trainer", "model_run") / "history.json").write_text(json.dumps(self.training))
        if self.tried:
            (artifact("Tuner", "tuner_results") / "trials.json").write_text(json.dumps(self.tried))
        for split, found in self.statistics.items():
            place = self.root / "artifacts" / "StatisticsGen" / "statistics" / self.id
            (place / f"Split-{split}").mkdir(parents=True)
            both = statistics_pb2.DatasetFeatureStatisticsList(datasets=[found])
            (place / f"Split-{split}" / "FeatureStats.pb").write_bytes(both.SerializeToString())
            outputs["StatisticsGen"] = [str(place)]
        request = {
            "source": "made.toml",
            "overrides": [],
            "nodes": {"Trainer": {"facts": {"classes": json.dumps(self.classes)}}},
        }
        (folder / "request.json").write_text(json.dumps(request))
        (folder / "config.json").write_text(json.dumps(self.config))
        plain = {
            "run_id": self.id,
            "pipeline": self.root.name,
            "status": "ok",
            "seconds": 12.0,
            "nodes": [],
            "metrics": {"test": self.verdict.get("metrics", {}).get("", {})},
            "gates": self.verdict.get("gates", []),
            "blessed": True,
            "anomalies": [],
            "pushed": {"path": "/serving/1", "version": 1},
            "not_pushed": "",
            "outputs": outputs,
        }
        (folder / "summary.json").write_text(json.dumps({**plain, **self.summary}))
        return folder


def numbers(name: str, low: float, high: float, rows: int = 1000) -> Any:
    """Statistics of a column spread evenly between two bounds."""
    made = statistics_pb2.FeatureNameStatistics(type=statistics_pb2.FeatureNameStatistics.FLOAT)
    made.path.step.append(name)
    stats = made.num_stats
    stats.common_stats.num_non_missing = rows
    stats.min, stats.max, stats.mean, stats.median = low, high, (low + high) / 2, (low + high) / 2
    for kind in (statistics_pb2.Histogram.STANDARD, statistics_pb2.Histogram.QUANTILES):
        histogram = stats.histograms.add(type=kind)
        for index in range(10):
            histogram.buckets.add(
                low_value=low + (high - low) * index / 10,
                high_value=low + (high - low) * (index + 1) / 10,
                sample_count=rows / 10,
            )
    return made


def texts(name: str, counts: dict[str, int], missing: int = 0) -> Any:
    """Statistics of a column of text."""
    made = statistics_pb2.FeatureNameStatistics(type=statistics_pb2.FeatureNameStatistics.STRING)
    made.path.step.append(name)
    stats = made.string_stats
    stats.common_stats.num_non_missing = sum(counts.values())
    stats.common_stats.num_missing = missing
    stats.unique = len(counts)
    for value, count in sorted(counts.items(), key=lambda item: -item[1]):
        stats.top_values.add(value=value, frequency=count)
        stats.rank_histogram.buckets.add(label=value, sample_count=count)
    return made


def split(*features: Any, rows: int = 1000) -> Any:
    """The statistics of a split."""
    return statistics_pb2.DatasetFeatureStatistics(num_examples=rows, features=features)


def tried(word: str) -> dict[str, Any]:
    """A search of every kind of setting and every way a trial ends; `word` is one of the choices."""
    rate = {"name": "train.learning_rate", "kind": "float", "low": 1e-4, "high": 0.1, "log": True}
    layers = {"name": "train.layers", "kind": "int", "low": 1, "high": 4, "log": False}
    hidden = {"name": "train.hidden", "kind": "choice", "low": 0, "high": 0, "log": False}
    kind = {**hidden, "name": "train.kind"}
    parameters = [
        {**rate, "choices": [], "default": 1e-3},
        {**layers, "choices": [], "default": 2},
        {**hidden, "choices": [[8], [16, 8]], "default": [8]},
        {**kind, "choices": ["plain", word], "default": "plain"},
    ]
    ends: list[tuple[str, float | None]] = [
        *(
            ("complete", 0.4),
            ("pruned", 0.9),
            ("complete", 0.3),
            ("failed", None),
            ("budget", 0.35),
        ),
    ]
    trials = [
        {
            "number": number,
            "values": {
                "train.learning_rate": 1e-4 * number,
                "train.layers": number % 4 + 1,
                "train.hidden": [16, 8] if number % 2 else [8],
                "train.kind": word if number == 3 else "plain",
            },
            "state": state,
            "score": score,
            "curve": [] if score is None else [score + 0.1, score],
            "seconds": 2.5,
            "why": word if score is None else "",
            "again": 1 if state == "budget" else 0,
        }
        for number, (state, score) in enumerate(ends, 1)
    ]
    told = {"algorithm": "random", "objective": "loss", "higher_is_better": False, "best": 3}
    return {**told, "parameters": parameters, "trials": trials}


def crowd(root: Path, **more: Any) -> MadeRun:
    """100 classes, 200 slices, every plot, pictures, and a hostile name wherever a name can be."""
    source = random.Random(3)
    classes = [HOSTILE, *(f"class {number}" for number in range(99))]
    slices = [f"city={HOSTILE}", *(f"city={number}" for number in range(199))]
    whole = {"accuracy": 0.8, "auc": 0.9}
    per_class = {f"f1/{name}": round(source.random(), 3) for name in classes}
    curve = [[i / 50, (i / 50) ** 0.3, 1 - i / 50] for i in range(51)]
    weights = [[source.randrange(3) for _ in classes] for _ in classes]
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    gate: dict[str, Any] = {"metric": "accuracy", "slice": slices[0], "value": 0.8}
    gate |= {"baseline": 0.81, "interval": [0.7, 0.9]}
    made: dict[str, Any] = {
        "classes": classes,
        "config": {"name": "crowd", "data": {"task": "multiclass", "label": HOSTILE, "path": HOSTILE}},
        "verdict": {
            "blessed": True,
            "metrics": {
                "": {**whole, **per_class},
                **{name: {key: source.random() for key in whole} for name in slices},
            },
            "baseline": {"": {"accuracy": 0.81, "auc": 0.85}},
            "counts": {"": {"rows": 5000}, **{name: {"rows": 25} for name in slices}},
            "no_baseline": "",
            "intervals": {"": {"accuracy": [0.78, 0.82]}, slices[0]: {"auc": [0.1, None]}},
            "differences": {"": {"accuracy": [-0.03, 0.01]}},
            "gates": [{**gate, "threshold": ">= 0.7", "passed": True, "why": HOSTILE}],
        },
        "plots": {
            "": {
                "roc": dict.fromkeys(classes, curve),
                "pr": dict.fromkeys(classes, curve),
                "calibration": {"": [[0.1, 0.12, 10], [0.9, 0.8, 20]]},
                "confusion": {"classes": classes, "weights": weights},
                "residuals": {"histogram": [[-1, 0, 5], [0, 1, 7]], "sample": [[1, 1.1], [2, 1.7]]},
                "distances": [[0, 10], [1, 4], [5, 1]],
                "confusion_per_class": {HOSTILE: [[5, 1], [2, 3]]},
            },
            slices[0]: {"roc": {"": curve}},
            slices[1]: {"roc": {"": []}, "pr": {"": []}},
        },
        "worst": [
            {
                "loss": 9.1, "label": HOSTILE, "prediction": "class 3", "score": 0.99,
                "columns": {HOSTILE: HOSTILE, "age": 3.0}, "picture": pixel,
            },
            {
                "loss": 8.0, "label": "class 1", "prediction": "class 2", "score": [0.1, 0.9],
                "columns": {}, "picture": '" onerror="document.title=1',
            },
        ],
        "training": {
            "rows": 900,
            "precision": {"policy": "float32", "reason": HOSTILE},
            "unlabelled": {"rows": 240},
            "pretrain": {
                "what": "columns", "rows": 1140, "noise": 0.2,
                "epochs": [
                    {"epoch": e, "loss": 1 / e, "eval_loss": 0.9 / e, "seconds": 1.0, "best": e < 3}
                    for e in (1, 2, 3)
                ],
            },
            "clusters": {
                "of": HOSTILE, "count": 2, "feature": "one-hot", "rows": 1140, "labelled": 900,
                "silhouette": 0.25, "purity": 0.7, "largest_class": 0.4, "nmi": 0.3,
                "clusters": [
                    {
                        "size": 855, "labelled": 600,
                        "labels": {HOSTILE: 450, "class 1": 90, "class 2": 60, "class 3": 0},
                        "special": [f"{HOSTILE} high (+1.5)"],
                        "nearest": [
                            {"label": HOSTILE, "distance": 0.1, "picture": pixel},
                            {"label": None, "distance": 0.2, "picture": '" onerror="document.title=1'},
                        ],
                    },
                    {
                        "size": 285, "labelled": 0, "labels": {HOSTILE: 0, "class 1": 0},
                        "special": [],
                        "nearest": [{"label": None, "distance": 0.3, "text": HOSTILE}],
                    },
                ],
            },
            "semi": {
                "confidence": 0.95, "teacher": HOSTILE, "ended": HOSTILE,
                "rounds": [
                    {"round": 0, "rows": 900, "eval_accuracy": 0.7, "best": False},
                    {
                        "round": 1, "rows": 1000, "taken": 100, "of": 240,
                        "per_class": {HOSTILE: 60, "b": 40}, "eval_accuracy": 0.8, "best": True,
                    },
                ],
            },
            "epochs": [
                {"epoch": e, "loss": 1 / e, "eval_loss": 1.1 / e, "seconds": 1.0, "best": e == 3}
                for e in (1, 2, 3, 4)
            ],
        },
        "tried": tried(HOSTILE),
        "summary": {"tuned": {"values": {"train.model": HOSTILE}, "from": "run 1", "trials": 5}},
        "statistics": {
            name: split(numbers("age", 0, 90), texts(HOSTILE, {HOSTILE: 600, "b": 300}, missing=100))
            for name in ("train", "eval", "test")
        },
    }  # fmt: skip

    def line(format: str, **changed: Any) -> dict[str, Any]:
        plain = {"file": f"model_{format}.tflite", "bytes": 1500, "metrics": {"accuracy": 0.81}}
        lost = {
            "drop": {"accuracy": 0.02},
            "difference": 0.1,
            "agreement": 0.9,
            "milliseconds": 0.5,
        }
        return {"format": format, **plain, **lost, "passed": True, "why": "", **changed}

    model = line("SavedModel", file="", bytes=2_000_000, drop={}, difference=0.0, agreement=None)
    broken = line("int8", passed=False, why=f"accuracy loses {HOSTILE}", metrics={"accuracy": 0.4})
    made["summary"] = {"lite": {"rows": 800, "models": [model, line("float16"), broken]}}
    return MadeRun(root, **{**made, **more})


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with a written report that has too much of everything."""
    root = tmp_path_factory.mktemp("crowd") / "crowd"
    earlier = {
        name: split(numbers("age", 40, 130), texts(HOSTILE, {HOSTILE: 100, "b": 900}))
        for name in ("train", "eval", "test")
    }
    MadeRun(root, id="20250101-000000", statistics=earlier).write()
    folder = crowd(root).write()
    write.write(root, folder.name)
    return folder


@pytest.fixture
def hostile() -> str:
    """A name that must stay text wherever it is shown."""
    return HOSTILE


@pytest.fixture
def a_search() -> dict[str, Any]:
    """What trials.json holds."""
    return tried("odd")


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Writes a run by hand from the fields of MadeRun; returns its folder."""
    return lambda **fields: MadeRun(tmp_path / "made", **fields).write()
