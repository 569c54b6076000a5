"""`python -m pipeline report`: rebuilds reports without running anything, compares and serves them."""

import argparse
import sys
import webbrowser
from pathlib import Path

from pipeline.earlier import history


def main(argv: list[str]) -> int:
    """Returns 0, or 2 where there is no such pipeline or run."""
    parser = argparse.ArgumentParser(prog="python -m pipeline report", description=__doc__)
    parser.add_argument("name", nargs="?", help="which pipeline (default: the one that ran last)")
    parser.add_argument("--root", default="output", help="where runs are kept (default: output)")
    parser.add_argument("--run", metavar="ID", help="which run (default: the last one)")
    parser.add_argument("--compare", nargs=2, metavar=("A", "B"), help="two runs side by side")
    parser.add_argument(
        "--tfma", action="store_true", help="make tfma.html anew too (imports TFMA: 10 s and more)"
    )
    parser.add_argument(
        "--mlflow", metavar="URI", help="log the run to this MLflow store (`make mlflow` first)"
    )
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument(
        "--serve", action="store_true", help="serve all reports on loopback, with an index"
    )
    parser.add_argument("--port", type=int, default=8510, help="for --serve (default: 8510)")
    options = parser.parse_args(argv)
    try:
        if options.serve:
            from pipeline.reports import serve

            return serve.serve(Path(options.root), options.port, options.open)
        root = choose(Path(options.root), options.name, options.run)
        files = _write(root, options)
        if options.mlflow:
            from pipeline.reports import mlflow_run

            return mlflow_run.log(files[0].parent, options.mlflow)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for file in files:
        print(file)
    if options.open and not webbrowser.open(files[0].resolve().as_uri()):
        print("no browser could be opened here", file=sys.stderr)
    return 0


def choose(output: Path, name: str | None, run_id: str | None = None) -> Path:
    """`<output>/<pipeline>`: the one named, the one that has the run, or the one that ran last.

    Raises:
      ValueError: there is none; the message says what there is.
    """
    roots = sorted(path.parent for path in output.glob("*/runs") if history.runs(path.parent))
    if name:
        found = [root for root in roots if root.name == name]
        if not found:
            known = ", ".join(root.name for root in roots) or "none"
            raise ValueError(f"no runs of '{name}' under {output}. There are runs of: {known}")
        return found[0]
    if not roots:
        raise ValueError(f"no runs under {output}. Start one: python run_local.py")
    if run_id:
        having = [root for root in roots if (root / "runs" / run_id).is_dir()]
        roots = having or roots
    return max(roots, key=lambda root: history.runs(root)[0].id)


def _write(root: Path, options: argparse.Namespace) -> list[Path]:
    if options.compare:
        from pipeline.reports import compare

        return compare.write(root, *options.compare)
    from pipeline.reports import write

    run_id = options.run or history.runs(root)[0].id
    return write.write(root, run_id, tfma=options.tfma or None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
