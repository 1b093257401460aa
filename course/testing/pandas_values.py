"""Values of pandas and TensorFlow, if they are imported where the value is."""

import importlib
import re
import sys
from typing import Any

import numpy as np

from course.testing.codec import Codec, Node, Reader
from course.testing.errors import ProtocolError
from course.testing.numpy_values import write_array

# Types of columns that pandas names otherwise than NumPy.
DTYPES = re.compile(
    r"object|str|string|bool|boolean|category|U?Int[0-9]{1,2}|Float[0-9]{2}|u?int[0-9]{1,2}|float[0-9]{2}"
)


def write_tables(codec: Codec, value: Any) -> Node | None:
    """The value as data, None if it is of another kind."""
    if pandas := sys.modules.get("pandas"):
        if isinstance(value, pandas.Index):
            return ["index", write_column(codec, value), codec.write(value.name)]
        if isinstance(value, pandas.Series):
            return ["series", write_column(codec, value), codec.write(value.index), codec.write(value.name)]
        if isinstance(value, pandas.DataFrame):
            columns = [write_column(codec, value.iloc[:, place]) for place in range(value.shape[1])]
            return ["frame", codec.write(value.index), codec.write(value.columns), columns]
    if tensorflow := sys.modules.get("tensorflow"):
        if isinstance(value, tensorflow.Variable):
            return ["variable", codec.write(np.asarray(value)), bool(value.trainable)]
        if isinstance(value, tensorflow.Tensor) and hasattr(value, "numpy"):
            return ["tensor", codec.write(np.asarray(value.numpy()))]
    keras = sys.modules.get("keras")
    if keras and isinstance(value, keras.Variable):
        return ["keras_variable", codec.write(np.asarray(value)), bool(value.trainable)]
    return None


def write_column(codec: Codec, column: Any) -> Node:
    """The values of a column, and the name of their type."""
    values = np.array(column.to_numpy())
    return [str(column.dtype), write_array(codec, values) or write_array(codec, values.astype(object))]


# --- reading --------------------------------------------------------------------------------------------------------


def read_column(codec: Codec, column: Any) -> tuple[Any, str | None]:
    """The values of a column, and their type if pandas has a name of its own for it."""
    name, node = column
    values = codec.read(node)
    if not isinstance(values, np.ndarray) or values.ndim != 1:
        raise ProtocolError("it sent a column that is none")
    return values, name if DTYPES.fullmatch(name) else None


def _read_index(codec: Codec, parts: list[Any]) -> Any:
    pandas = importlib.import_module("pandas")
    values, dtype = read_column(codec, parts[0])
    return pandas.Index(values, dtype=dtype, name=codec.read(parts[1]))


def _read_series(codec: Codec, parts: list[Any]) -> Any:
    pandas = importlib.import_module("pandas")
    values, dtype = read_column(codec, parts[0])
    return pandas.Series(values, codec.read(parts[1]), dtype, codec.read(parts[2]))


def _read_frame(codec: Codec, parts: list[Any]) -> Any:
    pandas = importlib.import_module("pandas")
    index, names = codec.read(parts[0]), codec.read(parts[1])
    columns = [
        pandas.Series(values, index, dtype) for values, dtype in (read_column(codec, column) for column in parts[2])
    ]
    if len(columns) != len(names):
        raise ProtocolError("it sent a table without all its columns")
    frame = pandas.concat(columns, axis=1) if columns else pandas.DataFrame(index=index)
    frame.columns = names
    return frame


def _read_tensor(codec: Codec, parts: list[Any]) -> Any:
    return importlib.import_module("tensorflow").constant(read_tensor_values(codec, parts[0]))


def _read_variable(codec: Codec, parts: list[Any]) -> Any:
    return importlib.import_module("tensorflow").Variable(read_tensor_values(codec, parts[0]), trainable=bool(parts[1]))


def _read_keras_variable(codec: Codec, parts: list[Any]) -> Any:
    values = read_tensor_values(codec, parts[0])
    return importlib.import_module("keras").Variable(values, dtype=values.dtype.name, trainable=bool(parts[1]))


def read_tensor_values(codec: Codec, node: Any) -> np.ndarray[Any, Any]:
    """The numbers of a tensor."""
    values = codec.read(node)
    if not isinstance(values, np.ndarray | np.generic):
        raise ProtocolError("it sent a tensor that is none")
    return np.asarray(values)


PANDAS_READERS: dict[str, Reader] = {
    "index": _read_index,
    "series": _read_series,
    "frame": _read_frame,
    "tensor": _read_tensor,
    "variable": _read_variable,
    "keras_variable": _read_keras_variable,
}
