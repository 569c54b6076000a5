"""A small network from scratch: its size, and that all of it is trained, statistics too."""

import numpy as np


def test_it_has_some_24000_weights_and_learns_from_scratch() -> None:
    import tensorflow as tf

    from components.trainer.pictures.config import ImageSettings
    from components.trainer.pictures.recipe import fit_images
    from components.trainer.pictures.small_cnn import small_cnn
    from components.trainer.transfer.batches import Rows
    from data.tasks import Task

    assert small_cnn(28).count_params() + 650 == 24_570  # with a head of ten classes
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 160)
    pixels = rng.integers(0, 120, (160, 16, 16, 3)).astype(np.uint8)
    pixels[labels == 1, 4:12, 4:12] += 100
    rows = Rows([tf.io.encode_png(one).numpy() for one in pixels], labels)
    settings = ImageSettings(
        backbone="small-cnn",
        size=16,
        fine_tune_epochs=6,
        fine_tune_rate=3e-3,
        least_steps=0,
        batch_size=16,
        precision="float32",
    )
    trained = fit_images(rows, rows, settings, Task.BINARY, 1, lambda event: None)
    assert {epoch["phase"] for epoch in trained.history} == {"fine-tune"}
    found = trained.model(pixels.astype(np.float32), training=False).numpy()[:, 0] > 0
    assert np.mean(found == labels) > 0.95
    means = [w for w in trained.model.weights if "moving_mean" in w.path]
    assert len(means) == 3
    assert all(np.any(w.numpy()) for w in means)
