"""Names of the SavedModel signatures, and of what they answer, that exporter and callers share."""

SERVING_DEFAULT = "serving_default"
"""Plain named columns in, readable answers out: what a REST client calls."""

SERVING_EXAMPLES = "serving_examples"
"""Serialized tf.Example in: what Evaluator and BulkInferrer call. Its one input is `examples`."""

TRANSFORM_FEATURES = "transform_features"
"""Serialized tf.Example in, transformed features and label out: where TFMA finds the label."""

EXAMPLES_INPUT = "examples"

# Outputs of both serving signatures.
CLASS = "class"
"""Classification: the predicted class as text, shape (batch,); (batch, 1) from `serving_examples`."""
SCORE = "score"
"""Binary: probability of the positive class; multi-class: of the predicted class. (batch,) float32."""
SCORES = "scores"
"""Classification: probability per class, in the order of the label's domain. (batch, classes)."""
PREDICTION = "prediction"
"""Regression: the predicted value in the label's own unit, shape (batch,) float32."""
