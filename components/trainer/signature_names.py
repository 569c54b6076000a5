"""Gives a SavedModel's signature inputs names that no Python function could have.

TensorFlow makes a signature's inputs from a function's parameters, so that `trip miles`, `1st` or
`class` cannot be one. In the file a name is only a string: it is put right there.

Servers and TF1 sessions take any name. `tf.saved_model.load` is left with two: a signature cannot be
called with a column `self`, nor with two columns that differ only in what is no letter (`a b`, `a/b`).
"""

import keyword
import os

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2


def parameter_names(columns: list[str]) -> dict[str, str]:
    """A name TensorFlow takes as a parameter for every column: its own where that will do."""
    names: dict[str, str] = {}
    for number, column in enumerate(columns):
        name = column
        plain = column.isascii() and column.isidentifier() and not keyword.iskeyword(column)
        if not plain or column != column.lower():  # capitals would come out as small letters
            name = f"column_{number}"
        while name == "self" or (name != column and name in columns):
            name += "_"
        names[column] = name
    return names


def rename_inputs(directory: str, signature: str, names: dict[str, str]) -> None:
    """Renames inputs of one signature in a SavedModel on disk.

    Args:
      directory: the SavedModel.
      signature: whose inputs.
      names: {present name: new name}; inputs that are not in it keep theirs.
    """
    names = {old: new for old, new in names.items() if old != new}
    if not names:
        return
    path = os.path.join(directory, "saved_model.pb")
    with tf.io.gfile.GFile(path, "rb") as file:
        model = saved_model_pb2.SavedModel.FromString(file.read())
    (graph,) = model.meta_graphs
    inputs = graph.signature_def[signature].inputs  # what TF Serving and TF1 sessions read
    for old, new in names.items():
        inputs[new].CopyFrom(inputs[old])
        del inputs[old]
    (holder,) = [node for node in graph.object_graph_def.nodes if _is_signature_map(node)]
    (child,) = [child.node_id for child in holder.children if child.local_name == signature]
    function = graph.object_graph_def.nodes[child].bare_concrete_function
    renamed = [names.get(name, name) for name in function.argument_keywords]
    function.argument_keywords[:] = renamed  # what tf.saved_model.load reads
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(model.SerializeToString())
    fingerprint = os.path.join(directory, "fingerprint.pb")
    if tf.io.gfile.exists(fingerprint):
        tf.io.gfile.remove(fingerprint)  # it is of the file before


def input_dtypes(directory: str, signature: str) -> dict[str, tf.DType]:
    """Inputs of a signature by the names they have in the file; a loaded function's are the others."""
    with tf.io.gfile.GFile(os.path.join(directory, "saved_model.pb"), "rb") as file:
        model = saved_model_pb2.SavedModel.FromString(file.read())
    inputs = model.meta_graphs[0].signature_def[signature].inputs
    return {name: tf.as_dtype(inputs[name].dtype) for name in sorted(inputs)}


def _is_signature_map(node: object) -> bool:
    return node.user_object.identifier == "signature_map"  # type: ignore[attr-defined,no-any-return]
