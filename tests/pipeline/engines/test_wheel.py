"""pipeline/engines/wheel.py: what workers get: our four packages, no data, built once for the same code."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pipeline.engines import wheel


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel.build(tmp_path_factory.mktemp("wheels"))


def test_it_holds_the_four_packages_and_no_data(built: Path) -> None:
    names = zipfile.ZipFile(built).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == set(wheel.PACKAGES)
    assert not [name for name in names if Path(name).suffix in wheel.SAMPLES]
    assert {"pipeline/configs/taxi.toml", "components/example_gen/executor.py"} <= set(names)
    assert built.stat().st_size < 2 << 20


def test_the_same_code_is_built_once(built: Path) -> None:
    before = built.stat().st_mtime_ns
    again = wheel.build(built.parent.parent)
    assert again == built and again.stat().st_mtime_ns == before


def test_other_code_is_another_wheel(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "pipeline").mkdir(parents=True)
    (source / "setup.py").write_text(
        "from setuptools import setup\nsetup(name='tiny', version='1', packages=['pipeline'])\n"
    )
    (source / "pipeline" / "__init__.py").touch()
    first = wheel.build(tmp_path / "cache", source)
    (source / "pipeline" / "more.py").write_text("NEW = 1\n")
    second = wheel.build(tmp_path / "cache", source)
    assert first != second and first.is_file()
    assert "pipeline/more.py" in zipfile.ZipFile(second).namelist()
    # Nothing is written into the source tree, and old builds do not pile up.
    assert sorted(p.name for p in source.iterdir()) == ["pipeline", "setup.py"]
    for number in range(wheel.KEPT):
        (source / "pipeline" / "more.py").write_text(f"NEW = {number + 2}\n")
        last = wheel.build(tmp_path / "cache", source)
    left = [p for p in (tmp_path / "cache").iterdir() if p.is_dir()]
    assert len(left) == wheel.KEPT and last.parent in left


def test_a_failure_to_build_says_what_setuptools_said(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "setup.py").write_text("raise SystemExit('no good today')\n")
    with pytest.raises(wheel.WheelError, match="no good today"):
        wheel.build(tmp_path / "cache", tmp_path / "source")
    with pytest.raises(wheel.WheelError, match="no setup.py"):
        wheel.build(tmp_path / "cache", tmp_path / "nowhere")


def test_a_worker_imports_from_the_unpacked_wheel_alone(built: Path, tmp_path: Path) -> None:
    site = wheel.unpacked(built)
    program = "import components.example_gen.rows as m; print(m.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert Path(done.stdout.strip()).is_relative_to(site), done.stderr
