"""components/trainer/summaries.py: event files that hold the history, split by split."""

import math
from pathlib import Path

import tensorflow as tf
from tensorflow.core.util import event_pb2

from components.trainer import summaries


def scalars(folder: Path) -> list[tuple[int, str, float]]:
    """(step, tag, value) of the one event file in a folder, its first record checked."""
    [file] = folder.glob("events.out.tfevents.*")
    events = [event_pb2.Event.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(file))]
    assert events[0].file_version == "brain.Event:2"
    return [(e.step, v.tag, v.simple_value) for e in events[1:] for v in e.summary.value]


def test_every_measure_goes_to_its_split(tmp_path: Path) -> None:
    epochs = [
        {"phase": "head", "epoch": 1, "loss": 0.5, "eval_loss": 0.75, "seconds": 2.0, "best": True},
        {"phase": "fine_tune", "epoch": 1, "loss": math.nan, "eval_loss": 0.5, "best": True},
    ]
    summaries.write(str(tmp_path), epochs)
    assert scalars(tmp_path / "train") == [(1, "loss", 0.5), (1, "seconds", 2.0)]
    assert scalars(tmp_path / "eval") == [(1, "loss", 0.75), (2, "loss", 0.5)]


def test_no_epochs_no_files(tmp_path: Path) -> None:
    summaries.write(str(tmp_path), [])
    assert list(tmp_path.iterdir()) == []
