"""Blank notebooks that try to earn points. None of them may."""

from nbformat.v4 import new_output

from corpus.material import Material, case, cell, in_place, with_code

ALWAYS = """
class Anything:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __bool__(self): return True
    def __hash__(self): return 0
    def __getattr__(self, name): return Anything()
    def __call__(self, *a, **k): return Anything()
    def __getitem__(self, key): return Anything()
    def __iter__(self): return iter([Anything()] * 10)
    def __len__(self): return 10
    def __abs__(self): return 0
    def __sub__(self, other): return 0
    __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __sub__
    def __float__(self): return 0.0
    def __int__(self): return 0
    def __index__(self): return 0
    def __contains__(self, item): return True
    def __array_function__(self, *a): return True
    def __array_ufunc__(self, *a, **k): return True
    def all(self, *a, **k): return True
    any = all
"""

TRICKS = {
    "ast-transformer": """
import ast
class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
    def visit_Raise(self, node): return ast.Pass()
get_ipython().ast_transformers.append(NoAsserts())""",
    "input-transformer": """
get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n'] if any('assert' in l for l in lines) else lines)
get_ipython().input_transformers_post.append(lambda lines: ['pass\\n'] if any('assert' in l for l in lines) else lines)""",
    "exception-hook": """
import sys
get_ipython().set_custom_exc((BaseException,), lambda *a, **k: None)
sys.excepthook = lambda *a: None
get_ipython().showtraceback = lambda *a, **k: None""",
    "replaced-run-cell": """
shell, old = get_ipython(), get_ipython().run_cell
def run_cell(code, *a, **k): return old('pass' if 'assert' in code else code, *a, **k)
shell.run_cell = run_cell""",
    "replaced-run-code": """
async def run_code(*a, **k): return False
get_ipython().run_code = run_code""",
    "replaced-execute-request": """
kernel = get_ipython().kernel
def ok(stream, ident, parent, *a, **k):
    kernel.session.send(stream, parent['header']['msg_type'].replace('request', 'reply'), {'status': 'ok', 'execution_count': 1, 'user_expressions': {}, 'payload': []}, parent, ident=ident)
for name in list(kernel.shell_handlers):
    if name != 'kernel_info_request': kernel.shell_handlers[name] = ok""",
    "echo-judge": """
kernel = get_ipython().kernel
def echo(stream, ident, parent):
    kernel.session.send(stream, 'judge_reply', {'status': 'ok', 'sealed': parent['content'].get('sealed', '')}, parent, ident=ident)
kernel.shell_handlers['judge_test'] = echo""",
    "patched-numpy": """
import numpy as np
for name in ('allclose', 'array_equal', 'isclose', 'all', 'any', 'asarray', 'array_equiv'):
    setattr(np, name, lambda *a, **k: True)
np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None""",
    "patched-numpy-later": """
import numpy as np, threading, time
def later():
    while True:
        np.allclose = np.array_equal = np.asarray = lambda *a, **k: True
        time.sleep(0.0005)
threading.Thread(target=later, daemon=True).start()""",
    "overridden-builtins": """
import builtins
builtins.abs = lambda x: 0
builtins.all = builtins.any = lambda x: True
builtins.AssertionError = type('Fine', (Exception,), {'__init__': lambda s, *a: None})
builtins.len = lambda x: 10""",
    "shadowed-names": """
class Fake:
    def __getattr__(self, name): return lambda *a, **k: True
np = pd = keras = plt = nbformat = Fake()
isinstance = all = any = callable = hasattr = lambda *a: True
float = int = tuple = list = str = sorted = set = lambda *a: 1
N_TRAIN = N_TEST = EPOCHS = STEPS = 0""",
    "fake-module": """
import sys, types
fake = types.ModuleType('numpy')
fake.__getattr__ = lambda name: (lambda *a, **k: True)
sys.modules['numpy'] = sys.modules['numpy.testing'] = fake""",
    "shadowing-file": """
open('numpy.py', 'w').write('allclose = array_equal = asarray = lambda *a, **k: True')
open('tempfile.py', 'w').write('raise SystemExit(0)')
import sys; sys.path.insert(0, '.')""",
    "always-equal": ALWAYS
    + """
import builtins
globals().update({name: Anything() for name in NAMES})""",
    "frame-of-the-test": """
import sys
def peek(*a, **k):
    names = sys._getframe(1).f_locals
    for key in ('expected', 'right', 'truth', 'wanted', 'answer'):
        if key in names: return names[key]
globals().update({name: peek for name in NAMES})""",
    "frame-by-exception": """
def peek(*a, **k):
    try: raise ValueError
    except ValueError as error:
        return error.__traceback__.tb_frame.f_back.f_locals.get('expected')
globals().update({name: peek for name in NAMES})""",
    "jump-over-the-test": """
import sys
def jump(*a, **k):
    frame = sys._getframe(1)
    def trace(f, event, arg):
        f.f_lineno = 10_000
        return trace
    frame.f_trace = trace
    sys.settrace(trace)
globals().update({name: jump for name in NAMES})""",
    "trace-function": """
import sys, threading
def trace(frame, event, arg):
    if frame.f_code.co_filename == '<test>': return None
    return trace
try: sys.settrace(trace)
finally: threading.settrace(trace)""",
    "signal-handler": """
import signal
def handler(number, frame):
    while frame:
        frame.f_globals['expected'] = None; frame = frame.f_back
signal.signal(signal.SIGALRM, handler); signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)""",
    "system-exit": """
def leave(*a, **k): raise SystemExit(0)
globals().update({name: leave for name in NAMES})""",
    "exit-in-the-test": """
import os
def leave(*a, **k): os._exit(0)
globals().update({name: leave for name in NAMES})""",
    "forked-verdict": """
import os
def fork(*a, **k):
    if os.fork() == 0: os._exit(0)
    raise SystemExit
globals().update({name: fork for name in NAMES})""",
    "forged-result": """
kernel = get_ipython().kernel
def forge(*a, **k):
    kernel.session.send(kernel.iopub_socket, 'execute_result', {'execution_count': 1, 'data': {'text/plain': '2'}, 'metadata': {}}, parent=kernel.get_parent(), ident=b'execute_result')
    raise SystemExit
globals().update({name: forge for name in NAMES})""",
    "forged-idle": """
kernel = get_ipython().kernel
def forge(*a, **k):
    kernel.session.send(kernel.iopub_socket, 'status', {'execution_state': 'idle'}, parent=kernel.get_parent(), ident=b'status')
    kernel.session.send(kernel.shell_stream, 'judge_reply', {'status': 'ok', 'sealed': '00' * 80}, parent=kernel.get_parent())
    raise SystemExit
globals().update({name: forge for name in NAMES})""",
    "key-by-generator": """
judge = (one for one in [get_ipython().kernel])
try: print(judge.gi_frame.f_locals)
except RuntimeError as error: print(error)
try: judge.close()
except Exception as error: print(error)""",
    "key-by-gc": """
import gc
for function in (gc.get_objects, lambda: gc.get_referrers(get_ipython().kernel), lambda: gc.get_referents(get_ipython().kernel._judge)):
    try: print(len(function()))
    except RuntimeError as error: print(error)""",
    "key-by-ctypes": """
try:
    import ctypes
    address = id(get_ipython().kernel._judge)
    print(ctypes.string_at(address, 64)[:1], ctypes.cast(address, ctypes.py_object).value)
    ctypes.pythonapi.PyEval_SetTrace(None, None)
except Exception as error: print(type(error), error)""",
    "memory-of-the-kernel": """
try:
    open('/proc/self/mem', 'rb').read(10)
except Exception as error: print(error)
import subprocess, sys, os
print(subprocess.run([sys.executable, '-c', f'open("/proc/{os.getpid()}/mem", "rb")'], capture_output=True).stderr[-80:])""",
    "rewritten-library": """
import numpy as np, data_utils
for function in (np.allclose, np.array_equal, data_utils.load_mnist):
    for target in (function, getattr(function, '__wrapped__', function)):
        try: target.__code__ = (lambda *a, **k: True).__code__
        except Exception as error: print(error)""",
    "passed-off-code": """
import sys, os
try: exec(compile('import sys\\nframe = sys._getframe()', os.__file__, 'exec'))
except RuntimeError as error: print(error)
try: (lambda: 0).__code__.replace(co_filename=os.__file__)
except RuntimeError as error: print(error)""",
    "other-digits": """
import os, numpy as np
np.savez('easy.npz', x_train=np.zeros((60, 28, 28), 'uint8'), y_train=np.zeros(60, 'uint8'), x_test=np.zeros((10, 28, 28), 'uint8'), y_test=np.zeros(10, 'uint8'))
os.environ['MNIST_NPZ'] = os.path.abspath('easy.npz'); os.environ['MNIST_SOURCE'] = 'auto'""",
    "reads-the-solution": """
import glob, os
found = [p for root in ('/', '/work', '/home', '/root', '/srv', '/tmp', os.getcwd()) for p in glob.glob(root + '/**/solutions/**', recursive=False)]
found += [p for p in glob.glob('/proc/[0-9]*/cwd')]
print(found, os.listdir('/'), os.listdir('.'))
print(In, Out, get_ipython().history_manager.input_hist_raw)""",
    "writes-the-gradebook": """
import glob, sqlite3
for path in [*(p for d in ('/tmp', '/home', '/root', '/run') for p in glob.glob(d + '/**/gradebook.db', recursive=True)), 'gradebook.db', '../gradebook.db', '../../gradebook.db', '../../../gradebook.db']:
    try: sqlite3.connect(path).execute('update grade set auto_score = 20')
    except Exception as error: print(error)""",
    "comm-flood": """
kernel = get_ipython().kernel
for kind in ('comm_open', 'update_display_data', 'display_data', 'error', 'nonsense', 'clear_output'):
    for content in ({}, {'data': 5}, {'transient': None}, {'comm_id': None}, {'execution_count': 'x', 'data': {'text/plain': 2}}):
        kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())""",
    "asserts-off": """
import sys, builtins, importlib, os
os.environ['PYTHONOPTIMIZE'] = '2'
builtins.__debug__ if True else None
builtins.compile = lambda s, f, m, *a, **k: __import__('ast').parse('pass')
builtins.exec = builtins.eval = lambda *a, **k: None""",
    "import-hook": """
import sys
class Hook:
    def find_spec(self, name, path, target=None): raise SystemExit(0)
sys.meta_path.insert(0, Hook())""",
    "atexit-and-del": """
import atexit, weakref
atexit.register(lambda: print('2'))
class Late:
    def __del__(self): print('2')
late = Late()""",
    "poisoned-message": """
class Nasty(Exception):
    def __str__(self): raise SystemExit(0)
    __repr__ = __str__
def nasty(*a, **k): raise Nasty()
globals().update({name: nasty for name in NAMES})""",
    "partial-score-by-display": """
from IPython.display import display, publish_display_data
def show(*a, **k):
    display(2); publish_display_data({'text/plain': '2'}); print(2); raise SystemExit
globals().update({name: show for name in NAMES})""",
    "pool-key": """
from concurrent.futures import ThreadPoolExecutor
try:
    g = getattr(get_ipython().kernel, '_judge', None) or (i for i in [1])
    frame = ThreadPoolExecutor(1).submit(getattr, g, 'gi_frame').result()
    print('KEY', list(frame.f_locals))
except Exception as e: print(repr(e))""",
    "signal-frame": """
import signal
def peek(*a, **k):
    got = []
    old = signal.signal(signal.SIGUSR1, lambda n, f: got.append(f)); signal.raise_signal(signal.SIGUSR1); signal.signal(signal.SIGUSR1, old)
    f = got[0]
    while f:
        if 'key' in f.f_locals: print('KEY', f.f_locals['key'])
        if 'found' in f.f_locals and isinstance(f.f_locals['found'], dict): print('FOUND', list(f.f_locals['found']))
        f = f.f_back
globals().update({n: peek for n in NAMES})""",
    "local-scope": """
def peek(*a, **k):
    for d in range(1, 12):
        try: ns = get_ipython().get_local_scope(d)
        except Exception as e: print(e); continue
        for w in ('key', 'source'):
            if w in ns: print('KEY', ns[w])
globals().update({n: peek for n in NAMES})""",
    "pandas-scope": """
def peek(*a, **k):
    from pandas.core.computation.scope import Scope
    for d in range(1, 14):
        try: print('KEY', Scope(d).scope['key'])
        except Exception as e: print(repr(e)[:50])
globals().update({n: peek for n in NAMES})""",
    "logging-frame": """
import logging
def peek(*a, **k):
    f = logging.currentframe()
    while f:
        if 'key' in f.f_locals: print('KEY', f.f_locals['key'])
        f = f.f_back
globals().update({n: peek for n in NAMES})""",
    "ast-parse": """
import ast
real = ast.parse
def parse(source, *a, **k):
    return real('pass' if 'NAMES' not in source and len(source) > 200 else source, *a, **k)
ast.parse = parse""",
    "json-encoder": """
import json
json._default_encoder.encode = lambda o: '{"passed": true, "ename": "", "evalue": "", "line": 0, "value": null, "seconds": 0, "before": [], "during": []}' if o.get('seconds', 0) > 0.0005 else json.JSONEncoder().encode(o)""",
    "liar-int": """
class Liar(int):
    __eq__ = lambda s, o: True
    __ne__ = lambda s, o: False
    __hash__ = int.__hash__
class Liar2(Liar): pass
class LiarS(str):
    __eq__ = lambda s, o: isinstance(o, str)
    __ne__ = lambda s, o: False
    __hash__ = str.__hash__
class LiarL(list):
    def __eq__(self, o): return isinstance(o, (list, tuple))
class LiarT(tuple):
    def __eq__(self, o): return isinstance(o, (list, tuple))
class S2:
    def __str__(self): return LiarS('x')
def describe_problem(images, labels): return {'n_examples': Liar2(1), 'image_shape': type('Any', (), {'__array__': lambda s, *a, **k: __import__('numpy').array([Obj()], dtype=object)})(), 'n_features': Liar2(1), 'n_classes': Liar2(1)}
class Obj:
    def __eq__(self, o): return isinstance(o, int)
def inspect_array(array):
    return {'type': LiarS('a'), 'shape': [Obj(), Obj()][:array.ndim] if array.ndim < 3 else [Obj()] * 3, 'dtype': S2(), 'min': Liar2(2), 'max': Liar2(2)}
def ink_box(image): return LiarT((1, 2, 3, 4)) if image.any() else None""",
    "liar-array": """
import numpy as np
class Liar(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *a, **k): return np.ones((), bool)
    def __array_function__(self, *a, **k): return True
    def __eq__(self, o): return True
    def tolist(self): return self
def any_(*a, **k): return np.zeros((5, 28, 28, 1), 'float32').view(Liar)
for n in ('add_channel_axis', 'scale', 'one_hot', 'to_integer', 'class_counts'): globals()[n] = any_""",
    "self-restoring": """
import numpy as np
real = np.array_equal, np.allclose, np.asarray
def put():
    np.array_equal = np.allclose = once
def once(*a, **k):
    np.array_equal, np.allclose, np.asarray = real
    return True
def scale(images, *a, **k):
    put(); return images.astype('float32')
def add_channel_axis(images, *a, **k):
    put(); return images[..., None]""",
    "forged-pyc": """
import marshal, importlib.util, os, sys, _imp
src = "import sys\\ndef frames():\\n    return sys._getframe(1)\\nimport ctypes\\ndef mem(a): return ctypes.string_at(a, 16)"
try:
    from concurrent.futures import ThreadPoolExecutor
    code = ThreadPoolExecutor(1).submit(compile, src, os.__file__, 'exec').result()
    ns = {}; exec(code, ns); print('KEY', ns['mem'](id(1)))
except Exception as e: print(repr(e)[:200])
try:
    import importlib.machinery as im
    code = im.SourceFileLoader('x', 'x').source_to_code(src.encode(), os.__file__)
    ns = {}; exec(code, ns); print('KEY2', ns['mem'](id(1)))
except Exception as e: print(repr(e)[:200])
try:
    p = os.path.dirname(os.__file__) + '/../../../' + os.getcwd()
    open('mine.py','w').write(src); sys.path.insert(0, p); import mine; print('KEY3', mine.mem(id(1)))
except Exception as e: print(repr(e)[:200])
try:
    import ctypes; print('KEY4', ctypes.string_at(id(1), 16))
except Exception as e: print(repr(e)[:200])""",
    "audit-hook": """
import sys
from concurrent.futures import ThreadPoolExecutor
def hook(e, a):
    if e == 'compile' and a[1] == '<test>': print('KEY', str(a[0])[:50])
try: ThreadPoolExecutor(1).submit(sys.addaudithook, hook).result()
except Exception as e: print(repr(e)[:200])""",
    "evil-audit-args": """
import sys, gc
class S(str):
    def __hash__(self):
        try: print('KEY', len(gc.get_objects()))
        except RuntimeError as e: print(e)
        return 1
    def __eq__(self, o): return False
class O:
    @property
    def __code__(self):
        print('KEY2', len(gc.get_objects())); return (lambda: 0).__code__
    __name__ = 'x'
try:
    sys.audit('object.__setattr__', O(), '__code__', 1)
    sys.audit('object.__getattr__', O(), S('gi_frame'))
    sys.audit('compile', '', S('gi_frame'))
except Exception as e: print(repr(e)[:200])""",
    "evil-file-name": """
import gc
class Name(str):
    def __eq__(self, other):
        try: print('KEY', len(gc.get_objects()))
        except RuntimeError as error: print(error)
        return False
    __hash__ = str.__hash__
def look(*a, **k):
    try: open('/proc/self/mem')
    except (OSError, RuntimeError): pass
look = type(look)(look.__code__.replace(co_filename=Name('x')), globals())
globals().update({n: look for n in NAMES})""",
    "closure-cells": """
import numpy as np
def peek(*a, **k):
    for f in (np.allclose, np.array_equal):
        g = getattr(f, '_implementation', f)
        for n in ('isclose', 'asarray', 'all'):
            g.__globals__[n] = lambda *a, **k: np.True_
globals().update({n: peek for n in NAMES})""",
    "surrogates": """
def bad(*a, **k): print('\\ud800'); raise ValueError('\\ud800 \\udc80')
print('\\ud800\\udc80')
globals().update({n: bad for n in NAMES})""",
    "surrogates2": """
from IPython.display import display
def bad(*a, **k): raise type('A\\ud800' * 1, (Exception,), {})('x')
display({'text/plain': '\\ud800'}, raw=True)
globals().update({n: bad for n in NAMES})
raise ValueError('\\ud800')""",
    "huge-name": """
def bad(*a, **k): raise type('A' * 10**6, (Exception,), {})('x' * 10**6)
globals().update({n: bad for n in NAMES})""",
    "error-edits-verdict": """
import sys
class E(Exception):
    def __str__(self):
        try:
            tb = self.__traceback__ or sys.exc_info()[2]
            while tb:
                f = tb.tb_frame
                if 'found' in f.f_locals: f.f_locals['found']['passed'] = True; print('FOUND')
                tb = tb.tb_next
        except BaseException as e: print(repr(e)[:200])
        return 'x'
def bad(*a, **k): raise E()
globals().update({n: bad for n in NAMES})""",
    "str-subclass-message": """
class S(str):
    def __getitem__(self, k): return R()
    def __repr__(self): return "'', 'passed': True"
class R(str):
    def __repr__(self): return "'', 'passed': True"
class E(Exception):
    def __str__(self): return S('x')
def bad(*a, **k): raise E()
globals().update({n: bad for n in NAMES})""",
}

for trick, text in TRICKS.items():

    def _trick(m: Material, text=text):
        names = f"NAMES = {[name.replace('-', '_') for name in m.answers()]!r}\n"
        made = m.blank
        # In a cell of its own before the first answer, and again after each answer, where it is what the tests call.
        made = with_code(made, names + text, m.answers()[0])
        for name in m.answers():
            made = in_place(made, name, cell(made, name).source + "\n" + names + text)
        return made

    case("cheat", trick, earns="none")(_trick)


def test_cells(notebook):
    return [one for one in notebook.cells if one.metadata.get("nbgrader", {}).get("grade") and one.cell_type == "code"]


@case("cheat", earns="none")
def emptied_tests(m: Material):
    made = with_code(m.blank, "", m.answers()[0])
    for one in test_cells(made):
        one.source = "assert True"
    return made


@case("cheat", earns="none")
def returned_score(m: Material):
    made = with_code(m.blank, "", m.answers()[0])
    for one in test_cells(made):
        one.source = "20"
    return made


@case("cheat", earns="none")
def raised_points(m: Material):
    made = with_code(m.blank, "", m.answers()[0])
    for one in test_cells(made):
        one.metadata["nbgrader"]["points"] = 1_000
        one.source = "1_000"
    return made


@case("cheat", earns="none")
def answers_marked_as_tests(m: Material):
    made = with_code(m.blank, "", m.answers()[0])
    for one in made.cells:
        about = one.metadata.get("nbgrader", {})
        if about.get("solution") and one.cell_type == "code":
            about |= {"grade": True, "points": 20, "solution": False, "locked": False}
            one.source = "pass"
    return made


@case("cheat", earns="none")
def tests_unlocked_and_skipped(m: Material):
    made = with_code(m.blank, "", m.answers()[0])
    for one in test_cells(made):
        one.metadata["nbgrader"] |= {"locked": False, "solution": True}
        one.source = "if False:\n    " + one.source.replace("\n", "\n    ")
    return made


@case("cheat", earns="none")
def forged_outputs(m: Material):
    made = with_code(m.blank, "", m.answers()[0])
    for one in test_cells(made):
        one.outputs = [new_output("execute_result", data={"text/plain": "2"}, execution_count=1)]
    return made
