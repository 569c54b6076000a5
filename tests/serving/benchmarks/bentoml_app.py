"""The other rival: a BentoML service as its documentation has it, with the session callable.

Run by `load.py` in production mode with one worker.
"""

import os

import bentoml
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2


@bentoml.service(workers=1, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class HalfPlusTwo:
    def __init__(self) -> None:
        session = tf.compat.v1.Session(graph=tf.Graph())
        with session.graph.as_default():
            graph = tf.compat.v1.saved_model.loader.load(session, ["serve"], os.environ["MODEL"])
        signature = graph.signature_def["serving_default"]
        options = config_pb2.CallableOptions()
        options.feed.append(signature.inputs["x"].name)
        options.fetch.append(signature.outputs["y"].name)
        options.run_options.inter_op_thread_pool = -1
        self.model = session._make_callable_from_options(options)

    @bentoml.api(route="/predict")
    async def predict(self, instances: list[float]) -> list[float]:
        (output,) = self.model(np.array(instances, np.float32))
        return output.tolist()
