"""Each thing doctor can find, on folders and settings made to have it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.commands import doctor
from pipeline.commands.doctor import State


def test_this_environment_is_in_order(root: Path, tmp_path: Path) -> None:
    code = f"import sys; from pipeline.commands.doctor import main; sys.exit(main(['--root', {str(tmp_path)!r}]))"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "broken" not in done.stdout


def test_needs_no_tensorflow(root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pipeline.commands.doctor import diagnose\n"
        "diagnose(Path.cwd(), Path.cwd()); assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)


def lock(folder: Path, *lines: str) -> Path:
    (folder / "install").mkdir()
    (folder / "install/requirements.txt").write_text("".join(f"{line} \\\n" for line in lines))
    return folder


def test_missing_and_other_versions(tmp_path: Path) -> None:
    pins = ("numpy==0.0.1", "no-such-thing==1.0", "for-windows==1 ; sys_platform == 'win32'")
    missing, other = doctor.versions(lock(tmp_path, *pins))
    assert (missing.state, missing.found) == (State.BROKEN, "no-such-thing")
    assert other.state is State.BROKEN
    assert other.found.startswith("numpy ")
    assert other.found.endswith("(locked: 0.0.1)")
    assert "make setup" in other.advice


def test_no_lock(tmp_path: Path) -> None:
    assert [check.state for check in doctor.versions(tmp_path)] == [State.WARN]


def test_python_outside_the_environment(tmp_path: Path) -> None:
    (tmp_path / "install").mkdir()
    check = doctor.python(tmp_path)
    assert check.state is State.WARN
    assert "make setup" in check.advice


@pytest.mark.parametrize(
    ("environment", "state"),
    [
        ({}, State.OK),
        ({"TF_USE_LEGACY_KERAS": "1"}, State.WARN),
        ({"KERAS_BACKEND": "jax"}, State.BROKEN),
        ({"KERAS_BACKEND": "tensorflow"}, State.OK),
    ],
)
def test_keras(environment: dict[str, str], state: State) -> None:
    assert doctor.keras(environment).state is state


@pytest.fixture
def package() -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / "data").mkdir(parents=True)
        (folder / "data/__init__.py").touch()
        return folder

    return make


def test_installed_by_pip_is_no_fault(tmp_path: Path) -> None:
    assert doctor.python(tmp_path).state is State.OK
    [check] = doctor.versions(tmp_path)
    assert (check.state, check.found) == (State.WARN, "no lock: installed by pip")


def test_output_is_looked_for_where_runs_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "diagnose", lambda root, output: [doctor.writable(output)])
    assert doctor.main([]) == 0
    assert capsys.readouterr().out.split()[-4:] == ["output", "can", "be", "written"]


def test_shadowed_package(tmp_path: Path, package: Callable[[Path], Path]) -> None:
    ours, other = package(tmp_path / "ours"), package(tmp_path / "site-packages")
    alone = doctor.shadow("data", ours, [str(ours)])
    before = doctor.shadow("data", ours, [str(ours), str(other)])
    behind = doctor.shadow("data", ours, [str(other), str(ours)])
    nowhere = doctor.shadow("data", ours, [str(tmp_path)])
    states = [check.state for check in (alone, before, behind, nowhere)]
    assert states == [State.OK, State.WARN, State.BROKEN, State.BROKEN]
    assert str(other) in before.found
    assert f"{other}/data hides ours" in behind.found


def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    assert doctor.writable(tmp_path / "a" / "b").state is State.OK
    assert not (tmp_path / "a").exists()
    assert doctor.writable(Path("/proc/output")).state is State.BROKEN


def test_gpu_whose_driver_fails(tmp_path: Path) -> None:
    command = tmp_path / "nvidia-smi"
    command.write_text("#!/bin/sh\nexit 9\n")
    command.chmod(0o755)
    check = doctor.gpu(lambda name: str(command))
    assert (check.state, check.found) == (State.WARN, "nvidia-smi fails")


def test_gpu_without_cuda_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "nvidia-smi"
    command.write_text("#!/bin/sh\necho NVIDIA H200\n")
    command.chmod(0o755)
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    check = doctor.gpu(lambda name: str(command))
    assert (check.state, check.found) == (State.WARN, "NVIDIA H200, no CUDA libraries")
    assert "tensorflow[and-cuda]==" in check.advice


def test_broken_means_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = doctor.Check("Disk", State.BROKEN, "0.1 GiB [free]", "remove something")
    monkeypatch.setattr(doctor, "diagnose", lambda root, output: [broken])
    assert doctor.main([]) == 1
    assert "0.1 GiB [free]" in capsys.readouterr().out
