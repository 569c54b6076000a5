"""Configuration files in protobuf's text format, read as TF Serving reads them.

Three of TF Serving's messages are not in the tensorflow-serving-api package: their fields are
declared here, with TF Serving's names and numbers.
"""

from __future__ import annotations

from typing import Any, TypeVar

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message,
    message_factory,
    text_format,
    wrappers_pb2,
)

from serving.status import invalid_argument

M = TypeVar("M", bound=message.Message)

_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "tensorflow.serving"
_WRAPPED = {"int64": "Int64Value", "bool": "BoolValue"}
_PLAIN = {"bool": _Field.TYPE_BOOL, "string": _Field.TYPE_STRING, "int64": _Field.TYPE_INT64}

# Message -> field -> (number, type); a leading * repeats, a trailing + wraps in google.protobuf.
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "PrometheusConfig": {"enable": (1, "bool"), "path": (2, "string")},
    "MonitoringConfig": {"prometheus_config": (1, "PrometheusConfig")},
    "BatchingParameters": {
        "max_batch_size": (1, "int64+"),
        "batch_timeout_micros": (2, "int64+"),
        "max_enqueued_batches": (3, "int64+"),
        "num_batch_threads": (4, "int64+"),
        "thread_pool_name": (5, "string+"),
        "allowed_batch_sizes": (6, "*int64"),
        "pad_variable_length_inputs": (7, "bool"),
        "enable_large_batch_splitting": (8, "bool+"),
        "max_execution_batch_size": (9, "int64+"),
    },
    "SSLConfig": {
        "server_key": (1, "string"),
        "server_cert": (2, "string"),
        "custom_ca": (3, "string"),
        "client_verify": (4, "bool"),
    },
}


def _declare() -> dict[str, type[message.Message]]:
    file = descriptor_pb2.FileDescriptorProto(
        name="serving/configuration.proto", package=_PACKAGE, syntax="proto3"
    )
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    for name, fields in _MESSAGES.items():
        declared = file.message_type.add(name=name)
        for field_name, (number, kind) in fields.items():
            field = declared.field.add(name=field_name, number=number)
            field.label = _Field.LABEL_REPEATED if kind[0] == "*" else _Field.LABEL_OPTIONAL
            bare = kind.strip("*+")
            if kind.endswith("+"):
                wrapper = _WRAPPED.get(bare, "StringValue")
                field.type, field.type_name = _Field.TYPE_MESSAGE, f".google.protobuf.{wrapper}"
            elif bare in _PLAIN:
                field.type = _PLAIN[bare]
            else:
                field.type, field.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{bare}"
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file) if hasattr(pool, "Add") else pool.AddSerializedFile(file.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }


_CLASSES = _declare()


def read_text_proto(path: str, into: M) -> M:
    """Parses a text-format file into a message.

    Raises:
        ServingError: INVALID_ARGUMENT `Invalid protobuf file: '<path>'`, also when unreadable.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text_format.Parse(file.read(), into)
            return into
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        raise invalid_argument(f"Invalid protobuf file: '{path}' ({error})") from None


def read_declared(path: str, name: str) -> Any:
    """Parses a file of one of the messages declared here.

    Args:
        path: File in text format.
        name: MonitoringConfig, BatchingParameters or SSLConfig.

    Raises:
        ServingError: see `read_text_proto`.
    """
    return read_text_proto(path, _CLASSES[name]())
