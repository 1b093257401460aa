"""Values of Python's own types; those of subclasses as values of the base type."""

import array
import dataclasses
import datetime
import re
from collections import ChainMap, UserDict, UserList, deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Any

from course.testing.codec import Codec, Node, Reader
from course.testing.errors import ProtocolError, UnsupportedValue

SMALL = 2**53  # JSON of any kind keeps such whole numbers
MOST_DIGITS, MOST_PATH, MOST_DECIMAL = 20_000, 4_096, 1_000  # hexadecimal digits; characters
HEX_INT = re.compile(r"-?0x[0-9a-f]+")


def write_python(codec: Codec, value: Any) -> Node | None:
    """The value as data, None if it is of another kind."""
    for kind, write in TYPE_WRITERS:
        if isinstance(value, kind):
            return write(codec, value)
    return write_rare_types(codec, value)


def write_rare_types(codec: Codec, value: Any) -> Node | None:
    """The same for rarer types."""
    match value:
        case PurePath():
            return ["path", str(value)]
        case datetime.datetime() if str(value) != "NaT":  # which pandas puts among them
            return ["datetime", datetime.datetime.isoformat(value)]
        case datetime.date():
            return ["date", datetime.date.isoformat(value)]
        case datetime.time():
            return ["time", datetime.time.isoformat(value)]
        case datetime.timedelta():
            return ["timedelta", value.days, value.seconds, value.microseconds]
        case Fraction():
            return ["fraction", write_int(value.numerator), write_int(value.denominator)]
        case Decimal():
            return ["decimal", Decimal.__str__(value)]
        case deque() | UserList() | array.array():
            return codec.write(list(value))
        case UserDict() | ChainMap() | MappingProxyType():
            return codec.write(dict(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
        return codec.write_object("dict", value, lambda: [write_pairs(codec, fields)])
    return ["ellipsis"] if value is ... else None


def write_pairs(codec: Codec, entries: Any) -> list[Node]:
    """Keys and values."""
    return [[codec.write(key), codec.write(item)] for key, item in entries]


def write_int(value: int) -> Node:
    """A whole number of any size, up to a limit."""
    if -SMALL <= value <= SMALL:
        return value
    if value.bit_length() > 4 * MOST_DIGITS:
        raise UnsupportedValue("it is a whole number of more than 20,000 digits")
    return ["int", hex(value)]


def write_items(codec: Codec, value: Iterable[Any]) -> list[Node]:
    """The members of a container."""
    return [codec.write(item) for item in value]


# In the order in which they are tried; `kind.method(value)` is the method of the class, not of a subclass.
TYPE_WRITERS: tuple[tuple[type, Callable[[Codec, Any], Node]], ...] = (
    (bool, lambda codec, value: bool(value)),
    (int, lambda codec, value: write_int(int.__add__(value, 0))),
    (float, lambda codec, value: float.__add__(value, 0.0)),
    (str, lambda codec, value: str.__str__(value)),
    (complex, lambda codec, value: ["complex", value.real, value.imag]),
    (bytes, lambda codec, value: ["bytes", codec.buffer(bytes(value))]),
    (bytearray, lambda codec, value: codec.write_object("bytearray", value, lambda: [codec.buffer(bytes(value))])),
    (tuple, lambda codec, value: ["tuple", write_items(codec, tuple.__iter__(value))]),
    (list, lambda codec, value: codec.write_object("list", value, lambda: [write_items(codec, list.__iter__(value))])),
    (dict, lambda codec, value: codec.write_object("dict", value, lambda: [write_pairs(codec, dict.items(value))])),
    (set, lambda codec, value: codec.write_object("set", value, lambda: [write_items(codec, set.__iter__(value))])),
    (frozenset, lambda codec, value: ["frozenset", write_items(codec, frozenset.__iter__(value))]),
    (range, lambda codec, value: ["range", *map(write_int, (value.start, value.stop, value.step))]),
    (slice, lambda codec, value: ["slice", *map(codec.write, (value.start, value.stop, value.step))]),
)


# --- reading --------------------------------------------------------------------------------------------------------


def _read_int(codec: Codec, parts: list[Any]) -> int:
    (text,) = parts
    if len(text) > MOST_DIGITS + 3 or not HEX_INT.fullmatch(text):
        raise ProtocolError("it sent a whole number of no known form")
    return int(text, 16)


def single_list(parts: list[Any]) -> list[Any]:
    """The only part, which must be a list."""
    (items,) = parts
    if not isinstance(items, list):
        raise ProtocolError("it sent a value of no known form")
    return items


def _read_list(codec: Codec, parts: list[Any]) -> list[Any]:
    number, *fields = parts
    value = codec.get_or_create(number, list, list)
    items = [codec.read(item) for item in single_list(fields)]
    value[:] = items
    return value  # type: ignore[no-any-return]


def _read_dict(codec: Codec, parts: list[Any]) -> dict[Any, Any]:
    number, *fields = parts
    is_record = codec.has_object(number) and dataclasses.is_dataclass(codec.objects[number])
    value = codec.get_or_create(number, object if is_record else dict, dict)
    items = [(codec.read(key), codec.read(item)) for key, item in single_list(fields)]
    if is_record:
        names = [field.name for field in dataclasses.fields(value)]
        if [key for key, _ in items] != names:
            raise ProtocolError("it changed an object into one with other fields")
        for key, item in items:
            object.__setattr__(value, key, item)
        return value  # type: ignore[no-any-return]
    value.clear()
    value.update(items)
    return value  # type: ignore[no-any-return]


def _read_set(codec: Codec, parts: list[Any]) -> set[Any]:
    number, *fields = parts
    value = codec.get_or_create(number, set, set)
    items = [codec.read(item) for item in single_list(fields)]
    value.clear()
    value.update(items)
    return value  # type: ignore[no-any-return]


def _read_bytearray(codec: Codec, parts: list[Any]) -> bytearray:
    number, place = parts
    value = codec.get_or_create(number, bytearray, bytearray)
    value[:] = codec.received_buffer(place)
    return value  # type: ignore[no-any-return]


def read_number(value: Any) -> float:
    """A decimal number."""
    if type(value) not in (int, float):
        raise ProtocolError("it sent a number that is none")
    return float(value)


def _read_path(codec: Codec, parts: list[Any]) -> Path:
    (text,) = parts
    if not isinstance(text, str) or len(text) > MOST_PATH or "\0" in text:
        raise ProtocolError("it sent a path of no known form")
    return Path(text)


def _read_decimal(codec: Codec, parts: list[Any]) -> Decimal:
    (text,) = parts
    if not isinstance(text, str) or len(text) > MOST_DECIMAL:
        raise ProtocolError("it sent a decimal of no known form")
    return Decimal(text)


def _read_range(codec: Codec, parts: list[Any]) -> range:
    first, stop, step = (codec.read(part) for part in parts)
    return range(first, stop, step)


def _read_slice(codec: Codec, parts: list[Any]) -> slice:
    first, stop, step = (codec.read(part) for part in parts)
    return slice(first, stop, step)


PYTHON_READERS: dict[str, Reader] = {
    "int": _read_int,
    "complex": lambda codec, parts: complex(read_number(parts[0]), read_number(parts[1])),
    "bytes": lambda codec, parts: codec.received_buffer(parts[0]),
    "bytearray": _read_bytearray,
    "tuple": lambda codec, parts: tuple(codec.read(item) for item in single_list(parts)),
    "list": _read_list,
    "dict": _read_dict,
    "set": _read_set,
    "frozenset": lambda codec, parts: frozenset(codec.read(item) for item in single_list(parts)),
    "range": _read_range,
    "slice": _read_slice,
    "path": _read_path,
    "datetime": lambda codec, parts: datetime.datetime.fromisoformat(parts[0]),
    "date": lambda codec, parts: datetime.date.fromisoformat(parts[0]),
    "time": lambda codec, parts: datetime.time.fromisoformat(parts[0]),
    "timedelta": lambda codec, parts: datetime.timedelta(*(int(read_number(part)) for part in parts)),
    "fraction": lambda codec, parts: Fraction(codec.read(parts[0]), codec.read(parts[1])),
    "decimal": _read_decimal,
    "ellipsis": lambda codec, parts: ...,
}
