"""Draws docs/run.svg: the terminal picture of a finished run, by the code that printed it.

python docs/make_picture.py output/fashion/runs/20261123-120000
"""

import re
import sys
from pathlib import Path

from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline import result
from pipeline.config import load
from pipeline.earlier import history
from pipeline.live import table
from pipeline.plan import Step
from pipeline.prepare import prepare


def main(folder: Path) -> None:
    """Writes run.svg beside this file."""
    run = history.read(folder)
    prepared = prepare(load(run.request["source"]), folder.parents[2])
    steps = [
        Step(name, node["action"], node["why"], node["from"])
        for name, node in run.request["nodes"].items()
    ]
    console = Console(record=True, width=100, force_terminal=True, highlight=False)
    console.print(f"[bold green]$[/] python run_local.py --config {run.request['source']}")
    result.opening(console, prepared, folder)
    console.print(table(steps, folder))
    result.closing(console, prepared, run, interrupted=False)
    target = Path(__file__).with_name("run.svg")
    svg = console.export_svg(title=f"run {run.id}")
    # Fonts from the reader's machine, not from the network.
    target.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL), encoding="utf-8")
    print(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
