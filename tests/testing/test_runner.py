"""What a test sees of a submission, and what of a submission's tricks reaches it: nothing but values."""

import pytest
from corpus.attacks import LIARS, nested
from pairing import answering, judged, judged_by

from course.testing import channel
from course.testing.channel import HEAD, Channel
from course.testing.scratch_folder import scan_folder

TEST = "expected = 12\nassert answer(3) == expected, f'answer(3) is {answer(3)!r}'"


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch):
    """The folder for temporary files is set while tests run; here it is put back."""
    monkeypatch.setattr("tempfile.tempdir", None)


def passes(folder, cells, test=TEST, **more):
    return judged(folder, cells, test, **more)["passed"]


def test_a_right_and_a_wrong_answer(tmp_path):
    assert passes(tmp_path, "def answer(x): return 4 * x")
    verdict = judged(tmp_path, "def answer(x): return x", TEST)
    assert (verdict["passed"], verdict["ename"], verdict["evalue"], verdict["line"]) == (
        *(False, "AssertionError", "answer(3) is 3", 2),
    )


@pytest.mark.parametrize(("cell", "line", "hidden"), [("lambda x: x", 2, True), ("lambda x: 0", 2, False)])
def test_a_function_is_hidden_where_a_hidden_part_calls_it(tmp_path, cell, line, hidden):
    test = (
        "def check(x, due):\n    assert answer(x) == due, f'answer({x}) is not {due}'\n"
        "check(3, 3)\n### BEGIN HIDDEN TESTS\ncheck(4, 5)\n### END HIDDEN TESTS\nassert True"
    )
    verdict = judged(tmp_path, f"answer = {cell}", test)
    assert (verdict["line"], verdict["hidden"]) == (line, hidden)
    after = judged(tmp_path, "answer = lambda x: x", test.replace("5)", "4)").replace("assert True", "assert False"))
    assert (after["line"], after["hidden"]) == (7, False)


def test_parameters_imports_and_builtins_are_the_labs(tmp_path):
    test = "assert len('ab') == 2 and N_TRAIN == 100 and np.abs(-1) == 1"
    assert passes(tmp_path, "N_TRAIN = 0; np = len = abs = None", test, values={"N_TRAIN": 100})


def test_what_is_missing_is_not_known(tmp_path):
    verdict = judged(tmp_path, "", TEST)
    assert (verdict["ename"], verdict["evalue"]) == ("NameError", "name 'answer' is not defined")


@pytest.mark.parametrize(
    ("last", "value"), [("0.5", 0.5), ("np.float32(2)", 2.0), ("'2'", None), ("True", None), ("worth()", None)]
)
def test_a_partial_score_is_a_number_of_the_test(tmp_path, last, value):
    verdict = judged(tmp_path, "class Worth:\n    __float__ = lambda s: 2.0\ndef worth(): return Worth()", last)
    assert verdict["passed"] and verdict["value"] == value


@pytest.mark.parametrize("name", LIARS)
@pytest.mark.parametrize(
    "test",
    [
        TEST,
        "assert [answer(3)] == [12]",
        "assert 12 == answer(3)",
        "assert np.asarray([answer(3)], object).tolist() == [12]",
    ],
)
def test_objects_that_equal_everything(tmp_path, name, test):
    assert not passes(tmp_path, LIARS[name], test)


ARGUMENTS = {
    "list": ("[3, 1, 2]", "x.sort()", "[1, 2, 3]"),
    "dictionary": ("{'a': 1}", "x['b'] = 2", "{'a': 1, 'b': 2}"),
    "set": ("{1}", "x.add(2)", "{1, 2}"),
    "array": ("np.arange(4)", "x[1] = 9", "np.array([0, 9, 2, 3])"),
    "shape": ("np.arange(4)", "x.resize((2, 2), refcheck=False)", "np.array([[0, 1], [2, 3]])"),
    "view": ("np.arange(6).reshape(2, 3)[:, 1]", "x[:] = 0", "np.zeros(2, int)"),
    "nested": ("{'a': [np.zeros(2)]}", "x['a'][0][1] = 5", "{'a': [np.array([0.0, 5.0])]}"),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_what_is_changed_in_an_argument_is_changed_here(tmp_path, name):
    given, change, expected = ARGUMENTS[name]
    test = f"x = {given}\nkept = x\nanswer(x)\nassert kept is x and repr(x) == repr({expected}), repr(x)"
    assert passes(tmp_path, f"def answer(x): {change}", test)
    assert not passes(tmp_path, "def answer(x): pass", test)


def test_a_generator_of_random_numbers_goes_on(tmp_path):
    test = "a, b = np.random.default_rng(1), np.random.default_rng(1)\nanswer(a); b.random()\n"
    test += "assert a.random() == b.random()"
    assert passes(tmp_path, "def answer(rng): rng.random()", test)
    assert not passes(tmp_path, "def answer(rng): pass", test)


def test_objects_keep_their_identity(tmp_path):
    cells = "kept = []\ndef same(x): return x\ndef one(): return kept\ndef new(): return []"
    assert passes(
        tmp_path, cells, "x = [1]\nassert same(x) is x and one() is one() and new() is not new() and kept is one()"
    )


def test_functions_that_a_test_hands_out_call_back_and_nothing_else(tmp_path):
    test = """
calls = []
def sleeper(*args, **kwargs):
    calls.append((args, kwargs))
    return 'slept'
class Model:
    secret = 12
    def train(self, x):
        calls.append(x)
        return x + 1
    def _hidden(self): return 12
assert timed(sleeper, 1, b=2) == 'slept' and calls == [((1,), {'b': 2})], calls
assert trains(Model()) == 6 and calls[-1] == 5
assert peeks(Model(), sleeper) == [False] * 4, peeks(Model(), sleeper)
"""
    cells = """
def timed(function, *args, **kwargs): return function(*args, **kwargs)
def trains(model): return model.train(5)
def peeks(model, function):
    names = function.__globals__
    return [hasattr(model, '_hidden'), hasattr(model, 'secret'), 'calls' in names, 'expected' in names]
"""
    verdict = judged(tmp_path, cells, test)
    assert verdict["passed"], verdict


def test_what_a_handed_out_function_raises_comes_through(tmp_path):
    test = """
def breaks(): raise KeyError('mine')
try:
    timed(breaks)
except KeyError as error:
    found = error.args
assert found == ('mine',), found
"""
    assert passes(tmp_path, "def timed(function): return function()", test)


def test_classes_and_their_objects(tmp_path):
    cells = """
class Net:
    size = 3
    def __init__(self, n): self.n = n
    @staticmethod
    def build(n): return Net(n)
    def double(self): return 2 * self.n
"""
    test = (
        "net = Net.build(4)\nassert Net.size == 3 and net.n == 4 and net.double() == 8 and type(net).__name__ == 'Net'"
    )
    verdict = judged(tmp_path, cells, test)
    assert verdict["passed"], verdict


VALUES = {
    "named tuple": ("__import__('collections').namedtuple('P', 'a b')(1, 2)", "== (1, 2)"),
    "dataclass": ("__import__('dataclasses').make_dataclass('P', ['a'])(3)", "== {'a': 3}"),
    "partial": ("__import__('functools').partial(int, '12')", "() == 12"),
    "lambda": ("lambda: 12", "() == 12"),
    "scalar": ("np.float32(0.5)", ".dtype == np.float32"),
    "generator": ("(n for n in (1, 2))", ".__iter__().__next__() == 1"),
    "keys": ("{'a': 1}.keys()", ".__iter__().__next__() == 'a'"),
    "masked": ("np.ma.masked_less(np.arange(3), 1)", ".tolist()[1:] == [1, 2] and np.isnan(found[0])"),
    "masked nowhere": ("np.ma.masked_less(np.arange(3), 0)", ".tolist() == [0, 1, 2]"),
    "deque": ("__import__('collections').deque([1, 2], maxlen=2)", " == [1, 2]"),
    "array of the standard library": ("__import__('array').array('d', [1, 2])", " == [1.0, 2.0]"),
    "chain of dictionaries": ("__import__('collections').ChainMap({'a': 1}, {'b': 2})", " == {'a': 1, 'b': 2}"),
    "view of a dictionary": ("__import__('types').MappingProxyType({'a': 1})", " == {'a': 1}"),
}


@pytest.mark.parametrize("name", VALUES)
def test_honest_values_of_many_kinds(tmp_path, name):
    value, looks = VALUES[name]
    verdict = judged(tmp_path, f"found = {value}", f"assert found{looks}, found")
    assert verdict["passed"], verdict


OWN_NAMES = """
try:
    found = answer(3)
except Exception as error:
    raise AssertionError(f"stopped with {error}") from error
with open(os.devnull) as file:
    for number in (1, 2):
        assert answer(number) == 4 * number and file
assert found == 12
"""


def test_what_a_test_names_itself_is_not_asked_for(tmp_path):
    """A submission's own variables of these names may be such as cannot travel."""
    cells = "def answer(x): return 4 * x\nimport os\nerror = file = number = 10**30000"
    verdict = judged(tmp_path, cells, "import os\n" + OWN_NAMES)
    assert verdict["passed"], verdict
    stopped = judged(tmp_path, "def answer(x): return 1 / 0\nerror = 10**30000", "import os\n" + OWN_NAMES)
    assert stopped["evalue"] == "stopped with division by zero"


def test_an_error_has_the_class_the_text_and_the_lines_of_the_submission(tmp_path):
    cells = (
        "class Odd(ValueError): pass\ndef answer(x): raise Odd('no')\ndef other(x): raise NotImplementedError('todo')"
    )
    verdict = judged(tmp_path, cells, "answer(3)")
    assert (verdict["ename"], verdict["evalue"]) == ("Odd", "no")
    assert passes(tmp_path, cells, "try:\n    answer(3)\nexcept ValueError as error:\n    assert str(error) == 'no'")
    assert judged(tmp_path, cells, "other(3)")["ename"] == "NotImplementedError"


def test_an_error_that_a_test_puts_into_a_sentence_keeps_the_line_of_the_submission(tmp_path):
    cell = "exec(compile('def answer(x):\\n    return [][x]', '<ipython-input-1>', 'exec'))"
    test = "try:\n    answer(3)\nexcept Exception as error:\n    raise AssertionError(f'stopped: {error}') from error"
    verdict, plain = judged(tmp_path, cell, test), judged(tmp_path, cell, "answer(3)")
    assert verdict["evalue"] == "stopped: list index out of range" and plain["ename"] == "IndexError"
    assert verdict["lines"] == plain["lines"] != []


@pytest.mark.parametrize("error", ["SystemExit(0)", "KeyboardInterrupt()", "GeneratorExit()"])
def test_leaving_a_test_is_failing_it(tmp_path, error):
    test = "try:\n    answer(3)\nexcept Exception:\n    pass\nassert True"
    verdict = judged(tmp_path, f"def answer(x): raise {error}", test)
    assert (verdict["passed"], verdict["ename"]) == (False, "SubmissionEnded")


def test_a_function_of_the_test_runs_beside_the_answer(tmp_path):
    test = """
from data_utils import beside_answer
@beside_answer
def kinds(n):
    import sys
    return [type(make()).__name__ for _ in range(n)]
assert kinds(2) == ['Odd', 'Odd'], kinds(2)
"""
    assert passes(tmp_path, "class Odd: pass\ndef make(): return Odd()", test)


def test_messages_are_short_and_can_be_written(tmp_path):
    cells = """
class Text(str):
    def __getitem__(self, part): return self
class Wrong(Exception):
    def __str__(self): return Text('\\ud800' + 'x' * 100_000)
Wrong.__name__ = 'W' * 1_000
def answer(x): raise Wrong()
"""
    verdict = judged(tmp_path, cells, "answer(3)")
    assert verdict["evalue"].encode() and len(verdict["evalue"]) <= 4_000 and len(verdict["ename"].encode()) <= 200


# --- files -----------------------------------------------------------------------------------------------------------


def test_files_are_seen_by_both_sides(tmp_path):
    test = """
import tempfile
from pathlib import Path
with tempfile.TemporaryDirectory() as folder:
    Path(folder, 'in.txt').write_text('12')
    assert doubled(folder) == 24
    assert Path(folder, 'deep', 'out.txt').read_text() == '24' and not Path(folder, 'in.txt').exists()
"""
    cells = """
from pathlib import Path
def doubled(folder):
    value = 2 * int(Path(folder, 'in.txt').read_text())
    Path(folder, 'in.txt').unlink()
    Path(folder, 'deep').mkdir()
    Path(folder, 'deep', 'out.txt').write_text(str(value))
    return value
"""
    verdict = judged(tmp_path, cells, test)
    assert verdict["passed"], verdict


# --- the other side has read the code ---------------------------------------------------------------------------------

REPLY = {"reply": 2, "value": 12, "changed": [], "news": {}}


def huge(shape, dtype="<f8"):
    return {"value": ["array", "s1", dtype, shape, True, 0]}


MALFORMED = {
    "another call's reply": {"reply": 1, "value": 12},
    "a late reply": {"reply": 99, "value": 12},
    "a reply without number": {"reply": None, "value": 12},
    "no known tag": {"value": ["eval", "12"]},
    "a tag that is none": {"value": [12]},
    "an empty list": {"value": []},
    "a dictionary": {"value": {"__class__": "int"}},
    "deeply nested": {"value": nested(200)},
    "an own number": {"value": ["list", "t0", [12]]},
    "an unknown own number": {"value": ["list", "t99", [12]]},
    "a reference to nothing": {"value": ["@", "s7"]},
    "a number that is none": {"value": ["list", "s1\n", []]},
    "an array without buffer": huge([2]),
    "an array of endless shape": huge([2**39, 2**39]),
    "an array of negative shape": huge([-1]),
    "an array of objects": huge([1], "|O"),
    "an array of records": huge([1], "V8"),
    "a type by expression": huge([1], "__import__('os')"),
    "an unchanged array that is new": {"value": ["array", "s1", None]},
    "too many axes": huge([1] * 40),
    "objects and shape": {"value": ["objects", "s1", [5], [1]]},
    "an unhashable key": {"value": ["dict", "s1", [[["list", "s2", []], 1]]]},
    "an unhashable member": {"value": ["set", "s1", [["list", "s2", []]]]},
    "a pair of three": {"value": ["dict", "s1", [[1, 2, 3]]]},
    "an endless whole number": {"value": ["int", "0x" + "f" * 50_000]},
    "a whole number that is none": {"value": ["int", "__import__('os')"]},
    "a zero fraction": {"value": ["fraction", 1, 0]},
    "a path with a zero": {"value": ["path", "a\0b"]},
    "a date that is none": {"value": ["date", "tomorrow"]},
    "a generator of its own": {"value": ["generator", "s1", ["dict", "s2", [["bit_generator", "Generator"]]]]},
    "a generator without state": {"value": ["generator", "s1", ["dict", "s2", [["bit_generator", "PCG64"]]]]},
    "an object of no form": {"value": ["there", "0", "function", "a", "a"]},
    "an object of another form": {"value": ["there", 5, "module", "a", "a"]},
    "an error of no form": {"error": "wrong"},
    "an error of bases": {"error": {"name": 1, "bases": [], "text": "", "lines": []}},
    "changed that is none": {"value": 12, "changed": 5},
    "a call to what was not given": {"call": "t5", "method": "__call__", "args": ["tuple", []], "kwargs": None},
    "a call to a private method": {"call": "t0", "method": "__init__", "args": ["tuple", []], "kwargs": None},
    "a reference without a number": {"value": ["@"]},
    "what only the test has": {"value": ["over", 0]},
    "what only the test hands out": {"value": ["handed", "s1", "f", ["__call__"]]},
    "a table of numbers": {"value": ["frame", 5, 5, []]},
    "a table with fewer columns": {"value": ["frame", ["list", "s1", []], ["list", "s2", ["a"]], []]},
    "a column that is a list": {"value": ["series", ["int64", ["list", "s1", [1]]], None, None]},
    "an index of no kind": {"value": ["index", [5, ["list", "s1", []]], None]},
    "a masked array of lists": {"value": ["masked", ["list", "s1", []], ["list", "s2", []], 0]},
    "a scalar that is no number": {"value": ["scalar", "<f8", "zz"]},
    "a scalar that is too short": {"value": ["scalar", "<f8", "00"]},
    "a scalar that is an address": {"value": ["scalar", "|O", "00" * 8]},
    "a time of no unit": {"value": ["scalar", "<M8[zz]", "00" * 8]},
    "a type of records": {"value": ["dtype", "V8"]},
    "a type of endless texts": huge([1], "<U99999999"),
    "a range that stands still": {"value": ["range", 0, 1, 0]},
    "a range of decimals": {"value": ["range", 0.5, 1, 2]},
    "a decimal that is none": {"value": ["decimal", "abc"]},
    "an endless decimal": {"value": ["decimal", "9" * 2_000]},
    "a date in the year 0": {"value": ["date", "0000-01-01"]},
    "a time of 99 hours": {"value": ["time", "99:00"]},
    "a duration that is none": {"value": ["timedelta", float("nan"), 0, 0]},
    "an endless duration": {"value": ["timedelta", 1e300, 0, 0]},
    "a fraction of texts": {"value": ["fraction", "a", "b"]},
    "a complex number of texts": {"value": ["complex", "1", "2"]},
    "bytes by name": {"value": ["bytes", "a"]},
    "bytes from behind": {"value": ["bytes", -1]},
    "bytes by truth": {"value": ["bytes", True]},
    "a path of many letters": {"value": ["path", "a" * 5_000]},
    "a path that is a list": {"value": ["path", ["a"]]},
    "a list of a text": {"value": ["list", "s1", "abc"]},
    "a tuple of nothing": {"value": ["tuple"]},
    "a reply to everything": {"reply": True, "value": 12},
    "an error with too many bases": {"error": {"name": "A", "bases": ["ValueError"] * 50, "text": "", "lines": []}},
    "an error of a list": {"error": {"name": "A", "bases": [], "text": [], "lines": []}},
    "leaving with more": {"left": {"name": "SystemExit"}},
    "files without a name": {"value": 12, "news": {"files": {"": 0}}},
    "files here": {"value": 12, "news": {"made": ["./a"]}},
    "files with two lines between": {"value": 12, "news": {"made": ["a//b"]}},
    "files very deep": {"value": 12, "news": {"made": ["a/" * 30 + "a"]}},
    "files with very long names": {"value": 12, "news": {"made": ["é" * 200]}},
    "files that are gone by a text": {"value": 12, "news": {"gone": "abc"}},
    "files outside": {"value": 12, "news": {"files": {"../../x": 0}}},
    "files by absolute path": {"value": 12, "news": {"files": {"/tmp/x": 0}}},
    "files with a zero": {"value": 12, "news": {"files": {"a\0b": 0}}},
    "files without content": {"value": 12, "news": {"files": {"a": 7}}},
    "names that cannot be written": {"value": 12, "news": {"made": ["\ud800"]}},
    "very many files": {"value": 12, "news": {"made": [str(n) for n in range(5_000)]}},
    "files that are none": {"value": 12, "news": {"files": ["a"]}},
    "the folder itself removed": {"value": 12, "news": {"gone": ["."]}},
    "leaving": {"left": "SystemExit"},
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_answer_ends_the_test(tmp_path, name):
    test = "try:\n    found = answer(3)\nexcept Exception:\n    found = 12\nassert found == 12"
    (tmp_path / "x").write_text("precious")
    verdict = judged_by(tmp_path, answering(MALFORMED[name]), test)
    assert not verdict["passed"] and verdict["ename"] == "SubmissionEnded", verdict
    assert (tmp_path / "x").read_text() == "precious"


RAW = {
    "nothing": b"",
    "rubbish": b"\x80\x04\x95" * 50,
    "half a head": HEAD.pack(10, 0, 0)[:5],
    "no JSON": HEAD.pack(4, 0, 0) + b"12 x",
    "no object": HEAD.pack(2, 0, 0) + b"12",
    "nested without end": HEAD.pack(200_000, 0, 0) + b"[" * 200_000,
    "announced and not sent": HEAD.pack(5, 0, 0) + b"{",
    "too much announced": HEAD.pack(2**32 - 1, 0, 0),
    "too many buffers": HEAD.pack(2, 2**32 - 1, 0),
    "too large buffers": HEAD.pack(2, 1, 2**63),
    "buffers that contradict": HEAD.pack(2, 1, 8) + channel.LENGTH.pack(2**40) + b"{}",
    "a number of many digits": HEAD.pack(10_011, 0, 0) + b'{"reply": ' + b"9" * 10_000 + b"}",
}


@pytest.mark.parametrize("name", RAW)
def test_what_is_no_message_ends_the_test(tmp_path, name):
    def serve(connection):
        line = Channel(connection)
        line.receive()
        connection.sendall(RAW[name])

    assert judged_by(tmp_path, serve, TEST)["ename"] == "SubmissionEnded"


def test_an_argument_cannot_come_back_as_something_else(tmp_path):
    given = {"value": 12, "changed": [["tuple", [["dict", "t0", []]]]]}
    assert judged_by(tmp_path, answering(given), "x = [1]\nassert answer(x) == 12")["ename"] == "SubmissionEnded"


def test_what_was_not_handed_over_cannot_be_changed(tmp_path):
    """An object of an earlier call is not the affair of a later one."""
    change = {"value": 12, "changed": [["list", "t0", [9]]]}
    test = "x = [1]\nanswer(x)\nanswer(3)\nassert True"
    assert judged_by(tmp_path, answering({"value": 12}, change), test)["ename"] == "SubmissionEnded"


def test_links_and_pipes_are_no_files(tmp_path):
    cells = """
import os
def answer(folder):
    os.symlink('/etc/passwd', folder + '/link'); os.mkfifo(folder + '/pipe')
    open(folder + '/real', 'w').close()
    os.symlink('/etc', folder + '/folder')
"""
    (tmp_path / "some").mkdir()
    names = {}
    exec(cells, names)
    names["answer"](str(tmp_path / "some"))
    assert list(scan_folder(tmp_path / "some")) == ["real"]


def test_numbers_that_are_none_arrive_as_they_are(tmp_path):
    cells = "def answer(x): return [float('nan'), float('inf'), -0.0, '\\ud800', 2**80, 1e308]"
    test = "a, b, *rest = answer(3)\nassert a != a and b > 1e308\n"
    test += "assert repr(rest) == repr([-0.0, '\\ud800', 2**80, 1e308])"
    assert passes(tmp_path, cells, test)


def test_too_much_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(channel, "MOST_BUFFER_BYTES", 1_000)
    verdict = judged(tmp_path, "def answer(x): return np.zeros(1_000)", "answer(3)")
    assert "too large" in verdict["evalue"] and not verdict["passed"]
