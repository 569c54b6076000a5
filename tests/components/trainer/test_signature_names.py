"""Signature inputs named as the columns are, whatever they are called."""

from pathlib import Path

import pytest

from components.trainer.signature_names import parameter_names, rename_inputs

ODD = ["a b", "a/b", "a_b", "Fare", "class", "self", "größe", "column_0", ""]


def test_parameter_names_are_identifiers_and_plain_ones_stay() -> None:
    names = parameter_names(ODD)
    assert names["a_b"] == "a_b"
    assert names["column_0"] == "column_0"
    assert len(set(names.values())) == len(ODD)
    assert all(name.isidentifier() and name.isascii() for name in names.values())
    assert not {"self", "class"} & set(names.values())


@pytest.fixture
def saved_model(tmp_path: Path) -> Path:
    """A model that adds its inputs up, each times its place."""
    import tensorflow as tf

    names = parameter_names(ODD)

    def total(**values: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"total": sum(values[names[n]] * 10.0**i for i, n in enumerate(ODD))}

    module = tf.Module()
    module.total = tf.function(total, autograph=False)
    specs = {name: tf.TensorSpec([None], tf.float32, name=name) for name in names.values()}
    signatures = {"serving_default": module.total.get_concrete_function(**specs)}
    tf.saved_model.save(module, str(tmp_path), signatures)
    rename_inputs(str(tmp_path), "serving_default", {new: name for name, new in names.items()})
    return tmp_path


def test_a_session_feeds_every_name(saved_model: Path) -> None:
    import tensorflow as tf

    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], str(saved_model))
        signature = graph.signature_def["serving_default"]
        assert set(signature.inputs) == set(ODD)
        feed = {signature.inputs[name].name: [float(i)] for i, name in enumerate(ODD)}
        (found,) = session.run(signature.outputs["total"].name, feed)
    assert found == 876543210


def test_names_stay_where_nothing_is_odd(saved_model: Path) -> None:
    before = (saved_model / "saved_model.pb").read_bytes()
    rename_inputs(str(saved_model), "serving_default", {"a_b": "a_b"})
    assert (saved_model / "saved_model.pb").read_bytes() == before
