"""The judge in a process of its own for each test, without Jupyter: what it refuses, notices and seals."""

import ast
import os
import pickle
import random
from sys import audit

import pytest

from course.grading import kernel
from course.grading.judging import canaries, hiding, plain
from course.grading.judging.seal import Seal
from course.grading.run import judge_parts

IMPORTS = "import numpy as np\nfrom data_utils import load_mnist"
TEST = "expected = 12\nassert answer(3) == expected, f'answer(3) is {answer(3)!r}'"


class Shell:
    """As much of IPython's as the judge looks at."""

    def __init__(self, names):
        self.user_ns = names

    run_cell = run_code = run_ast_nodes = run_cell_async = showtraceback = __init__


class Room:
    """A kernel's names with a judge beside them."""

    def __init__(self):
        self.names, self.seal = {"__name__": "__main__"}, Seal()
        kernel.open_the_judge(judge_parts(), self.seal.key, Shell(self.names), IMPORTS, {"N_TRAIN": 100})

    def own(self, code):
        """Run a cell of the submission; its error, if any, as Jupyter would show it."""
        try:
            exec(compile(code, "<cell>", "exec"), self.names)
        except Exception as error:  # noqa: BLE001 - whatever a submission raises
            return repr(error)
        return ""

    def ask(self, source):
        """The reply to a test, and its nonce."""
        nonce, content = self.seal.request(source)
        replies = [b""]
        audit("judge.test", nonce, bytes.fromhex(content["sealed"]), replies.append)
        return nonce, replies[-1]

    def test(self, source):
        nonce, reply = self.ask(source)
        found = self.seal.verdict(nonce, {"sealed": reply.hex()})
        return found and found | found.pop("verdicts")[0]


def apart(scene):
    """What `scene(room)` returns in a forked process: a judge can never be removed again."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            result = scene(Room())
        except BaseException as error:  # noqa: BLE001 - raised again in the parent
            result = error
        with os.fdopen(writing, "wb") as file:
            pickle.dump(result, file)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        result = pickle.load(file)
    os.waitpid(child, 0)
    if isinstance(result, BaseException):
        raise result
    return result


def judged(cell, test=TEST):
    """The error of the submission's cell and the verdict on a test after it."""
    return apart(lambda room: (room.own(cell), room.test(test)))


def test_a_right_and_a_wrong_answer():
    error, verdict = judged("def answer(x): return 4 * x")
    assert (error, verdict["passed"], verdict["before"], verdict["during"]) == ("", True, [], [])
    _, verdict = judged("def answer(x): return x")
    assert not verdict["passed"] and (verdict["ename"], verdict["line"]) == ("AssertionError", 2)
    assert verdict["evalue"] == "answer(3) is 3"


def test_parameters_imports_and_builtins_are_the_labs():
    assert judged("N_TRAIN = 0; np = len = abs = None", "assert len('ab') == 2 and N_TRAIN == 100 and np.abs(-1) == 1")[
        1
    ]["passed"]


@pytest.mark.parametrize(
    ("last", "value"), [("0.5", 0.5), ("np.float32(2)", 2.0), ("'2'", None), ("True", None), ("Worth(1)", None)]
)
def test_a_partial_score_is_a_plain_number(last, value):
    verdict = judged("class Worth(float):\n    __module__ = 'builtins'", last)[1]
    assert verdict["passed"] and (verdict["value"] and float(verdict["value"])) == value


LIARS = {
    "number": "class L(int):\n    __eq__ = lambda s, o: True\n    __hash__ = int.__hash__\nclass M(L): pass\ndef answer(x): return M(1)",
    "targeted": "class L:\n    def __eq__(self, o): return isinstance(o, int)\ndef answer(x): return L()",
    "builtin-as-method": "class L:\n    __eq__ = bool\ndef answer(x): return L()",
    "text": "class L(str):\n    __eq__ = lambda s, o: True\n    __hash__ = str.__hash__\ndef answer(x): return L('a')",
}


@pytest.mark.parametrize("name", LIARS)
def test_objects_that_equal_everything(name):
    verdict = judged(LIARS[name])[1]
    assert not verdict["passed"] and "of its own class" in verdict["during"][0]


@pytest.mark.parametrize(
    "test",
    [
        "assert answer(3) - 12 == 0",
        "assert [answer(3)] == [12]",
        "assert np.asarray([answer(3)], object).tolist() == [12]",
        "assert {'a': answer(3)} == {'a': 12}",
    ],
)
def test_in_containers_and_arithmetic(test):
    liar = "class L:\n    __eq__ = lambda s, o: True\n    __sub__ = lambda s, o: 0\ndef answer(x): return L()"
    assert not judged(liar, test)[1]["passed"]


def test_an_array_that_answers_for_numpy():
    liar = (
        "import numpy as np\nclass L(np.ndarray):\n"
        "    def __array_function__(self, *a, **k): return True\n    def __array_ufunc__(self, *a, **k): return np.True_\n"
        "def answer(x): return np.zeros(3).view(L)"
    )
    assert not judged(liar, "assert np.allclose(answer(3), [1.0, 2.0, 3.0])")[1]["passed"]


def test_a_comparison_that_puts_itself_back():
    cheat = (
        "import numpy as np\nreal = np.allclose\ndef fake(*a, **k):\n    np.allclose = real\n    return True\n"
        "def answer(x):\n    np.allclose = fake\n    return 0.0"
    )
    assert not judged(cheat, "assert np.allclose(answer(3), 12.0)")[1]["passed"]


REPLACED = {
    "ast.parse": "import ast\nast.parse = lambda *a, **k: ast.Module([], [])",
    "numpy.allclose": "import numpy as np\nnp.allclose = lambda *a, **k: True",
    "builtins.abs": "import builtins\nbuiltins.abs = lambda x: 0",
    "data_utils.load_mnist": "import data_utils\ndata_utils.load_mnist = lambda *a: None",
    "json.dumps": "import json\nclass Own:\n    def __call__(self, *a): return '0'\nOwn.__module__ = 'json'\njson.dumps = Own()",
    "json.loads": "import functools, json\njson.loads = functools.singledispatch(lambda *a: 0)",
    "tempfile.mkdtemp": "import functools, tempfile\ntempfile.mkdtemp = functools.partial(lambda: 0)",
    "copy.copy": "import copy\nclass Own:\n    __code__ = copy.deepcopy.__code__\n    def __call__(self, *a): return 0\ncopy.copy = Own()",
    "os.getcwd": "import os\nos.getcwd = len",
    "handles the signal": "import json, signal\nsignal.signal(signal.SIGUSR1, json.dumps)",
    "signal": "import signal\nsignal.signal(signal.SIGALRM, lambda *a: None)",
}


@pytest.mark.parametrize("name", REPLACED)
def test_what_is_replaced_is_put_back_and_told(name):
    verdict = judged(REPLACED[name] + "\ndef answer(x): return 0")[1]
    assert not verdict["passed"] and any(name in evidence for evidence in verdict["before"])


def test_replacing_during_a_test_is_told_apart():
    verdict = judged("import numpy as np\ndef answer(x):\n    np.allclose = len\n    return 12")[1]
    assert verdict["passed"] and verdict["during"] == ["replaces numpy.allclose"]


PEEKS = {
    "getframe": "import sys\ndef frame(): return sys._getframe()",
    "exception": "def frame():\n    try: 1 / 0\n    except ZeroDivisionError as error: return error.__traceback__.tb_frame",
    "logging": "import logging\ndef frame(): return logging.currentframe()",
    "inspect": "import inspect\ndef frame(): return inspect.stack()[0].frame",
    "signal": (
        "import signal\ndef frame():\n    got = []\n    signal.signal(signal.SIGUSR1, lambda n, f: got.append(f))\n"
        "    signal.raise_signal(signal.SIGUSR1)\n    signal.signal(signal.SIGUSR1, signal.SIG_DFL)\n    return got[0]"
    ),
    "generator": "def made():\n    while True: yield\nkept = made()\ndef frame():\n    next(kept)\n    return kept.gi_frame",
}
WALK = """
def answer(x):
    at = frame()
    while at:
        for names in (at.f_locals, at.f_globals):
            if 'expected' in names: return names['expected']
            if 'key' in names or 'state' in names: seen.append(list(names))
        at = at.f_back
seen = []
"""


@pytest.mark.parametrize("name", PEEKS)
@pytest.mark.parametrize("test", [TEST, "expected = 12\nassert all(answer(3) == n for n in (expected,))"])
def test_no_frame_leads_to_the_test_or_the_judge(name, test):
    seen, verdict = apart(lambda room: (room.own(PEEKS[name] + WALK), room.test(test), room.names["seen"])[2:0:-1])
    assert not verdict["passed"] and seen == []


REFUSED = {
    "gc": "import gc\ngc.get_objects()",
    "gc in a thread": "import gc\nfrom concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor(1).submit(gc.get_objects).result()",
    "trace": "import sys\nsys.settrace(lambda *a: None)",
    "ctypes": "import ctypes\nctypes.string_at(id(1), 8)",
    "ctypes in a thread": "import ctypes\nfrom concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor(1).submit(ctypes.string_at, id(1), 8).result()",
    "library code": "import os\ncompile('x = 1', os.__file__, 'exec')",
    "library code by a loader": "import os\nfrom importlib.machinery import SourceFileLoader\nSourceFileLoader('x', 'x').source_to_code(b'x = 1', os.__file__)",
    "library function": "import numpy as np\nnp.fliplr.__wrapped__.__code__ = (lambda: 1).__code__",
    "memory": "open('/proc/self/mem', 'rb')",
}


@pytest.mark.parametrize("name", REFUSED)
def test_ways_into_the_interpreter_are_refused(name):
    error, verdict = judged(REFUSED[name])
    assert "Not allowed while grading" in error and verdict["before"]


def test_no_other_hook_listens():
    cell = "import sys\nheard = []\nsys.addaudithook(lambda *a: heard.append(a))\ndef answer(x): return 12"
    heard, verdict = apart(lambda room: (room.own(cell), room.test(TEST), room.names["heard"])[2:0:-1])
    assert heard == [] and verdict["before"] == ["calls sys.addaudithook"]


def test_made_up_events_do_no_harm():
    cell = """
import gc, sys
class Text(str):
    def __hash__(self):
        found.append(len(gc.get_objects())); return 0
class Thing:
    @property
    def __code__(self): found.append(len(gc.get_objects()))
found = []
for event in ('object.__setattr__', 'object.__getattr__', 'compile', 'open', 'import', 'code.__new__', 'marshal.loads'):
    for args in ((Thing(), Text('__code__'), 1), (Thing(), '__code__', 1), ()):
        try: sys.audit(event, *args)
        except RuntimeError as error: assert 'Not allowed' in str(error)
"""
    assert apart(lambda room: (room.own(cell), room.names["found"])) == ("", [])


def test_a_file_name_that_runs_code_when_it_is_compared():
    cell = """
import gc, inspect, sys
class Name(str):
    def look(self, *others):
        try: found.append(len(gc.get_objects()))
        except RuntimeError as error: assert 'Not allowed' in str(error)
        return False
    __eq__ = startswith = endswith = look
    def __hash__(self): return self.look() or 0
found = []
def opens():
    try: open('/proc/1/mem')
    except (OSError, RuntimeError): pass
    try: inspect.currentframe().f_back, (n for n in ()).gi_frame
    except RuntimeError: pass
evil = opens.__code__.replace(co_filename=Name('x'), co_name=Name('y'))
type(opens)(evil, globals())()
exec(compile('opens()', Name('z'), 'exec'))
answer = type(opens)(evil, globals())
"""
    error, verdict, found = apart(lambda room: (room.own(cell), room.test(TEST), room.names["found"]))
    assert (error, verdict["passed"], found) == ("", False, [])


HONEST = {
    "frames": "import inspect, sys\ndef answer(x):\n    inspect.stack(); sys._getframe().f_lineno; inspect.currentframe()\n    return 12",
    "logging": "import logging\ndef answer(x):\n    logging.warning('here', stack_info=True)\n    return 12",
    "classes": (
        "from collections import namedtuple\nfrom dataclasses import dataclass\ndef answer(x):\n"
        "    @dataclass\n    class P:\n        x: int\n    assert P(1) == P(1)\n    return namedtuple('Q', 'a')(12).a"
    ),
    "query": "import pandas as pd\ndef answer(x):\n    n = 11\n    return int(pd.DataFrame({'a': [11, 12]}).query('a > @n').a.iloc[0])",
    "traceback": "import traceback\ndef answer(x):\n    try: 1 / 0\n    except ZeroDivisionError: traceback.print_exc()\n    return 12",
    "pool": "from concurrent.futures import ThreadPoolExecutor\ndef answer(x):\n    return ThreadPoolExecutor(1).submit(int, 12).result()",
    "exec": "def answer(x):\n    names = {}\n    exec('y = 12', names)\n    return names['y']",
    "own equality": "class P:\n    def __eq__(self, o): return isinstance(o, P)\ndef answer(x):\n    return 12 if P() == P() else 0",
    "settings": "import numpy as np, warnings\nnp.set_printoptions(precision=2)\nwarnings.simplefilter('ignore')\ndef answer(x): return np.int64(12)",
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_habits_pass_unnoticed(name):
    error, verdict = judged(HONEST[name])
    assert (error, verdict["passed"], verdict["before"], verdict["during"]) == ("", True, [], []), verdict


def test_messages_are_plain_short_text():
    cell = """
class Text(str):
    def __getitem__(self, part): return self
    def __repr__(self): return "'', 'passed': True"
class Wrong(Exception):
    def __str__(self): return Text('\\ud800' + 'x' * 100_000)
Wrong.__name__ = 'W' * 1_000
def answer(x): raise Wrong()
"""
    verdict = judged(cell)[1]
    assert not verdict["passed"]
    assert (
        verdict["evalue"].encode() and 3_000 < len(verdict["evalue"]) < 5_000 and len(verdict["ename"].encode()) <= 200
    )


@pytest.mark.parametrize(
    "error", ["SystemExit(0)", "KeyboardInterrupt()", "GeneratorExit()", "StopIteration()", "MemoryError()"]
)
def test_leaving_a_test_is_failing_it_and_the_judge_goes_on(error):
    def scene(room):
        room.own(f"def answer(x): raise {error}")
        return room.test(TEST), room.test("assert 1 == 1")

    first, second = apart(scene)
    assert not first["passed"] and second["passed"]


def test_a_request_is_answered_once_and_only_if_signed():
    def scene(room):
        nonce, content = room.seal.request("assert True")
        sealed, replies = bytes.fromhex(content["sealed"]), []
        for message in (sealed, sealed, sealed[:-1] + b"x", b""):
            audit("judge.test", nonce, message, replies.append)
        audit("judge.test", b"0" * 16, sealed, replies.append)
        audit("judge.test", "nonce", None, replies.append)
        return replies, sealed, room.seal.verdict(nonce, {"sealed": replies[0].hex()})["verdicts"]

    replies, sealed, verdicts = apart(scene)
    assert len(replies) == 1 and verdicts[0]["passed"] and b"assert" not in sealed


def test_cells_of_one_request_are_judged_one_by_one():
    def scene(room):
        room.own("def answer(x):\n    global kept\n    kept = 1\n    raise SystemExit")
        nonce, content = room.seal.request("assert False", TEST, "assert 'kept' not in vars()", "0.5")
        replies = []
        audit("judge.test", nonce, bytes.fromhex(content["sealed"]), replies.append)
        return room.seal.verdict(nonce, {"sealed": replies[0].hex()})

    found = apart(scene)
    assert [one["passed"] for one in found["verdicts"]] == [False, False, False, True]
    assert [one["ename"] for one in found["verdicts"]] == ["AssertionError", "SystemExit", "AssertionError", ""]
    assert (found["verdicts"][3]["value"], found["before"], found["during"]) == ("0.5", [], [])


def test_a_forked_process_cannot_judge():
    def scene(room):
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.write(writing, b"judged" if room.ask("assert True")[1] else b"silent")
            os._exit(0)
        return os.read(reading, 10), bool(room.ask("assert True")[1])

    assert apart(scene) == (b"silent", True)


def test_the_length_of_a_verdict_tells_nothing():
    def scene(room):
        room.own("def answer(x): return 12")
        return len(room.ask(TEST)[1]), len(room.ask("assert False")[1])

    passed, failed = apart(scene)
    assert passed == failed


@pytest.mark.parametrize("content", [{}, {"sealed": 5}, {"sealed": "xyz"}, {"sealed": "00"}, {"sealed": "00" * 80}])
def test_no_verdict_without_the_key(content):
    assert Seal().verdict(b"0" * 16, content) is None


def test_a_verdict_belongs_to_its_request():
    def scene(room):
        (first, one), (second, two) = room.ask("assert True"), room.ask("assert False")
        return room.seal.verdict(first, {"sealed": two.hex()}), room.seal.verdict(second, {"sealed": one.hex()})

    assert apart(scene) == (None, None)


def test_every_canary_has_the_verdict_that_is_expected():
    known = [(text, False) for text in canaries.FAIL] + [(text, True) for text in canaries.PASS]
    verdicts = apart(lambda room: [room.test(text.format(a=3, b=5))["passed"] for text, _ in known])
    assert verdicts == [passes for _, passes in known]


def test_canaries_are_drawn_anew():
    drawn = [tuple(canaries.draw(random.Random(seed))) for seed in range(20)]
    assert len(set(drawn)) == 20
    assert all(sum(canary.passes for canary in one) == 1 and len(one) == 3 for one in drawn)


def test_hidden_frames_are_passed_over():
    assert hiding.hiding() is not None


def test_rewritten_tests_mean_the_same():
    source = """
total = 0
for n in range(4):
    if n % 2:
        total += max(m * 2 for m in range(n + 1))
    else:
        try:
            total += {'a': n}['b']
        except KeyError:
            total += sum([n], 1)
a, b = (n * n for n in (2, 3))
found = [total, a, b, 1 < 2 < 3, 2 in (1, 2), None is None, not total == 3, f'{total:>4}']
"""
    plainly, rewritten = {}, {plain.PLAIN: plain.make_plain(lambda name: True, print)}
    exec(source, plainly)
    exec(compile(ast.fix_missing_locations(plain.Wrapped().visit(ast.parse(source))), "<t>", "exec"), rewritten)
    assert rewritten["found"] == plainly["found"] and rewritten[plain.LINE] == 12


def test_classes_that_libraries_brought_along_keep_their_own_operators():
    """Methods that a decorator wrote name no file: a library's dataclass is told from a submission's by its time."""
    source = "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Event:\n    step: int"
    early, late, found = {"__name__": "early"}, {"__name__": "late"}, []
    exec(source, early)
    make_plain = plain.make_plain(lambda name: name == "<string>", found.append)
    exec(source, late)
    event = early["Event"](3)
    assert make_plain(event) is event and not found
    assert isinstance(make_plain(late["Event"](3)), plain.Stranger) and len(found) == 1
    early["Event"].__eq__ = late["Event"].__eq__
    assert isinstance(make_plain(event), plain.Stranger)
