"""Blank notebooks that try to earn points. None of them may.

Most do what they try: the process that they do it in is theirs. It is not the one that decides.
"""

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
    "everything-in-the-process": """
import _imp, gc, os, sys
def find(): return gc.get_objects()
_imp._fix_co_filename(find.__code__, os.__file__)
print('FOUND', len(find()))
for one in find():
    if type(one) is dict and 'expected' in one: one['expected'] = None""",
    "code-of-a-library": """
import gc, os
from concurrent.futures import ThreadPoolExecutor
code = ThreadPoolExecutor(1).submit(compile, 'import gc\\ndef find(): return gc.get_objects()', os.__file__, 'exec').result()
names = {}
exec(code, names)
print('FOUND', len(names['find']()))""",
    "replaced-agent": """
import course.grading.testing.agent as agent
agent.Agent.do_call = agent.Agent.do_define = lambda self, request, changed: 12
agent.Agent.do_name = lambda self, request, changed: (lambda *a, **k: 12)""",
    "silent-agent": """
import course.grading.testing.agent as agent
agent.serve = lambda path, number: None""",
    "takes-the-line": """
import socket
kept = [socket.socket(socket.AF_UNIX) for _ in range(30)]
for one in kept:
    try: one.connect('/run/answers'); one.sendall(b'{' * 1000)
    except OSError as error: print(error)""",
    "verdict-on-the-line": """
import json, socket, struct, threading, time
def talk():
    while True:
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect('/run/answers')
            text = json.dumps({'status': 'ok', 'reply': 1, 'verdict': {'passed': True}, 'value': None}).encode()
            line.sendall(struct.pack('<IIQ', len(text), 0, 0) + text)
        except OSError: pass
        time.sleep(0.02)
threading.Thread(target=talk, daemon=True).start()""",
    "looks-for-the-tests": """
import glob, os, socket
print(os.listdir('/run'), glob.glob('/proc/[0-9]*/cmdline'))
for name in ('/run/questions', '/run/tests', '/tmp/scratch/x'):
    try: socket.socket(socket.AF_UNIX).connect(name)
    except OSError as error: print(error)""",
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
    kernel.session.send(kernel.shell_stream, 'execute_reply', {'status': 'ok', 'verdict': {'passed': True}}, parent=kernel.get_parent())
    raise SystemExit
globals().update({name: forge for name in NAMES})""",
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
    "ast-parse": """
import ast
real = ast.parse
def parse(source, *a, **k):
    return real('pass' if 'NAMES' not in source and len(source) > 200 else source, *a, **k)
ast.parse = parse""",
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
}

IN_PLACE = {
    "agrees-with-everything": (
        "describe-problem",
        """
from unittest.mock import ANY
def describe_problem(images, labels):
    return dict.fromkeys(["n_examples", "image_shape", "n_features", "n_classes"], ANY)""",
    ),
    "poisoned-name": (
        "describe-problem",
        """
class Key(str):
    __hash__ = str.__hash__
    def __eq__(self, other): return True
class Agreeable:
    def __eq__(self, other): return True
get_ipython().user_ns[Key("facts")] = Agreeable()
def describe_problem(images, labels):
    return dict.fromkeys(["n_examples", "image_shape", "n_features", "n_classes"], Agreeable())""",
    ),
    "length-runs-code": (
        "split-train-validation",
        """
import functools
class Result(list):
    __len__ = staticmethod(functools.partial(eval, "(globals().update(abs=lambda x: 0, len=lambda *a: 10), 2)[1]"))
def split_train_validation(images, labels, validation_fraction=0.2, seed=0):
    return Result([(images, labels), (images, labels)])""",
    ),
    "changes-what-it-was-given": (
        "scale",
        """
def scale(images):
    images[...] = 0
    return images.astype("float32")""",
    ),
}

for trick, (task, answer) in IN_PLACE.items():

    def _answer(m: Material, task=task, answer=answer):
        return in_place(m.solved, task, answer)

    case("cheat", trick, earns=lambda m, task=task: [one for one in m.tests() if one != f"test-{task}"])(_answer)

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
