"""The pipeline, from top to bottom the story of the data."""

from collections.abc import Sequence
from pathlib import Path

from tfx.components.example_validator.component import ExampleValidator
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.components.trainer.component import Trainer
from tfx.components.transform.component import Transform
from tfx.dsl.components.common.importer import Importer
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto import trainer_pb2, transform_pb2
from tfx.types import Channel, standard_artifacts

from components.distill_gate.component import DistillGate
from components.evaluator.baseline import LatestBlessedOther
from components.evaluator.component import Evaluator
from components.evaluator.eval_config import eval_config
from components.example_gen.component import ExampleGen
from components.example_validator.gate import DataGate
from components.infra_validator.component import InfraValidator
from components.lite_exporter.component import LiteExporter
from components.pusher.component import Pusher
from components.tuner.component import Tuner
from data.split_names import UNLABELLED
from pipeline.module_config import trainer_config, transform_config, tuner_config
from pipeline.prepared import Prepared


def create_pipeline(
    prepared: Prepared,
    schema: Path,
    beam_args: Sequence[str] = (),
    cache: bool = True,
    baseline: Resolver | None = None,
    pipeline_root: str = "",
) -> tfx_pipeline.Pipeline:
    """The whole DAG.

    Args:
      prepared: a checked configuration.
      schema: the curated schema, at a path that changes when its content does.
      beam_args: for the components' own Beam jobs, where the pipeline is compiled for a runner
        that takes them from here; ours gives them to each node when it runs.
      cache: reuse the output of nodes whose inputs have not changed.
      baseline: for a runner that cannot run ours: another node that resolves the model to beat.
      pipeline_root: where artifacts go; empty: below the pipeline's own output folder.
    """
    config = prepared.config
    unlabelled = [UNLABELLED] if config.data.unlabelled else []

    # Whatever the format, rows become tf.Examples, split by a stable hash of the row.
    example_gen = ExampleGen(
        section=config.data,
        source=prepared.source,
        data_fingerprint=prepared.data_fingerprint,
        schema=schema,
        unlabelled=prepared.unlabelled,
    )
    examples = example_gen.outputs["examples"]

    # The schema is curated: inferred from the data it judges, it would never object.
    schema_gen = ImportSchemaGen(schema_file=str(schema)).with_id("SchemaGen")
    curated = schema_gen.outputs["schema"]

    # One pass of statistics serves validation, drift and the report. The schema tells it which
    # bytes are pictures: those are measured, not counted as words.
    statistics_gen = StatisticsGen(examples=examples, schema=curated)

    # What in the data does not fit the schema?
    example_validator = ExampleValidator(
        statistics=statistics_gen.outputs["statistics"], schema=curated
    )

    # Anomalies stop the run here, on every orchestrator.
    data_gate = DataGate(
        anomalies=example_validator.outputs["anomalies"],
        stop_at=config.validation.stop_at,
        statistics=statistics_gen.outputs["statistics"],
    )

    # Numbers for scaling and vocabularies come from train alone: eval and test stay unseen.
    # Statistics there are already; Transform's own, before and after, nobody would look at.
    transform = Transform(
        examples=examples,
        schema=curated,
        preprocessing_fn=config.transform.preprocessing
        or "components.transform.preprocessing.preprocessing_fn",
        disable_statistics=True,
        splits_config=transform_pb2.SplitsConfig(
            analyze=["train"], transform=["train", "eval", *unlabelled]
        ),
        custom_config=transform_config(prepared),
    )
    transform.add_upstream_node(data_gate)

    # Which settings learn best? Tried on train, judged on eval; or taken from an earlier search.
    tuners, best_values = [], None
    if prepared.search:
        tuner = Tuner(
            tuner_fn="components.tuner.entry.tuner_fn",
            examples=transform.outputs["transformed_examples"],
            transform_graph=transform.outputs["transform_graph"],
            schema=curated,
            train_args=trainer_pb2.TrainArgs(splits=["train", *unlabelled]),
            eval_args=trainer_pb2.EvalArgs(splits=["eval"]),
            custom_config=tuner_config(prepared),
        )
        tuners, best_values = [tuner], tuner.outputs["best_hyperparameters"]
    elif prepared.reused:
        importer = Importer(
            source_uri=str(prepared.reused.place), artifact_type=standard_artifacts.HyperParameters
        ).with_id("TunedValues")
        tuners, best_values = [importer], importer.outputs["result"]

    # Learns on train, chooses its best epoch on eval. Rows without labels are handed over with the
    # training rows, in files of their own.
    trainer = Trainer(
        run_fn="components.trainer.entry.run_fn",
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=curated,
        hyperparameters=best_values,
        train_args=trainer_pb2.TrainArgs(splits=["train", *unlabelled]),
        eval_args=trainer_pb2.EvalArgs(splits=["eval"]),
        custom_config=trainer_config(prepared)
        | ({"lite": "yes"} if config.lite.formats else {}),  # no concern of a Tuner's trials
    )

    # The model to beat: the latest blessed one, or that of a run which was named.
    baseline = baseline or Resolver(
        strategy_class=LatestBlessedOther,
        config={"model": prepared.baseline_model},
        model=Channel(type=standard_artifacts.Model),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
        infra_blessing=Channel(type=standard_artifacts.InfraBlessing),
        candidate=trainer.outputs["model"],
    ).with_id("Baseline")

    # Judges on test, which nothing above has looked at.
    evaluator = Evaluator(
        examples=examples,
        model=trainer.outputs["model"],
        baseline_model=baseline.outputs["model"],
        eval_config=eval_config(
            config.evaluate,
            config.data.task,
            prepared.label,
            list(prepared.classes),
            config.data.weight,
        ),
        example_splits=["test"],
    )

    # A server loads what was blessed and answers real rows with it, as it will in production.
    served = []
    if config.infra_validate.enabled:
        infra_validator = InfraValidator(
            model=trainer.outputs["model"],
            examples=examples,
            section=config.infra_validate,
            model_name=config.name,
            model_blessing=evaluator.outputs["blessing"],
        )
        served = [infra_validator]

    # Is the student near enough to its teacher, and so much smaller and faster that it is worth it?
    compared = []
    if prepared.teacher:
        distill_gate = DistillGate(
            model=trainer.outputs["model"],
            examples=examples,
            model_blessing=evaluator.outputs["blessing"],
            section=config.distill_gate,
            teacher=str(prepared.teacher),
            task=config.data.task,
            label=prepared.label,
            classes=prepared.classes,
        )
        compared = [distill_gate]

    # Smaller files of a blessed model, for phones: as good as it is?
    smaller = []
    if config.lite.formats:
        lite_exporter = LiteExporter(
            model=trainer.outputs["model"],
            model_run=trainer.outputs["model_run"],
            examples=examples,
            model_blessing=evaluator.outputs["blessing"],
            section=config.lite,
            label=prepared.label,
            features={name: f.treatment.value for name, f in prepared.features.items()},
        )
        smaller = [lite_exporter]

    # Only a blessed model reaches the folder that servers watch.
    pusher = Pusher(
        model=trainer.outputs["model"],
        model_blessing=(compared or [evaluator])[0].outputs["blessing"],
        infra_blessing=served[0].outputs["blessing"] if served else None,
        evaluation=evaluator.outputs["evaluation"],
        hyperparameters=best_values,
        lite=smaller[0].outputs["lite"] if smaller else None,
        directory=str(prepared.serving_directory),
        facts={"data_fingerprint": prepared.data_fingerprint, "schema_hash": prepared.schema_hash},
    )

    return tfx_pipeline.Pipeline(
        pipeline_name=config.name,
        pipeline_root=pipeline_root or str(prepared.root / "artifacts"),
        components=[
            example_gen,
            statistics_gen,
            schema_gen,
            example_validator,
            data_gate,
            transform,
            *tuners,
            trainer,
            baseline,
            evaluator,
            *compared,
            *served,
            *smaller,
            pusher,
        ],
        enable_cache=cache,
        metadata_connection_config=metadata.sqlite_metadata_connection_config(
            str(prepared.root / "metadata.sqlite")
        ),
        beam_pipeline_args=list(beam_args),
    )
