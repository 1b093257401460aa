"""Keras's values rebuilt from data, of Keras's own classes only."""

import json
from typing import Any

import numpy as np

from course.testing.codec import Codec, Reader
from course.testing.errors import Broken, refuse
from course.testing.model_descriptions import accept, keras_here, read_description, rebuild_object
from course.testing.model_state import adapt, set_compiled, set_values
from course.testing.model_writing import SETTINGS
from course.testing.traced_models import functional_equivalent

MOST_ARRAYS = 10_000


def _read_model(codec: Codec, parts: list[Any]) -> Any:
    keras = keras_here()
    number, text, *rest = parts
    if text is None:  # as it was
        return codec.claim(number, keras.Model, lambda: refuse("it sent a model without its description"))
    weights, moments = (read_arrays(codec, one) for one in rest[:2])
    spec = read_description(text)
    compiled = spec.pop("compile_config", None)
    model = codec.claim(number, keras.Model, lambda: rebuild_object(spec))
    adapt(model, json.loads(text))
    set_values(functional_equivalent(model).weights, weights)
    set_compiled(model, compiled if isinstance(compiled, dict) else None, moments if rest[2] else None)
    return model


def read_arrays(codec: Codec, nodes: Any) -> list[Any]:
    """A list of arrays."""
    if not isinstance(nodes, list) or len(nodes) > MOST_ARRAYS:
        raise Broken("it sent a model without its weights")
    found = [codec.read(node) for node in nodes]
    if not all(isinstance(one, np.ndarray) for one in found):
        raise Broken("it sent a model without its weights")
    return found


def _read_keras(codec: Codec, parts: list[Any]) -> Any:
    keras_here()
    number, text = parts
    spec = json.loads(text)
    accept(spec)
    return codec.claim(number, object, lambda: rebuild_object(spec))


def _read_history(codec: Codec, parts: list[Any]) -> Any:
    keras = keras_here()
    number, *rest = parts
    record, epochs, about = (codec.read(part) for part in rest)
    if not isinstance(record, dict) or not isinstance(epochs, list):
        raise Broken("it sent a history that is none")
    value = codec.claim(number, keras.callbacks.History, keras.callbacks.History)
    value.history, value.epoch, value.params = record, epochs, about
    return value


def read_callback(codec: Codec, parts: list[Any]) -> Any:
    """A callback that has its settings and does nothing: it stays where it is."""
    keras = keras_here()
    number, name, attributes = parts
    kind = getattr(keras.callbacks, name) if isinstance(name, str) and not name.startswith("_") else None
    if not isinstance(kind, type) or not issubclass(kind, keras.callbacks.Callback) or not isinstance(attributes, dict):
        raise Broken("it sent a callback that Keras does not have")
    value = codec.claim(number, kind, lambda: object.__new__(kind))
    for key, part in attributes.items():
        if type(part) in SETTINGS and not key.startswith("_") and not hasattr(kind, key):
            vars(value)[key] = part
    return value


READERS: dict[str, Reader] = {
    "model": _read_model,
    "keras": _read_keras,
    "history": _read_history,
    "callback": read_callback,
}
