"""What every answered call of PredictionService shares: metrics, and the model it names."""

from __future__ import annotations

import time
from typing import Any

from serving import monitoring
from serving.inference.predict import DEFAULT_SIGNATURE
from serving.models.saved_model import Servable
from serving.status import Code, ServingError


def count_failure(name: str, error: Exception) -> None:
    """Counts a call that failed, by model name and code."""
    code = error.code if isinstance(error, ServingError) else Code.INTERNAL
    monitoring.request_count.add(name, code.name)


def count_success(name: str, api: str, start: float) -> None:
    """Counts an answered call; `start` is the `time.perf_counter` value when it came."""
    elapsed = (time.perf_counter() - start) * 1e6
    monitoring.request_latency.add(name, api, "GRPC", value=elapsed)
    monitoring.request_count.add(name, "OK")


def fill_spec(spec: Any, servable: Servable, signature_name: str) -> None:
    """Names model, version and signature in an answer."""
    spec.name = servable.name
    spec.version.value = servable.version
    spec.signature_name = signature_name or DEFAULT_SIGNATURE
