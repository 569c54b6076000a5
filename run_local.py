"""Runs the pipeline on this machine: `python run_local.py [--config taxi]`, see --help."""

import sys

from pipeline.environment import enter

if __name__ == "__main__":
    enter()
    from pipeline.commands.run import main

    sys.exit(main(sys.argv[1:]))
