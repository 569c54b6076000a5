"""The pipeline as a Kubeflow Pipelines v2 (Vertex AI) job: the same `create_pipeline`, compiled."""

import importlib.util
import json
from pathlib import Path
from typing import Any

from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.types import Channel, standard_artifacts

COMMAND = (
    *("python", "-m"),
    "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor",
)


class MissingExtraError(ImportError):
    """The extra `kubeflow` is not installed."""


def compile_job(pipeline: tfx_pipeline.Pipeline, image: str, name: str) -> dict[str, Any]:
    """The pipeline job that `vertexai.PipelineJob` and Kubeflow's API take.

    Args:
      pipeline: as `create_pipeline` makes it, with `baseline` for this runner.
      image: the container image with our packages and the lock.
      name: shown in the user interface.

    Raises:
      MissingExtraError: kfp-pipeline-spec is not installed.
    """
    if importlib.util.find_spec("kfp") is None:
        raise MissingExtraError(
            "compiling for Kubeflow needs kfp-pipeline-spec: pip install "
            "'tfx-production-pipeline[kubeflow]', or .venv/bin/pip install 'kfp-pipeline-spec<2.17'"
        )
    from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner as kubeflow

    config = kubeflow.KubeflowV2DagRunnerConfig(
        display_name=name,
        default_image=image,
        default_commands=list(COMMAND),
        use_pipeline_spec_2_1=True,
    )
    runner = kubeflow.KubeflowV2DagRunner(config=config)
    job = runner.run(pipeline, write_out=False)
    # TFX stamps the time of compilation into it; the same pipeline gives the same file.
    found: dict[str, Any] = json.loads(json.dumps(job))
    found.get("labels", {}).pop("tfx_compile_time", None)
    return found


def baseline() -> Resolver:
    """The model to beat, by the only rule for it that Kubeflow knows: the latest blessed model.

    Ours also leaves out the candidate itself and what was rolled back. There the candidate has no
    blessing yet when this is asked, unless Trainer and Evaluator came from the cache.
    """
    return Resolver(
        strategy_class=LatestBlessedModelStrategy,
        model=Channel(type=standard_artifacts.Model),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
    ).with_id("Baseline")


def write(job: dict[str, Any], file: Path) -> None:
    """The job as JSON, keys sorted."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(job, indent=1, sort_keys=True) + "\n", encoding="utf-8")
