"""A server that already runs: found, used, left as it was; or not there, and said so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from components.infra_validator import remote
from components.infra_validator.config import InfraValidateSection
from components.infra_validator.embedded import free_port
from components.infra_validator.refusal import NoServerError, NotServableError

Models = Callable[[str], Path]


def section_of(running, **more) -> InfraValidateSection:
    """Settings for the running server."""
    return InfraValidateSection(
        url=running.url, directory=str(running.directory), model="staging", **more
    )


def test_the_candidate_is_a_version_for_a_while(running, models: Models) -> None:
    with remote.serve(models("other class"), section_of(running)) as served:
        assert str(served.version) in running.versions() and served.version > 1
        [answer] = served.ask([{"age": 7.0, "city": "Oslo"}])
        assert answer["class"] == "perhaps"  # the candidate's, not version 1's
    assert str(served.version) not in running.versions()
    assert not [name for name in running.versions() if name.endswith("incoming")]


def test_the_servers_own_reason(running, tmp_path: Path) -> None:
    (tmp_path / "variables").mkdir()
    (tmp_path / "saved_model.pb").write_bytes(b"rubbish")
    with (
        pytest.raises(NotServableError, match=f"{running.url} could not load it: .+"),
        remote.serve(tmp_path, section_of(running)),
    ):
        pass
    assert running.versions().count("1") == 1


def test_nobody_listens(models: Models, tmp_path: Path) -> None:
    section = InfraValidateSection(
        url=f"http://127.0.0.1:{free_port()}", directory=str(tmp_path), start_seconds=1
    )
    with (
        pytest.raises(NoServerError, match=r"no TensorFlow Serving answered within 1 s.*url empty"),
        remote.serve(models("good"), section),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_watches_something_else(running, models: Models, tmp_path: Path) -> None:
    section = InfraValidateSection(
        url=running.url, directory=str(tmp_path), model="staging", start_seconds=1
    )
    with (
        pytest.raises(NoServerError, match="did not see version .* Does it watch"),
        remote.serve(models("good"), section),
    ):
        pass


def test_a_folder_that_cannot_be_written(running, models: Models, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    section = InfraValidateSection(url=running.url, directory=str(tmp_path / "file"))
    with (
        pytest.raises(NoServerError, match=r"infra_validate\.directory: cannot write"),
        remote.serve(models("good"), section),
    ):
        pass
