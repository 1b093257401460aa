"""Keras's values rebuilt from data, of Keras's own classes only."""

import json
from typing import Any

import numpy as np

from course.testing.codec import Codec, Reader
from course.testing.errors import ProtocolError, raise_protocol_error
from course.testing.model_descriptions import check_received, import_keras, read_description, rebuild_object
from course.testing.model_state import compile_like, set_values, update_layer_settings
from course.testing.model_writing import SIMPLE_TYPES
from course.testing.traced_models import functional_equivalent

MOST_ARRAYS = 10_000


def _read_model(codec: Codec, parts: list[Any]) -> Any:
    keras = import_keras()
    number, text, *fields = parts
    if text is None:  # as it was
        return codec.get_or_create(
            number, keras.Model, lambda: raise_protocol_error("it sent a model without its description")
        )
    weights, moments = (read_arrays(codec, part) for part in fields[:2])
    spec = read_description(text)
    compile_config = spec.pop("compile_config", None)
    model = codec.get_or_create(number, keras.Model, lambda: rebuild_object(spec))
    update_layer_settings(model, json.loads(text))
    set_values(functional_equivalent(model).variables, weights)
    compile_like(model, compile_config if isinstance(compile_config, dict) else None, moments if fields[2] else None)
    return model


def read_arrays(codec: Codec, nodes: Any) -> list[Any]:
    """A list of arrays."""
    if not isinstance(nodes, list) or len(nodes) > MOST_ARRAYS:
        raise ProtocolError("it sent a model without its weights")
    arrays = [codec.read(node) for node in nodes]
    if not all(isinstance(array, np.ndarray) for array in arrays):
        raise ProtocolError("it sent a model without its weights")
    return arrays


def _read_keras(codec: Codec, parts: list[Any]) -> Any:
    import_keras()
    number, text = parts
    spec = json.loads(text)
    check_received(spec)
    return codec.get_or_create(number, object, lambda: rebuild_object(spec))


def _read_history(codec: Codec, parts: list[Any]) -> Any:
    keras = import_keras()
    number, *fields = parts
    history, epochs, params = (codec.read(part) for part in fields)
    if not isinstance(history, dict) or not isinstance(epochs, list):
        raise ProtocolError("it sent a history that is none")
    value = codec.get_or_create(number, keras.callbacks.History, keras.callbacks.History)
    value.history, value.epoch, value.params = history, epochs, params
    return value


def read_callback(codec: Codec, parts: list[Any]) -> Any:
    """A callback that has its settings and does nothing."""
    keras = import_keras()
    number, name, attributes = parts
    kind = getattr(keras.callbacks, name) if isinstance(name, str) and not name.startswith("_") else None
    if not isinstance(kind, type) or not issubclass(kind, keras.callbacks.Callback) or not isinstance(attributes, dict):
        raise ProtocolError("it sent a callback that Keras does not have")
    value = codec.get_or_create(number, kind, lambda: object.__new__(kind))
    for key, part in attributes.items():
        if type(part) in SIMPLE_TYPES and not key.startswith("_") and not hasattr(kind, key):
            vars(value)[key] = part
    return value


MODEL_READERS: dict[str, Reader] = {
    "model": _read_model,
    "keras": _read_keras,
    "history": _read_history,
    "callback": read_callback,
}
