"""Runs the pipeline on this machine: `python run_local.py [--config taxi]`, see --help."""

import sys

from pipeline.run import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
