"""`python -m pipeline deploy`: files that run the real TensorFlow Serving on what was pushed."""

import argparse
import shlex
import sys
from pathlib import Path

from components.pusher.versions import served
from pipeline import config
from pipeline.deployment.render import render
from pipeline.earlier import pushed_to


def main(argv: list[str]) -> int:
    """Writes the files and says how to use them; 2 for a configuration that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m pipeline deploy", description=__doc__)
    add = parser.add_argument
    add("--config", default="fashion", metavar="NAME|FILE", help="a preset, or a .toml file")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="deploy.replicas=3")
    add("--root", default="output", help="where runs are kept (default: output)")
    add("--out", default="", metavar="DIR", help="where the files go (default: deploy/<name>)")
    options = parser.parse_args(argv)
    try:
        loaded = config.load(options.config, options.set).config
    except config.ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    serving = pushed_to.folder(Path(options.root, loaded.name), loaded.push.directory)
    out = Path(options.out or Path("deploy", loaded.name))
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in render(loaded.name, serving, loaded.deploy).items():
            (out / name).write_text(text, encoding="utf-8")
            print(out / name)
    except OSError as error:
        print(f"error: cannot write to {out}: {error.strerror or error}", file=sys.stderr)
        return 1
    _explain(loaded, serving, out)
    return 0


def _explain(loaded: config.Config, serving: Path, out: Path) -> None:
    folder = shlex.quote(str(out))
    url = f"http://localhost:{loaded.deploy.rest_port}"
    print(f"\nhere:        docker compose -f {folder}/docker-compose.yaml up --detach")
    print(f"then:        python -m serving.client status --url {url} --model {loaded.name}")
    print(f"Kubernetes:  kubectl apply -f {folder}/kubernetes.yaml    or, with KServe, kserve.yaml")
    if not served(serving):
        print(
            f"\nNothing is pushed to {serving} yet: TensorFlow Serving waits for a version there."
        )
