"""A treatment for every column: the configuration's, or the one its type in the schema suggests."""

from pathlib import Path

from tensorflow_metadata.proto.v0 import schema_pb2

from components.transform.config import Feature
from data.columns import CATEGORICAL, NUMERIC, Treatment
from pipeline.config import Config, ConfigError


def treatments(
    config: Config, columns: dict[str, schema_pb2.Feature], where: Path
) -> dict[str, Feature]:
    """{column: treatment}, without the label.

    Args:
      config: names label, weight and some treatments.
      columns: of the schema, by name.
      where: the configuration's file, for messages.

    Raises:
      ConfigError: a treatment for no column, or of the wrong type; nothing left to learn from.
    """
    known = [name for name in columns if name != config.data.label]
    weight = config.data.weight
    if weight and (weight not in known or columns[weight].type == schema_pb2.BYTES):
        numbers = [name for name in known if columns[name].type != schema_pb2.BYTES]
        why = "is text" if weight in known else "is no column of the schema"
        raise ConfigError(
            f"{where}: data.weight: '{weight}' {why}. Columns of numbers: {', '.join(numbers)}"
        )
    ignored = Feature.model_validate(Treatment.IGNORE)
    if weight and config.features.get(weight, ignored).treatment is not Treatment.IGNORE:
        raise ConfigError(
            f"{where}: features.{weight}: it is data.weight, and no input of the model. Leave it out "
            'or set it to "ignore"'
        )
    for name, feature in config.features.items():
        if name not in known:
            raise ConfigError(
                f"{where}: features.{name}: no such column in the schema. Columns: {', '.join(known)}"
            )
        is_text = columns[name].type == schema_pb2.BYTES
        if is_text and feature.treatment in NUMERIC:
            raise ConfigError(
                f"{where}: features.{name}: '{feature.treatment}' needs numbers, and the column is "
                f"text. Use one of: {', '.join(sorted(CATEGORICAL))}, date, image, text, ignore"
            )
        if feature.treatment is Treatment.IMAGE and not is_text:
            raise ConfigError(f"{where}: features.{name}: 'image' needs encoded bytes, not numbers")
        if feature.treatment is Treatment.TEXT and not is_text:
            raise ConfigError(f"{where}: features.{name}: 'text' needs text, not numbers")
    chosen = {
        name: ignored
        if name == weight
        else config.features.get(name) or Feature.model_validate(_default(columns[name]))
        for name in known
    }
    if all(feature.treatment is Treatment.IGNORE for feature in chosen.values()):
        raise ConfigError(f"{where}: every column is ignored; the model needs at least one")
    return chosen


def _default(column: schema_pb2.Feature) -> str:
    if column.type == schema_pb2.BYTES:
        return "image" if column.HasField("image_domain") else "vocabulary"
    categorical = column.HasField("int_domain") and column.int_domain.is_categorical
    return "vocabulary" if categorical else "zscore"
