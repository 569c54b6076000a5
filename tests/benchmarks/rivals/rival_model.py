"""What all rivals share: the SavedModel as the same session callable that ours uses, on JSON rows."""

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2


def load(path):
    """A function from `instances` (values, or dicts of plain columns) to `predictions`."""
    session = tf.compat.v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        graph = tf.compat.v1.saved_model.loader.load(session, ["serve"], path)
    signature = graph.signature_def["serving_default"]
    inputs, outputs = sorted(signature.inputs), sorted(signature.outputs)
    options = config_pb2.CallableOptions()
    options.feed.extend(signature.inputs[name].name for name in inputs)
    options.fetch.extend(signature.outputs[name].name for name in outputs)
    options.run_options.inter_op_thread_pool = -1
    call = session._make_callable_from_options(options)
    dtypes = [tf.as_dtype(signature.inputs[name].dtype).as_numpy_dtype for name in inputs]
    if len(inputs) == len(outputs) == 1:
        return lambda instances: call(np.array(instances, dtypes[0]))[0].tolist()

    def predict(instances):
        feeds = [
            np.array([row[name] for row in instances], dtype)
            for name, dtype in zip(inputs, dtypes, strict=True)
        ]
        columns = []
        for array in call(*feeds):
            values = array.tolist()
            if values and isinstance(values[0], bytes):
                values = [value.decode() for value in values]
            columns.append(values)
        return [dict(zip(outputs, row, strict=True)) for row in zip(*columns, strict=True)]

    return predict
