"""Writes a run's report: report.html, report.json, report.md and tfma.html beside its summary.json."""

import json
import logging
import os
import shutil
import sys
from pathlib import Path

from pipeline.reports import facts, markdown, model, page, tfma_page

logger = logging.getLogger(__name__)

FILES = ("report.html", "report.json", "report.md")
TFMA = "tfma.html"


def write(root: Path, run_id: str, tfma: bool | None = None) -> list[Path]:
    """Writes the report of one run, each file whole or not at all.

    Args:
      root: `<output>/<pipeline>`.
      run_id: a folder below `root/runs`.
      tfma: make tfma.html anew; None: only where TFMA is imported already, False: never.

    Returns:
      The files, the page first.

    Raises:
      ValueError: no such run, or with `tfma` an evaluation without metrics.
    """
    found = facts.gather(root, run_id)
    folder = found.run.path
    made = model.build(found)
    linked = _tfma(found, tfma)
    texts = (
        page.report(made, linked),
        json.dumps(made, indent=1, allow_nan=False, default=str),
        markdown.report(made),
    )
    for name, text in zip(FILES, texts, strict=True):
        replace(folder / name, text)
    return [folder / name for name in (*FILES, *([TFMA] if linked else []))]


def write_or_say(root: Path, run_id: str) -> str:
    """Writes the report at the end of a run; returns why it could not, or nothing.

    A report that fails never fails its run: the error goes to the log.
    """
    try:
        write(root, run_id)
    except Exception as error:
        logger.exception("the report could not be written")
        return f"the report could not be written: {type(error).__name__}: {error}"
    return ""


def replace(file: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    partial = file.with_name(file.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, file)


def _tfma(found: facts.Facts, wanted: bool | None) -> bool:
    """Whether tfma.html lies beside the report; makes it where that costs little, or is asked for.

    An evaluation does not change, nor does its page: one that is there stays. TFMA takes 10 s and
    more to import, so that it is used where the Evaluator has just run in this process; a run whose
    Evaluator was cached links the page of the run it is cached from.
    """
    page_file = found.run.path / TFMA
    evaluation = found.artifact("Evaluator", "evaluation")
    if evaluation is None or (page_file.is_file() and not wanted):
        return page_file.is_file()
    if not wanted and _linked(found, page_file):
        return True
    if wanted or (wanted is None and tfma_page.PACKAGE in sys.modules):
        try:
            text = tfma_page.html(evaluation, found.root.name, found.run.id, found.classes)
        except Exception:
            if wanted:
                raise
            logger.exception("tfma.html could not be made")
            return False
        replace(page_file, text)
    return page_file.is_file()


def _linked(found: facts.Facts, page_file: Path) -> bool:
    record = found.run.nodes.get("Evaluator")
    source = found.root / "runs" / record.producer / TFMA if record else page_file
    if not source.is_file() or source == page_file:
        return False
    try:
        os.link(source, page_file)
    except OSError:  # a file system without hard links
        shutil.copy(source, page_file)
    return True
