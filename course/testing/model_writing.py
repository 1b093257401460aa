"""Keras's values as data: models as description, weights and optimiser; losses and callbacks as their settings.

A model with a part that the submission defines (a layer, a Lambda) is not described: it stays where it is.
"""

import hashlib
import json
import sys
from typing import Any

import numpy as np

from course.testing.codec import Codec, Node
from course.testing.errors import UnsupportedValue
from course.testing.keras_classes import allowed_classes, check_description
from course.testing.traced_models import functional_equivalent, moments_of

SIMPLE_TYPES = (bool, int, float, str, type(None))
OWN_CALLBACK = "keras.src.callbacks."


def write_models(codec: Codec, value: Any) -> Node | None:
    """The value as data, None if it is of another kind or has parts that are not Keras's own."""
    keras = sys.modules.get("keras")
    if keras is None:
        return None
    if isinstance(value, keras.Model):
        return write_model(codec, value)
    if isinstance(value, keras.callbacks.History):
        fields = [codec.write(part) for part in (value.history, getattr(value, "epoch", []), value.params)]
        return codec.write_object("history", value, lambda: fields)
    if isinstance(value, keras.callbacks.Callback):
        is_own = type(value).__module__.startswith(OWN_CALLBACK)
        return (
            codec.write_object("callback", value, lambda: [type(value).__name__, simple_attributes(value)])
            if is_own
            else None
        )
    if type(value) in set(allowed_classes().values()):
        try:
            text = description(value)
        except UnsupportedValue:
            return None
        return codec.write_object("keras", value, lambda: [text])
    return None


def description(value: Any) -> str:
    """What Keras's own serialisation says of an object, as JSON.

    Raises
    ------
    UnsupportedValue
        It holds something that cannot be rebuilt.
    """
    keras = sys.modules["keras"]
    try:
        text = json.dumps(keras.saving.serialize_keras_object(value))
    except Exception:  # noqa: BLE001 - a loss or layer of the submission's own can fail with anything
        text = json.dumps(description_without_loss(value, value))
    data = json.loads(text)
    if isinstance(data, dict):
        data.pop("compile_config", None)
    check_description(data)
    return text


def description_without_loss(graph: Any, compiled: Any) -> dict[str, Any]:
    """A model's description where Keras cannot describe its loss: of its compile settings only the optimiser.

    `compiled` is the model that was compiled, which need not be the one that is described.
    """
    keras = sys.modules["keras"]
    names = {kind: name for name, kind in allowed_classes().items()}
    if not isinstance(graph, keras.Model) or type(graph) not in names:
        raise UnsupportedValue("Keras cannot describe it")
    (module, name), serialize = names[type(graph)], keras.saving.serialize_keras_object
    spec: dict[str, Any] = {"module": module, "class_name": name, "registered_name": None}
    try:
        spec["config"] = serialize(graph.get_config())
        if getattr(compiled, "optimizer", None) is not None:
            spec["compile_config"] = {"optimizer": serialize(compiled.optimizer)}
    except Exception as error:
        raise UnsupportedValue(f"Keras cannot describe it ({type(error).__name__})") from error
    check_description(json.loads(json.dumps({**spec, "compile_config": None})))
    return spec


def write_model(codec: Codec, model: Any) -> Node | None:
    """A model; its state is sent only when it has changed."""
    try:
        graph = functional_equivalent(model)
        text = description(graph) if graph is model else json.dumps(description_without_loss(graph, model))
    except UnsupportedValue:
        return None
    weights = [np.asarray(variable) for variable in graph.variables]  # with the seeds of its dropout layers
    moments = [np.asarray(variable) for variable in moments_of(model, graph)]
    built = bool(moments)
    state = hashlib.blake2b(text.encode())
    for array in (*weights, *moments):
        state.update(np.ascontiguousarray(array).tobytes())

    def parts() -> list[Node]:
        if not codec.has_changed(model, state.digest()):
            return [None]
        return [text, [codec.write(array) for array in weights], [codec.write(array) for array in moments], built]

    return codec.write_object("model", model, parts)


def simple_attributes(value: Any) -> Node:
    """An object's public attributes that have simple values."""
    return {name: part for name, part in vars(value).items() if not name.startswith("_") and type(part) in SIMPLE_TYPES}
