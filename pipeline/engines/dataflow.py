"""On Google Cloud Dataflow: the arguments, checked by Beam's own validator. No account was here to run it."""

from pathlib import Path

from pipeline.engines.site import Site


def problems(site: Site) -> list[str]:
    """What is missing or malformed, ours first and then what Beam itself objects to."""
    settings = site.section.dataflow
    missing = {
        "project": "the Google Cloud project id",
        "region": "such as europe-west1",
        "staging": "gs://bucket/folder",
        "image": "the workers' image, with this Python and the lock",
    }
    found = [
        f"engine.dataflow.{key} is not set: {words}"
        for key, words in missing.items()
        if not getattr(settings, key)
    ]
    if not str(site.output).startswith("/gcs/"):
        found.append(
            f"workers in the cloud cannot see {site.output}: give --root a mounted bucket "
            "(/gcs/<bucket>/…, docs/engines.md)"
        )
    return found or _objections(args(site, None))


def args(site: Site, wheel: Path | None) -> list[str]:
    """Beam arguments of `dataflow`.

    Args:
      site: the run.
      wheel: ours; None leaves it out, for a check.
    """
    settings = site.section.dataflow
    found = [
        "--runner=DataflowRunner",
        f"--project={settings.project}",
        f"--region={settings.region}",
        f"--temp_location={settings.staging.rstrip('/')}/temp",
        f"--staging_location={settings.staging.rstrip('/')}/staging",
        f"--sdk_container_image={settings.image}",
        f"--worker_machine_type={settings.machine_type}",
        f"--max_num_workers={settings.max_workers}",
        "--experiments=use_runner_v2",
    ]
    if settings.service_account:
        found.append(f"--service_account_email={settings.service_account}")
    if wheel:
        found.append(f"--extra_package={wheel}")
    return found


def _objections(arguments: list[str]) -> list[str]:
    """What Beam's validator says of them, without a question to Google.

    Its `validate()` looks up the buckets, and makes one where a path is malformed.
    """
    from apache_beam.options.pipeline_options import (
        GoogleCloudOptions,
        PipelineOptions,
        WorkerOptions,
    )
    from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
    from apache_beam.runners.dataflow.dataflow_runner import DataflowRunner

    options = PipelineOptions(arguments)
    validator = PipelineOptionsValidator(options, DataflowRunner())
    cloud, workers = options.view_as(GoogleCloudOptions), options.view_as(WorkerOptions)
    found = [
        *validator.validate_cloud_options(cloud),
        *validator.validate_gcs_path(cloud, "temp_location"),
        *validator.validate_gcs_path(cloud, "staging_location"),
        *validator.validate_num_workers(workers),
        *validator.validate_worker_region_zone(workers),
    ]
    return [f"engine.dataflow: {text}" for text in found]
