"""Our preprocessing: columns in, features out, as the configuration says.

Model inputs come out in three shapes the trainer tells apart by their transformed schema:
float32 (batch, k) for numbers, int64 (batch,) with a known range for categories, and string
(batch,) for encoded pictures and texts.
"""

from typing import Any

import tensorflow as tf

from components.transform import categories, dates, numbers
from components.transform.config import Feature
from components.transform.raw import as_text, one_value
from components.transform.vocabularies import Vocabulary, vocabulary_ids
from data.columns import NUMERIC, Treatment


def preprocess(inputs: dict[str, Any], features: dict[str, Feature]) -> dict[str, Any]:
    """Applies each column's treatments.

    Args:
      inputs: raw columns, tf.Tensor where always present or tf.SparseTensor, (batch, ?) each.
      features: what becomes of each column.

    Returns:
      {feature: transformed tensor}. A column with one treatment keeps its name; with several it
      becomes `<column>/<word>` each.

    Raises:
      ValueError: a numeric treatment of a text column, or two features of one name.
    """
    # Treatments that analyse the data wait until all their columns are known: one pass for each.
    waiting: dict[Treatment, dict[str, tf.Tensor]] = {treatment: {} for treatment in Treatment}
    by_count: dict[int, dict[str, tf.Tensor]] = {}
    vocabularies: list[Vocabulary] = []
    outputs: dict[str, Any] = {}
    taken: set[str] = set()
    for column, feature in features.items():
        if feature.treatment is Treatment.IGNORE:
            continue
        value = one_value(inputs[column])
        for name, treatment in feature.outputs(column).items():
            if name in taken:
                raise ValueError(
                    f"features.{column}: several treatments make the feature '{name}', which is a "
                    "column's name too. Rename that column, or give this one a single treatment"
                )
            taken.add(name)
            if treatment in NUMERIC and value.dtype == tf.string:
                raise ValueError(
                    f"features.{column}: '{treatment}' needs numbers, the column is text"
                )
            if treatment is Treatment.LOG:
                waiting[Treatment.ZSCORE][name] = numbers.signed_log(value)
            elif treatment is Treatment.BUCKETS:
                by_count.setdefault(feature.buckets, {})[name] = value
            elif treatment is Treatment.VOCABULARY:
                waiting[treatment][name] = as_text(value)
                vocabularies.append(
                    Vocabulary(name, feature.top_k, feature.min_count, feature.oov_buckets)
                )
            elif treatment is Treatment.HASH:
                outputs[name] = categories.hashed(as_text(value), feature.buckets)
            elif treatment is Treatment.DATE:
                waiting[Treatment.ZSCORE][name] = moment = dates.seconds(value)
                outputs[name] = dates.circles(moment)
            elif treatment in (Treatment.IMAGE, Treatment.TEXT):
                outputs[name] = value
            else:
                waiting[treatment][name] = value
    for name, scores in numbers.standard_scores(waiting[Treatment.ZSCORE]).items():
        # A date is its age beside its circles.
        outputs[name] = tf.concat([outputs[name], scores], axis=1) if name in outputs else scores
    outputs |= numbers.minmax(waiting[Treatment.MINMAX])
    outputs |= numbers.raw(waiting[Treatment.RAW])
    outputs |= vocabulary_ids(waiting[Treatment.VOCABULARY], vocabularies)
    for count, columns in by_count.items():
        for name, ids in numbers.buckets(columns, count).items():
            outputs[name] = categories.categorical(ids, count)
    return outputs
