"""Where rows without labels lie: what `data.unlabelled` means."""

from pathlib import Path

from tensorflow_metadata.proto.v0 import schema_pb2

from components.example_gen.config import EMPTY
from data.sources import Source, SourceError, SourceFormat, resolve
from pipeline.config import Config, ConfigError

SERVING = "SERVING"


def find_unlabelled(config: Config, labelled: Source, base: Path, cache: Path) -> Source | None:
    """The files of rows without labels.

    Args:
      config: names them.
      labelled: the files of `data.path`. Where those are pictures or texts, so are these; otherwise
        a suffix says what a file is, or `data.format`.
      base: where relative paths start.
      cache: where a known data set that must be unpacked is kept.

    Returns:
      None where there are none, or they are rows of `data.path`.

    Raises:
      ConfigError: there is nothing, or the same files as in `data.path`.
    """
    named = config.data.unlabelled
    if named in ("", EMPTY):
        return None
    by_folder = labelled.format in (SourceFormat.IMAGES, SourceFormat.TEXTS)
    form = labelled.format.value if by_folder else config.data.format
    try:
        found = resolve(named, base, form, cache)
    except SourceError as error:
        raise ConfigError(f"data.unlabelled: {error}") from None
    both = sorted({*found.files} & {*labelled.files})
    if both:
        raise ConfigError(
            f"data.unlabelled and data.path both name {both[0]}. Rows of data.path whose label is "
            f'empty are data.unlabelled = "{EMPTY}"; another file holds rows that have none'
        )
    return found


def check_label(label: schema_pb2.Feature, schema: Path) -> None:
    """Whether the schema lets a row be without its label.

    Raises:
      ConfigError: it does not; the message says what to change.
    """
    if SERVING not in label.not_in_environment:
        raise ConfigError(
            f"data.unlabelled: {schema.name} expects '{label.name}' everywhere. Add "
            f'not_in_environment: "{SERVING}" to it, and to the end of the file '
            f'default_environment: "TRAINING" and default_environment: "{SERVING}"'
        )
    if label.HasField("shape"):
        raise ConfigError(
            f"data.unlabelled: '{label.name}' has a shape in {schema.name}, so that no row can be "
            "without it: write value_count instead, as in value_count { min: 1 max: 1 }"
        )
