"""A SavedModel's signatures in plain words, for the manifest."""

from pathlib import Path
from typing import Any

from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2


def describe(model: Path) -> dict[str, Any]:
    """{signature: {"inputs": {name: "float32 [?]"}, "outputs": {…}}}, read without loading it."""
    saved = saved_model_pb2.SavedModel.FromString((model / "saved_model.pb").read_bytes())
    return {
        name: {"inputs": _tensors(signature.inputs), "outputs": _tensors(signature.outputs)}
        for name, signature in saved.meta_graphs[0].signature_def.items()
        if not name.startswith("__")
    }


def _tensors(infos: Any) -> dict[str, str]:
    return {name: f"{_dtype(info)} {_shape(info)}" for name, info in sorted(infos.items())}


def _dtype(info: Any) -> str:
    name: str = types_pb2.DataType.Name(info.dtype).removeprefix("DT_").lower()
    return {"float": "float32", "double": "float64"}.get(name, name)


def _shape(info: Any) -> str:
    sizes = ["?" if dim.size < 0 else str(dim.size) for dim in info.tensor_shape.dim]
    return f"[{', '.join(sizes)}]"
