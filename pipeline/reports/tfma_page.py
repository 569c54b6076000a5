"""tfma.html: TFMA's own view, complete in one file without a network.

TFMA ships its view as JavaScript (`static/vulcanized_tfma.js`); what it draws with Google Charts is
drawn by tfma/google_charts.js on Chart.js. The data is what `tfma.load_eval_result` gives, put into
form by the functions that TFMA's notebook view uses.
"""

import base64
import hashlib
import importlib.metadata
import importlib.util
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pipeline.reports.model import finite

logger = logging.getLogger(__name__)

FOLDER = Path(__file__).parent / "tfma"
PACKAGE = "tensorflow_model_analysis"


def html(evaluation: Path, pipeline: str, run_id: str, classes: Sequence[str] = ()) -> str:
    """The page of a ModelEvaluation artifact. Imports TFMA.

    Args:
      evaluation: the artifact's folder.
      pipeline: its name, for the heading.
      run_id: for the heading.
      classes: names in class order, shown instead of TFMA's `classId:3`.

    Raises:
      ValueError: the artifact holds no metrics.
    """
    from components.evaluator.tally import ROWS

    models = [_model(name, result, classes) for name, result in results(evaluation).items()]
    if not any(model["slicings"] for model in models):
        raise ValueError(f"{evaluation} holds no metrics")
    told = json.dumps(finite({"models": models, "rows": ROWS}), allow_nan=False)
    scripts = _scripts()
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        (FOLDER / "page.html").read_text(encoding="utf-8")
    )
    return page.render(
        pipeline=pipeline,
        run_id=run_id,
        version=importlib.metadata.version("tensorflow-model-analysis"),
        hashes=Markup(hashes),
        told=Markup(told.replace("<", "\\u003c")),  # JSON in a script element: no tag may begin
        scripts=[Markup(script) for script in scripts],
    )


def results(evaluation: Path) -> dict[str, Any]:
    """{model name: EvalResult}, the candidate first; one model has no name.

    A baseline that TFMA cannot load by itself is left out: the candidate's metrics hold the
    differences to it.
    """
    import tensorflow_model_analysis as tfma

    config = json.loads((evaluation / "eval_config.json").read_text(encoding="utf-8"))
    specs = config.get("evalConfig", {}).get("modelSpecs", [])
    names = [spec.get("name", "") for spec in specs]
    if len(names) < 2:
        return {"the model": tfma.load_eval_result(str(evaluation))}
    names.sort(key=lambda name: name == "baseline")
    found = {}
    for name in names:
        try:
            found[name] = tfma.load_eval_result(str(evaluation), model_name=name)
        except ValueError:
            if not found:
                raise
            logger.info("TFMA's view leaves out '%s'", name, exc_info=True)
    return found


def _model(name: str, result: Any, classes: Sequence[str]) -> dict[str, Any]:
    from tensorflow_model_analysis.slicer import slicer_lib
    from tensorflow_model_analysis.view import util

    columns = {tuple(column for column, _ in key) for key, _ in result.slicing_metrics}
    slicings = [
        {
            "name": " × ".join(chosen) or "all rows",
            "data": [
                {"slice": one["slice"], "metrics": _readable(one["metrics"], classes)}
                for one in util.find_all_slices(
                    result.slicing_metrics, slicer_lib.SingleSliceSpec(columns=list(chosen))
                )
            ],
        }
        for chosen in sorted(columns)
    ]
    return {"name": name, "slicings": slicings, "plots": _plots(result, classes)}


def _readable(metrics: dict[str, Any], classes: Sequence[str]) -> dict[str, Any]:
    """Without the counts that only our gates read, and with what is not defined left out."""
    from components.evaluator.tally import BOOKKEEPING, ROWS

    hidden = {*BOOKKEEPING} - {ROWS}
    return {
        output: {
            _named(sub_key, classes): {
                key: value
                for key, value in values.items()
                if key not in hidden and value.get("doubleValue") != "NaN"
            }
            for sub_key, values in sub_keys.items()
        }
        for output, sub_keys in metrics.items()
    }


def _named(sub_key: str, classes: Sequence[str]) -> str:
    """`classId:3` as the name of class 3."""
    kind, _, number = sub_key.partition(":")
    known = kind == "classId" and number.isdecimal() and int(number) < len(classes)
    return classes[int(number)] if known else sub_key


def _plots(result: Any, classes: Sequence[str]) -> list[dict[str, Any]]:
    from tensorflow_model_analysis.slicer import slicer_lib
    from tensorflow_model_analysis.view import util

    made = []
    for slice_key, outputs in result.plots:
        name = slicer_lib.stringify_slice_key(slice_key)
        for output, sub_keys in (outputs or {}).items():
            for sub_key, plots in sub_keys.items():
                if not any(kind["metricName"] in plots for kind in _kinds().values()):
                    continue
                made.append(
                    {
                        "name": " · ".join(
                            part for part in (name, output, _named(sub_key, classes)) if part
                        ),
                        "data": util._replace_nan_with_none(plots, _kinds()),
                        "config": {"sliceName": name, "metricKeys": _kinds()},
                    }
                )
    return made


def _kinds() -> dict[str, dict[str, str]]:
    from tensorflow_model_analysis.view import util

    return dict(util._SUPPORTED_PLOT_KEYS)


def _scripts() -> list[str]:
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None and spec.origin is not None
    view = Path(spec.origin).parent / "static" / "vulcanized_tfma.js"
    library = (FOLDER / "chart.umd.min.js").read_text(encoding="utf-8")
    scripts = [
        library.partition("//# sourceMappingURL=")[0],
        "window.polymerSkipLoadingFontRoboto = true;",  # Polymer's own switch: no font is fetched
        (FOLDER / "google_charts.js").read_text(encoding="utf-8"),
        view.read_text(encoding="utf-8"),
        (FOLDER / "page.js").read_text(encoding="utf-8"),
    ]
    # A script element ends at this tag wherever it stands; in JavaScript the escape means the same.
    return [script.replace("</script", "<\\/script") for script in scripts]


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
