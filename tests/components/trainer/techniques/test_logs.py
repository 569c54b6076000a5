"""TensorBoard finds the curves of a training where Keras would have put them."""

from pathlib import Path

import pytest

from components.trainer.techniques.logs import Logs


def _scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    import tensorflow as tf

    found: dict[str, list[tuple[int, float]]] = {}
    for file in sorted(folder.glob("events.out.tfevents.*")):
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                number = float(tf.make_ndarray(value.tensor))
                found.setdefault(value.tag, []).append((event.step, number))
    return found


def test_training_and_evaluation_are_two_curves_under_one_name(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    for epoch, loss in ((1, 0.5), (2, 0.25)):
        logs.epoch(
            {"epoch": epoch, "loss": loss, "eval_loss": 2 * loss, "seconds": 1.0, "best": True}
        )
    logs.epoch({"phase": "head", "epoch": 1, "loss": 0.75})
    assert _scalars(tmp_path / "train") == {
        "epoch_loss": [(1, pytest.approx(0.5)), (2, pytest.approx(0.25))],
        "head_epoch_loss": [(1, pytest.approx(0.75))],
    }
    assert _scalars(tmp_path / "validation") == {
        "epoch_loss": [(1, pytest.approx(1.0)), (2, pytest.approx(0.5))]
    }


def test_without_a_folder_nothing_is_written() -> None:
    Logs().epoch({"epoch": 1, "loss": 1.0})
