"""Runs test cells in the kernel of a submission, out of reach of the submission's code.

A kernel is one process, so a submission can replace anything that it can name. The judge is therefore a generator,
started before any cell of the submission: its key, its references and its helpers are local variables of a suspended
frame. The kernel (kernel.py) executes this text in a dictionary that it then drops. An audit hook, which Python cannot
remove again, refuses the ways to a frame that the interpreter offers.

The grader and the judge share a key. Requests and verdicts are encrypted and signed with it, each with a fresh nonce,
so that whoever listens to the kernel's messages learns no test, and nobody can make up a verdict.
"""

import ast
import json
import os
import re
import sys
from _blake2 import blake2b
from _signal import (
    ITIMER_PROF,
    ITIMER_REAL,
    ITIMER_VIRTUAL,
    SIG_DFL,
    SIGINT,
    default_int_handler,
    getitimer,
    getsignal,
    setitimer,
    signal,
    valid_signals,
)
from _thread import get_ident
from collections.abc import Generator
from time import perf_counter
from typing import Any

TEST_FILE = "<test>"
MESSAGE_CHARACTERS = 4_000
# Their functions and classes must be the ones that the judge saw at its start, whoever replaced them.
CORE = ("builtins", "math", "operator", "statistics", "numpy")
# Theirs must at least not be replaced by something from outside the package.
GUARDED = (
    *CORE,
    "pandas",
    "keras",
    "matplotlib",
    "seaborn",
    "scipy",
    "data_utils",
    "tempfile",
    "json",
    "pathlib",
    "os",
)
# Settings that choose the data: a test loads its own digits.
SETTINGS = re.compile(r"^(MNIST_|KERAS_)")
# Not to be called with code of the submission anywhere among the callers …
ANYWHERE = frozenset(
    (
        "sys.settrace",
        "sys.setprofile",
        "sys.addaudithook",
        "sys._current_frames",
        "sys._current_exceptions",
        "gc.get_objects",
        "gc.get_referrers",
        "gc.get_referents",
    )
)
# … and not by it directly.
DIRECTLY = frozenset(
    (
        *("sys._getframe", "object.__getattr__", "object.__setattr__", "compile", "code.__new__"),
        *("marshal.loads", "open", "import"),
    )
)
FRAME_ATTRIBUTES = frozenset(("tb_frame", "gi_frame", "cr_frame", "ag_frame"))
CODE_ATTRIBUTES = frozenset(("__code__", "__defaults__", "__kwdefaults__"))
HANDS_OUT_FRAMES = re.compile(r"frame|stack|trace|walk", re.IGNORECASE)


def judge(
    key: bytes, shell: Any, imports: str, values: dict[str, Any], roots: tuple[str, ...]
) -> Generator[bytes | None, tuple[bytes, bytes], None]:
    """Yield None, then for each request, a pair (nonce, sealed bytes), the sealed verdict.

    `key`: 32 bytes. `imports`: the import statements of the lab's set-up as it was handed out. `values`: names that
    tests must see with these values, the parameters. `roots`: folders whose Python files are trusted.
    """
    trusted: dict[str, Any] = {}
    exec(compile(imports, TEST_FILE, "exec"), trusted)
    del trusted["__builtins__"]
    builtins = sys.modules["builtins"]
    pristine_builtins, builtin_type, sentinel = dict(vars(builtins)), type, object()
    user, environ, get_frame = shell.user_ns, os.environ, sys._getframe
    settings = {name: value for name, value in environ.items() if SETTINGS.match(name)}
    places: dict[str, tuple[Any, str, list[Any]]] = {
        "sys.path": (sys, "path", list(sys.path)),
        "sys.meta_path": (sys, "meta_path", list(sys.meta_path)),
    }
    home = os.getcwd()
    change_folder = os.chdir
    known_files: dict[str, bool] = {}
    refused: list[str] = []
    inside: set[int] = set()  # threads in which the guard itself is at work

    def is_foreign(filename: str) -> bool:
        if filename not in known_files:
            known_files[filename] = not (filename.startswith(roots) or filename.startswith("<frozen "))
        return known_files[filename]

    def made_outside(value: Any) -> bool:
        code = getattr(value, "__code__", None)
        if code is not None:
            return is_foreign(code.co_filename)
        return getattr(value, "__module__", "__main__") in ("__main__", None)

    # --- what the submission may not do, at any time -----------------------------------------------------------

    def reason_to_refuse(event: str, args: tuple[Any, ...], frame: Any) -> str | None:
        if event in ANYWHERE:
            while frame is not None:
                if is_foreign(frame.f_code.co_filename):
                    return f"calls {event}"
                frame = frame.f_back
            return None
        foreign = is_foreign(frame.f_code.co_filename)
        if event == "sys._getframe" or (event == "object.__getattr__" and args[1] in FRAME_ATTRIBUTES):
            outer = frame.f_back
            lent = HANDS_OUT_FRAMES.search(frame.f_code.co_name) and outer and is_foreign(outer.f_code.co_filename)
            return "looks into the frames of its callers" if foreign or lent else None
        if not foreign:
            return None
        if (
            event == "object.__setattr__"
            and args[1] in CODE_ATTRIBUTES
            and not is_foreign(args[0].__code__.co_filename)
        ):
            return f"rewrites the library function {args[0].__name__}"
        if event in ("compile", "code.__new__") and isinstance(args[1], str) and not is_foreign(args[1]):
            return f"passes code off as the library file {args[1]}"
        if event == "open" and isinstance(args[0], str) and re.match(r"/proc/.*/mem$", args[0]):
            return "opens the memory of a process"
        if event == "import" and isinstance(args[1], str) and is_foreign(args[1]):
            return f"loads the compiled module {args[1]}"
        if event == "marshal.loads" or event.startswith("ctypes."):
            return f"reaches into the interpreter by {event}"
        return None

    def guard(event: str, args: tuple[Any, ...]) -> None:
        thread = get_ident()
        if thread in inside or (event not in watched and not event.startswith("ctypes.")):
            return
        inside.add(thread)
        try:
            reason = reason_to_refuse(event, args, get_frame(1))
        finally:
            inside.discard(thread)
        if reason:
            refused.append(reason)
            raise RuntimeError(f"Not allowed while grading: this code {reason}.")

    watched = ANYWHERE | DIRECTLY

    # --- what tests rely on -------------------------------------------------------------------------------------

    def guarded_attributes() -> list[tuple[Any, Any, str, Any, str]]:
        found: list[tuple[Any, Any, str, Any, str]] = []
        for name, module in list(sys.modules.items()):
            package = name.partition(".")[0]
            if package not in GUARDED or not hasattr(module, "__dict__"):
                continue
            for attribute, value in list(vars(module).items()):
                if not callable(value) or attribute.startswith("__"):
                    continue
                found.append((module, vars(module), attribute, value, package))
                if isinstance(value, builtin_type) and value.__module__.partition(".")[0] == package:
                    members = [(n, v) for n, v in vars(value).items() if callable(v) or isinstance(v, property)]
                    found += [(value, vars(value), n, v, package) for n, v in members]
        return found

    attributes = guarded_attributes()
    modules = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in GUARDED}
    missing = object()

    def restore() -> list[str]:
        """Put right what was replaced; return what it was."""
        found = list(refused)
        refused.clear()
        for owner, names, attribute, value, package in attributes:
            now = names.get(attribute, missing)
            if now is not value and (package in CORE or now is missing or made_outside(now)):
                found.append(f"replaces {getattr(owner, '__name__', owner)}.{attribute}")
                setattr(owner, attribute, value)
        for name, module in modules.items():
            if sys.modules.get(name) is not module:
                found.append(f"replaces the module {name}")
                sys.modules[name] = module
        for number in valid_signals():
            handler = getsignal(number)
            if callable(handler) and made_outside(handler) and handler is not default_int_handler:
                found.append(f"handles the signal {int(number)}")
                signal(number, default_int_handler if number == SIGINT else SIG_DFL)
        for timer in (ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF):
            if getitimer(timer)[0]:
                found.append("sets a timer")
                setitimer(timer, 0)
        for cls in [c for base in equality_bases for c in base.__subclasses__()]:
            for operator, always in (("__eq__", True), ("__ne__", False)):
                method = vars(cls).get(operator)
                if method is not None and made_outside(method) and answers_always(method, always):
                    found.append(f"defines the class {cls.__name__}, which equals everything")
                    delattr(cls, operator)
        return found

    equality_bases = (object, int, float, complex, str, bytes, list, tuple, dict, set, Exception)

    def answers_always(method: Any, always: bool) -> bool:
        try:
            return method(None, sentinel) is always
        except Exception:  # whatever a submission's method does
            return False

    def shell_changes() -> list[str]:
        """What was hooked into IPython. Tests do not pass there; it is told for review."""
        found = []
        for name in ("ast_transformers", "input_transformers_post", "custom_exceptions"):
            if len(getattr(shell, name, ())) > hooks[name]:
                found.append(f"hooks into IPython's {name}")
        for name in ("run_cell", "run_code", "run_ast_nodes", "run_cell_async", "showtraceback"):
            if name in vars(shell) or getattr(builtin_type(shell), name, None) is not hooks[name]:
                found.append(f"replaces IPython's {name}")
        return found

    hooks = {
        n: len(getattr(shell, n, ())) for n in ("ast_transformers", "input_transformers_post", "custom_exceptions")
    }
    for name in ("run_cell", "run_code", "run_ast_nodes", "run_cell_async", "showtraceback"):
        hooks[name] = getattr(builtin_type(shell), name)

    # --- running one test cell ----------------------------------------------------------------------------------

    def namespace() -> dict[str, Any]:
        names = {name: value for name, value in user.items() if name not in pristine_builtins}
        return names | trusted | values | {"__builtins__": dict(pristine_builtins), "__name__": "__main__"}

    def run_test(source: str) -> float | None:
        tree = ast.parse(source, TEST_FILE)
        names, last = namespace(), None
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            last = ast.Expression(tree.body[-1].value)
            tree.body.pop()
        exec(compile(tree, TEST_FILE, "exec"), names)
        value = eval(compile(last, TEST_FILE, "eval"), names) if last else None
        plain = value is not None and builtin_type(value).__module__ in ("builtins", "numpy")
        return float(value) if plain and isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def outcome(source: str) -> dict[str, Any]:
        found: dict[str, Any] = {"passed": False, "ename": "", "evalue": "", "line": 0, "value": None}
        before, kept = restore() + shell_changes(), {n: v for n, v in environ.items() if SETTINGS.match(n)}
        swap_settings(kept, settings)
        for holder, name, content in places.values():
            setattr(holder, name, list(content))
        change_folder(home)
        start = perf_counter()
        try:
            found["value"] = run_test(source)
            found["passed"] = True
        except BaseException as error:
            found |= {"ename": builtin_type(error).__name__, "evalue": words(error), "line": line_of(error)}
            error.__traceback__ = None
        found["seconds"] = perf_counter() - start
        swap_settings(settings, kept)
        return found | {"before": before, "during": restore()}

    def swap_settings(old: dict[str, str], new: dict[str, str]) -> None:
        for name in old:
            environ.pop(name, None)
        environ.update(new)

    def words(error: BaseException) -> str:
        try:
            return str(error)[:MESSAGE_CHARACTERS]
        except BaseException:
            return "(its message cannot be shown)"

    def line_of(error: BaseException) -> int:
        line, step = 0, error.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_filename == TEST_FILE:
                line = step.tb_lineno
            step = step.tb_next
        return line

    # --- messages -----------------------------------------------------------------------------------------------

    def crypt(nonce: bytes, purpose: bytes, data: bytes) -> bytes:
        stream, count = b"", 0
        while len(stream) < len(data):
            stream += blake2b(nonce + purpose + count.to_bytes(8, "big"), key=key).digest()
            count += 1
        return bytes(a ^ b for a, b in zip(data, stream, strict=False))

    def tag(nonce: bytes, purpose: bytes, data: bytes) -> bytes:
        return blake2b(nonce + purpose + data, key=key, digest_size=32).digest()

    def sealed(nonce: bytes, purpose: bytes, data: bytes) -> bytes:
        hidden = crypt(nonce, purpose, data)
        return tag(nonce, purpose, hidden) + hidden

    sys.addaudithook(guard)
    request = yield None
    while True:
        nonce, message = request
        if tag(nonce, b"test", message[32:]) != message[:32]:
            request = yield b""
            continue
        source = crypt(nonce, b"test", message[32:]).decode()
        verdict = json.dumps(outcome(source)).encode()
        del source
        request = yield sealed(nonce, b"verdict", verdict)
