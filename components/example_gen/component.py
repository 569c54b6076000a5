"""ExampleGen: any supported source becomes tf.Examples in train, eval and test, and rows without labels apart."""

from pathlib import Path

from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import Channel, component_spec, standard_artifacts

from components.example_gen.config import DataSection
from components.example_gen.executor import Executor
from components.example_gen.ingestion import plan
from data.sources import Source


class ExampleGenSpec(component_spec.ComponentSpec):
    """Everything the output depends on is a parameter, so that caching is right."""

    PARAMETERS = {
        "data_path": component_spec.ExecutionParameter(type=str),
        "file_format": component_spec.ExecutionParameter(type=str),
        "data_fingerprint": component_spec.ExecutionParameter(type=str),
        "ingestion": component_spec.ExecutionParameter(type=str),
        "unlabelled_path": component_spec.ExecutionParameter(type=str, optional=True),
        "unlabelled_format": component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {"examples": component_spec.ChannelParameter(type=standard_artifacts.Examples)}


class ExampleGen(base_beam_component.BaseBeamComponent):
    """Reads CSV, Parquet, TFRecord or a folder of pictures or texts.

    Columns have the types of the curated schema. A column in which some value has not its type is
    written as text altogether, which the validator reports as a type anomaly; columns the schema
    does not know are written too, with the type their values have.

    Args:
      section: the `[data]` section.
      source: the files.
      data_fingerprint: of the files' content: cached output is used until it changes, whatever
        the files' times say.
      schema: the curated schema's file; "" or None: every type is inferred.
      unlabelled: files of rows without labels, the split `unlabelled`; None: there are none, or they
        are among the others.
    """

    SPEC_CLASS = ExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        section: DataSection,
        source: Source,
        data_fingerprint: str,
        schema: str | Path | None = None,
        unlabelled: Source | None = None,
    ) -> None:
        spec = ExampleGenSpec(
            data_path=source.where,
            file_format=source.format.value,
            data_fingerprint=data_fingerprint,
            ingestion=plan(section, Path(schema) if schema else None).dump(),
            examples=Channel(type=standard_artifacts.Examples),
            unlabelled_path=unlabelled.where if unlabelled else None,
            unlabelled_format=unlabelled.format.value if unlabelled else None,
        )
        super().__init__(spec=spec)
