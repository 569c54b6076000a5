"""The terminal, kept for people: everything libraries print goes to the run's log.txt."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

OURS = ("components", "data", "pipeline")
"""Packages whose `logging.info` goes to the log as well; of others it gets warnings."""


@contextmanager
def quiet_terminal(log: Path) -> Iterator[Console]:
    """Sends this process's stdout and stderr (C++ too) to `log`; yields a Console on the terminal.

    What our own packages log, from INFO on, is written there with time and module.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    kept_out, kept_err = os.dup(1), os.dup(2)
    with open(log, "ab") as file, os.fdopen(os.dup(kept_out), "w", encoding="utf-8") as terminal:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            with _logged_to(log):
                yield Console(file=terminal, highlight=False)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            terminal.flush()
            os.dup2(kept_out, 1)
            os.dup2(kept_err, 2)
            os.close(kept_out)
            os.close(kept_err)


@contextmanager
def _logged_to(log: Path) -> Iterator[None]:
    handler = logging.FileHandler(log, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    loggers = [logging.getLogger(name) for name in OURS]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False  # the root's handler would write a warning a second time
    try:
        yield
    finally:
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate
        handler.close()
