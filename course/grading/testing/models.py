"""Keras's values: models as description, weights and optimiser; histories, losses and callbacks by settings.

A model that has a part of the submission's own (a layer, a Lambda) is not rebuilt: it stays where it is.
"""

import hashlib
import importlib
import json
import sys
from contextlib import suppress
from typing import Any

import numpy as np

from course.grading.testing.codec import Codec, Node, Reader
from course.grading.testing.errors import Broken, Refused, refuse
from course.grading.testing.keras_classes import check, classes
from course.grading.testing.traced import described, moments_of

SETTINGS = (bool, int, float, str, type(None))
MOST_ARRAYS = 10_000
OWN_CALLBACK = "keras.src.callbacks."


def write_models(codec: Codec, value: Any) -> Node | None:
    """The value as data, None if it is of another kind or has parts that are not Keras's own."""
    keras = sys.modules.get("keras")
    if keras is None:
        return None
    if isinstance(value, keras.Model):
        return write_model(codec, value)
    if isinstance(value, keras.callbacks.History):
        record = [codec.write(part) for part in (value.history, getattr(value, "epoch", []), value.params)]
        return codec.object("history", value, lambda: record)
    if isinstance(value, keras.callbacks.Callback):
        own = type(value).__module__.startswith(OWN_CALLBACK)
        return codec.object("callback", value, lambda: [type(value).__name__, settings(value)]) if own else None
    if type(value) in set(classes().values()):
        try:
            text = description(value)
        except Refused:
            return None
        return codec.object("keras", value, lambda: [text])
    return None


def description(value: Any) -> str:
    """What Keras's own serialisation says of an object, as JSON.

    Raises
    ------
    Refused
        There is something in it that cannot be rebuilt.
    """
    keras = sys.modules["keras"]
    try:
        text = json.dumps(keras.saving.serialize_keras_object(value))
    except Exception:  # noqa: BLE001 - a loss or layer of the submission's own can fail with anything
        text = json.dumps(without_loss(value, value))
    found = json.loads(text)
    if isinstance(found, dict):
        found.pop("compile_config", None)
    check(found)
    return text


def without_loss(graph: Any, compiled: Any) -> dict[str, Any]:
    """The description of a model that was compiled with what Keras cannot describe: of that, only its optimiser.

    `compiled` is the model that was, which need not be the one that is described.
    """
    keras = sys.modules["keras"]
    names = {found: name for name, found in classes().items()}
    if not isinstance(graph, keras.Model) or type(graph) not in names:
        raise Refused("Keras cannot describe it")
    (module, name), say = names[type(graph)], keras.saving.serialize_keras_object
    about: dict[str, Any] = {"module": module, "class_name": name, "registered_name": None}
    try:
        about["config"] = say(graph.get_config())
        if getattr(compiled, "optimizer", None) is not None:
            about["compile_config"] = {"optimizer": say(compiled.optimizer)}
    except Exception as error:
        raise Refused(f"Keras cannot describe it ({type(error).__name__})") from error
    check(json.loads(json.dumps({**about, "compile_config": None})))
    return about


def write_model(codec: Codec, model: Any) -> Node | None:
    """A model; its state is sent only when it has changed."""
    try:
        graph = described(model)
        text = description(graph) if graph is model else json.dumps(without_loss(graph, model))
    except Refused:
        return None
    weights = [np.asarray(weight) for weight in graph.weights]
    moments = [np.asarray(variable) for variable in moments_of(model, graph)]
    built = bool(moments)
    state = hashlib.blake2b(text.encode())
    for array in (*weights, *moments):
        state.update(np.ascontiguousarray(array).tobytes())

    def parts() -> list[Node]:
        if not codec.is_news(model, state.digest()):
            return [None]
        return [text, [codec.write(one) for one in weights], [codec.write(one) for one in moments], built]

    return codec.object("model", model, parts)


def settings(value: Any) -> Node:
    """Those of an object's attributes that are simple and public."""
    return {name: part for name, part in vars(value).items() if not name.startswith("_") and type(part) in SETTINGS}


# --- reading --------------------------------------------------------------------------------------------------------


def _read_model(codec: Codec, parts: list[Any]) -> Any:
    keras = keras_here()
    number, text, *rest = parts
    if text is None:  # as it was
        return codec.claim(number, keras.Model, lambda: refuse("it sent a model without its description"))
    weights, moments = (read_arrays(codec, one) for one in rest[:2])
    spec = parsed(text)
    compiled = spec.pop("compile_config", None)
    model = codec.claim(number, keras.Model, lambda: rebuilt(spec))
    adapt(model, json.loads(text))
    set_values(described(model).weights, weights)
    set_compiled(model, compiled if isinstance(compiled, dict) else None, moments if rest[2] else None)
    return model


def keras_here() -> Any:
    """Keras, if the lab uses it."""
    if "keras" not in sys.modules:
        importlib.import_module("keras")  # takes seconds, and few labs that do not import it meet a model
    return sys.modules["keras"]


def parsed(text: Any) -> dict[str, Any]:
    """A description, checked but for its compile settings."""
    try:
        spec = json.loads(text)
    except RecursionError as error:
        raise Broken("it sent a model's description that is none") from error
    if not isinstance(spec, dict) or not isinstance(spec.get("config"), dict):
        raise Broken("it sent a model's description that is none")
    compiled = spec.pop("compile_config", None)
    accept(spec)
    return {**spec, "compile_config": compiled}


def accept(spec: Any) -> None:
    """Check a description that came from the other side."""
    try:
        check(spec)
    except Refused as error:
        raise Broken(f"it sent a model that may not be rebuilt: {error}") from error


def rebuilt(spec: dict[str, Any]) -> Any:
    """The object that a checked description describes."""
    try:
        return keras_here().saving.deserialize_keras_object(spec, safe_mode=True)
    except Exception as error:
        raise Broken(f"it sent a model that Keras cannot rebuild ({type(error).__name__})") from error


def read_arrays(codec: Codec, nodes: Any) -> list[Any]:
    """A list of arrays."""
    if not isinstance(nodes, list) or len(nodes) > MOST_ARRAYS:
        raise Broken("it sent a model without its weights")
    found = [codec.read(node) for node in nodes]
    if not all(isinstance(one, np.ndarray) for one in found):
        raise Broken("it sent a model without its weights")
    return found


def set_values(variables: Any, values: list[Any]) -> None:
    """Give variables their values, which must be of their shapes."""
    if [tuple(one.shape) for one in variables] != [one.shape for one in values]:
        raise Broken("it sent a model whose weights do not have the shapes of its layers")
    for variable, value in zip(variables, values, strict=True):
        if value.dtype.kind not in "biufV":
            raise Broken("it sent a model whose weights are not numbers")
        variable.assign(value)


def adapt(model: Any, spec: dict[str, Any]) -> None:
    """Make the settings of a model's layers those of the description; it may be the same model with others."""
    now = json.loads(json.dumps(model.get_config()))
    if now == spec["config"]:
        return
    layers = {layer.name: layer for layer in model.layers if type(layer).__name__ != "InputLayer"}
    described = {one["config"].get("name"): one for one in spec["config"].get("layers", []) if is_layer(one)}
    if set(layers) != set(described):
        raise Broken("the layers of a model that was given were changed")
    for name, layer in layers.items():
        for key, value in described[name]["config"].items():
            simple = type(value) in SETTINGS and type(getattr(layer, key, ...)) in SETTINGS
            if simple and getattr(layer, key) != value:
                setattr(layer, key, value)


def is_layer(description: Any) -> bool:
    """Whether a part of a model's description is a layer with settings."""
    if not isinstance(description, dict) or not isinstance(description.get("config"), dict):
        return False
    operation = str(description.get("module")).startswith("keras.src.ops.")
    return description.get("class_name") != "InputLayer" and not operation


def set_compiled(model: Any, config: dict[str, Any] | None, moments: list[Any] | None) -> None:
    """Compile a model as the other side's is, with the optimiser's state; what is not Keras's own is left out."""
    if not config:
        return
    alone = set(config) == {"optimizer"} and getattr(model, "compiled", False)
    if alone and type(model.optimizer).__name__ == (config["optimizer"] or {}).get("class_name"):
        pass  # what else it was compiled with cannot be said
    elif not getattr(model, "compiled", False) or json.loads(json.dumps(compile_config(model))) != config:
        optimizer = config.get("optimizer")
        try:
            check(config)
            model.compile_from_config(config)
        except (Refused, ValueError, TypeError, AttributeError):
            accept(optimizer)
            model.compile(optimizer=rebuilt(optimizer) if isinstance(optimizer, dict) else "rmsprop")
    if moments is not None and model.optimizer is not None:
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        variables = moments_of(model, described(model))
        known = len(moments) if len(moments) == len(variables) else 2  # steps and learning rate come first
        set_values(variables[:known], moments[:known])


def compile_config(model: Any) -> Any:
    """What a model was compiled with, None if Keras cannot say it."""
    with suppress(Exception):
        return model.get_compile_config()
    return None


def _read_keras(codec: Codec, parts: list[Any]) -> Any:
    keras_here()
    number, text = parts
    spec = json.loads(text)
    accept(spec)
    return codec.claim(number, object, lambda: rebuilt(spec))


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
