"""Models of a class that the submission defines: described by what they compute, if Keras's own layers do it.

The submission's code runs once more, in its own kernel, on a placeholder for the input; Keras notes which layers it
goes through. That graph is sent, like any functional model.
"""

import sys
from typing import Any

from course.testing.errors import UnsupportedValue


def functional_equivalent(model: Any) -> Any:
    """The model itself, or for a class that Keras does not know the functional model that computes the same.

    Raises
    ------
    UnsupportedValue
        It has not seen its input's shape, or what it does cannot be followed.
    """
    keras = sys.modules["keras"]
    if type(model).__module__.startswith("keras."):
        return model
    built: Any = model.get_build_config() or {}
    shape = built.get("input_shape")
    if not isinstance(shape, list | tuple) or not all(isinstance(size, int | None) for size in shape[1:]):
        raise UnsupportedValue("it has not been called yet")
    try:
        inputs = keras.Input(tuple(shape[1:]), name="input")
        return keras.Model(inputs, model.call(inputs), name=model.name)
    except Exception as error:
        raise UnsupportedValue(f"Keras cannot follow what it does ({type(error).__name__})") from error


def moments_of(model: Any, graph: Any) -> list[Any]:
    """The state of a model's optimiser, as far as it has the same order in the functional model."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or not getattr(optimizer, "built", False):
        return []
    same_order = [id(variable) for variable in model.trainable_variables] == [
        id(variable) for variable in graph.trainable_variables
    ]
    return list(optimizer.variables if same_order else optimizer.variables[:2])  # steps and learning rate come first
