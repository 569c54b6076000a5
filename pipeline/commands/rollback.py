"""`python -m pipeline rollback`: return to an earlier version, and take the bad one's blessing back."""

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from components.evaluator import blessing
from components.pusher.versions import PublishError, manifests, served, withdraw
from pipeline import config
from pipeline.earlier import lineage, pushed_to
from pipeline.lock import LockedError, lock
from pipeline.result import number

_HEADLINE = ("accuracy", "auc", "f1", "mae", "r2")


class RollbackError(RuntimeError):
    """It cannot be done; the message says why and what could be."""


def main(argv: list[str]) -> int:
    """Withdraws versions, or lists them; 1 when there is nothing to go back to."""
    parser = argparse.ArgumentParser(prog="python -m pipeline rollback", description=__doc__)
    parser.add_argument("name", nargs="?", default="", help="pipeline name, preset or TOML file")
    parser.add_argument("--config", default="", help="the same")
    parser.add_argument("--to", type=int, help="version to return to (default: the one before)")
    parser.add_argument("--why", default="", help="kept in the manifest and in the metadata")
    parser.add_argument("--root", default="output", help="where runs are kept (default: output)")
    parser.add_argument("--list", action="store_true", help="only show the versions")
    options = parser.parse_args(argv)
    console = Console(highlight=False)
    try:
        root, serving = _where(options.config or options.name, Path(options.root))
    except config.ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        if not options.list:
            with lock(root, "rollback"):
                _roll_back(console, root, serving, options.to, options.why)
    except (RollbackError, LockedError, PublishError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    _show(console, serving)
    return 0


def _where(name: str, output: Path) -> tuple[Path, Path]:
    """The pipeline's own folder and the served model's."""
    known = sorted(path.parent.name for path in output.glob("*/metadata.sqlite"))
    if not name and len(known) == 1:
        [name] = known
    if not name:
        if not known:
            raise config.ConfigError(f"no pipeline has run under {output}")
        raise config.ConfigError(f"which pipeline? Name one of: {', '.join(known)}")
    named = ""
    if name.endswith(".toml") or name not in known:
        loaded = config.load(name).config
        name, named = loaded.name, loaded.push.directory
    root = (output / name).resolve()
    return root, pushed_to.folder(root, named)


def _roll_back(console: Console, root: Path, serving: Path, to: int | None, why: str) -> None:
    versions = served(serving)
    leaving = _leaving(versions, to, serving)
    target = max(version for version in versions if version not in leaving)
    reason = f"rolled back to version {target} on {datetime.now():%Y-%m-%d %H:%M}"
    reason += f": {why}" if why else ""
    # The blessings first: if this is interrupted, doing it again finishes it. Then the lowest
    # version first: a server stays where it is until the last one goes, and then goes to `target`.
    revoked = revoke_blessings(root, serving, leaving, reason)
    for version in leaving:
        withdraw(serving, version, reason)
    words = ", ".join(str(version) for version in leaving)
    console.print(f"Withdrawn: version {words}. Served now: [bold]version {target}[/].")
    console.print(
        f"Blessings taken back: {revoked}. A next model is compared with an earlier one."
        if revoked
        else "No blessing of it was found in the metadata, so none was taken back."
    )


def _leaving(versions: list[int], to: int | None, serving: Path) -> list[int]:
    """The versions to withdraw, ascending."""
    if not versions:
        raise RollbackError(f"nothing is served in {serving}, so there is nothing to roll back")
    if len(versions) == 1:
        raise RollbackError(
            f"version {versions[0]} is the only one in {serving}: there is nothing to go back to. "
            "Push a better model instead, or stop the server."
        )
    if to is None:
        return versions[-1:]
    if to == versions[-1]:
        raise RollbackError(f"version {to} is the one served already")
    if to not in versions:
        others = ", ".join(str(version) for version in versions[:-1])
        gone = manifests(serving).get(to, {}).get("withdrawn")
        state = f"was withdrawn ({gone}); a number is never used again" if gone else "is not there"
        raise RollbackError(f"version {to} {state}. One can go back to: {others}")
    return [version for version in versions if version > to]


def revoke_blessings(root: Path, serving: Path, versions: list[int], why: str) -> int:
    """Takes back, in MLMD, the blessings of the models pushed as these versions.

    Args:
      root: the pipeline's folder, with metadata.sqlite.
      serving: the served model's folder.
      versions: what is being withdrawn.
      why: stored with each.

    Returns:
      How many blessings.
    """
    if not (root / "metadata.sqlite").is_file():
        return 0
    store = lineage.open_store(root)
    known = manifests(serving)
    pushed = {str(serving / str(version)) for version in versions}
    models = {_model_id(store, known.get(version, {})) for version in versions} - {0}
    changed: list[Any] = []
    for item in store.get_artifacts_by_type("ModelBlessing"):
        if any(blessing.is_about(item, model) for model in models):
            blessing.revoke(item, why)
            changed.append(item)
    count = len(changed)
    for item in store.get_artifacts_by_type("PushedModel"):
        if item.custom_properties["pushed_destination"].string_value in pushed:
            item.custom_properties["pushed"].int_value = 0
            item.custom_properties["not_pushed"].string_value = f"withdrawn: {why}"
            changed.append(item)
    if changed:
        store.put_artifacts(changed)
    return count


def _model_id(store: Any, manifest: dict[str, Any]) -> int:
    """The pushed model's artifact: by the manifest's number if its address agrees, else by that."""
    uri, noted = manifest.get("model", ""), int(manifest.get("model_id") or 0)
    models = {item.id: item.uri for item in store.get_artifacts_by_type("Model")}
    if noted in models and models[noted] == uri:
        return noted
    return next((key for key, address in models.items() if uri and address == uri), 0)


def _show(console: Console, serving: Path) -> None:
    """Every version there is or was."""
    versions, known = served(serving), manifests(serving)
    table = Table(box=box.SIMPLE_HEAD, title=escape(str(serving)), title_justify="left")
    for title in ("version", "run", "metrics on test", "state"):
        table.add_column(title, overflow="fold")
    for version in sorted({*versions, *known}):
        manifest = known.get(version, {})
        metrics = manifest.get("metrics", {})
        shown = [f"{key} {number(metrics[key])}" for key in _HEADLINE if key in metrics]
        table.add_row(
            str(version),
            escape(str(manifest.get("run", ""))),
            ", ".join(shown),
            _state(version, versions, manifest),
        )
    if not versions and not known:
        console.print(f"no version was ever pushed to {escape(str(serving))}")
    else:
        console.print(table)


def _state(version: int, versions: list[int], manifest: dict[str, Any]) -> str:
    if versions and version == versions[-1]:
        return "[bold green]served[/]"
    if version in versions:
        return "kept: one can go back to it"
    if manifest.get("withdrawn"):
        return f"[yellow]withdrawn[/]: {escape(manifest['withdrawn'])}"
    return "deleted by hand"
