"""pipeline/commands/monitor.py: a real server's log of requests, held against the model's own data."""

import csv
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.monitor import _since, main


@pytest.fixture(scope="module")
def served(shop_after_a_run: Any, root: Path) -> Iterator[Path]:
    """The output of a run whose model was asked 300 rows like those of training, then 200 others."""
    output = shop_after_a_run.folder / "output"
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        port, grpc = (int(probe.getsockname()[1]) for probe in (one, other))
    command = [sys.executable, "-m", "pipeline", "serve", "shop", "--root", str(output)]
    command += [f"--rest_api_port={port}", f"--port={grpc}", "--log_requests", "1"]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/v1/models/shop"
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(url, timeout=5)
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.2)
        ask(url, rows(shop_after_a_run.folder))
        time.sleep(1.1)  # the log's times are whole seconds
        (output / "then").write_text(str(int(time.time())))
        ask(url, [{"age": 90.0, "visits": 3, "city": "<i>Rome"}] * 200)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
    yield output
    for left in ("requests", "monitor"):
        shutil.rmtree(output / "shop" / left, ignore_errors=True)
    (output / "then").unlink()


def rows(folder: Path) -> list[dict[str, Any]]:
    with open(folder / "shop.csv", encoding="utf-8") as file:
        read = list(csv.DictReader(file))[:300]
    return [
        {
            "age": float(row["age"]) if row["age"] else float("nan"),
            "visits": int(row["visits"]),
            "city": row["city"],
        }
        for row in read
    ]


def ask(url: str, instances: list[dict[str, Any]]) -> None:
    for start in range(0, len(instances), 50):
        body = json.dumps({"instances": instances[start : start + 50]}).encode()
        with urllib.request.urlopen(f"{url}:predict", data=body, timeout=30) as answer:
            assert len(json.load(answer)["predictions"]) == len(instances[start : start + 50])


def monitored(output: Path, *flags: str) -> tuple[int, dict[str, Any]]:
    code = main(["shop", "--root", str(output), *flags])
    newest = max((output / "shop" / "monitor").glob("*.json"))
    assert newest.with_suffix(".html").is_file()
    return code, json.loads(newest.read_text())


def test_other_requests_are_told(served: Path, capsys: pytest.CaptureFixture[str]) -> None:
    since = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(int((served / "then").read_text())))
    code, made = monitored(served, "--since", since)
    assert code == 3
    assert "4 requests with 200 rows" in made["facts"][0]
    drifted = {(row["column"], row["measure"]) for row in made["drift"]["rows"] if row["drifted"]}
    assert {("age", "Jensen-Shannon"), ("city", "L-infinity")} <= drifted
    assert [row["column"] for row in made["columns"]["anomalies"]] == ["city"]
    said = capsys.readouterr().out
    assert "▲" in said and "<i>Rome" in said and "does not fit the schema" in said
    page = max((served / "shop" / "monitor").glob("*.html")).read_text()
    assert "<i>Rome" not in page and "&lt;i&gt;Rome" in page


def test_rows_of_training_have_not_drifted(
    served: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    then = int((served / "then").read_text())
    [log] = (served / "shop" / "requests").glob("*.tfrecord")
    with tf.io.TFRecordWriter(str(tmp_path / "early.tfrecord")) as writer:
        for record in tf.data.TFRecordDataset(str(log)):
            read = prediction_log_pb2.PredictionLog.FromString(record.numpy())
            if read.log_metadata.timestamp_secs < then:
                writer.write(record.numpy())
    code, made = monitored(served, "--log", str(tmp_path), "--split", "eval")
    assert code == 0, made["drift"]["rows"]
    assert "6 requests with 300 rows" in made["facts"][0] and len(made["facts"]) == 1
    assert "version 1 (300 rows); against the eval rows of run" in made["facts"][0]
    assert {row["measure"] for row in made["drift"]["rows"]} == {
        "L-infinity", "Jensen-Shannon", "missing", "mean score",
    }  # fmt: skip
    assert made["columns"]["splits"][1] == {"split": "served", "rows": 300}
    assert "▲" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--since", "5y"], "30m, 24h, 7d.*Received: '5y'"),
        (["--since", "2999-01-01"], "hold no rows since then"),
        (["--log", "/nowhere/*"], "no request log.*--log_requests"),
        (["--split", "holdout"], "no statistics of 'holdout'. It has: train, eval, test"),
        (["--run", "20200101-000000"], "no run '20200101-000000'"),
    ],
)
def test_bad_usage(
    served: Path, flags: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["shop", "--root", str(served), *flags]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1
    assert re.search(words, said), said


def test_durations_count_back_from_now() -> None:
    now = time.time()
    for text, seconds in (("30m", 1800), ("24h", 86_400), ("7d", 604_800)):
        assert _since(text) == pytest.approx(now - seconds, abs=60)
    assert _since(None) == 0
