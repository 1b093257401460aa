"""Python's own kinds of values; those of subclasses as what they are underneath."""

import dataclasses
import datetime
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any

from course.grading.testing.codec import Codec, Node, Reader
from course.grading.testing.errors import Broken, Refused

SMALL = 2**53  # JSON of any kind keeps such whole numbers
MOST_DIGITS, MOST_PATH, MOST_DECIMAL = 20_000, 4_096, 1_000  # hexadecimal digits; characters
WHOLE = re.compile(r"-?0x[0-9a-f]+")


def write_python(codec: Codec, value: Any) -> Node | None:
    """The value as data, None if it is of another kind."""
    match value:
        case bool():
            return bool(value)
        case int():
            return whole(int.__add__(value, 0))
        case float():
            return float.__add__(value, 0.0)
        case str():
            return str.__str__(value)
        case complex():
            return ["complex", value.real, value.imag]
        case bytes():
            return ["bytes", codec.buffer(bytes(value))]
        case bytearray():
            return codec.object("bytearray", value, lambda: [codec.buffer(bytes(value))])
        case tuple():
            return ["tuple", [codec.write(item) for item in tuple.__iter__(value)]]
        case list():
            return codec.object("list", value, lambda: [[codec.write(item) for item in list.__iter__(value)]])
        case dict():
            return codec.object("dict", value, lambda: [pairs(codec, dict.items(value))])
        case set():
            return codec.object("set", value, lambda: [[codec.write(item) for item in set.__iter__(value)]])
        case frozenset():
            return ["frozenset", [codec.write(item) for item in frozenset.__iter__(value)]]
        case range():
            return ["range", *map(whole, (value.start, value.stop, value.step))]
        case slice():
            return ["slice", *map(codec.write, (value.start, value.stop, value.step))]
        case _:
            return write_rarer(codec, value)


def write_rarer(codec: Codec, value: Any) -> Node | None:
    """The same for what is rare."""
    match value:
        case PurePath():
            return ["path", str(value)]
        case datetime.datetime() if value == value:  # not NaT
            return ["datetime", datetime.datetime.isoformat(value)]
        case datetime.date():
            return ["date", datetime.date.isoformat(value)]
        case datetime.time():
            return ["time", datetime.time.isoformat(value)]
        case datetime.timedelta():
            return ["timedelta", value.days, value.seconds, value.microseconds]
        case Fraction():
            return ["fraction", whole(value.numerator), whole(value.denominator)]
        case Decimal():
            return ["decimal", Decimal.__str__(value)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
        return codec.object("dict", value, lambda: [pairs(codec, fields)])
    return ["ellipsis"] if value is ... else None


def pairs(codec: Codec, items: Any) -> list[Node]:
    """Keys and values."""
    return [[codec.write(key), codec.write(item)] for key, item in items]


def whole(value: int) -> Node:
    """A whole number of any size, up to a limit."""
    if -SMALL <= value <= SMALL:
        return value
    if value.bit_length() > 4 * MOST_DIGITS:
        raise Refused("it is a whole number of more than 20,000 digits")
    return ["int", hex(value)]


# --- reading --------------------------------------------------------------------------------------------------------


def read_whole(codec: Codec, parts: list[Any]) -> int:
    (text,) = parts
    if len(text) > MOST_DIGITS + 3 or not WHOLE.fullmatch(text):
        raise Broken("it sent a whole number of no known form")
    return int(text, 16)


def listed(parts: list[Any]) -> list[Any]:
    """The only part, which must be a list."""
    (items,) = parts
    if not isinstance(items, list):
        raise Broken("it sent a value of no known form")
    return items


def read_list(codec: Codec, parts: list[Any]) -> list[Any]:
    number, *rest = parts
    value = codec.claim(number, list, list)
    items = [codec.read(item) for item in listed(rest)]
    value[:] = items
    return value  # type: ignore[no-any-return]


def read_dict(codec: Codec, parts: list[Any]) -> dict[Any, Any]:
    number, *rest = parts
    is_record = codec.has(number) and dataclasses.is_dataclass(codec.known[number])
    value = codec.claim(number, object if is_record else dict, dict)
    items = [(codec.read(key), codec.read(item)) for key, item in listed(rest)]
    if is_record:
        for key, item in items:
            object.__setattr__(value, key, item)
        return value  # type: ignore[no-any-return]
    value.clear()
    value.update(items)
    return value  # type: ignore[no-any-return]


def read_set(codec: Codec, parts: list[Any]) -> set[Any]:
    number, *rest = parts
    value = codec.claim(number, set, set)
    items = [codec.read(item) for item in listed(rest)]
    value.clear()
    value.update(items)
    return value  # type: ignore[no-any-return]


def read_bytearray(codec: Codec, parts: list[Any]) -> bytearray:
    number, place = parts
    value = codec.claim(number, bytearray, bytearray)
    value[:] = codec.taken(place)
    return value  # type: ignore[no-any-return]


def read_number(value: Any) -> float:
    """A decimal number."""
    if type(value) not in (int, float):
        raise Broken("it sent a number that is none")
    return float(value)


def read_path(codec: Codec, parts: list[Any]) -> Path:
    (text,) = parts
    if not isinstance(text, str) or len(text) > MOST_PATH or "\0" in text:
        raise Broken("it sent a path of no known form")
    return Path(text)


def read_decimal(codec: Codec, parts: list[Any]) -> Decimal:
    (text,) = parts
    if not isinstance(text, str) or len(text) > MOST_DECIMAL:
        raise Broken("it sent a decimal of no known form")
    return Decimal(text)


def read_range(codec: Codec, parts: list[Any]) -> range:
    first, stop, step = (codec.read(part) for part in parts)
    return range(first, stop, step)


def read_slice(codec: Codec, parts: list[Any]) -> slice:
    first, stop, step = (codec.read(part) for part in parts)
    return slice(first, stop, step)


READERS: dict[str, Reader] = {
    "int": read_whole,
    "complex": lambda codec, parts: complex(read_number(parts[0]), read_number(parts[1])),
    "bytes": lambda codec, parts: codec.taken(parts[0]),
    "bytearray": read_bytearray,
    "tuple": lambda codec, parts: tuple(codec.read(item) for item in listed(parts)),
    "list": read_list,
    "dict": read_dict,
    "set": read_set,
    "frozenset": lambda codec, parts: frozenset(codec.read(item) for item in listed(parts)),
    "range": read_range,
    "slice": read_slice,
    "path": read_path,
    "datetime": lambda codec, parts: datetime.datetime.fromisoformat(parts[0]),
    "date": lambda codec, parts: datetime.date.fromisoformat(parts[0]),
    "time": lambda codec, parts: datetime.time.fromisoformat(parts[0]),
    "timedelta": lambda codec, parts: datetime.timedelta(*(int(read_number(part)) for part in parts)),
    "fraction": lambda codec, parts: Fraction(codec.read(parts[0]), codec.read(parts[1])),
    "decimal": read_decimal,
    "ellipsis": lambda codec, parts: ...,
}
