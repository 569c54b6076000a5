"""Writes a run's report: report.html, report.json, report.md and tfma.html beside its summary.json."""

import json
import logging
import os
from pathlib import Path

from pipeline.reports import facts, markdown, model, page

FILES = ("report.html", "report.json", "report.md")


def write(root: Path, run_id: str) -> list[Path]:
    """Writes the report of one run, each file whole or not at all.

    Args:
      root: `<output>/<pipeline>`.
      run_id: a folder below `root/runs`.

    Returns:
      The files, the page first.

    Raises:
      ValueError: no such run.
    """
    found = facts.gather(root, run_id)
    folder = found.run.path
    made = model.build(found)
    tfma = _tfma(found)
    texts = (
        page.report(made, tfma),
        json.dumps(made, indent=1, allow_nan=False, default=str),
        markdown.report(made),
    )
    for name, text in zip(FILES, texts, strict=True):
        replace(folder / name, text)
    return [folder / name for name in (*FILES, *(["tfma.html"] if tfma else []))]


def write_or_say(root: Path, run_id: str) -> str:
    """Writes the report at the end of a run; returns why it could not, or nothing.

    A report that fails never fails its run: the error goes to the log.
    """
    try:
        write(root, run_id)
    except Exception as error:
        logging.exception("the report could not be written")
        return f"the report could not be written: {type(error).__name__}: {error}"
    return ""


def replace(file: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    partial = file.with_name(file.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, file)


def _tfma(found: facts.Facts) -> bool:
    return False
