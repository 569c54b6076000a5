"""A BERT of two layers with random weights, as a keras-hub preset and as Hugging Face's files."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "free",
    "money",
    "now",
    "meet",
    "##ing",
    "at",
    "noon",
    "!",
    "##s",
    "you",
    "win",
    "[MASK]",
]


@pytest.fixture(scope="session")
def network() -> Any:
    """keras_hub's BertBackbone, small."""
    import keras
    import keras_hub

    keras.utils.set_random_seed(0)
    return keras_hub.models.BertBackbone(
        vocabulary_size=len(WORDS),
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=32,
    )


@pytest.fixture(scope="session")
def preset(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a keras-hub preset."""
    import keras_hub

    folder = tmp_path_factory.mktemp("preset")
    tokenizer = keras_hub.models.BertTokenizer(vocabulary=WORDS, lowercase=True)
    network.save_to_preset(str(folder))
    tokenizer.save_to_preset(str(folder))
    return folder


@pytest.fixture(scope="session")
def hugging_face(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same weights in Hugging Face's names and shapes."""
    folder = tmp_path_factory.mktemp("hugging-face")
    config = {
        "model_type": "bert",
        "vocab_size": len(WORDS),
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "hidden_size": 8,
        "intermediate_size": 16,
        "max_position_embeddings": 32,
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    arrays: dict[str, Any] = {
        "embeddings.word_embeddings.weight": network.token_embedding.embeddings,
        "embeddings.position_embeddings.weight": network.position_embedding.position_embeddings,
        "embeddings.token_type_embeddings.weight": network.segment_embedding.embeddings,
    }

    def normalise(name: str, layer: Any) -> None:
        arrays[f"{name}.weight"], arrays[f"{name}.bias"] = layer.gamma, layer.beta

    def dense(name: str, layer: Any) -> None:
        bias = np.ravel(layer.bias)
        arrays[f"{name}.weight"] = np.reshape(layer.kernel, (-1, bias.size)).T  # (out, in)
        arrays[f"{name}.bias"] = bias

    normalise("embeddings.LayerNorm", network.embeddings_layer_norm)
    for number, layer in enumerate(network.transformer_layers):
        place, attention = f"encoder.layer.{number}", layer._self_attention_layer
        dense(f"{place}.attention.self.query", attention.query_dense)
        dense(f"{place}.attention.self.key", attention.key_dense)
        dense(f"{place}.attention.self.value", attention.value_dense)
        dense(f"{place}.attention.output.dense", attention.output_dense)
        normalise(f"{place}.attention.output.LayerNorm", layer._self_attention_layer_norm)
        dense(f"{place}.intermediate.dense", layer._feedforward_intermediate_dense)
        dense(f"{place}.output.dense", layer._feedforward_output_dense)
        normalise(f"{place}.output.LayerNorm", layer._feedforward_layer_norm)
    write_safetensors(folder / "model.safetensors", arrays)
    return folder


def write_safetensors(path: Path, arrays: dict[str, Any]) -> None:
    """Arrays as float32 in the format that https://huggingface.co/docs/safetensors describes."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, array in arrays.items():
        values = np.ascontiguousarray(array, np.float32)
        span = [len(body), len(body) + values.nbytes]
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": span}
        body += values.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
