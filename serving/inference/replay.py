"""Executes recorded requests on a model that is not in service yet."""

from __future__ import annotations

from tensorflow_serving.apis import prediction_log_pb2

from serving.inference.classify import classify_job
from serving.inference.multi_inference import multi_inference_job
from serving.inference.predict import prepare, required_plan
from serving.inference.regress import regress_job
from serving.models.saved_model import Servable
from serving.status import Code, ServingError
from serving.tensors import to_array


class Replayer:
    """Replays PredictionLog records in the calling thread.

    Args:
        check_method: Enforce method names of signatures.
    """

    def __init__(self, check_method: bool = False) -> None:
        self._check_method = check_method

    def replay(self, servable: Servable, entry: prediction_log_pb2.PredictionLog) -> None:
        """Executes one record; the model name and version in it do not matter.

        Raises:
            ServingError: the model refuses it, or UNIMPLEMENTED for a kind of record that
                warm-up does not know.
        """
        kind = entry.WhichOneof("log_type")
        check = self._check_method
        if kind == "predict_log":
            request = entry.predict_log.request
            plan = required_plan(servable, request.model_spec.signature_name)
            arrays = {name: to_array(tensor, name) for name, tensor in request.inputs.items()}
            prepared = prepare(servable, plan, arrays, tuple(request.output_filter), check)
            prepared.program(prepared.arrays)
        elif kind == "classify_log":
            asked = entry.classify_log.request
            classify_job(servable, asked.model_spec.signature_name, asked.input, check).run_here()
        elif kind == "regress_log":
            wanted = entry.regress_log.request
            regress_job(servable, wanted.model_spec.signature_name, wanted.input, check).run_here()
        elif kind == "multi_inference_log":
            multi_inference_job(servable, entry.multi_inference_log.request, check).run_here()
        elif kind is not None:
            number = entry.DESCRIPTOR.fields_by_name[kind].number
            raise ServingError(Code.UNIMPLEMENTED, f"Unsupported log_type for warmup: {number}")
