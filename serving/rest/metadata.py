"""Status and metadata answers: protobuf messages in proto3 JSON, defaults printed."""

from __future__ import annotations

from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_pb2

from serving.models.saved_model import Servable
from serving.models.state import VersionState

_INDENT = 1


def status_message(
    states: list[tuple[int, VersionState]],
) -> get_model_status_pb2.GetModelStatusResponse:
    """GetModelStatusResponse of these versions, in this order."""
    response = get_model_status_pb2.GetModelStatusResponse()
    for version, state in states:
        entry = response.model_version_status.add(version=version, state=int(state.state))
        entry.status.SetInParent()
        if state.error is not None:
            entry.status.error_code = int(state.error.code)
            entry.status.error_message = state.error.message
    return response


def status_json(states: list[tuple[int, VersionState]]) -> bytes:
    """Body of a status answer; versions are strings, as proto3 JSON writes int64."""
    text: str = json_format.MessageToJson(
        status_message(states),
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
        indent=_INDENT,
    )
    return (text + "\n").encode()


def signature_map(servable: Servable) -> get_model_metadata_pb2.SignatureDefMap:
    """All signatures of a model, `__saved_model_init_op` included."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for name, signature in servable.signatures.items():
        signatures.signature_def[name].CopyFrom(signature)
    return signatures


def metadata_json(servable: Servable) -> bytes:
    """Body of a metadata answer, built once per model."""
    cached: bytes | None = servable.plans.get("metadata answer")
    if cached is None:
        spec = model_pb2.ModelSpec(name=servable.name)
        spec.version.value = servable.version
        parts = [
            json_format.MessageToJson(
                message,
                preserving_proto_field_name=True,
                always_print_fields_with_no_presence=True,
                indent=_INDENT,
                ensure_ascii=False,
            )
            for message in (spec, signature_map(servable))
        ]
        text = (
            f'{{\n"model_spec":{parts[0]}\n,\n"metadata": {{"signature_def": {parts[1]}\n}}\n}}\n'
        )
        cached = servable.plans["metadata answer"] = text.encode()
    return cached
