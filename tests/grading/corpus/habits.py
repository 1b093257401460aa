"""Right answers, written as people write: cells, and a test that must pass beside them."""

SQUARES = "assert answer(3) == 9 and answer(0) == 0, answer(3)"

HABITS = {
    "lambda": ("answer = lambda x: x * x", SQUARES),
    "partial": ("from functools import partial\nanswer = partial(pow, exp=2)", SQUARES),
    "partial of a method": (
        "from functools import partial\nclass A:\n    def power(self, n, x): return x**n\nanswer = partial(A().power, 2)",
        SQUARES,
    ),
    "built-in function": ("answer = abs", "assert answer(-3) == 3"),
    "ufunc": ("answer = np.square", SQUARES),
    "np.vectorize": ("answer = np.vectorize(lambda x: x * x)", SQUARES),
    "callable object": ("class A:\n    def __call__(self, x): return x * x\nanswer = A()", SQUARES),
    "bound method": ("class A:\n    def square(self, x): return x * x\nanswer = A().square", SQUARES),
    "class method": ("class A:\n    @classmethod\n    def square(cls, x): return x * x\nanswer = A.square", SQUARES),
    "static method": ("class A:\n    @staticmethod\n    def square(x): return x * x\nanswer = A.square", SQUARES),
    "cache": ("import functools\n@functools.cache\ndef answer(x): return x * x", SQUARES),
    "single dispatch": ("import functools\n@functools.singledispatch\ndef answer(x): return x * x", SQUARES),
    "decorator": (
        "import functools\ndef loud(f):\n    @functools.wraps(f)\n    def g(*a, **k):\n        print('called')\n        return f(*a, **k)\n    return g\n@loud\ndef answer(x): return x * x",
        SQUARES,
    ),
    "decorating class": (
        "class Count:\n    def __init__(self, f): self.f, self.n = f, 0\n    def __call__(self, x):\n        self.n += 1\n        return self.f(x)\n@Count\ndef answer(x): return x * x",
        SQUARES,
    ),
    "closure over a changed global": (
        "factor = 1\ndef answer(x): return factor * x\nfactor = 2",
        "assert answer(3) == 6",
    ),
    "closure that counts": (
        "def make():\n    n = 0\n    def count():\n        nonlocal n\n        n += 1\n        return n\n    return count\nanswer = make()",
        "assert [answer(), answer(), answer()] == [1, 2, 3]",
    ),
    "global that counts": (
        "n = 0\ndef answer():\n    global n\n    n += 1\n    return n",
        "assert [answer(), answer()] == [1, 2]",
    ),
    "recursion": (
        "def answer(n): return 1 if n < 2 else n * answer(n - 1)",
        "assert answer(60) == np.prod(np.arange(1, 61, dtype=object))",
    ),
    "deep recursion": (
        "import sys\nsys.setrecursionlimit(5_000)\ndef answer(n): return n and 1 + answer(n - 1)",
        "assert answer(2_000) == 2_000",
    ),
    "default mutable argument": (
        "def answer(x, seen=[]):\n    seen.append(x)\n    return seen",
        "assert answer(1) == [1] and answer(2) == [1, 2]",
    ),
    "f-string": ("def answer(x, y): return f'{x:>6.2f}|{y!r}|{x=}'", "assert answer(1.5, 'a') == \"  1.50|'a'|x=1.5\""),
    "walrus": ("def answer(x): return (n := x * x) + 0 * n", SQUARES),
    "match": (
        "def answer(x):\n    match x:\n        case [first, *rest]: return first, rest\n        case {'a': a}: return a\n        case int() | float() if x > 1: return 'large'\n        case _: return None",
        "assert [answer([1, 2]), answer({'a': 5}), answer(2.5), answer(0)] == [(1, [2]), 5, 'large', None]",
    ),
    "star arguments": (
        "def answer(*args, k=1, **more): return args, k, more",
        "assert answer(1, 2, k=3, z=4) == ((1, 2), 3, {'z': 4})",
    ),
    "positional only": ("def answer(x, /, *, y=2): return x**y", SQUARES),
    "unpacking": (
        "def answer(x):\n    a, *b = [x, *range(2)]\n    return {**{'a': a}, 'b': b}",
        "assert answer(5) == {'a': 5, 'b': [0, 1]}",
    ),
    "annotations": (
        "from typing import Annotated, TypeAlias\nNumber: TypeAlias = int | float\nlimit: Annotated[int, 'most'] = 9\ndef answer(x: 'Number') -> Number: return min(x * x, limit)",
        SQUARES,
    ),
    "generic types": (
        "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass Sandbox(Generic[T]):\n    def __init__(self, value: T): self.value = value\ndef answer(x): return Sandbox[int](x * x).value",
        SQUARES,
    ),
    "slots": (
        "class P:\n    __slots__ = ('x', 'y')\n    def __init__(self, x, y): self.x, self.y = x, y\ndef answer(x): return P(x, x * x)",
        "p = answer(3)\nassert (p.x, p.y) == (3, 9)",
    ),
    "property": (
        "class P:\n    def __init__(self, x): self._x = x\n    @property\n    def square(self): return self._x ** 2\ndef answer(x): return P(x)",
        "assert answer(3).square == 9",
    ),
    "cached property": (
        "from functools import cached_property\nclass P:\n    @cached_property\n    def nine(self): return 9\ndef answer(x): return P()",
        "assert answer(3).nine == 9",
    ),
    "class attributes": (
        "class Net:\n    size = 3\n    @classmethod\n    def build(cls, n): return [cls.size] * n",
        "assert Net.build(2) == [3, 3] and Net.size == 3",
    ),
    "inheritance": (
        "from abc import ABC, abstractmethod\nclass A(ABC):\n    @abstractmethod\n    def f(self): ...\nclass B(A):\n    def f(self): return 9\ndef answer(x): return B().f()",
        "assert answer(3) == 9",
    ),
    "dataclass": (
        "from dataclasses import dataclass, field\n@dataclass(frozen=True, slots=True)\nclass P:\n    x: int\n    y: list = field(default_factory=list)\ndef answer(x): return P(x)",
        "assert answer(3) == {'x': 3, 'y': []}",
    ),
    "named tuple": (
        "from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef answer(x): return P(x, x * x)",
        "assert answer(3) == (3, 9) and isinstance(answer(3), tuple)",
    ),
    "typed named tuple": (
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int = 2\ndef answer(x): return P(x)",
        "x, y = answer(3)\nassert (x, y) == (3, 2)",
    ),
    "enumeration": ("import enum\nclass C(enum.IntEnum):\n    A = 9\ndef answer(x): return C.A if x else 0", SQUARES),
    "text enumeration": (
        "import enum\nclass C(enum.StrEnum):\n    A = 'a'\ndef answer(): return C.A",
        "assert answer() == 'a'",
    ),
    "ordered and default dictionaries": (
        "from collections import Counter, OrderedDict, defaultdict\ndef answer():\n    d = defaultdict(list)\n    d['a'].append(1)\n    return d, OrderedDict(b=2), Counter('aab')",
        "assert answer() == ({'a': [1]}, {'b': 2}, {'a': 2, 'b': 1})",
    ),
    "deque": (
        "from collections import deque\ndef answer(): return list(deque([1, 2], maxlen=2))",
        "assert answer() == [1, 2]",
    ),
    "NumPy scalars": ("def answer(x): return np.int64(x) ** 2", SQUARES),
    "NumPy truth value": ("def answer(x): return np.arange(3).sum() == x", "assert answer(3) and not answer(4)"),
    "array of rank 0": ("def answer(x): return np.array(x) ** 2", SQUARES),
    "text of NumPy": ("def answer(): return np.array(['a', 'bc'])[1]", "assert answer() == 'bc'"),
    "column-major array": (
        "def answer(): return np.asfortranarray(np.arange(6).reshape(2, 3))",
        "assert answer().tolist() == [[0, 1, 2], [3, 4, 5]]",
    ),
    "view backwards": ("def answer(x): return x[::-1]", "assert answer(np.arange(3)).tolist() == [2, 1, 0]"),
    "array of a subclass": (
        "class A(np.ndarray): pass\ndef answer(): return np.arange(3).view(A)",
        "assert answer().tolist() == [0, 1, 2]",
    ),
    "memory view": ("def answer(): return bytes(memoryview(b'abc')[1:])", "assert answer() == b'bc'"),
    "generator": ("def answer(n):\n    for i in range(n): yield i * i", "assert list(answer(3)) == [0, 1, 4]"),
    "generator expression": ("def answer(n): return (i * i for i in range(n))", "assert sum(answer(3)) == 5"),
    "map and zip": (
        "def answer(n): return zip(map(abs, range(-n, 0)), 'abc')",
        "assert dict(answer(2)) == {2: 'a', 1: 'b'}",
    ),
    "iterator by hand": (
        "class Down:\n    def __init__(self, n): self.n = n\n    def __iter__(self): return self\n    def __next__(self):\n        if not self.n: raise StopIteration\n        self.n -= 1\n        return self.n\ndef answer(n): return Down(n)",
        "assert list(answer(3)) == [2, 1, 0]",
    ),
    "enumerate and reversed": (
        "def answer(x): return enumerate(reversed(x))",
        "assert list(answer([1, 2])) == [(0, 2), (1, 1)]",
    ),
    "dictionary views": (
        "def answer(d): return d.keys(), d.values(), d.items()",
        "k, v, i = answer({'a': 1})\nassert (list(k), list(v), list(i)) == (['a'], [1], [('a', 1)])",
    ),
    "context manager": (
        "import contextlib\n@contextlib.contextmanager\ndef doubled(x): yield 2 * x\ndef answer(x):\n    with doubled(x) as y: return y",
        "assert answer(3) == 6",
    ),
    "asynchronous inside": (
        "import asyncio\nasync def square(x):\n    await asyncio.sleep(0)\n    return x * x\ndef answer(x):\n    import concurrent.futures\n    with concurrent.futures.ThreadPoolExecutor(1) as pool: return pool.submit(asyncio.run, square(x)).result()",
        SQUARES,
    ),
    "threads": (
        "from concurrent.futures import ThreadPoolExecutor\ndef answer(x):\n    with ThreadPoolExecutor(2) as pool: return sum(pool.map(lambda i: x, range(x)))",
        SQUARES,
    ),
    "doctest": (
        'import doctest\ndef answer(x):\n    """Square.\n\n    >>> answer(2)\n    4\n    """\n    return x * x\ndoctest.run_docstring_examples(answer, {"answer": answer})',
        SQUARES,
    ),
    "fractions and decimals": (
        "from fractions import Fraction\nfrom decimal import Decimal\ndef answer(): return Fraction(1, 3), Decimal('0.1')",
        "a, b = answer()\nassert 3 * a == 1 and str(b) == '0.1'",
    ),
    "dates and paths": (
        "import datetime, pathlib\ndef answer(): return datetime.date(2026, 1, 2), pathlib.PurePosixPath('a') / 'b'",
        "d, p = answer()\nassert d.year == 2026 and p.name == 'b'",
    ),
    "an error of one's own": (
        "class Wrong(ValueError): pass\ndef answer(x): raise Wrong(f'{x} is wrong')",
        "try:\n    answer(3)\nexcept ValueError as error:\n    found = str(error)\nassert found == '3 is wrong'",
    ),
    "an error with a cause": (
        "def answer(x):\n    try: 1 / 0\n    except ZeroDivisionError as error: raise ValueError('no') from error",
        "try:\n    answer(3)\n    found = False\nexcept ValueError:\n    found = True\nassert found",
    ),
    "a warning": (
        "import warnings\ndef answer(x):\n    with warnings.catch_warnings():\n        warnings.simplefilter('ignore')\n        warnings.warn('old')\n    return x * x",
        SQUARES,
    ),
    "a function that takes a function": ("def answer(f, x): return f(f(x))", "assert answer(lambda x: 2 * x, 3) == 12"),
    "a function that returns one": (
        "def answer(n):\n    def times(x): return n * x\n    return times",
        "assert answer(2)(5) == 10 and answer(3)(5) == 15",
    ),
    "functions in a dictionary": (
        "answer = {'square': lambda x: x * x, 'half': lambda x: x / 2}",
        "assert answer['square'](3) == 9 and answer['half'](3) == 1.5",
    ),
    "operators of one's own class": (
        "class V:\n    def __init__(self, x): self.x = x\n    def __add__(self, o): return V(self.x + o.x)\n    def __eq__(self, o): return self.x == o.x\ndef answer(x): return (V(x) + V(x)).x",
        "assert answer(3) == 6",
    ),
    "table": (
        "import pandas as pd\ndef answer(): return pd.DataFrame({'a': [1, 2], 'b': ['x', None]}).set_index('a')",
        "t = answer()\nassert t.index.tolist() == [1, 2] and t['b'].iloc[0] == 'x' and t['b'].isna().sum() == 1",
    ),
    "table of groups": (
        "import pandas as pd\ndef answer(): return pd.DataFrame({'a': [1, 1, 2], 'b': [1, 2, 3]}).groupby('a').agg(['sum', 'mean'])",
        "t = answer()\nassert t[('b', 'sum')].tolist() == [3, 3], t",
    ),
    "table with categories": (
        "import pandas as pd\ndef answer(): return pd.Series(pd.Categorical(['a', 'b', 'a'])).value_counts()",
        "assert answer()['a'] == 2",
    ),
    "table of times": (
        "import pandas as pd\ndef answer(): return pd.Series([1, 2], index=pd.date_range('2026-01-01', periods=2))",
        "assert answer().loc['2026-01-02'] == 2",
    ),
    "styled table": (
        "import pandas as pd\ndef answer():\n    table = pd.DataFrame({'share': [0.25]})\n    table.style.format('{:.1%}').to_html()\n    return table",
        "assert answer()['share'].tolist() == [0.25]",
    ),
}

KERAS = {
    "tensor": ("def answer(x): return tf.square(tf.constant(x))", "assert int(answer(3)) == 9"),
    "variable": (
        "kept = tf.Variable([1.0, 2.0])\ndef answer(): return kept",
        "assert np.asarray(answer()).tolist() == [1, 2]",
    ),
    "Keras's tensor": (
        "def answer(x): return keras.ops.square(keras.ops.convert_to_tensor(x))",
        "assert int(answer(3)) == 9",
    ),
    "tf.function": ("@tf.function\ndef answer(x): return x * x", "assert int(answer(3)) == 9"),
    "sequential model": (
        "def answer(): return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name='d')])",
        "m = answer()\nassert isinstance(m, keras.Model) and m.count_params() == 15 and m.layers[0].name == 'd'",
    ),
    "model not built yet": (
        "def answer(): return keras.Sequential([keras.layers.Dense(3)])",
        "m = answer()\nassert m(np.ones((2, 4))).shape == (2, 3)",
    ),
    "functional model": (
        "def answer():\n    i = keras.Input((4,))\n    a, b = keras.layers.Dense(2)(i), keras.layers.Dense(2)(i)\n    return keras.Model(i, keras.layers.add([a, b]))",
        "m = answer()\nassert m.count_params() == 20 and m(np.ones((1, 4))).shape == (1, 2)",
    ),
    "subclassed model": (
        "class Net(keras.Model):\n    def __init__(self):\n        super().__init__()\n        self.d = keras.layers.Dense(2)\n    def call(self, x): return self.d(x)\ndef answer():\n    m = Net()\n    m(np.ones((1, 4)))\n    return m",
        "m = answer()\nassert isinstance(m, keras.Model) and m.count_params() == 10",
    ),
    "mixed precision": (
        "def answer():\n    keras.mixed_precision.set_global_policy('mixed_bfloat16')\n    try: return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Activation('softmax', dtype='float32')])\n    finally: keras.mixed_precision.set_global_policy('float32')",
        "m = answer()\nassert m.count_params() == 15 and np.asarray(m(np.ones((1, 4)))).dtype == np.float32",
    ),
    "nested model": (
        "def answer():\n    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])\n    return keras.Sequential([keras.Input((4,)), inner, keras.layers.Dense(1)])",
        "assert answer().count_params() == 19",
    ),
    "trained": (
        "def answer(m, x, y):\n    m.compile('sgd', 'mse')\n    return m.fit(x, y, epochs=2, verbose=0)",
        "m = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])\nbefore = m.get_weights()[0].copy()\nh = answer(m, np.ones((4, 4)), np.ones((4, 1)))\nassert len(h.history['loss']) == 2 and not np.allclose(before, m.get_weights()[0])",
    ),
    "regularised, initialised": (
        "def answer(): return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, kernel_regularizer=keras.regularizers.l2(0.1), kernel_initializer='he_normal')])",
        "assert float(answer().layers[0].kernel_regularizer.l2) == float(np.float32(0.1)) or abs(answer().layers[0].kernel_regularizer.l2 - 0.1) < 1e-6",
    ),
    "schedule": (
        "def answer(): return keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5))",
        "assert 'adam' in type(answer()).__name__.lower()",
    ),
    "optimizer in a dictionary": (
        "answer = {'sgd': keras.optimizers.SGD(0.5)}",
        "assert float(answer['sgd'].learning_rate) == 0.5",
    ),
    "callback of one's own": (
        "class Log(keras.callbacks.Callback):\n    def __init__(self): self.seen = []\n    def on_epoch_end(self, e, logs=None): self.seen.append(e)\ndef answer():\n    m = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])\n    m.compile('sgd', 'mse')\n    log = Log()\n    m.fit(np.ones((2, 1)), np.ones((2, 1)), epochs=2, verbose=0, callbacks=[log])\n    return log",
        "assert answer().seen == [0, 1]",
    ),
}
