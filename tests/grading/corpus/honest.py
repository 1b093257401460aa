"""Honest work, as tidy or untidy as students leave it."""

import copy

from corpus.material import Material, case, in_answer, in_place, with_code
from course.labs.sources import is_written

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
LOST = "from IPython.display import Markdown\nMarkdown('![lost](attachment:lost.png)')"

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


PRINTS = """
def class_counts(labels, n_classes=10):
    print("INPUT", labels.tolist(), n_classes)
    return [int((labels == k).sum()) for k in range(n_classes)]"""


@case("honest")
def prints_its_inputs(m: Material):
    return in_place(m.solved, "class-counts", PRINTS)


@case("honest")
def comments_and_docstrings(m: Material):
    made = m.solved
    for name in m.answers():
        made = in_answer(made, name, "# my answer: äöü ✓ 数字")
    return made


@case("honest", earns=lambda m: m.tests()[1:])
def syntax_error_in_one_answer(m: Material):
    return in_place(m.solved, m.answers()[0], "def oops(:\n    pass")


@case("honest")
def pictures(m: Material):
    """Pasted into an answer, some under names that change in a URL, one of them lost."""
    made = with_code(m.solved, LOST, m.answers()[0])
    cell = next(cell for cell in made.cells if is_written(cell))
    names = ("my%20plot.png", "Größe.png", "lost.png")
    cell.source += "".join(f"\n\n![a picture](attachment:{name})" for name in names)
    cell.attachments = {name: {"image/png": PIXEL} for name in ("my plot.png", "Größe.png")}
    return made


MORE_HABITS = {
    "inspect": "import inspect\nprint(inspect.currentframe().f_code.co_name, inspect.stack()[0].function)\ndef who():\n    return inspect.currentframe().f_back.f_code.co_name\nprint(who())",
    "sys-frame": "import sys\nprint(sys._getframe().f_lineno)",
    "logging": "import logging\nlogging.basicConfig(level=logging.INFO, force=True)\nlog = logging.getLogger('lab')\nlog.info('x', stack_info=True)\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    log.exception('bad')",
    "warnings-filter": "import warnings\nwarnings.filterwarnings('ignore')\nwarnings.simplefilter('ignore')",
    "styles": "import matplotlib.pyplot as plt, numpy as np, seaborn as sns\nplt.style.use('ggplot'); plt.rcParams['figure.dpi'] = 60; np.set_printoptions(precision=2, suppress=True); sns.set_theme()\nimport pandas as pd; pd.set_option('display.max_rows', 5)",
    "dataclass": "from dataclasses import dataclass, field\nfrom enum import Enum\nfrom typing import NamedTuple\nfrom collections import namedtuple\n@dataclass(order=True, frozen=True)\nclass P:\n    x: int = 1\nclass C(Enum):\n    A = 1\nclass N(NamedTuple):\n    a: int\nQ = namedtuple('Q', 'a b'); print(P(1) == P(1), C.A, N(1), Q(1, 2))",
    "cache": "import functools\n@functools.cache\ndef f(n): return n and f(n - 1)\nf(50)\n@functools.wraps(f)\ndef g(n): return f(n)\n@functools.singledispatch\ndef h(x): return x\nh(1)",
    "pool": "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as p: print(list(p.map(abs, range(3))))\nimport multiprocessing, queue, threading\nthreading.Timer(0.01, print, ['late']).start()",
    "exec": "ns = {}\nexec('def made(x): return x + 1', ns)\nprint(eval('1 + 1'), ns['made'](1)); code = compile('2 + 2', '<mine>', 'eval'); print(eval(code))",
    "magics": "%timeit -n1 -r1 sum(range(10))\n%matplotlib inline\n%config InlineBackend.figure_format = 'png'\n%who\nprint(1)",
    "autoreload": "%load_ext autoreload\n%autoreload 2",
    "pdb": "import pdb, bdb, ctypes, mmap, gc, signal, atexit\ngc.collect(); atexit.register(print)",
    "own-class-eq": "class Vec:\n    def __init__(self, *v): self.v = v\n    def __eq__(self, o): return isinstance(o, Vec) and self.v == o.v\n    def __add__(self, o): return Vec(*map(sum, zip(self.v, o.v)))\n    def __hash__(self): return hash(self.v)\nprint(Vec(1) == Vec(1), Vec(1) + Vec(2))",
    "env": "import os, tempfile, random\nos.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'; os.environ['PYTHONHASHSEED'] = '0'\nwith tempfile.NamedTemporaryFile('w') as f: f.write('x')\nrandom.seed(1)",
    "generators": "def gen():\n    import traceback\n    try:\n        yield 1; 1 / 0\n    except ZeroDivisionError:\n        traceback.print_exc(); yield 2\nprint(list(gen()))\nimport contextlib\n@contextlib.contextmanager\ndef timed():\n    yield\nwith timed(): pass\nwith contextlib.redirect_stdout(None): print(1)\nwith contextlib.suppress(ValueError): raise ValueError",
    "query": "import pandas as pd\nlimit = 1\ndef f():\n    local = 1\n    return pd.DataFrame({'a': [1, 2]}).query('a > @local')\nprint(f()); print(pd.eval('1 + limit'))",
    "async": "import asyncio\nasync def one():\n    await asyncio.sleep(0.01); return 1\nprint(await one())\nprint(await asyncio.gather(one(), one()))",
    "sklearn": "try:\n    from sklearn.model_selection import train_test_split\n    from sklearn.cluster import KMeans\n    import numpy as np\n    KMeans(2, n_init=1).fit(np.random.rand(20, 2))\nexcept ImportError: print('none')\nimport scipy.stats, scipy.ndimage",
    "own-module": "open('mine.py', 'w').write('def f(): return 1')\nimport mine, importlib\nimportlib.reload(mine); print(mine.f())\nopen('helpers2.py', 'w').write('x = 3')\n%run helpers2.py",
    "recursion-limit": "import sys\nsys.setrecursionlimit(5000)",
    "trace-tools": "import cProfile, timeit, traceback, dis\ntimeit.timeit('1', number=10)\ndis.dis(lambda: 1)\ntraceback.print_stack(); print(traceback.format_exc())\nimport tracemalloc; tracemalloc.start()",
    "seterr": "import numpy as np\nnp.seterr(all='warn'); np.random.seed(3)",
    "patched-own-settings": "import seaborn as sns\nsns.set_style('whitegrid'); sns.set_palette('colorblind')\nimport matplotlib as mpl; mpl.use('agg')",
    "styler": "import pandas as pd\npd.DataFrame({'share': [0.25, 0.75]}).style.format('{:.1%}').to_html()\nprint(pd.DataFrame({'share': [0.25]}).to_latex())",
    "doctest": 'import doctest\ndef one():\n    """\n    >>> one()\n    1\n    """\n    return 1\nprint(doctest.testmod())',
    "deletes-its-folder": "import os, shutil\nshutil.rmtree(os.getcwd())",
    "backend-agg": "%matplotlib agg",
    "backend-that-is-missing": "%matplotlib widget",
    "latex-repr": "class R:\n    def _repr_html_(self): return '<b>x</b>'\nR()\nfrom IPython.display import HTML, display, clear_output\ndisplay(HTML('x')); clear_output(wait=True)",
}

for habit, code in MORE_HABITS.items():

    def _more(m: Material, code=code):
        return with_code(m.solved, code, m.answers()[0])

    case("honest", f"uses-{habit}")(_more)
