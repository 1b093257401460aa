"""Keras's values as data: models as description, weights and optimiser; losses and callbacks by settings.

A model that has a part of the submission's own (a layer, a Lambda) is not described: it stays where it is.
"""

import hashlib
import json
import sys
from typing import Any

import numpy as np

from course.testing.codec import Codec, Node
from course.testing.errors import Refused
from course.testing.keras_classes import check_description, classes
from course.testing.traced_models import functional_equivalent, moments_of

SETTINGS = (bool, int, float, str, type(None))
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
        return (
            codec.object("callback", value, lambda: [type(value).__name__, simple_attributes(value)]) if own else None
        )
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
    check_description(found)
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
    check_description(json.loads(json.dumps({**about, "compile_config": None})))
    return about


def write_model(codec: Codec, model: Any) -> Node | None:
    """A model; its state is sent only when it has changed."""
    try:
        graph = functional_equivalent(model)
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


def simple_attributes(value: Any) -> Node:
    """Those of an object's attributes that are simple and public."""
    return {name: part for name, part in vars(value).items() if not name.startswith("_") and type(part) in SETTINGS}
