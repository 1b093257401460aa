"""A network that later labs go on with, whether a network was trained, and settings of one that nobody asked for."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

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


def is_untrained(network: "keras.Model", seed: int, draws: int = 300) -> bool:
    """Whether all weights are what their layers' initialisers have drawn since `keras.utils.set_random_seed(seed)`.

    Keras gives each initialiser and each dropout layer a seed of its own, one after the other. A weight must come from
    one of the first `draws` of these, or from the seed that its initialiser was made with; so the order in which the
    layers were made does not matter. False also for a layer that is frozen or has weights without an initialiser.
    """
    import keras

    keras.utils.set_random_seed(seed)
    seeds = [keras.initializers.RandomNormal().seed for _ in range(draws)]
    layers = list(_leaf_layers(network))
    if sum(len(layer.weights) for layer in layers) != len(network.weights):
        return False
    for layer in layers:
        for weight in layer.weights:
            initializer = getattr(layer, f"{weight.name}_initializer", None)
            if not layer.trainable or not _is_drawn(weight, initializer, seeds):
                return False
    return True


def unasked_settings(network: "keras.Model") -> list[str]:
    """Limits and penalties that the layers of a network have, and other precisions than float32 or float64.

    Each is the setting and the layer's name, "kernel_constraint of dense_3". Layers of networks within are seen, too.
    """
    found = []
    for layer in _leaf_layers(network):
        settings = layer.get_config()
        kinds = [key for key in settings if key.endswith(("_constraint", "_regularizer"))]
        found += [f"{key} of {layer.name}" for key in kinds if settings[key] is not None]
        if layer.compute_dtype not in ("float32", "float64"):
            found.append(f"dtype {layer.compute_dtype} of {layer.name}")
    return found


def _leaf_layers(network: Any) -> Iterator[Any]:
    for layer in network.layers:
        if hasattr(layer, "layers"):
            yield from _leaf_layers(layer)
        else:
            yield layer


def _is_drawn(weight: Any, initializer: Any, seeds: list[int]) -> bool:
    """Whether an initialiser makes this weight of one of the seeds; those before the one found go to the end."""
    import keras

    if not isinstance(initializer, keras.initializers.Initializer):
        return False
    settings = initializer.get_config()
    if not all(isinstance(value, int | float | str | None) for value in settings.values()):
        return False  # an array of weights, or anything else that could hold one
    own_seeds = seeds if settings.get("seed", ...) is None else [settings.get("seed")]
    for place, seed in enumerate(own_seeds):
        made = type(initializer)(**settings | ({"seed": seed} if "seed" in settings else {}))
        if np.allclose(made(weight.shape, weight.dtype), weight, rtol=1e-5, atol=1e-7):
            seeds[:] = seeds[place:] + seeds[:place]
            return True
    return False
