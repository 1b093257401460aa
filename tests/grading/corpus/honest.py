"""Honest work, as tidy or untidy as students leave it."""

import copy

from corpus.material import Material, case, in_answer, in_place, with_code

HABITS = {
    "shadows-builtins": "id = 'me'; input = 3; vars = {}; dir = ''; filter = None; format = 'x'; hash = 0; next = 1; bin = oct = 8",
    "warns": "import warnings\nwarnings.warn('an old habit')\nimport sys; print('careful', file=sys.stderr)",
    "prints-a-lot": "for i in range(20_000):\n    print(i, 'of 20000')",
    "own-cell-fails": "undefined_name + 1",
    "magics": "%time sum(range(1000))\n%matplotlib inline\n!echo hello",
    "installs-offline": "%pip install --quiet --disable-pip-version-check --retries 0 nosuchpackage",
    "inspects": "import inspect\nprint(inspect.signature(print), inspect.getsource(inspect.signature)[:20])",
    "shows-a-traceback": "import traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    traceback.print_exc()",
    "own-equality": "class Point:\n    x = 1\n    def __eq__(self, other):\n        return isinstance(other, Point) and self.x == other.x",
    "changes-folder": "import os\nos.makedirs('mine', exist_ok=True); os.chdir('mine'); open('notes.txt', 'w').write('x')",
    "own-tests": "assert 1 + 1 == 2\nimport unittest\nunittest.TestCase().assertEqual(2, 2)",
    "thread": "import threading\nt = threading.Thread(target=print, args=('working',)); t.start(); t.join()",
    "subprocess": "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True).stdout)",
    "last-line-is-a-number": "42",
    "sleeps": "import time\ntime.sleep(1)",
    "seeds": "import random\nimport numpy as np\nrandom.seed(1); np.random.seed(1)",
    "mocks-own-things": "from unittest import mock\nwith mock.patch('os.getcwd', return_value='/'):\n    import os; print(os.getcwd())",
    "recursion": "def down(n):\n    return n and down(n - 1)\ntry:\n    down(10**6)\nexcept RecursionError:\n    print('too deep')",
}

for habit, code in HABITS.items():

    def _habit(m: Material, code=code):
        return with_code(m.solved, code, m.answers()[0])

    case("honest", habit)(_habit)


@case("honest")
def solved(m: Material):
    return m.solved


@case("honest", earns="none")
def blank(m: Material):
    return m.blank


@case("honest", earns=lambda m: m.tests()[::2])
def every_other_answer(m: Material):
    made = copy.deepcopy(m.solved)
    for name in m.answers()[1::2]:
        made = in_place(made, name, "raise NotImplementedError()")
    return made


@case("honest")
def another_way(m: Material):
    made = m.solved
    for name, answer in m.others.items():
        made = in_place(made, name, answer)
    return made


@case("honest")
def comments_and_docstrings(m: Material):
    made = m.solved
    for name in m.answers():
        made = in_answer(made, name, "# my answer: äöü ✓ 数字")
    return made


@case("honest", earns=lambda m: m.tests()[1:])
def syntax_error_in_one_answer(m: Material):
    return in_place(m.solved, m.answers()[0], "def oops(:\n    pass")
