"""What crosses between a test and a submission arrives as it was, and whatever is sent instead does no harm."""

import contextlib
import datetime
import json
import re
from collections import OrderedDict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sending import sent

from course.testing import numpy_values
from course.testing.all_values import READERS, WRITERS
from course.testing.codec import Codec
from course.testing.errors import ProtocolError, UnsupportedValue

SAME = [
    *(
        None,
        True,
        3,
        2**70,
        -(2**70),
        0.5,
        "text",
        "\ud800",
        b"\x00\xff",
        1 + 2j,
        (1, (2,)),
        [1, [2]],
        {"a": {1: None}},
    ),
    *({1, 2}, frozenset({3}), range(2, 9, 3), slice(1, None, 2), Path("a/b"), ..., bytearray(b"x"), Fraction(1, 3)),
    *(Decimal("1.10"), datetime.date(2026, 1, 2), datetime.datetime(2026, 1, 2, 3, 4, 5), datetime.timedelta(1, 2, 3)),
    *(np.float32(0.1), np.int64(5), np.bool_(True), np.str_("a"), np.datetime64("2026-01-02"), np.dtype("uint8")),
]


@pytest.mark.parametrize("value", SAME, ids=repr)
def test_values_arrive_as_they_were(value):
    found = sent(value)
    assert found == value and type(found) is type(value)


def test_subclasses_arrive_as_what_they_are_underneath():
    class Number(int): ...

    class Text(str): ...

    found = sent([Number(3), Text("a"), OrderedDict(a=1)])
    assert found == [3, "a", {"a": 1}] and [type(one) for one in found] == [int, str, dict]


@pytest.mark.parametrize("dtype", ["u1", "i8", "f2", "f8", "c16", "?", "U3", "S2", "M8[D]", ">f4"])
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_arrays_keep_type_shape_and_numbers(dtype, shape):
    value = np.ones(shape, "i8").astype(dtype)
    found = sent(value)
    assert found.dtype == value.dtype and found.shape == value.shape and np.array_equal(found, value)


@pytest.mark.parametrize("kind", numpy_values.BIT_GENERATORS)
def test_a_random_generator_goes_on_there(kind):
    value = np.random.Generator(getattr(np.random, kind)(0))
    value.random(3)
    assert sent(value).random(2).tolist() == value.random(2).tolist()


@pytest.mark.parametrize(("name", "place"), [("pos", 625), ("pos", -1), ("buffer_pos", 5), ("buffer_pos", -1)])
def test_a_random_generator_reads_no_memory_but_its_own(name, place):
    """Some versions of NumPy take any place for that of the next number."""
    sender, receiver = Codec("s", WRITERS, READERS), Codec("t", WRITERS, READERS)
    kind = np.random.MT19937 if name == "pos" else np.random.Philox
    node = json.dumps(sender.write(np.random.Generator(kind(0))))
    receiver.receive(sender.buffers)
    with pytest.raises(ProtocolError, match="not its own"):
        receiver.read(json.loads(re.sub(rf'\["{name}", \d+\]', f'["{name}", {place}]', node)))


def test_truth_values_are_0_or_1():
    value = np.array([2, 0, 255], np.uint8).view(bool)
    assert sent(value).view(np.uint8).tolist() == [1, 0, 1]


@pytest.mark.filterwarnings("ignore:Setting the dtype:DeprecationWarning")
def test_an_array_may_get_another_shape_and_type():
    sender, receiver = Codec("s", WRITERS, READERS), Codec("t", WRITERS, READERS)
    value = np.arange(6)[2:]
    first = sent(value, sender, receiver)
    value.dtype = np.dtype("f8")
    value.resize((2, 2), refcheck=False)
    assert sent(value, sender, receiver) is first and np.array_equal(first, value) and first.dtype == "f8"


def test_arrays_of_objects_and_read_only_ones():
    value = np.array([[1, "a"], [None, np.arange(2)]], object)
    assert repr(sent(value)) == repr(value)
    value = np.arange(3)
    value.flags.writeable = False
    assert not sent(value).flags.writeable


def test_tables():
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=pd.Index([5, 6], name="i"))
    pd.testing.assert_frame_equal(sent(frame), frame)
    pd.testing.assert_series_equal(sent(frame["a"]), frame["a"])
    pd.testing.assert_index_equal(sent(frame.index), frame.index)


def test_an_object_within_itself():
    value: list = [1]
    value.append(value)
    found = sent(value)
    assert found[1] is found and found[0] == 1


def test_an_unchanged_array_is_sent_once():
    sender, receiver = Codec("s", WRITERS, READERS), Codec("t", WRITERS, READERS)
    value = np.arange(1_000)
    first = sent(value, sender, receiver)
    again = sent(value, sender, receiver)
    assert again is first and not sender.buffers
    value[0] = 7
    assert sent(value, sender, receiver) is first and first[0] == 7


def test_too_deep_is_refused():
    value: list = []
    for _ in range(200):
        value = [value]
    with pytest.raises(UnsupportedValue, match="nested"):
        sent(value)


# --- whatever else is sent --------------------------------------------------------------------------------------------

ATOMS = some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8)
ATOMS |= some.sampled_from(["s0", "s1", "t0", "<f8", "|b1", "PCG64", [], {}, [2, 3], [None], 0, 1, "0x10", True])
TAGS = some.sampled_from(["@", *READERS])
NODES = some.recursive(
    ATOMS,
    lambda part: some.lists(part, max_size=4) | some.tuples(TAGS, part, part).map(list)
    | some.tuples(TAGS, some.sampled_from(["s0", "s1", "s2", "t0"]), part, part).map(list)
    | some.tuples(TAGS, part).map(list),
    max_leaves=20,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(NODES, some.lists(some.binary(max_size=64), max_size=3))
def test_nothing_that_is_sent_does_more_than_end_the_test(node, buffers):
    codec = Codec("t", WRITERS, READERS)
    mine = [1, 2]
    codec.write_object("list", mine, list)
    codec.receive(buffers)
    with contextlib.suppress(ProtocolError):
        codec.read(node)
    assert mine == [1, 2]


VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**200), 2**200) | some.floats(allow_nan=False) | some.text()
    | some.binary(max_size=40),
    lambda part: some.lists(part) | some.dictionaries(some.text(), part) | some.lists(part).map(tuple),
    max_leaves=30,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_any_value_arrives_as_it_was(value):
    found = sent(value)
    assert found == value and repr(type(found)) == repr(type(value))
