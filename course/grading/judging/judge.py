"""Runs test cells in the kernel of a submission, out of reach of the submission's code.

A kernel is one process, so a submission can replace anything that it can name. The judge is therefore an audit hook,
set before any cell of the submission, which Python can neither list nor remove: its key, its references and its
helpers are local variables of functions that nothing else refers to. Its frames and those of test cells are hidden
(hiding.py), and the hook refuses the other ways to them that the interpreter offers (rules.py). The kernel (kernel.py)
executes the texts of this folder, each in a dictionary that it then drops, and raises the event `judge.test` for each
test cell.

The grader and the judge share a key. Requests and verdicts are encrypted and signed with it, each with a fresh nonce,
so that whoever listens to the kernel's messages learns no test, and nobody can make up a verdict. A nonce is taken
once, and a forked process forgets the key, so that no test can be tried out.
"""

import ast
import os
import re
import sys
from _thread import get_ident
from collections.abc import Callable
from time import perf_counter
from types import CodeType, FunctionType
from typing import Any

TEST_FILE = "<test>"
EVENT = "judge.test"
BETWEEN = "\0"  # cells of one request (seal.py)
PLAIN, LINE = "__plain__", "__line__"  # names that test cells are given (plain.py)
MESSAGE_CHARACTERS, NAME_CHARACTERS, EVIDENCE = 4_000, 200, 20
# Settings that choose the data: a test loads its own digits.
SETTINGS = re.compile(r"^(MNIST_|KERAS_)")


def open_judge(
    key: bytes, shell: Any, imports: str, values: dict[str, Any], roots: tuple[str, ...], rooms: dict[str, Any]
) -> float:
    """Set the audit hook that answers `sys.audit(EVENT, nonce, sealed test, function to give the sealed verdict to)`.

    `key`: 32 bytes. `imports`: the import statements of the lab's set-up as it was handed out. `values`: names that
    tests must see with these values, the parameters. `roots`: folders whose Python files are trusted. `rooms`: what
    the other texts of this folder define, by the text's name. Returns how many seconds the imports took.
    """
    trusted: dict[str, Any] = {}
    began = perf_counter()
    exec(compile(imports, TEST_FILE, "exec"), trusted)
    imported = perf_counter() - began
    del trusted["__builtins__"]
    builtins = sys.modules["builtins"]
    pristine_builtins, builtin_type = dict(vars(builtins)), type
    name_of, exact_text, tree_only = type.__dict__["__name__"].__get__, str.encode, ast.PyCF_ONLY_AST
    expression_statement, expression, complete = ast.Expr, ast.Expression, ast.fix_missing_locations
    user, environ, get_frame, missing = shell.user_ns, os.environ, sys._getframe, object()
    settings = {name: value for name, value in environ.items() if SETTINGS.match(name)}
    places: dict[str, tuple[Any, str, list[Any]]] = {
        "sys.path": (sys, "path", list(sys.path)),
        "sys.meta_path": (sys, "meta_path", list(sys.meta_path)),
        "sys.path_hooks": (sys, "path_hooks", list(sys.path_hooks)),
    }
    home, change_folder = os.getcwd(), os.chdir
    np = sys.modules["numpy"]
    real = (np.integer, np.floating)
    numbers = {int, float, *(kind for kind in np.sctypeDict.values() if issubclass(kind, real))}

    judge_files = frozenset(f"<{name}>" for name in rooms)
    is_foreign = rooms["origins"]["make_is_foreign"](roots, judge_files)
    is_own, is_secret = (
        rooms["origins"]["make_is_one_of"](names) for names in (judge_files, judge_files | {TEST_FILE})
    )
    trusted_names = (*roots, *judge_files, TEST_FILE, "<frozen ")
    is_watched = rooms["rules"]["is_watched"]
    reason_to_refuse = rooms["rules"]["make_rules"](is_foreign, is_secret, trusted_names)
    restore_all = rooms["keeping"]["make_restore"]()
    shell_changes = rooms["shell_hooks"]["make_shell_changes"](shell)
    opened, sealed, forget = rooms["messages"]["make_messages"](key)
    del key
    copies = rooms["copies"]["private_copies"]("numpy")
    trusted |= {name: copies.get(id(value), value) for name, value in trusted.items()}
    noticed: list[str] = []
    plain = rooms["plain"]["make_plain"](lambda name: name != TEST_FILE and is_foreign(name), noticed.append)
    wrapper: ast.NodeTransformer = rooms["plain"]["Wrapped"]()
    hide: Callable[[CodeType], None] | None = rooms["hiding"]["hiding"]()

    refused: list[str] = []
    inside: set[int] = set()  # threads in which the guard itself is at work
    testing = False

    # --- what the submission may not do, at any time -----------------------------------------------------------

    def guard(event: str, args: tuple[Any, ...]) -> None:
        if event == EVENT:
            answer(*args)
            return
        thread = get_ident()
        if not is_watched(event) or thread in inside:
            return
        inside.add(thread)
        try:
            frame: Any = get_frame(0)
            while frame is not None and is_own(frame.f_code.co_filename):
                frame = frame.f_back
            reason = reason_to_refuse(event, args, frame) if frame is not None else None
        finally:
            inside.discard(thread)
        if reason:
            refused.append(reason)
            raise RuntimeError(f"Not allowed while grading: this code {reason}.")

    def restore() -> list[str]:
        """Put right what was replaced; return what it was, and what was refused."""
        found: list[str] = refused + restore_all()
        refused.clear()
        return found

    # --- running one test cell ----------------------------------------------------------------------------------

    def namespace() -> dict[str, Any]:
        names = {name: value for name, value in user.items() if name not in pristine_builtins}
        own = {"__builtins__": dict(pristine_builtins), "__name__": "__main__", PLAIN: plain, LINE: 0}
        return names | trusted | values | own

    def run_test(source: str, names: dict[str, Any]) -> float | None:
        """The value of the last expression, if it is a plain number."""
        tree = compile(source, TEST_FILE, "exec", tree_only)
        last = None
        if tree.body and isinstance(tree.body[-1], expression_statement):
            last = complete(expression(tree.body.pop().value))
        tree = complete(wrapper.visit(tree))
        exec(hidden(compile(tree, TEST_FILE, "exec")), names)
        value = eval(hidden(compile(last, TEST_FILE, "eval")), names) if last else None
        return float(value) if value is not None and builtin_type(value) in numbers else None

    def hidden(code: CodeType) -> CodeType:
        if hide is not None:
            thread = get_ident()
            inside.add(thread)
            hide(code)
            inside.discard(thread)
        return code

    def outcomes(sources: list[str]) -> dict[str, Any]:
        """The verdicts on several cells, what was put right before them, and what while they ran."""
        before, kept = restore() + shell_changes(), {n: v for n, v in environ.items() if SETTINGS.match(n)}
        swap_settings(kept, settings)
        noticed.clear()
        verdicts = [outcome(source) for source in sources]
        during = noticed + restore()
        swap_settings(settings, kept)
        short = {"before": before, "during": during}
        evidence = {when: [text(one, NAME_CHARACTERS) for one in some[:EVIDENCE]] for when, some in short.items()}
        return {"verdicts": verdicts, **evidence}

    def outcome(source: str) -> dict[str, Any]:
        found: dict[str, Any] = {"passed": False, "ename": "", "evalue": "", "line": 0, "value": None}
        for holder, name, content in places.values():
            setattr(holder, name, list(content))
        change_folder(home)
        names, start = namespace(), perf_counter()
        try:
            value = run_test(source, names)
            found |= {"passed": True, "value": None if value is None else repr(value)}
        except BaseException as error:
            error.__traceback__ = None  # its text is made by code of the submission
            found |= {"ename": text(name_of(builtin_type(error)), NAME_CHARACTERS), "evalue": words(error)}
            found["line"] = names[LINE] if builtin_type(names[LINE]) is int else 0
        found["seconds"] = perf_counter() - start
        if {n: v for n, v in names["__builtins__"].items() if pristine_builtins.get(n, missing) is not v}:
            noticed.append("replaces builtins of the test")
        return found

    def swap_settings(old: dict[str, str], new: dict[str, str]) -> None:
        for name in old:
            environ.pop(name, None)
        environ.update(new)

    def words(error: BaseException) -> str:
        try:
            return text(str(error), MESSAGE_CHARACTERS)
        except BaseException:
            return "(its message cannot be shown)"

    def text(value: str, most: int) -> str:
        """A plain text that can be written in any encoding, whatever kind of text it is made from."""
        return exact_text(value, "utf-8", "replace").decode()[:most]

    # --- messages -----------------------------------------------------------------------------------------------

    def answer(nonce: Any, message: Any, reply: Callable[[bytes], object]) -> None:
        """Run the cells that the grader signed, once, and give the sealed verdict to `reply`."""
        nonlocal testing
        if builtin_type(nonce) is not bytes or builtin_type(message) is not bytes or testing:
            return
        cells = opened(nonce, message)
        if cells is None:
            return
        testing = True
        try:
            verdict = repr(outcomes(cells.decode().split(BETWEEN))).encode()
        finally:
            testing = False
        reply(sealed(nonce, verdict))

    if hide is not None:
        for room in rooms.values():
            for value in room.values():
                if type(value) is FunctionType and value.__globals__ is room:
                    hide(value.__code__)
    os.register_at_fork(after_in_child=forget)
    sys.addaudithook(guard)
    return imported
