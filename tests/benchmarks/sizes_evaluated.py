"""The Evaluator alone: a model of one run on the examples of another, as tests/benchmarks/sizes.py asks for.

    python tests/benchmarks/sizes_evaluated.py ROOT_OF_EXAMPLES ROOT_OF_MODEL OUTPUT

Both roots are of runs of `taxi` (output/taxi); of each the newest run counts. In this process, on the
engine `local`; the settings are those that the model's own Evaluator had.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from pipeline.earlier import history, lineage


def main() -> None:
    """Evaluates; prints the seconds of the Evaluator without imports, and the rows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("examples", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()

    from tfx.dsl.components.base import base_beam_executor
    from tfx.types import standard_artifacts

    from components.evaluator.component import VerdictExecutor

    examples, model = standard_artifacts.Examples(), standard_artifacts.Model()
    found = _newest(options.examples, "ExampleGen", "examples")
    examples.uri = found.uri
    examples.split_names = found.properties["split_names"].string_value
    for name in ("payload_format", "file_format"):
        examples.set_string_custom_property(name, found.custom_properties[name].string_value)
    model.uri, model.id = _newest(options.model, "Trainer", "model").uri, 1
    outputs = {
        "evaluation": [standard_artifacts.ModelEvaluation()],
        "blessing": [standard_artifacts.ModelBlessing()],
    }
    for name, [artifact] in outputs.items():
        artifact.uri = str(options.output / name)
        Path(artifact.uri).mkdir(parents=True)
    context = base_beam_executor.BaseBeamExecutor.Context(
        beam_pipeline_args=["--runner=FnApiRunner", "--sdk_container_image=unused"],
        tmp_dir=str(options.output / "tmp"),
        unique_id="1",
    )
    started = time.time()
    VerdictExecutor(context).Do(
        {"examples": [examples], "model": [model]}, outputs, _properties(options.model)
    )
    rows = json.loads(found.custom_properties["rows"].string_value)
    print(json.dumps({"start": started, "end": time.time(), "rows": rows["test"]}))


def _newest(root: Path, node: str, key: str) -> Any:
    for run in history.runs(root):
        if found := lineage.outputs(root, run.id).get(node, {}).get(key):
            return found[-1]
    raise SystemExit(f"{root}: no run has made {node}'s {key}")


def _properties(root: Path) -> dict[str, Any]:
    store = lineage.open_store(root)
    [kind] = [kind.name for kind in store.get_execution_types() if kind.name.endswith("Evaluator")]
    last = store.get_executions_by_type(kind)[-1]
    return {
        name: last.custom_properties[name].string_value
        for name in ("eval_config", "example_splits", "fairness_indicator_thresholds")
    }


if __name__ == "__main__":
    main()
