"""A network that later labs go on with."""

import json
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def build_lenet() -> "keras.Sequential":
    """LeNet for digits: images of shape (n, 28, 28, 1) in, probabilities of shape (n, 10) out.

    Untrained, not compiled; 1,256,080 parameters. Every call makes a new one. It is kept as Keras's description of its
    layers, so that labs which train it do not show how it is built, which an earlier one asks for.
    """
    import keras

    text = files("data_utils").joinpath("lenet.json").read_text("utf-8")
    network: keras.Sequential = keras.Sequential.from_config(json.loads(text))
    return network
