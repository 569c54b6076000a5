"""Makes the files of one model, asks each the rows of the test split, and judges it."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from components.lite_exporter import judging, quality, report, rows
from components.lite_exporter.config import LiteSection
from components.lite_exporter.converting import convert, size
from components.lite_exporter.interpreting import Interpreted
from components.lite_exporter.rows import Array
from components.lite_exporter.timing import milliseconds
from data.saved_models import LITE_DESCRIPTION
from data.signatures import LITE_INPUTS, SERVING_DEFAULT
from data.tasks import Task

logger = logging.getLogger(__name__)

_TIMED_ROWS = 64


def make(
    model: Path,
    network: Path,
    examples: Path,
    label: str,
    section: LiteSection,
    features: dict[str, Any],
    folder: Path,
) -> list[report.Line]:
    """Writes `model_<format>.tflite` for each format, and lite.json.

    Args:
      model: the SavedModel, with the signature `lite_inputs`.
      network: its network alone, as the Trainer writes it.
      examples: the Examples artifact with the raw rows.
      label: its column.
      section: formats and bounds.
      features: `[features]` as used, for whoever makes the inputs without the SavedModel.
      folder: where the files go.

    Returns:
      The SavedModel's line, then one per format.

    Raises:
      ConversionError: a network that LiteRT cannot run.
      FileNotFoundError: a split without rows.
    """
    told = json.loads((network / LITE_DESCRIPTION).read_text(encoding="utf-8"))
    task, classes = Task(told["task"]), list(told["classes"])
    thresholds = np.array([told["thresholds"].get(name, 0.5) for name in classes])
    served = rows.Asked(model)
    asked = rows.read(examples, "test", section.rows)
    truth = rows.truth(asked, label, task, classes)
    theirs = rows.numbers(served.ask(SERVING_DEFAULT, asked))
    inputs = served.ask(LITE_INPUTS, asked)
    calibration: dict[str, Array] = {}
    if "int8" in section.formats:
        known = rows.read(examples, "train", section.calibration_rows)
        calibration = served.ask(LITE_INPUTS, known)

    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for format in section.formats:
        files[format] = folder / f"model_{format}.tflite"
        files[format].write_bytes(convert(network, format, calibration))
        logger.info("%s: %d bytes", files[format].name, files[format].stat().st_size)
    timed = {name: value[:_TIMED_ROWS] for name, value in inputs.items()}
    took = milliseconds(network, list(files.values()), timed)

    best = quality.measure(theirs, truth, task, thresholds)
    lines = [report.Line("SavedModel", "", size(model), best, took[0], {}, 0.0, None, True)]
    for (format, file), ms in zip(files.items(), took[1:], strict=True):
        answer = Interpreted(file).answer(inputs)
        metrics = quality.measure(answer, truth, task, thresholds)
        same = quality.agreement(answer, theirs, task, thresholds)
        drop = judging.lost(metrics, best)
        why = judging.refusal(drop, same, section)
        difference = float(np.max(np.abs(answer - theirs)))
        lines.append(
            report.Line(
                format, file.name, size(file), metrics, ms, drop, difference, same, not why, why
            )
        )
    how = {"signature": SERVING_DEFAULT, "made_by": LITE_INPUTS, "features": features}
    counted = {"rows": len(asked), "calibration_rows": len(next(iter(calibration.values()), []))}
    report.write(folder, lines, {**counted, **how, **told})
    return lines
