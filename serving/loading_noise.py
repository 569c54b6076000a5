"""Keeps what TensorFlow's C++ says of itself while it is loaded away from the server's own lines."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator

_NOISE = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog"
    rb"|[IWE]\d{4} .*\b(port|cudart_stub|cuda_platform|cuda_diagnostics|cpu_feature_guard)\.cc:"
    rb"|To enable the following instructions:"
)
"""Lines about oneDNN, instruction sets, and a GPU that is not there. `TF_CPP_MIN_LOG_LEVEL` does not
reach them: they are written before TensorFlow reads it."""


@contextlib.contextmanager
def without_loading_noise() -> Iterator[None]:
    """Holds standard error back meanwhile; afterwards writes what is not known to be noise.

    File descriptor 2 itself is turned round, because C++ writes to it past Python.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            said.seek(0)
            for line in said:
                if not _NOISE.match(line):
                    os.write(2, line)


def look_for_devices() -> None:
    """Lets TensorFlow look for a GPU now rather than when the first model is loaded."""
    import tensorflow as tf

    tf.config.list_physical_devices()
