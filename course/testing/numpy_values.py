"""NumPy's values: arrays with their type, single numbers, masked arrays and generators of random numbers."""

import hashlib
import math
import re
import warnings
from typing import Any

import numpy as np

from course.testing.codec import TESTS, Codec, Node, Reader
from course.testing.errors import ProtocolError, raise_protocol_error

_PLAIN = re.compile(r"[<>|=]?([biufc][0-9]{1,2}|b1|[SU][0-9]{1,6}|[mM]8(\[[0-9]{0,6}[a-zA-Z]{1,2}\])?)")
BFLOAT16 = "bfloat16"  # NumPy's only through the package ml_dtypes, which TensorFlow brings along
MOST_AXES, MOST_OBJECTS = 32, 1_000_000
BIT_GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
MOST_PLACE = {"MT19937": 624, "Philox": 4}  # of the next number in the buffer, which NumPy does not check


def write_arrays(codec: Codec, value: Any) -> Node | None:
    """The value as data, None if it is of another kind."""
    match value:
        case np.ma.MaskedArray():
            data, mask = np.asarray(value.data), np.ma.getmaskarray(value)
            return ["masked", write_array(codec, data), write_array(codec, mask), codec.write(value.fill_value)]
        case np.ndarray():
            return write_array(codec, value)
        case np.generic():
            if value.dtype.kind == "O" or not is_plain(value.dtype):
                return None
            return ["scalar", dtype_name(value.dtype), np.asarray(value).tobytes().hex()]
        case np.dtype():
            return ["dtype", dtype_name(value)] if is_plain(value) or value.kind == "O" else None
        case np.random.Generator():
            state = value.bit_generator.state
            return codec.write_object("generator", value, lambda: [codec.write(state)])
        case np.random.RandomState():
            state = value.get_state(legacy=False)
            return codec.write_object("random_state", value, lambda: [codec.write(state)])
        case _:
            return None


def dtype_name(dtype: np.dtype[Any]) -> str:
    """The name by which the other side finds the type."""
    return BFLOAT16 if dtype.name == BFLOAT16 else dtype.str


def is_plain(dtype: np.dtype[Any]) -> bool:
    """Whether arrays of this type are numbers, texts or times and nothing else."""
    return dtype.name == BFLOAT16 or bool(_PLAIN.fullmatch(dtype.str))


def write_array(codec: Codec, value: np.ndarray[Any, Any]) -> Node | None:
    """An array; one of objects item by item."""
    plain, shape = np.asarray(value), list(value.shape)
    if plain.dtype.kind == "O":
        return codec.write_object("objects", value, lambda: [shape, [codec.write(item) for item in plain.flat]])
    if not is_plain(plain.dtype):
        return None

    def state() -> list[Node]:
        content = np.ascontiguousarray(plain).tobytes()
        header = [dtype_name(plain.dtype), shape, bool(value.flags.writeable)]
        if not codec.has_changed(value, state_checksum(header, content)):
            return [None]
        return [*header, codec.buffer(content)]

    return codec.write_object("array", value, state)


def state_checksum(header: list[Any], content: bytes) -> bytes:
    """A checksum of an array's state."""
    return hashlib.blake2b(repr(header).encode() + content, digest_size=16).digest()


# --- reading --------------------------------------------------------------------------------------------------------


def read_dtype(name: Any) -> np.dtype[Any]:
    """A type of numbers, texts or times."""
    if not isinstance(name, str) or not (name == BFLOAT16 or _PLAIN.fullmatch(name)):
        raise ProtocolError("it sent an array of no known type")
    return np.dtype(name)


def read_shape(shape: Any) -> tuple[int, ...]:
    """The lengths of an array's axes."""
    if not isinstance(shape, list) or len(shape) > MOST_AXES:
        raise ProtocolError("it sent an array of no known shape")
    if not all(type(length) is int and 0 <= length < 2**40 for length in shape):
        raise ProtocolError("it sent an array of no known shape")
    return tuple(shape)


def _read_array(codec: Codec, parts: list[Any]) -> Any:
    number, *fields = parts
    if fields == [None]:  # as it was
        return codec.get_or_create(
            number, np.ndarray, lambda: raise_protocol_error("it sent an array without its numbers")
        )
    name, lengths, writeable, place = fields
    dtype, shape, content = read_dtype(name), read_shape(lengths), codec.received_buffer(place)
    if math.prod(shape) * dtype.itemsize != len(content):
        raise ProtocolError("it sent an array whose shape and numbers do not agree")
    new = array_from_bytes(content, dtype).reshape(shape).copy() if content else np.zeros(shape, dtype)
    value = codec.get_or_create(number, np.ndarray, lambda: new)
    codec.note_state(number, state_checksum([name, lengths, bool(writeable)], content))
    if value is new:
        value.flags.writeable = bool(writeable)
    else:
        overwrite_array(value, new)
    return value


def array_from_bytes(content: bytes, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """A flat array of these bytes; truth values are made 0 or 1, as NumPy relies on that."""
    return np.frombuffer(content, np.uint8) != 0 if dtype.kind == "b" else np.frombuffer(content, dtype)


def overwrite_array(value: np.ndarray[Any, Any], new: np.ndarray[Any, Any]) -> None:
    """Give an array the type, shape and values of the other side's."""
    if value.dtype != new.dtype or value.shape != new.shape:
        if value.nbytes != new.nbytes or not value.flags.c_contiguous:
            raise ProtocolError(f"an array of shape {value.shape} was changed into one of shape {new.shape}")
        if value.dtype != new.dtype:
            with warnings.catch_warnings():  # NumPy deprecates it; the submission has done it all the same
                warnings.simplefilter("ignore", DeprecationWarning)
                value.dtype = new.dtype  # type: ignore[misc]
        value.resize(new.shape, refcheck=False)
    if not value.flags.writeable:
        raise ProtocolError("an array that cannot be written to was changed")
    np.copyto(value, new)


def _read_objects(codec: Codec, parts: list[Any]) -> Any:
    number, lengths, items = parts
    shape = read_shape(lengths)
    if not isinstance(items, list) or len(items) > MOST_OBJECTS or math.prod(shape) != len(items):
        raise ProtocolError("it sent an array whose shape and contents do not agree")
    value = codec.get_or_create(number, np.ndarray, lambda: np.empty(shape, object))
    if value.dtype != object or value.shape != shape:
        raise ProtocolError("an array was changed into one of another type or shape")
    for place, item in enumerate(items):
        value.flat[place] = codec.read(item)
    return value


def _read_scalar(codec: Codec, parts: list[Any]) -> Any:
    name, text = parts
    dtype, content = read_dtype(name), bytes.fromhex(text)
    if len(content) != dtype.itemsize:
        raise ProtocolError("it sent a number of another length than its type's")
    return array_from_bytes(content, dtype)[0] if content else np.zeros((), dtype)[()]


def _read_masked(codec: Codec, parts: list[Any]) -> Any:
    data, mask, fill = (codec.read(part) for part in parts)
    if not isinstance(data, np.ndarray) or not isinstance(mask, np.ndarray) or mask.dtype != bool:
        raise ProtocolError("it sent a masked array of no known form")
    if data.shape != mask.shape:
        raise ProtocolError("it sent a masked array whose shapes do not agree")
    if codec.side == TESTS:  # what is masked would be left out of every comparison
        return np.where(mask, np.nan, data) if mask.any() else data
    return np.ma.MaskedArray(data, mask, fill_value=fill if isinstance(fill, np.generic | int | float | str) else None)


def _read_generator(codec: Codec, parts: list[Any]) -> Any:
    number, state = parts[0], codec.read(parts[1])
    name = bit_generator_name(state)
    value = codec.get_or_create(number, np.random.Generator, lambda: np.random.Generator(getattr(np.random, name)(0)))
    value.bit_generator.state = state
    return value


def bit_generator_name(state: Any) -> str:
    """The name of the bit generator with this state, checked so that it reads only its own memory."""
    name = state.get("bit_generator") if isinstance(state, dict) else None
    if name not in BIT_GENERATORS:
        raise ProtocolError("it sent a random generator of no known kind")
    place = {"MT19937": lambda: state["state"]["pos"], "Philox": lambda: state["buffer_pos"]}.get(name, lambda: 0)()
    if type(place) is not int or not 0 <= place <= MOST_PLACE.get(name, 0):
        raise ProtocolError("it sent a random generator that reads what is not its own")
    return str(name)


def _read_random_state(codec: Codec, parts: list[Any]) -> Any:
    number, state = parts[0], codec.read(parts[1])
    if bit_generator_name(state) != "MT19937":
        raise ProtocolError("it sent a random generator of no known kind")
    value = codec.get_or_create(number, np.random.RandomState, lambda: np.random.RandomState(0))
    value.set_state(state)
    return value


NUMPY_READERS: dict[str, Reader] = {
    "array": _read_array,
    "objects": _read_objects,
    "scalar": _read_scalar,
    "masked": _read_masked,
    "dtype": lambda codec, parts: np.dtype(object) if parts == ["|O"] else read_dtype(parts[0]),
    "generator": _read_generator,
    "random_state": _read_random_state,
}
