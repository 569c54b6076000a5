"""The rules of the house, read from the source: who imports whom, and what no file may hold."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("pipeline", "components", "data", "serving", "install")
OURS = {*FLOORS, "tests", "run_local"}
SOURCES = sorted(file for floor in FLOORS for file in (ROOT / floor).rglob("*.py")) + [
    file for file in (ROOT / "run_local.py", ROOT / "setup.py") if file.exists()
]
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# Reached by commands that answer at once, or by every worker before it knows its task.
WITHOUT_TENSORFLOW = (
    *("pipeline/__main__.py", "pipeline/config.py", "pipeline/commands/doctor.py"),
    *("components/*/config.py", "data/*.py", "serving/client.py", "serving/client/*.py"),
)
HEAVY = ("tensorflow", "apache_beam", "tfx", "keras", "tensorflow_transform")
# Run by machines that have installed nothing.
STANDARD_LIBRARY_ONLY = ("install/*.py", "serving/client.py", "serving/client/*.py")

VAGUE = {"util", "utils", "helper", "helpers", "common", "base", "misc"}


def where(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), where(file))


def module(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(file: Path) -> Iterator[str]:
    """Full dotted names, also of imports inside functions; `from a import b` gives `a.b`."""
    package = module(file).split(".")
    if file.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            prefix = ".".join([*start, *([node.module] if node.module else [])])
            yield from (f"{prefix}.{alias.name}" for alias in node.names)


def allowed(file: Path) -> tuple[str, ...]:
    """The dotted names of ours that a file may import from (section 2 of the house)."""
    parts = file.relative_to(ROOT).parts
    match parts[0]:
        case "run_local.py":
            return ("pipeline",)
        case "pipeline":
            return ("pipeline", "components", "data", "serving.client")
        case "components":
            return (f"components.{parts[1]}", "data", "serving.client")
        case "data" | "serving" | "install" as floor:
            return (floor,)
    return ()


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("floor", [*FLOORS, "run_local.py", "setup.py"])
def test_floors_and_rooms(floor: str) -> None:
    wrong = [
        f"{where(file)} imports {name}"
        for file in SOURCES
        if file.relative_to(ROOT).parts[0] == floor
        for name in imports(file)
        if name.split(".")[0] in OURS and not any(within(name, place) for place in allowed(file))
    ]
    assert not wrong, "\n".join(wrong)


def matching(patterns: tuple[str, ...]) -> list[Path]:
    return sorted({file for pattern in patterns for file in ROOT.glob(pattern)})


def test_standard_library_only() -> None:
    wrong = [
        f"{where(file)} imports {name}"
        for file in matching(STANDARD_LIBRARY_ONLY)
        for name in imports(file)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not any(within(name, place) for place in ("install", "serving.client"))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_tensorflow_where_answers_come_at_once() -> None:
    names = [module(file) for file in matching(WITHOUT_TENSORFLOW) if file.name != "__main__.py"]
    assert names
    code = (
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        f"    heavy = [other for other in {HEAVY!r} if other in sys.modules]\n"
        "    assert not heavy, f'{name} imports {heavy}'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_package_files_are_empty() -> None:
    """TFX imports the package of every function it is given: what is in it runs everywhere."""
    full = [where(file) for file in SOURCES if file.name == "__init__.py" and file.read_text()]
    assert not full


def test_every_folder_of_source_is_a_package() -> None:
    """A folder without __init__.py would be left out of the wheel that workers get."""
    folders = {file.parent for file in SOURCES} - {ROOT}
    assert not [where(folder) for folder in folders if not (folder / "__init__.py").exists()]


def test_tests_are_no_package() -> None:
    """Another distribution in the environment owns the name `tests`."""
    assert not [where(file) for file in TESTS if file.name == "__init__.py"]


def test_keras_is_imported_by_its_own_name() -> None:
    """Which Keras `tf.keras` is depends on what was imported before."""
    wrong = []
    for file in [*SOURCES, *TESTS]:
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.Attribute) and node.attr == "keras":
                owner = node.value
                if isinstance(owner, ast.Name) and owner.id in ("tf", "tensorflow"):
                    wrong.append(f"{where(file)}:{node.lineno}")
        wrong += [where(file) for name in imports(file) if within(name, "tensorflow.keras")]
    assert not wrong


def test_names_say_what_is_inside() -> None:
    vague = [
        where(file)
        for file in [*SOURCES, *TESTS]
        for part in file.relative_to(ROOT).with_suffix("").parts
        if part.removeprefix("test_") in VAGUE
    ]
    assert not vague


@pytest.mark.parametrize("folder", [*FLOORS, "tests"])
def test_every_file_says_what_it_is_for(folder: str) -> None:
    silent = [
        where(file)
        for file in [*SOURCES, *TESTS]
        if where(file).startswith(f"{folder}/")
        and file.name != "__init__.py"
        and not ast.get_docstring(tree(file))
    ]
    assert not silent


@pytest.mark.parametrize(
    ("file", "name", "fine"),
    [
        ("components/trainer/entry.py", "components.transform.dates", False),
        ("components/trainer/entry.py", "components.trainer.heads", True),
        ("components/pusher/component.py", "serving.client.rest", True),
        ("components/pusher/component.py", "serving.engine", False),
        ("pipeline/dag.py", "serving.models.core", False),
        ("data/columns.py", "components.transform.config", False),
        ("serving/engine.py", "data.signatures", False),
    ],
)
def test_the_rules_themselves(file: str, name: str, fine: bool) -> None:
    assert any(within(name, place) for place in allowed(ROOT / file)) is fine
