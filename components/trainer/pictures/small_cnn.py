"""A small network for pictures, trained from scratch on their pixels: a student, or for few pixels."""

import keras

CHANNELS = (16, 32, 64)


def small_cnn(size: int) -> keras.Model:
    """Three convolutions, the second and third of stride 2; 24,000 weights with a head of ten.

    Normalised after every convolution, so it learns at rates near 3e-3.

    Args:
      size: height and width of the pictures, in pixels.

    Returns:
      (batch, size, size, 3) to (batch, size/4, size/4, 64).
    """
    entry = keras.Input((size, size, 3))
    x = entry
    for number, channels in enumerate(CHANNELS, 1):
        x = keras.layers.Conv2D(
            channels,
            3,
            strides=1 if number == 1 else 2,
            padding="same",
            use_bias=False,
            name=f"block{number}_conv",
        )(x)
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"block{number}_bn")(x)
        x = keras.layers.ReLU(name=f"block{number}_relu")(x)
    return keras.Model(entry, x, name="small-cnn")
