"""`python -m serving`: parses flags first, so that --help costs no TensorFlow import."""

from __future__ import annotations

import sys

from serving.flags import parse_flags


def main() -> int:
    """Runs the server until a signal stops it; the process's exit status."""
    flags = parse_flags()
    if flags.version:
        print("Embedded model server; conforms to our reading of TF Serving 2.20")
        return 0
    from serving.server import serve

    return serve(flags)


if __name__ == "__main__":
    sys.exit(main())
