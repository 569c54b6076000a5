"""MultiInference: several classify and regress signatures of one model on the same examples."""

from __future__ import annotations

from tensorflow_serving.apis import inference_pb2

from serving import monitoring
from serving.inference import classify, regress
from serving.inference.examples import examples_array
from serving.inference.job import Job
from serving.inference.predict import DEFAULT_SIGNATURE
from serving.models.saved_model import Arrays, Servable
from serving.status import Code, ServingError, invalid_argument

_CHECKS = {
    classify.METHOD: classify.check_signature,
    regress.METHOD: regress.check_signature,
}


def multi_inference_job(
    servable: Servable,
    request: inference_pb2.MultiInferenceRequest,
    check_method: bool = False,
) -> Job[inference_pb2.MultiInferenceResponse]:
    """Checks all tasks of a request; one model run answers them together.

    Args:
        servable: Held by the caller.
        request: Tasks (model spec and method name) and one input.
        check_method: Enforce method names of signatures.

    Raises:
        ServingError: INVALID_ARGUMENT; UNIMPLEMENTED for another method name.
    """
    model = ""
    seen: set[str] = set()
    outputs_of: list[dict[str, str]] = []  # per task, output name -> tensor name
    feeds: set[str] = set()
    for task in request.tasks:
        spec = task.model_spec
        if not spec.name:
            raise invalid_argument("Found ModelSpec with an empty model name.")
        model = model or spec.name
        if spec.name != model:
            raise invalid_argument(
                "All ModelSpecs in a MultiInferenceRequest must access the same model name."
            )
        key = spec.signature_name or DEFAULT_SIGNATURE
        if key in seen:
            raise invalid_argument(f"Duplicate evaluation of signature: {key}")
        seen.add(key)
        signature = servable.signatures.get(key)
        if signature is None:
            raise invalid_argument(f"Requested signature not found in model graph: {key}")
        check = _CHECKS.get(task.method_name)
        if check is None:
            raise ServingError(
                Code.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}"
            )
        feed, names = check(signature, check_method)
        feeds.add(feed)
        outputs_of.append({name: signature.outputs[name].name for name in names})
    array = examples_array(request.input)
    fetches = tuple(sorted({tensor for outputs in outputs_of for tensor in outputs.values()}))

    def finish(arrays: Arrays) -> inference_pb2.MultiInferenceResponse:
        monitoring.request_example_counts.add(model, value=len(array))
        monitoring.request_example_count_total.add(model, by=len(array))
        fetched = dict(zip(fetches, arrays, strict=True))
        response = inference_pb2.MultiInferenceResponse()
        for task, outputs in zip(request.tasks, outputs_of, strict=True):
            result = response.results.add()
            spec = result.model_spec
            spec.name = servable.name
            spec.version.value = servable.version
            spec.signature_name = task.model_spec.signature_name or DEFAULT_SIGNATURE
            named = {name: fetched[tensor] for name, tensor in outputs.items()}
            if task.method_name == classify.METHOD:
                result.classification_result.CopyFrom(classify.classifications(named, len(array)))
            else:
                result.regression_result.CopyFrom(
                    regress.regressions(named[regress.OUTPUTS], len(array))
                )
        return response

    feed_names = tuple(sorted(feeds))
    return Job(servable.program(feed_names, fetches), [array] * len(feed_names), finish)
