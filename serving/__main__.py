"""`python -m serving`: parses flags first, so that --help costs no TensorFlow import."""

from __future__ import annotations

import importlib.util
import sys

from serving.flags import parse_flags
from serving.loading_noise import look_for_devices, without_loading_noise


def main() -> int:
    """Runs the server until a signal stops it; the process's exit status."""
    flags = parse_flags()
    if flags.version:
        print("Embedded model server; conforms to our reading of TF Serving 2.20")
        return 0
    if importlib.util.find_spec("tensorflow") is None:
        print(
            f"error: {sys.executable} has no TensorFlow. Activate the environment that `make setup` "
            "made: . .venv/bin/activate",
            file=sys.stderr,
        )
        return 1
    # TensorFlow imports Keras, and Keras scikit-learn, SciPy and pandas: a third of the start's CPU
    # seconds for what no SavedModel needs. TensorFlow does without a Keras that cannot be imported.
    sys.modules.setdefault("keras", None)  # type: ignore[arg-type]
    sys.modules.setdefault("tf_keras", None)  # type: ignore[arg-type]
    with without_loading_noise():
        from serving.server import serve

        look_for_devices()

    return serve(flags)


if __name__ == "__main__":
    sys.exit(main())
