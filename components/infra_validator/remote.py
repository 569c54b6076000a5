"""A TensorFlow Serving that already runs: the candidate becomes a version of a folder it watches."""

import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.infra_validator.config import InfraValidateSection
from components.infra_validator.refusal import NoServerError, NotServableError
from components.infra_validator.served import Served
from serving.client import Client, ServingClientError

_POLL_SECONDS = 0.2


@contextmanager
def serve(model: Path, section: InfraValidateSection) -> Iterator[Served]:
    """Serves a SavedModel as the newest version of `section.model` until the block ends.

    A server that has never had a version keeps its port closed, so the version comes first and the
    question whether anybody is there second.

    Args:
      model: its directory.
      section: where the server is, what it watches, and the time limits.

    Raises:
      NotServableError: the server reports an error for the version, or does not load it in time.
      NoServerError: nobody answers, nobody looks at the folder, or it cannot be written.
    """
    directory = Path(section.directory)
    version = _publish(model, directory)
    try:
        with Client(section.url, section.answer_seconds, retries=3) as client:
            seconds = _wait(client, section, version)
            yield Served(client, section.model, version, seconds)
    finally:
        shutil.rmtree(directory / str(version), ignore_errors=True)


def _publish(model: Path, directory: Path) -> int:
    """Copies the model beside and renames it: a watching server must not see half of it."""
    staging = directory / f".{uuid.uuid4().hex}.incoming"
    try:
        # By the clock, so that two runs do not meet and no number comes back with another model.
        version = time.time_ns() // 1_000_000
        shutil.copytree(model, staging)
        staging.rename(directory / str(version))
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        raise NoServerError(
            f"infra_validate.directory: cannot write to {directory}: {error.strerror or error}"
        ) from None
    return version


def _wait(client: Client, section: InfraValidateSection, version: int) -> float:
    """Seconds until the version takes requests."""
    started = time.monotonic()
    state, problem = "", ""
    while time.monotonic() - started < section.start_seconds:
        try:
            [found] = client.status(section.model, version)
            state, problem = found["state"], ""
        except ServingClientError as error:
            problem = "" if error.status == 404 else str(error)
        if state == "AVAILABLE":
            return time.monotonic() - started
        if state == "END":
            why = found["status"].get("error_message", "")
            raise NotServableError(f"{section.url} could not load it: {why}")
        time.sleep(_POLL_SECONDS)
    limit = f"within {section.start_seconds:g} s (infra_validate.start_seconds)"
    if state:
        raise NotServableError(
            f"{section.url} did not load it {limit}: {problem or f'still {state}'}"
        )
    if problem:
        raise NoServerError(
            f"infra_validate.url: no TensorFlow Serving answered {limit}: {problem}. Start one "
            f"that serves {section.directory} as {section.model}, or leave url empty: then a "
            "server of ours is started."
        )
    raise NoServerError(
        f"{section.url} did not see version {version} {limit}. Does it watch {section.directory} "
        f"for its model '{section.model}'?"
    )
