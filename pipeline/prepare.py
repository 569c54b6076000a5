"""From a configuration to facts: which files, which columns, which classes, with every check.

Everything here is read without TensorFlow, so that `--plan` and "nothing has changed" are quick,
and every mistake in a configuration is found before anything heavy starts.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.evaluator import checks as evaluation
from components.trainer.techniques.semi_config import ITSELF
from data.fingerprint import fingerprint
from data.sources import Source, SourceError, resolve
from pipeline import unread
from pipeline.config import Config, ConfigError, LoadedConfig
from pipeline.earlier import history
from pipeline.earlier.reuse import find_reused
from pipeline.earlier.teacher import find_teacher
from pipeline.earlier.warm_start import find_start
from pipeline.prepared import Prepared, served
from pipeline.schema.first import first_schema
from pipeline.treatments import treatments
from pipeline.tuning import find_search
from pipeline.unlabelled import check_label, find_unlabelled


def prepare(loaded: LoadedConfig, output: Path) -> Prepared:
    """Resolves and checks.

    Args:
      loaded: the configuration.
      output: the folder of all pipelines' outputs.

    Raises:
      ConfigError: data or schema not found, a column, class, metric or slice that does not exist.
    """
    config = loaded.config
    root = (output / config.name).resolve()
    try:
        source = resolve(config.data.path, loaded.base, config.data.format, output / "cache")
    except SourceError as error:
        raise ConfigError(f"{loaded.source}: data.path: {error}") from None
    unlabelled = find_unlabelled(config, source, loaded.base, output / "cache")
    schema_path = loaded.schema_path or first_schema(config, source, root)
    schema = read_schema(schema_path)
    columns = {feature.name: feature for feature in schema.feature}
    if config.data.label not in columns:
        raise ConfigError(
            f"{loaded.source}: data.label '{config.data.label}' is not in {schema_path.name}. "
            f"Its columns: {', '.join(columns)}"
        )
    label = columns[config.data.label]
    if config.data.unlabelled:
        check_label(label, schema_path)
    classes = _classes(config, schema, label)
    try:
        evaluation.check(config.evaluate, config.data.task, label.name, list(classes), schema)
    except ValueError as error:
        raise ConfigError(f"{loaded.source}: evaluate: {error}") from None
    features = treatments(config, columns, loaded.source)
    unread.check(config, features, loaded.source)
    places = (loaded.base, output, served(config, root))
    labeller = "" if config.semi.teacher == ITSELF else config.semi.teacher
    prepared = Prepared(
        config=config,
        root=root,
        source=source,
        data_fingerprint=_fingerprint([source, unlabelled], root / "cache" / "fingerprints.json"),
        schema_path=schema_path,
        schema_hash=hashlib.sha256(schema_path.read_bytes()).hexdigest(),
        features=features,
        classes=classes,
        baseline_model=_model_of(root, config.evaluate.baseline, loaded.source),
        teacher=find_teacher("distill.teacher", config.distill.teacher, *places),
        labeller=find_teacher("semi.teacher", labeller, *places),
        unlabelled=unlabelled,
        search=find_search(config, features),
        reused=find_reused(config, loaded.base, root),
    )
    return replace(prepared, start=find_start(prepared, loaded.base, output))


def _fingerprint(sources: list[Source | None], cache: Path) -> str:
    """Of the files of the first source, or of all where there are more."""
    found = [fingerprint(source, cache) for source in sources if source]
    return found[0] if len(found) == 1 else hashlib.sha256("\n".join(found).encode()).hexdigest()


def _model_of(root: Path, run_id: str, where: Path) -> int:
    """The id of the model that a run trained, or found in the cache."""
    if not run_id:
        return 0
    from pipeline.earlier import lineage  # it opens MLMD; most configurations need none

    known = [run.id for run in history.runs(root)]
    models = lineage.outputs(root, run_id).get("Trainer", {}).get("model", [])
    if not models:
        why = "it trained no model" if run_id in known else "no such run"
        shown = ", ".join(known[:10]) or "none yet"
        raise ConfigError(f"{where}: evaluate.baseline '{run_id}': {why}. Runs: {shown}")
    if not Path(models[-1].uri).is_dir():
        raise ConfigError(
            f"{where}: evaluate.baseline '{run_id}': its model is gone ({models[-1].uri})"
        )
    return int(models[-1].id)


def read_schema(path: Path) -> schema_pb2.Schema:
    """A schema.pbtxt.

    Raises:
      ConfigError: missing, or not a schema.
    """
    if not path.is_file():
        raise ConfigError(f"data.schema: no file {path}")
    try:
        return text_format.Parse(path.read_text(encoding="utf-8"), schema_pb2.Schema())
    except text_format.ParseError as error:
        raise ConfigError(f"{path} is not a schema in text form: {error}") from None


def _classes(
    config: Config, schema: schema_pb2.Schema, label: schema_pb2.Feature
) -> tuple[str, ...]:
    task = config.data.task
    if not task.is_classification:
        is_text = label.type == schema_pb2.BYTES
        if is_text is not task.has_text_label:
            kind = "text" if is_text else "no text"
            raise ConfigError(
                f"data.task is {task.value}, but '{label.name}' is {kind} in the schema"
            )
        return ()
    shared = {domain.name: domain for domain in schema.string_domain}
    domain = shared.get(label.domain) if label.domain else label.string_domain
    classes = list(domain.value) if domain else []
    if len(classes) < 2:
        raise ConfigError(
            f"the schema must list the classes of '{label.name}' (a string_domain with at least two "
            f"values); it lists {len(classes)}"
        )
    if task == "binary":
        if len(classes) != 2:
            raise ConfigError(
                f"data.task is binary, but '{label.name}' has {len(classes)} classes in the schema: "
                f'{", ".join(classes)}. Use task = "multiclass".'
            )
        positive = config.data.positive or classes[1]
        if positive not in classes:
            raise ConfigError(f"data.positive '{positive}' is none of: {', '.join(classes)}")
        classes = [name for name in classes if name != positive] + [positive]
    return tuple(classes)
