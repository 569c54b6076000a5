"""Names of the SavedModel signatures, and of what they answer, that exporter and callers share."""

SERVING_DEFAULT = "serving_default"
"""Plain named columns in, readable answers out: what a REST client calls."""

SERVING_EXAMPLES = "serving_examples"
"""Serialized tf.Example in: what Evaluator and BulkInferrer call. Its one input is `examples`."""

TRANSFORM_FEATURES = "transform_features"
"""Serialized tf.Example in, transformed features and label out: where TFMA finds the label."""

LITE_INPUTS = "lite_inputs"
"""Plain named columns in, what the network alone takes out: only where `[lite]` asks for smaller
models, whose callers have no Transform of their own."""

EXAMPLES_INPUT = "examples"

# Outputs of both serving signatures. From `serving_examples` the text ones may be (batch, 1).
CLASS = "class"
"""Binary and multi-class: the predicted class as text, shape (batch,)."""
SCORE = "score"
"""Binary: probability of the positive class; multi-class: of the predicted class; sequence: mean
log-probability per token. (batch,) float32."""
SCORES = "scores"
"""Classes: probability of each, in the order of the label's domain. (batch, classes) float32."""
CHOSEN = "chosen"
"""Multi-label: 1 for each class that applies, decided in the graph by a threshold per class.
(batch, classes) int64."""
LABELS = "labels"
"""Multi-label: the chosen classes' names joined by ", ", empty for none. (batch,) text."""
PREDICTION = "prediction"
"""Regression: the value in the label's own unit, (batch,) float32. Sequence: the tokens with one
space between them, (batch,) text."""
