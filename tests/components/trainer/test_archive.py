"""components/trainer/archive.py: weights once, and in a form that every loader restores."""

from pathlib import Path

import numpy as np


def test_every_weight_is_written_once_and_comes_back(tmp_path: Path) -> None:
    import keras
    import tensorflow as tf

    from components.trainer.archive import archive_of

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    rows = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    archive = archive_of(model)
    answer = tf.function(lambda x: {"y": model(x)})
    answer.get_concrete_function(tf.TensorSpec([None, 4], tf.float32, name="x"))
    archive.add_endpoint("serving_default", answer)
    archive.write_out(str(tmp_path), verbose=False)

    saved = tf.train.load_checkpoint(str(tmp_path / "variables" / "variables"))
    shapes = saved.get_variable_to_shape_map()
    kinds = saved.get_variable_to_dtype_map()
    floats = sorted(shape for name, shape in shapes.items() if kinds[name] == tf.float32)
    assert floats == [[3], [4, 3]]
    served = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    np.testing.assert_allclose(served(tf.constant(rows))["y"], model(rows), atol=1e-6)
