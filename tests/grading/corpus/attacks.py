"""What a submission may try on the line between it and its tests: cells or replies, and a test that must not pass."""

TEST = "expected = 12\nassert answer(3) == expected"


def nested(depth):
    node = 1
    for _ in range(depth):
        node = ["tuple", [node]]
    return node


LIARS = {
    "number": "class L(int):\n    __eq__ = lambda s, o: True\n    __hash__ = int.__hash__\ndef answer(x): return L(1)",
    "anything": "class L:\n    def __eq__(self, o): return True\ndef answer(x): return L()",
    "mock": "from unittest.mock import ANY\ndef answer(x): return ANY",
    "proxy": (
        "import weakref\nclass L:\n    __eq__ = lambda s, o: True\n    __hash__ = None\nkept = L()\n"
        "def answer(x): return weakref.proxy(kept)"
    ),
    "text": "class L(str):\n    __eq__ = lambda s, o: True\n    __hash__ = str.__hash__\ndef answer(x): return L('a')",
    "array": (
        "class L(np.ndarray):\n    __eq__ = lambda s, o: np.True_\n    __array_ufunc__ = lambda s, *a, **k: np.True_\n"
        "def answer(x): return np.zeros(1).view(L)"
    ),
    "list": "class L(list):\n    __len__ = lambda s: 12\n    __eq__ = lambda s, o: True\ndef answer(x): return L()",
    "class": "class L:\n    __class__ = int\n    __eq__ = lambda s, o: True\ndef answer(x): return L()",
    "metaclass": "class M(type):\n    __eq__ = lambda s, o: True\n    __hash__ = type.__hash__\nclass L(metaclass=M): pass\ndef answer(x): return L",
    "reflected": "class L(float):\n    __eq__ = __le__ = __ge__ = lambda s, o: True\n    __hash__ = None\ndef answer(x): return L('nan')",
    "enum": "import enum\nclass L(enum.IntEnum):\n    A = 1\n    __eq__ = lambda s, o: True\n    __hash__ = None\ndef answer(x): return L.A",
    "length runs code": (
        "import functools\nclass L(list):\n    __len__ = staticmethod(functools.partial(eval, '12'))\n"
        "    __eq__ = lambda s, o: len(s) == o\n    __hash__ = None\ndef answer(x): return L()"
    ),
}  # fmt: skip
CHECKED = "def _check(x): raise AssertionError\ndef work(): return 1\nanswer(work)\n_check(1)"
GLOBALS = "def answer(f): getattr(f, '__globals__', {})['_check'] = lambda *a: None"
MODEL = "class Model:\n    wanted = 12\n    def _wanted(self): return 12\n    def train(self): return 0\nassert answer(Model()) == 12"
CASE = """
from dataclasses import dataclass
@dataclass
class Case:
    n: int
    def right(self, found): return found == self.n
case = Case(12)
found = answer(case)
assert case.right(found)
"""
ASKS = {"call": "t0", "method": "_wanted", "args": ["tuple", []], "kwargs": ["dict", "s3", []]}

# The submission's cells, or the replies of something else than an agent; and the test.
ATTACKS = {
    **{f"liar: {name}": (cells, TEST) for name, cells in LIARS.items()},
    "placeholder": (LIARS["anything"], TEST),
    "globals of what is handed out": (GLOBALS, CHECKED),
    "private attribute": ("class A:\n    _ok = 12\nkept = A()\ndef answer(x): return kept", "assert answer(3)._ok == 12"),
    "own numpy": ("class Fake:\n    allclose = lambda *a: True\nnp = Fake()\ndef answer(x): return 1", "assert np.allclose(answer(3), 12)"),
    "own parameters": ("N_TRAIN = 1\ndef answer(x): return 1", "assert answer(3) == N_TRAIN"),
    "argument changed unseen": ("def answer(x):\n    x.sort()\n    return x[0]", "x = [3, 1]\nassert answer(x) == 1 and x == [3, 1]"),
    "change of what was not given": ([{"value": 12}, {"value": 12, "changed": [["list", "t0", [9]]]}], "x = [1]\nanswer(x)\nanswer(3)\nassert x == [9]"),
    "change into another kind": ([{"value": 12, "changed": [["tuple", [["list", "t0", [12]]]]]}], "x = bytearray(b'1')\nassert answer(x) == 12"),
    "another call's reply": ([{"reply": 1, "value": 12}], TEST),
    "a late reply": ([{"reply": 99, "value": 12}], TEST),
    "broken and then caught": ([{"value": ["no form"]}], "try:\n    answer(3)\nexcept BaseException:\n    found = 12\nassert found == 12"),
    "a method put in place of another": ("def answer(x): x['right'] = lambda *a: True", CASE),
    "the end of a loop": ("def answer(x): raise StopIteration", "assert all(map(lambda x: answer(x) == 12, [1, 2]))"),
    "an assertion caught": ("def answer(check):\n    try: check(1)\n    except AssertionError: return 12", "def check(x): assert x == 2\nassert answer(check) == 12"),
    "private method": ([ASKS, {"reply": 3, "value": 12}], MODEL),
}  # fmt: skip
