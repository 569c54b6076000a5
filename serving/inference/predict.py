"""Predict: named arrays in, named arrays out, by one signature of a loaded model."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving import monitoring
from serving.engine import Engine
from serving.models.saved_model import Arrays, Program, Servable
from serving.status import Code, ServingError, invalid_argument
from serving.tensors import to_array

DEFAULT_SIGNATURE = "serving_default"
METHODS = (
    "tensorflow/serving/predict",
    "tensorflow/serving/classify",
    "tensorflow/serving/regress",
)


@dataclass
class Plan:
    """A signature read once: what requests need of it on every call.

    `inputs` maps input names to DataType numbers; `feeds` and `fetches` are tensor names in the
    order of `inputs` and `aliases`.
    """

    signature: Any
    inputs: dict[str, int]
    feeds: tuple[str, ...]
    aliases: tuple[str, ...]
    fetches: tuple[str, ...]
    program: Program | None = None


@dataclass(frozen=True)
class Prepared:
    """A checked request: the program, its arrays in feed order, the names of its outputs."""

    program: Program
    arrays: list[np.ndarray]
    aliases: tuple[str, ...]


def plan_of(servable: Servable, name: str) -> Plan | None:
    """The plan of a signature, "" for `serving_default`; None when there is no such signature."""
    key = name or DEFAULT_SIGNATURE
    plan: Plan | None = servable.plans.get(key)
    if plan is None and key in servable.signatures:
        signature = servable.signatures[key]
        inputs = {alias: info.dtype for alias, info in sorted(signature.inputs.items())}
        outputs = {alias: info.name for alias, info in sorted(signature.outputs.items())}
        plan = servable.plans[key] = Plan(
            signature,
            inputs,
            tuple(signature.inputs[alias].name for alias in inputs),
            tuple(outputs),
            tuple(outputs.values()),
        )
    return plan


def required_plan(servable: Servable, name: str) -> Plan:
    """Like `plan_of`, with the error of a gRPC predict.

    Raises:
        ServingError: FAILED_PRECONDITION.
    """
    plan = plan_of(servable, name)
    if plan is None:
        key = name or DEFAULT_SIGNATURE
        raise ServingError(Code.FAILED_PRECONDITION, f'Serving signature key "{key}" not found.')
    return plan


def _braced(names: Iterable[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"


def _check_inputs(signature: Any, sent: Iterable[str]) -> None:
    given, wanted = set(sent), set(signature.inputs)
    allowed = set(signature.defaults) if hasattr(signature, "defaults") else set()
    if given <= wanted and wanted - given <= allowed:
        return
    raise invalid_argument(
        f"input size does not match signature: {len(given)}!={len(wanted)} "
        f"len({_braced(given)}) != len({_braced(wanted)}). Sent extra: {_braced(given - wanted)}. "
        f"Missing but required: {_braced(wanted - given)}."
    )


def check_names(plan: Plan, sent: Collection[str]) -> None:
    """Refuses a set of input names before their values are looked at.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    if len(sent) != len(plan.inputs) or not all(name in sent for name in plan.inputs):
        _check_inputs(plan.signature, sent)


def prepare(
    servable: Servable,
    plan: Plan,
    inputs: Mapping[str, np.ndarray],
    output_filter: Sequence[str] = (),
    check_method: bool = False,
) -> Prepared:
    """Checks a request against its signature.

    Args:
        servable: Held by the caller.
        plan: Of a signature of that servable.
        inputs: Arrays by input name; those a signature has defaults for may be missing.
        output_filter: Wanted outputs, in order; empty for all.
        check_method: Whether the signature's method name must be a known one.

    Raises:
        ServingError: INVALID_ARGUMENT, or INTERNAL for an unknown method name.
    """
    signature = plan.signature
    if check_method and signature.method_name not in METHODS:
        raise ServingError(
            Code.INTERNAL,
            "Expected prediction signature method_name to be one of "
            f"{{{', '.join(METHODS)}}}. Was: {signature.method_name}",
        )
    if inputs.keys() != plan.inputs.keys():
        _check_inputs(signature, inputs)
        inputs = {
            name: inputs[name] if name in inputs else to_array(signature.defaults[name], name)
            for name in plan.inputs
        }
    arrays = [inputs[name] for name in plan.inputs]
    if output_filter:
        aliases = tuple(output_filter)
        _check_filter(signature, aliases)
        fetches = tuple(signature.outputs[alias].name for alias in aliases)
        return Prepared(servable.program(plan.feeds, fetches), arrays, aliases)
    if plan.program is None:
        plan.program = servable.program(plan.feeds, plan.fetches)
    return Prepared(plan.program, arrays, plan.aliases)


def _check_filter(signature: Any, aliases: tuple[str, ...]) -> None:
    seen: set[str] = set()
    for alias in aliases:
        if alias not in signature.outputs:
            raise invalid_argument(
                f"output tensor alias not found in signature: {alias} "
                f"Outputs expected to be in the set {_braced(signature.outputs)}."
            )
        if alias in seen:
            raise invalid_argument(f"duplicate output tensor alias: {alias}")
        seen.add(alias)


def predict_now(engine: Engine, prepared: Prepared) -> dict[str, np.ndarray] | None:
    """Runs a prepared request at once if the engine may run it in the event loop, else None."""
    start = time.perf_counter()
    outputs = engine.try_now(prepared.program, prepared.arrays)
    return None if outputs is None else _finish(prepared, outputs, start)


async def predict(
    engine: Engine, prepared: Prepared, deadline: float | None
) -> dict[str, np.ndarray]:
    """Runs a prepared request.

    Returns:
        Arrays by output name.

    Raises:
        ServingError: see `Engine.run`.
    """
    start = time.perf_counter()
    outputs = await engine.run(prepared.program, prepared.arrays, deadline)
    return _finish(prepared, outputs, start)


def _finish(prepared: Prepared, outputs: Arrays, start: float) -> dict[str, np.ndarray]:
    monitoring.runtime_latency.add(
        prepared.program.servable.name, "Predict", "TF1", value=(time.perf_counter() - start) * 1e6
    )
    return dict(zip(prepared.aliases, outputs, strict=True))
