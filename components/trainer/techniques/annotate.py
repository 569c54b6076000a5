"""Writes transformed examples again with a teacher's answers beside them: once, however often read."""

import glob
import hashlib
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from components.trainer.techniques.teacher import Teacher
from data.columns import TEACHER, beside
from data.split_names import is_unlabelled

logger = logging.getLogger(__name__)

_ROWS = 256
_DONE = "complete"


def annotate(
    patterns: Sequence[str],
    graph: tft.TFTransformOutput,
    teacher: Teacher,
    cache: Path,
    label: str = "",
) -> list[str]:
    """Files with the rows of other files, and what the teacher says of each row.

    Args:
      patterns: globs of gzipped TFRecord files of transformed examples; raw columns the teacher
        asks for are among their features, as `beside` names them or as they are (pictures, texts).
      graph: what Transform wrote beside them.
      teacher: who is asked.
      cache: where the new files go; answers to the same files by the same model are found again,
        others there are removed.
      label: its name. In files of rows without labels, values and sets of classes become NaN: a
        set that is unknown is not one that is empty.

    Returns:
      The new files' paths.

    Raises:
      TeacherError: a column it needs is not there, or its classes are others.
    """
    files = sorted(name for pattern in patterns for name in glob.glob(pattern))
    folder = cache / _key(files, teacher.path)
    if (folder / _DONE).is_file():
        logger.info("the answers of %s are known already: %s", teacher.path, folder)
    else:
        shutil.rmtree(cache, ignore_errors=True)
        folder.mkdir(parents=True)
        spec = {
            name: feature
            for name, feature in graph.transformed_feature_spec().items()
            if isinstance(feature, tf.io.FixedLenFeature)
        }
        for number, file in enumerate(files):
            hidden = label if is_unlabelled(file) else ""
            _write(file, folder / f"{number:05d}.gz", spec, teacher, hidden)
        (folder / _DONE).touch()
    return [str(path) for path in sorted(folder.glob("*.gz"))]


def _write(file: str, target: Path, spec: dict[str, Any], teacher: Teacher, hidden: str) -> None:
    partial = target.with_suffix(".partial")
    options = tf.io.TFRecordOptions(compression_type="GZIP", compression_level=1)
    records = tf.data.TFRecordDataset([file], compression_type="GZIP").batch(_ROWS)
    with tf.io.TFRecordWriter(str(partial), options) as writer:
        for serialized in records:
            for row, answer in _answers(serialized, spec, teacher):
                example = tf.train.Example.FromString(row)
                features = example.features.feature
                features[TEACHER].float_list.value[:] = answer.tolist()
                if hidden and spec[hidden].dtype == tf.float32:
                    width = tf.TensorShape(spec[hidden].shape).num_elements()
                    features[hidden].float_list.value[:] = [float("nan")] * width
                writer.write(example.SerializeToString())
    os.replace(partial, target)


def _answers(
    serialized: Any, spec: dict[str, Any], teacher: Teacher
) -> Iterator[tuple[bytes, Any]]:
    names = {c: beside(c) if beside(c) in spec else c for c in teacher.columns}
    wanted = {name: spec[name] for name in names.values() if name in spec}
    parsed = tf.io.parse_example(serialized, wanted)
    columns = {c: tf.reshape(parsed[n], [-1]) for c, n in names.items() if n in parsed}
    yield from zip(serialized.numpy(), teacher.outputs(columns), strict=True)


def _key(files: list[str], model: Path) -> str:
    found = hashlib.sha256()
    for name in (*files, str(model / "saved_model.pb"), *glob.glob(str(model / "variables/*"))):
        facts = os.stat(name)
        found.update(f"{name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return found.hexdigest()[:16]
