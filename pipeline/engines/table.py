"""One place turns an engine's name and a few settings into Beam arguments, and checks them first."""

import difflib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pipeline.engines import dataflow, flink, local, portable, spark
from pipeline.engines.config import EngineName
from pipeline.engines.site import EngineError, Site


@dataclass(frozen=True)
class Engine:
    """What data work can run on."""

    summary: str
    problems: Callable[[Site], list[str]]
    """Everything that keeps it from running, each in a sentence that ends with the cure."""
    args: Callable[[Site, Path], list[str]]
    """Beam arguments, given our wheel."""
    ships: bool
    """Whether workers elsewhere need our wheel."""


ENGINES: dict[str, Engine] = {
    "local": Engine(
        "in this process", lambda _: [], lambda site, _: local.in_process(site), ships=False
    ),
    "processes": Engine(
        "several processes on this machine",
        lambda _: [],
        lambda site, _: local.in_processes(site),
        ships=False,
    ),
    "portable": Engine("a Beam job server", portable.problems, portable.args, ships=True),
    "flink": Engine("Flink", flink.problems, flink.args, ships=True),
    "spark": Engine("Spark 3.5", spark.problems, spark.args, ships=True),
    "dataflow": Engine("Google Cloud Dataflow", dataflow.problems, dataflow.args, ships=True),
}


@dataclass(frozen=True)
class Choice:
    """Which engine runs the data work, and why it was taken."""

    name: str
    why: str
    nodes: dict[str, str]
    """Nodes with an engine of their own."""

    @property
    def all(self) -> set[str]:
        """Every engine that takes part."""
        return {self.name, *self.nodes.values()}


def choose(site: Site, flag: str = "") -> Choice:
    """The engine by name, `auto` by the size of the data.

    Args:
      site: the run.
      flag: what `--engine` said; empty: the configuration decides.

    Raises:
      EngineError: no such engine or node.
    """
    asked = flag or site.section.name
    if asked != "auto" and asked not in ENGINES:
        near = difflib.get_close_matches(asked, ENGINES, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise EngineError(f"no engine '{asked}'. Valid: {', '.join(get_args(EngineName))}.{hint}")
    unknown = [name for name in site.section.nodes if name not in site.nodes]
    if unknown:
        raise EngineError(f"engine.nodes: no node '{unknown[0]}'. Valid: {', '.join(site.nodes)}")
    own = {
        node: _resolve(settings.name, site)
        for node, settings in site.section.nodes.items()
        if settings.name
    }
    name = _resolve(asked, site)
    size = f"{site.data_bytes / 2**20:,.1f} MiB of data"
    return Choice(name, f"{size}: {ENGINES[name].summary}" if asked == "auto" else "asked for", own)


def check(site: Site, choice: Choice) -> None:
    """Everything that can be known before anything starts.

    Raises:
      EngineError: with a line per problem.
    """
    for name in sorted(choice.all):
        found = list(dict.fromkeys(ENGINES[name].problems(site)))
        if found:
            lines = "\n  ".join(found)
            raise EngineError(f"engine '{name}' cannot run:\n  {lines}")


def beam_args(site: Site, choice: Choice) -> dict[str, list[str]]:
    """{node: Beam arguments}, under "" those of nodes that are not named.

    Raises:
      EngineError: our wheel is needed and cannot be built.
    """
    from pipeline.engines import wheel

    built = Path()
    if any(ENGINES[name].ships for name in choice.all):
        try:
            built = wheel.build(site.output / "cache" / "wheels")
        except wheel.WheelError as error:
            raise EngineError(str(error)) from None
    common = list(site.section.args)
    found = {"": [*ENGINES[choice.name].args(site, built), *common]}
    for node, settings in site.section.nodes.items():
        engine = ENGINES[choice.nodes.get(node, choice.name)]
        found[node] = [*engine.args(site, built), *common, *settings.args]
    return found


def in_image(site: Site, flag: str = "") -> dict[str, list[str]]:
    """As `beam_args`, for a pipeline that is compiled: its steps run in an image that has our code.

    Raises:
      EngineError: an engine that needs a cluster to be asked, or one that cannot run.
    """
    choice = choose(site, flag)
    found = {"": _in_image(choice.name, site)}
    for node, settings in site.section.nodes.items():
        found[node] = [*_in_image(choice.nodes.get(node, choice.name), site), *settings.args]
    return found


def _in_image(name: str, site: Site) -> list[str]:
    arguments: dict[str, Callable[[Site], list[str]]] = {
        "local": local.in_process,
        "processes": local.in_processes,
        "dataflow": functools.partial(dataflow.args, wheel=None),
    }
    if name not in arguments:
        raise EngineError(
            f"a compiled pipeline cannot use the engine '{name}'. Valid: {', '.join(arguments)}"
        )
    if problems := ENGINES[name].problems(site):
        lines = "\n  ".join(problems)
        raise EngineError(f"engine '{name}' cannot run:\n  {lines}")
    return [*arguments[name](site), *site.section.args]


def _resolve(name: str, site: Site) -> str:
    return local.choose(site) if name == "auto" else name
