"""The model to beat, looked up among artifacts that went through a real MLMD store."""

from pathlib import Path
from typing import Any

import pytest
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2
from tfx.types import artifact_utils, standard_artifacts

from components.evaluator.baseline import LatestBlessedOther
from components.evaluator.blessing import is_about, revoke


class Store:
    """A SQLite MLMD with models and blessings."""

    def __init__(self, folder: Path) -> None:
        config = metadata_store_pb2.ConnectionConfig()
        config.sqlite.filename_uri = str(folder / "metadata.sqlite")
        config.sqlite.connection_mode = 3  # create
        self.mlmd = metadata_store.MetadataStore(config)
        self.folder = folder
        self.types = {
            kind: self.mlmd.put_artifact_type(kind._get_artifact_type())
            for kind in (
                standard_artifacts.Model,
                standard_artifacts.ModelBlessing,
                standard_artifacts.InfraBlessing,
            )
        }

    def model(self) -> int:
        uri = self.folder / f"model-{len(self.mlmd.get_artifacts())}"
        uri.mkdir()
        return self._put(standard_artifacts.Model, str(uri), {})

    def bless(self, model: int, blessed: int, **properties: Any) -> int:
        values = {"current_model_id": model, "blessed": blessed, **properties}
        return self._put(standard_artifacts.ModelBlessing, str(self.folder), values)

    def serve(self, model: int, blessed: int, asked: int = 1) -> int:
        values = {"current_model_id": model, "blessed": blessed, "asked": asked}
        return self._put(standard_artifacts.InfraBlessing, str(self.folder), values)

    def _put(self, kind: Any, uri: str, properties: dict[str, Any]) -> int:
        artifact = kind()
        artifact.uri, artifact.type_id = uri, self.types[kind]
        for name, value in properties.items():
            if isinstance(value, int):
                artifact.set_int_custom_property(name, value)
            else:
                artifact.set_string_custom_property(name, value)
        [number] = self.mlmd.put_artifacts([artifact.mlmd_artifact])
        return int(number)

    def resolve(self, candidate: int, named: int = 0) -> list[int]:
        """Ids of the chosen models."""

        def read(kind: Any) -> list[Any]:
            types = self.mlmd.get_artifact_type(kind.TYPE_NAME)
            found = self.mlmd.get_artifacts_by_type(kind.TYPE_NAME)
            return [artifact_utils.deserialize_artifact(types, item) for item in found]

        models = read(standard_artifacts.Model)
        chosen = LatestBlessedOther(named).resolve_artifacts(
            None,
            {
                "model": models,
                "model_blessing": read(standard_artifacts.ModelBlessing),
                "infra_blessing": read(standard_artifacts.InfraBlessing),
                "candidate": [model for model in models if model.id == candidate],
            },
        )
        assert chosen is not None
        assert [model.id for model in chosen["candidate"]] == [candidate]
        assert len(chosen["model"]) == len(chosen["model_blessing"]) or named
        return [model.id for model in chosen["model"]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_the_first_model_has_no_baseline(store: Store) -> None:
    assert store.resolve(store.model()) == []


def test_a_named_model_is_chosen_blessed_or_not(store: Store) -> None:
    named, blessed, candidate = store.model(), store.model(), store.model()
    store.bless(blessed, 1)
    assert store.resolve(candidate) == [blessed]
    assert store.resolve(candidate, named) == [named]


def test_the_latest_blessed_one(store: Store) -> None:
    first, second, third, candidate = (store.model() for _ in range(4))
    store.bless(second, 1)
    store.bless(first, 1)  # a later blessing of an earlier model
    store.bless(third, 0)
    assert store.resolve(candidate) == [second]


def test_never_the_candidate_itself(store: Store) -> None:
    first, candidate = store.model(), store.model()
    store.bless(first, 1)
    store.bless(candidate, 1)
    assert store.resolve(candidate) == [first]


def test_a_revoked_blessing_does_not_count_even_when_blessed_again(store: Store) -> None:
    first, bad, candidate = (store.model() for _ in range(3))
    store.bless(first, 1)
    number = store.bless(bad, 1)
    assert store.resolve(candidate) == [bad]
    [blessing] = store.mlmd.get_artifacts_by_id([number])
    assert is_about(blessing, bad) and not is_about(blessing, first)
    (store.folder / "BLESSED").touch()
    revoke(blessing, "rolled back")
    assert not is_about(blessing, bad)
    assert (store.folder / "NOT_BLESSED").exists() and not (store.folder / "BLESSED").exists()
    store.mlmd.put_artifacts([blessing])
    assert store.resolve(candidate) == [first]
    store.bless(bad, 1)
    assert store.resolve(candidate) == [first]


def test_a_model_whose_files_are_gone_is_passed_over(store: Store) -> None:
    first, gone, candidate = (store.model() for _ in range(3))
    store.bless(first, 1)
    store.bless(gone, 1)
    [artifact] = store.mlmd.get_artifacts_by_id([gone])
    Path(artifact.uri).rmdir()
    assert store.resolve(candidate) == [first]


def test_a_model_that_could_not_be_served_is_passed_over(store: Store) -> None:
    first, second, candidate = (store.model() for _ in range(3))
    store.bless(first, 1)
    store.bless(second, 1)
    store.serve(second, 1)
    assert store.resolve(candidate) == [second]
    store.serve(second, 0)
    assert store.resolve(candidate) == [first]
    store.serve(second, 0, asked=0)  # says nothing of the model
    assert store.resolve(candidate) == [first]
    store.serve(second, 1)  # given more time, say
    assert store.resolve(candidate) == [second]
