"""One model held against a server: what was asked, what came back, and the verdict."""

import shutil
import time
from pathlib import Path

from components.infra_validator import embedded, remote, rows, warmup
from components.infra_validator.comparison import compare
from components.infra_validator.config import InfraValidateSection
from components.infra_validator.own_answers import own_answers
from components.infra_validator.refusal import NotServableError
from components.infra_validator.report import Report


def validate(
    model: Path, examples: Path, section: InfraValidateSection, copy: Path, name: str
) -> Report:
    """Serves the model, asks real rows, compares.

    What is served is what will be pushed: the copy with its warm-up file, where one is wanted.

    Args:
      model: the SavedModel.
      examples: the Examples artifact; its test split is asked.
      section: how.
      copy: where the copy with the warm-up file goes; left there only if the model is blessed.
      name: the model's name in the warm-up requests.

    Returns:
      The report, blessed or with the reason why not.

    Raises:
      NoServerError: no server could be asked, so that nothing can be said.
    """
    report = Report(section.url or "python -m serving", tolerance=section.tolerance)
    try:
        _validate(model, examples, section, copy, name, report)
        report.blessed = True
    except NotServableError as refusal:
        report.why = str(refusal)
    finally:
        if not report.blessed:
            shutil.rmtree(copy, ignore_errors=True)
    return report


def _validate(
    model: Path,
    examples: Path,
    section: InfraValidateSection,
    copy: Path,
    name: str,
    report: Report,
) -> None:
    columns = rows.columns(model)
    serialized = rows.read_rows(examples, section.rows)
    plain = rows.as_plain(serialized, columns)
    report.rows = len(plain)
    served_path = model
    if section.warmup_rows:
        report.warmup_rows = min(section.warmup_rows, len(plain))
        warmup.copy_with_warmup(model, copy, name, plain[: report.warmup_rows], columns)
        served_path = copy
    serve = remote.serve if section.url else embedded.serve
    with serve(served_path, section) as served:
        report.load_seconds = round(served.load_seconds, 2)
        started = time.monotonic()
        alone = served.ask(plain[:1])  # as most requests come
        together = served.ask(plain)
        report.answer_seconds = round(time.monotonic() - started, 3)
    # Only now into this process: a model that hangs or crashes has done so in the server's.
    own = own_answers(model, serialized)
    report.difference = max(
        compare(own[:1], alone, section.tolerance), compare(own, together, section.tolerance)
    )
