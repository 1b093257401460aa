"""Descriptions of Keras's objects that come from the other side: checked, and then rebuilt."""

import importlib
import json
import sys
from typing import Any

from course.testing.errors import ProtocolError, UnsupportedValue
from course.testing.keras_classes import check_description


def import_keras() -> Any:
    """Keras, if the lab uses it."""
    if "keras" not in sys.modules:
        importlib.import_module("keras")  # takes seconds, and few labs that do not import it meet a model
    return sys.modules["keras"]


def read_description(text: Any) -> dict[str, Any]:
    """A description, checked except for its compile settings."""
    try:
        spec = json.loads(text)
    except RecursionError as error:
        raise ProtocolError("it sent a model's description that is none") from error
    if not isinstance(spec, dict) or not isinstance(spec.get("config"), dict):
        raise ProtocolError("it sent a model's description that is none")
    compile_config = spec.pop("compile_config", None)
    check_received(spec)
    return {**spec, "compile_config": compile_config}


def check_received(spec: Any) -> None:
    """Check a description that came from the other side."""
    try:
        check_description(spec)
    except UnsupportedValue as error:
        raise ProtocolError(f"it sent a model that may not be rebuilt: {error}") from error


def rebuild_object(spec: dict[str, Any]) -> Any:
    """The object that a checked description describes."""
    try:
        return import_keras().saving.deserialize_keras_object(spec, safe_mode=True)
    except Exception as error:
        raise ProtocolError(f"it sent a model that Keras cannot rebuild ({type(error).__name__})") from error
