"""The state of an existing model: its layers' settings, its weights, its optimiser."""

import json
from contextlib import suppress
from typing import Any

from course.testing.errors import ProtocolError, UnsupportedValue
from course.testing.keras_classes import check_description
from course.testing.model_descriptions import check_received, rebuild_object
from course.testing.model_writing import SIMPLE_TYPES
from course.testing.traced_models import functional_equivalent, moments_of


def set_values(variables: Any, values: list[Any]) -> None:
    """Assign values to variables, of the same shapes."""
    if [tuple(array.shape) for array in variables] != [array.shape for array in values]:
        raise ProtocolError("it sent a model whose weights do not have the shapes of its layers")
    for variable, value in zip(variables, values, strict=True):
        if value.dtype.kind not in "biufV":
            raise ProtocolError("it sent a model whose weights are not numbers")
        variable.assign(value)


def update_layer_settings(model: Any, spec: dict[str, Any]) -> None:
    """Set the settings of a model's layers to those of the description, where they differ."""
    config = json.loads(json.dumps(model.get_config()))
    if config == spec["config"]:
        return
    layers = {layer.name: layer for layer in model.layers if type(layer).__name__ != "InputLayer"}
    described = {layer["config"].get("name"): layer for layer in spec["config"].get("layers", []) if is_layer(layer)}
    if set(layers) != set(described):
        raise ProtocolError("the layers of a model that was given were changed")
    for name, layer in layers.items():
        for key, value in described[name]["config"].items():
            simple = type(value) in SIMPLE_TYPES and type(getattr(layer, key, ...)) in SIMPLE_TYPES
            if simple and getattr(layer, key) != value:
                setattr(layer, key, value)


def is_layer(description: Any) -> bool:
    """Whether a part of a model's description is a layer with settings."""
    if not isinstance(description, dict) or not isinstance(description.get("config"), dict):
        return False
    operation = str(description.get("module")).startswith("keras.src.ops.")
    return description.get("class_name") != "InputLayer" and not operation


def compile_like(model: Any, config: dict[str, Any] | None, moments: list[Any] | None) -> None:
    """Compile a model like the other side's, with the optimiser's state; without what is not Keras's own."""
    if not config:
        return
    only_optimizer = set(config) == {"optimizer"} and getattr(model, "compiled", False)
    if only_optimizer and type(model.optimizer).__name__ == (config["optimizer"] or {}).get("class_name"):
        pass  # its other compile settings cannot be described
    elif not getattr(model, "compiled", False) or json.loads(json.dumps(compile_config(model))) != config:
        optimizer = config.get("optimizer")
        try:
            check_description(config)
            model.compile_from_config(config)
        except (UnsupportedValue, ValueError, TypeError, AttributeError):
            check_received(optimizer)
            model.compile(optimizer=rebuild_object(optimizer) if isinstance(optimizer, dict) else "rmsprop")
    if moments is not None and model.optimizer is not None:
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        variables = moments_of(model, functional_equivalent(model))
        count = len(moments) if len(moments) == len(variables) else 2  # steps and learning rate come first
        set_values(variables[:count], moments[:count])


def compile_config(model: Any) -> Any:
    """What a model was compiled with, None if Keras cannot describe it."""
    with suppress(Exception):
        return model.get_compile_config()
    return None
