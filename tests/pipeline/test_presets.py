"""The presets from raw data to an answer over REST: shortened training, everything else as it is."""

import csv
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from data.fashion_mnist.locate import sample
from data.sources import SourceError, resolve
from pipeline.commands.run import main
from pipeline.earlier import history

SHORT = {
    "taxi": ("train.epochs=1",),
    "fares": ("train.epochs=1",),
    "yeast": (
        "train.hidden=[64]",
        "train.epochs=10",
        "evaluate.gates=[{metric = 'hamming_loss', max = 0.3}]",
        *(f"features.Att{number}=ignore" for number in range(21, 104)),
    ),
    "spam": (
        "train.text.encoder=none",
        "train.text.fine_tune_epochs=3",
        "train.text.fine_tune_rate=0.01",
    ),
    "phonemes": (
        "train.sequence.width=48",
        "train.sequence.epochs=3",
        "train.sequence.layers=2",
        "evaluate.gates=[{metric = 'phoneme_error_rate', max = 1.0}]",
    ),
    "fashion": (
        "train.image.size=32",
        "train.image.head_epochs=2",
        "train.image.fine_tune_epochs=0",
        "train.image.mirror=false",
        "evaluate.gates=[{metric = 'accuracy', min = 0.5}]",
    ),
}


@contextmanager
def _server(name: str, base: Path, root: Path) -> Iterator[str]:
    """`python -m serving` on loopback; yields its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "serving", f"--model_name={name}", "--port=0"]
    command += [f"--model_base_path={base}", f"--rest_api_port={port}"]
    command += ["--grpc_socket_path=" + str(base / ".grpc.sock")]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while True:
            assert process.poll() is None, process.stderr and process.stderr.read().decode()
            assert time.monotonic() < deadline
            try:
                urllib.request.urlopen(f"{url}/v1/models/{name}", timeout=5)
                break
            except OSError:
                time.sleep(0.2)
        yield url
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def _run(name: str, output: Path, *more: str) -> tuple[dict[str, Any], Path]:
    flags = [part for override in (*SHORT[name], *more) for part in ("--set", override)]
    assert main(["--config", name, "--root", str(output), *flags]) == 0
    summary = history.runs(output / name)[0].summary
    return summary, output / name / "serving" / name


def _client(root: Path, url: str, name: str, *arguments: str) -> list[Any]:
    command = [sys.executable, "-m", "serving.client", "predict", "--url", url, "--model", name]
    done = subprocess.run([*command, *arguments], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _fetched(name: str, root: Path) -> Path:
    """The one file of a data set that a registry keeps; the test is skipped where it cannot be had."""
    try:
        return resolve(name, root).files[0]
    except SourceError as error:
        pytest.skip(str(error))


def _posted(url: str, name: str, instances: list[dict[str, Any]]) -> list[Any]:
    body = json.dumps({"instances": instances}).encode()
    request = urllib.request.Request(f"{url}/v1/models/{name}:predict", body)
    with urllib.request.urlopen(request, timeout=60) as response:
        answers: list[Any] = json.load(response)["predictions"]
    return answers


def _inputs(base: Path) -> list[str]:
    """The columns that the pushed model asks for."""
    signatures = json.loads((base / "manifests" / "1.json").read_text())["signatures"]
    return list(signatures["serving_default"]["inputs"])


def _as_csv(folder: Path, columns: list[str], rows: list[dict[str, Any]]) -> str:
    with (folder / "rows.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return file.name


def test_taxi(tmp_path: Path, root: Path) -> None:
    summary, base = _run("taxi", tmp_path)
    assert summary["metrics"]["test"]["auc"] > 0.9
    rows = list(csv.DictReader(resolve("chicago-taxi", root).files[0].open()))[:40]
    with _server("taxi", base, root) as url:
        answers = _client(root, url, "taxi", "--csv", _as_csv(tmp_path, _inputs(base), rows))
    assert len(answers) == 40
    for answer in answers:
        assert answer["class"] in ("0", "1")
        assert answer["scores"][1] == pytest.approx(answer["score"], abs=1e-5)
        assert (answer["class"] == "1") == (answer["score"] > 0.5)
    agree = sum(a["class"] == row["big_tipper"] for a, row in zip(answers, rows, strict=True))
    assert agree >= 30


@pytest.mark.slow
def test_fares(tmp_path: Path, root: Path) -> None:
    summary, base = _run("fares", tmp_path)
    measured = summary["metrics"]["test"]
    assert measured["mae"] < 4.0
    assert measured["rmse"] == pytest.approx(measured["mse"] ** 0.5, rel=1e-4)
    known = _inputs(base)
    assert not {"fare", "trip_miles", "trip_seconds", "tips", "payment_type"} & set(known)
    rows = list(csv.DictReader(resolve("chicago-taxi", root).files[0].open()))[:40]
    with _server("fares", base, root) as url:
        answers = _client(root, url, "fares", "--csv", _as_csv(tmp_path, known, rows))
    errors = [abs(a - float(row["fare"])) for a, row in zip(answers, rows, strict=True)]
    assert sorted(errors)[20] < 8  # the median; the file begins with odd trips


@pytest.mark.slow
def test_yeast(tmp_path: Path, root: Path) -> None:
    file = _fetched("yeast", root)
    summary, base = _run("yeast", tmp_path)
    measured = summary["metrics"]["test"]
    assert measured["hamming_loss"] < 0.3  # that of choosing nothing
    assert measured["micro_f1"] > 0.3
    assert "f1/Class14" in measured
    with gzip.open(file, "rt") as lines:
        rows = list(csv.DictReader(lines))[:60]
    with _server("yeast", base, root) as url:
        answers = _client(root, url, "yeast", "--csv", _as_csv(tmp_path, _inputs(base), rows))
    right = 0
    for answer, row in zip(answers, rows, strict=True):
        named = [f"Class{n}" for n, one in enumerate(answer["chosen"], 1) if one]
        assert answer["labels"] == ", ".join(named)
        assert len(answer["scores"]) == 14
        right += sum((f"Class{n}" in named) == (row[f"Class{n}"] == "1") for n in range(1, 15))
    assert right > 0.7 * 14 * 60


def test_spam(tmp_path: Path, root: Path) -> None:
    """With hashed words, which take seconds; MiniLM in the server: test_minilm_is_served."""
    file = _fetched("spam-assassin", root)
    summary, base = _run("spam", tmp_path)
    assert summary["metrics"]["test"]["auc"] > 0.95
    rows = pq.read_table(file).slice(3000, 60).to_pylist()
    with _server("spam", base, root) as url:
        answers = _posted(url, "spam", [{"text": row["text"]} for row in rows])
    agree = sum(a["class"] == row["label"] for a, row in zip(answers, rows, strict=True))
    assert agree >= 50
    assert all((answer["class"] == "spam") == (answer["score"] > 0.5) for answer in answers)


@pytest.mark.slow
def test_minilm_is_served(tmp_path: Path, root: Path) -> None:
    """A folder of texts per class and the pretrained encoder, tokenizer and all, to a server of its own."""
    mails = pq.read_table(_fetched("spam-assassin", root)).to_pylist()[::20]
    for number, row in enumerate(mails):
        (tmp_path / "mails" / row["label"]).mkdir(parents=True, exist_ok=True)
        (tmp_path / "mails" / row["label"] / f"{number}.txt").write_text(row["text"])
    config = tmp_path / "mails.toml"
    config.write_text(
        'name = "mails"\n[data]\npath = "mails"\nlabel = "label"\ntask = "binary"\n'
        'split_by = "text"\n[features]\ntext = "text"\n'
        "[train.text]\nlength = 32\nfine_tune_epochs = 0\n"
    )
    assert main(["--config", str(config), "--root", str(tmp_path / "output")]) == 0
    summary = history.runs(tmp_path / "output" / "mails")[0].summary
    assert summary["metrics"]["test"]["auc"] > 0.9
    base = tmp_path / "output" / "mails" / "serving" / "mails"
    with _server("mails", base, root) as url:
        texts = [
            "Free money!!! Buy cheap viagra now, click here",
            "Re: patch for the kernel module",
        ]
        spam, ham = _posted(url, "mails", [{"text": text} for text in texts])
    assert spam["score"] > ham["score"]


def test_phonemes(tmp_path: Path, root: Path) -> None:
    few = pq.read_table(_fetched("cmudict", root)).to_pandas().sample(6000, random_state=0)
    few.to_parquet(tmp_path / "few.parquet")
    summary, base = _run("phonemes", tmp_path, f"data.path={tmp_path / 'few.parquet'}")
    measured = summary["metrics"]["test"]
    assert measured["phoneme_error_rate"] < 0.9
    assert set(measured) >= {"edit_distance", "exact_match", "bleu"}
    with _server("phonemes", base, root) as url:
        answers = _posted(url, "phonemes", [{"word": "banana"}, {"word": "Banana"}, {"word": ""}])
    assert answers[0] == answers[1]
    known = set(answers[0]["prediction"].split())
    assert known and all(token.rstrip("012").isupper() for token in known)
    assert all(answer["score"] <= 0 for answer in answers)


def test_fashion(tmp_path: Path, root: Path) -> None:
    summary, base = _run("fashion", tmp_path)
    assert summary["metrics"]["test"]["accuracy"] > 0.6
    assert "f1/ankle boot" in summary["metrics"]["test"]
    table = pq.read_table(sample()).slice(0, 30).to_pylist()
    files = []
    for index, row in enumerate(table):
        files.append(str(tmp_path / f"{index}.png"))
        Path(files[-1]).write_bytes(row["image"])
    with _server("fashion", base, root) as url:
        answers = _client(root, url, "fashion", "--images", *files)
    agree = sum(a["class"] == row["label"] for a, row in zip(answers, table, strict=True))
    assert agree >= 15
    assert all(len(answer["scores"]) == 10 for answer in answers)
