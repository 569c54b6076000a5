"""What each node's result depends on, as named facts: compared, they say why a node must run.

TFX's cache key sees artifacts and parameters, but not our code nor the environment. The hash of a
node's facts goes into that key (beam_runner.py), so that the plan and the cache agree.
"""

import hashlib
import importlib.metadata
import json
import platform
import sys
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.earlier.teacher import teacher_fact
from pipeline.nodes import NODES, Facts, Node
from pipeline.prepared import Prepared

FACT_OF_START = "start"
"""Which model the training begins with."""

_PROJECT = Path(__file__).parent.parent
_STACK = (
    "tfx",
    "tensorflow",
    "keras",
    "tensorflow-transform",
    "tensorflow-data-validation",
    "tensorflow-model-analysis",
    "apache-beam",
    "numpy",
    "scikit-learn",
    "keras-hub",
    "tensorflow-text",
)


def node_facts(prepared: Prepared) -> dict[str, Facts]:
    """The facts of every node of a prepared configuration."""
    config = _flatten(prepared.config.model_dump(mode="json", by_alias=True))
    known = {
        "data": prepared.data_fingerprint,
        "schema": prepared.schema_hash,
        "classes": json.dumps(prepared.classes),
        "features": _digest(
            {name: feature.model_dump(mode="json") for name, feature in prepared.features.items()}
        ),
        "columns": json.dumps([prepared.model_columns, prepared.texts]),
        "directory": str(prepared.serving_directory),
        "preprocessing": _package_hash(prepared.config.transform.preprocessing),
        "model": _package_hash(prepared.config.train.model),
        "beside": json.dumps(prepared.beside) if prepared.beside else "",
        "lite": "yes" if prepared.config.lite.formats else "",
        "teacher": teacher_fact(prepared.config.distill.teacher, prepared.teacher),
        "labeller": teacher_fact(prepared.config.semi.teacher, prepared.labeller),
        FACT_OF_START: prepared.start.fact if prepared.start else "",
        "tuned": str(prepared.reused or ""),
    }
    return {node.id: _facts(node, config, known) for node in NODES}


def digest(facts: Facts) -> str:
    """One hash for a node's facts."""
    return _digest(facts)


def difference(before: Facts, now: Facts) -> str:
    """What changed, in a few words: `config train.epochs 10 -> 3`, `code components/trainer`."""
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    words = []
    for name in changed[:3]:
        old, new = before.get(name, "nothing"), now.get(name, "nothing")
        short = name.startswith("config ") and len(old) + len(new) < 50
        words.append(f"{name} {old} → {new}" if short else f"{name} changed")
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    return ", ".join(words) + more


def _facts(node: Node, config: dict[str, str], known: dict[str, str]) -> Facts:
    facts = {"environment": _environment(), "code pipeline/dag.py": _code("pipeline/dag.py")}
    facts |= {f"code {room}": _code(room) for room in node.rooms}
    facts |= {fact: known[fact] for fact in node.facts if known[fact]}
    for key, value in config.items():
        if any(key == section or key.startswith(section + ".") for section in node.sections):
            facts[f"config {key}"] = value
    return facts


@cache
def _environment() -> str:
    versions = {name: importlib.metadata.version(name) for name in _STACK}
    return _digest({"python": platform.python_version(), **versions})


@cache
def _code(place: str) -> str:
    """Hash of a room's Python files, or of one file."""
    path = _PROJECT / place
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    return _digest({str(file.relative_to(_PROJECT)): _file(file) for file in files})


def _package_hash(import_path: str) -> str:
    """Hash of the Python files of a user's package; empty for none. Nothing is imported."""
    if not import_path:
        return ""
    top = import_path.split(".")[0]
    for folder in sys.path:
        package, module = Path(folder or ".") / top, Path(folder or ".") / f"{top}.py"
        if package.is_dir():
            return _digest(
                {str(f.relative_to(package)): _file(f) for f in sorted(package.rglob("*.py"))}
            )
        if module.is_file():
            return _file(module)
    return ""


def _file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = json.dumps(value)
    return flat
