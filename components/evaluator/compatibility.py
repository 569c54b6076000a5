"""Whether an earlier model answers the same question as the candidate, read off its signatures."""

from pathlib import Path
from typing import Any

from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2

from components.evaluator.eval_config import PREDICTION_KEY
from data.signatures import CHOSEN, SCORES, SERVING_EXAMPLES, TRANSFORM_FEATURES
from data.tasks import Task


def why_not_comparable(candidate: Path, baseline: Path, task: Task, label: str) -> str:
    """Why the baseline cannot be measured as the candidate is; empty when it can.

    Nothing is loaded. What only shows when it runs (a column that is gone, classes in another
    order) is found by the Evaluator.

    Args:
      candidate: the new SavedModel.
      baseline: the blessed one.
      task: the task today.
      label: the label's column today.
    """
    if not (baseline / "saved_model.pb").is_file():
        return f"its files are gone ({baseline})"
    now, then = _signatures(candidate), _signatures(baseline)
    for name in (SERVING_EXAMPLES, TRANSFORM_FEATURES):
        if name not in then:
            return f"it has no signature '{name}'"
    if label not in then[TRANSFORM_FEATURES].outputs:
        others = ", ".join(sorted(then[TRANSFORM_FEATURES].outputs))
        return f"it was trained on another label ({others}, not {label})"
    key = PREDICTION_KEY[task]
    if key not in then[SERVING_EXAMPLES].outputs:
        return f"it was trained for another task (it answers no '{key}')"
    if task is Task.MULTILABEL and CHOSEN not in then[SERVING_EXAMPLES].outputs:
        return f"it was trained for another task (it answers no '{CHOSEN}')"
    is_text = then[SERVING_EXAMPLES].outputs[key].dtype == types_pb2.DT_STRING
    if is_text is not (task is Task.SEQUENCE):
        return (
            f"it was trained for another task (its '{key}' is {'text' if is_text else 'a number'})"
        )
    classes = _width(now[SERVING_EXAMPLES].outputs[key])
    before = _width(then[SERVING_EXAMPLES].outputs[key])
    if task in (Task.MULTICLASS, Task.MULTILABEL) and classes != before:
        return f"it knows {before} classes, the candidate {classes}"
    answers = then[SERVING_EXAMPLES].outputs
    if task is Task.BINARY and _width(answers.get(SCORES)) not in (0, 2):
        return "it knows more than two classes"
    return ""


def _signatures(model: Path) -> dict[str, Any]:
    saved = saved_model_pb2.SavedModel.FromString((model / "saved_model.pb").read_bytes())
    return dict(saved.meta_graphs[0].signature_def)


def _width(tensor: Any) -> int:
    """Size of the last dimension; 0 where it has none or it is open."""
    dims = tensor.tensor_shape.dim if tensor is not None else []
    return max(0, int(dims[-1].size)) if dims else 0
