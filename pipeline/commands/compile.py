"""`compile --to kubeflow|airflow`: the same graph for the schedulers that people run."""

import argparse
import sys
from pathlib import Path

from pipeline.config import ConfigError, LoadedConfig, load
from pipeline.engines.site import EngineError
from pipeline.nodes import switched_off


def main(argv: list[str]) -> int:
    """Writes the file; 0 if written, 2 if something is missing."""
    options = _parser().parse_args(argv)
    try:
        loaded = load(options.config, options.set)
        writers = {"kubeflow": _kubeflow, "airflow": _airflow}
        file = writers[options.to](options, loaded)
    except (ConfigError, EngineError, ImportError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"wrote {file}")
    return 0


def _airflow(options: argparse.Namespace, loaded: LoadedConfig) -> Path:
    from pipeline.schedulers import airflow

    config = options.config
    if Path(config).suffix == ".toml":
        config = str(Path(config).resolve())
    flags = ["--config", config, "--root", str(Path(options.root).resolve())]
    flags += [f"--set={each}" for each in options.set]
    flags += ["--engine", options.engine] if options.engine else []
    text = airflow.dag_file(
        name=loaded.config.name,
        off=switched_off(loaded.config.model_dump(by_alias=True)),
        project=Path(__file__).resolve().parents[2],
        python=options.python,
        flags=flags,
        schedule=options.schedule,
    )
    file = Path(options.output or f"{loaded.config.name}_dag.py")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def _kubeflow(options: argparse.Namespace, loaded: LoadedConfig) -> Path:
    missing = [flag for flag in ("pipeline_root", "image") if not getattr(options, flag)]
    if missing:
        flags = ", ".join("--" + flag.replace("_", "-") for flag in missing)
        raise ValueError(
            f"--to kubeflow needs {flags}: where artifacts go (gs://bucket/folder), and the image "
            "that has our packages and the lock"
        )
    # The heavy libraries come in here.
    from pipeline import dag
    from pipeline.engines import table
    from pipeline.prepare import prepare
    from pipeline.runner import schema_copy, site_of
    from pipeline.schedulers import kubeflow

    prepared = prepare(loaded, Path(options.root))
    if prepared.reused:
        raise ConfigError(
            f"tuner.reuse: the values of {prepared.reused.source} lie on this machine, where Kubeflow "
            f"does not see them. Write them into the configuration: {prepared.reused.values}"
        )
    arguments = table.in_image(site_of(loaded, prepared), options.engine)
    pipeline = dag.create_pipeline(
        prepared,
        schema_copy(prepared),
        arguments.pop(""),
        baseline=kubeflow.baseline(),
        pipeline_root=options.pipeline_root,
    )
    for component in pipeline.components:  # later arguments win over the pipeline's
        if component.id in arguments:
            component.with_beam_pipeline_args(arguments[component.id])
    job = kubeflow.compile_job(pipeline, options.image, loaded.config.name)
    file = Path(options.output or f"{loaded.config.name}.json")
    kubeflow.write(job, file)
    return file


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline compile", description=(__doc__ or "").splitlines()[0]
    )
    add = parser.add_argument
    add("--to", choices=("kubeflow", "airflow"), required=True)
    add("--config", default="fashion", metavar="NAME|FILE")
    add("--set", action="append", default=[], metavar="KEY=VALUE")
    add("--root", default="output", metavar="DIR", help="where runs go, as the tasks see it")
    add("--engine", default="", metavar="NAME", help="what the data work runs on")
    add("--output", default="", metavar="FILE", help="default: NAME.json, NAME_dag.py")
    add("--pipeline-root", default="", metavar="URI", help="kubeflow: where artifacts go")
    add("--image", default="", metavar="IMAGE", help="kubeflow: the image every step runs in")
    add("--python", default=sys.executable, metavar="FILE", help="airflow: Python of the tasks")
    add("--schedule", default="", metavar="CRON", help="airflow: when; default: by hand")
    return parser
