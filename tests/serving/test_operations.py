"""A model with operations of TensorFlow Text, in a process that has not imported it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASK = """
import sys
sys.modules["keras"] = sys.modules["tf_keras"] = None  # as `python -m serving` does
import numpy as np
from serving.models.saved_model import SessionOptions, load_servable
assert "tensorflow_text" not in sys.modules
servable = load_servable("m", 1, sys.argv[1], SessionOptions())
signature = servable.signatures["serving_default"]
names = signature.inputs["text"].name, signature.outputs["ids"].name
(ids,) = servable.program(names[:1], names[1:])([np.array([b"a b", b"b"], object)])
assert ids.tolist() == [[1, 2], [2, 0]], ids
assert "tensorflow_text" not in sys.modules
"""


@pytest.fixture
def tokenizing(tmp_path: Path) -> Path:
    """A SavedModel that cuts text into word pieces."""
    import tensorflow as tf
    import tensorflow_text

    class Pieces(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pieces = tensorflow_text.FastBertTokenizer(["[UNK]", "a", "b"])

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
        def cut(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"ids": self.pieces.tokenize(text).merge_dims(1, -1).to_tensor(0)}

    made = Pieces()
    tf.saved_model.save(made, str(tmp_path / "m"), {"serving_default": made.cut})
    return tmp_path / "m"


def test_the_library_is_loaded_for_it(tokenizing: Path) -> None:
    command = [sys.executable, "-c", ASK, str(tokenizing)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_what_nobody_has_is_named(tokenizing: Path) -> None:
    from tensorflow.core.protobuf import saved_model_pb2

    from serving.models.operations import register
    from serving.status import Code, ServingError

    file = tokenizing / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    model.meta_graphs[0].meta_info_def.stripped_op_list.op.add(name="Nobody>Knows")
    file.write_bytes(model.SerializeToString())
    with pytest.raises(ServingError, match="nor tensorflow_text has: Nobody>Knows") as raised:
        register(str(tokenizing))
    assert raised.value.code is Code.NOT_FOUND
