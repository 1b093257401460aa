"""The state of a model that is there: its layers' settings, its weights, its optimiser."""

import json
from contextlib import suppress
from typing import Any

from course.testing.errors import Broken, Refused
from course.testing.keras_classes import check_description
from course.testing.model_descriptions import accept, rebuild_object
from course.testing.model_writing import SETTINGS
from course.testing.traced_models import functional_equivalent, moments_of


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
            check_description(config)
            model.compile_from_config(config)
        except (Refused, ValueError, TypeError, AttributeError):
            accept(optimizer)
            model.compile(optimizer=rebuild_object(optimizer) if isinstance(optimizer, dict) else "rmsprop")
    if moments is not None and model.optimizer is not None:
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        variables = moments_of(model, functional_equivalent(model))
        known = len(moments) if len(moments) == len(variables) else 2  # steps and learning rate come first
        set_values(variables[:known], moments[:known])


def compile_config(model: Any) -> Any:
    """What a model was compiled with, None if Keras cannot say it."""
    with suppress(Exception):
        return model.get_compile_config()
    return None
