"""Decoding in the graph, checked against Pillow: formats, channels, sizes, and what is refused."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.trainer.pictures.decoding import decode


def _picture(mode: str, width: int = 30, height: int = 40) -> Image.Image:
    """A smooth picture, so that JPEG stays close to it."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    planes = np.stack([255 * x, 255 * y, 255 * (1 - x) * y], axis=-1)
    return Image.fromarray(planes.astype(np.uint8)).convert(mode)


def _encoded(picture: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def _expected(picture: Image.Image, size: int) -> np.ndarray:
    rgb = np.asarray(picture.convert("RGB"), np.float32)
    return tf.image.resize(rgb, (size, size)).numpy()


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("L", "PNG"),
        ("LA", "PNG"),
        ("RGB", "PNG"),
        ("RGBA", "PNG"),
        ("P", "PNG"),
        ("1", "PNG"),
        ("L", "BMP"),
        ("RGB", "BMP"),
        ("RGBA", "BMP"),
        ("L", "GIF"),
        ("P", "GIF"),
    ],
)
def test_lossless_formats_give_the_exact_pixels(mode: str, kind: str) -> None:
    picture = _picture(mode)
    found = decode(tf.constant([_encoded(picture, kind)]), 64)
    assert found.shape == (1, 64, 64, 3)
    assert found.dtype == tf.float32
    np.testing.assert_allclose(found[0], _expected(picture, 64), atol=1e-3)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg(mode: str) -> None:
    picture = _picture(mode)
    found = decode(tf.constant([_encoded(picture, "JPEG")]), 40)
    assert np.abs(found[0] - _expected(picture, 40)).mean() < 4


def test_transparency_is_dropped_not_blended() -> None:
    picture = _picture("RGB")
    picture.putalpha(0)
    found = decode(tf.constant([_encoded(picture, "PNG")]), 40)
    np.testing.assert_allclose(found[0], _expected(picture, 40), atol=1e-3)


def test_sixteen_bits_become_eight() -> None:
    values = np.array([[0, 256, 32768, 65535]], np.uint16).repeat(4, axis=0)
    found = decode(tf.constant([_encoded(Image.fromarray(values), "PNG")]), 4)
    np.testing.assert_array_equal(found[0, 0, :, 0], [0, 1, 128, 255])


def test_the_first_frame_of_an_animation() -> None:
    file = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    found = decode(tf.constant([file.getvalue()]), 8)
    np.testing.assert_array_equal(found[0, 0, 0], [255, 0, 0])


def test_shrinking_averages_instead_of_skipping() -> None:
    board = np.indices((256, 256)).sum(axis=0) % 2 * 255  # a chessboard of single pixels
    encoded = _encoded(Image.fromarray(board.astype(np.uint8)), "PNG")
    found = decode(tf.constant([encoded]), 16)
    np.testing.assert_allclose(found, 127.5, atol=8)


def test_a_batch_of_mixed_pictures_in_a_graph_without_retracing() -> None:
    traces = []

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def run(encoded: tf.Tensor) -> tf.Tensor:
        traces.append(1)
        return decode(encoded, 32)

    small, large = _picture("L", 10, 10), _picture("RGB", 300, 200)
    both = run(tf.constant([_encoded(small, "PNG"), _encoded(large, "JPEG")]))
    assert both.shape == (2, 32, 32, 3)
    np.testing.assert_allclose(both[0], _expected(small, 32), atol=1e-3)
    assert run(tf.constant([], tf.string)).shape == (0, 32, 32, 3)
    assert len(traces) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"no picture at all", "Unknown image file format"),
        (_encoded(_picture("RGB"), "PNG")[:200], "Invalid PNG"),
        (_encoded(_picture("RGB", 200, 200), "JPEG")[:700], "JPEG"),
    ],
    ids=["empty", "text", "short png", "short jpeg"],
)
def test_what_is_no_picture_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    good = _encoded(_picture("RGB"), "PNG")
    run = tf.function(lambda encoded: decode(encoded, 32))
    with pytest.raises(tf.errors.InvalidArgumentError, match=reason):
        run(tf.constant([good, content]))
