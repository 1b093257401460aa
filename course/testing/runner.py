"""The tests' side: runs test cells in a process of its own, which never executes what a submission wrote.

It is a Jupyter kernel with two more messages: `tests_open` comes first and says what the tests may rely on, `tests_run`
carries a test cell and is answered with the verdict.
"""

import ast
import contextlib
import io
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from ipykernel.ipkernel import IPythonKernel

from course.testing import cell_steps, exceptions
from course.testing.channel import connect
from course.testing.conversation import Conversation
from course.testing.errors import Broken
from course.testing.placeholders import ABSENT, CallableThere
from course.testing.scratch_folder import Scratch

MODULE = "__test__"  # where classes of test cells say that they come from
ENDED = "SubmissionEnded"


class Tests:
    """What the tests of one submission have in common."""

    def __init__(self, imports: str, values: dict[str, Any], folder: str, path: str) -> None:
        """Do the lab's imports; `values` are its parameters, `path` is where a conversation can be had."""
        self.imports, self.values, self.folder, self.path = imports, values, Path(folder), path
        self.trusted: dict[str, Any] = {"__name__": MODULE}
        exec(compile(imports, cell_steps.TEST_FILE, "exec"), self.trusted)
        self.trusted |= values
        self.folder.mkdir(parents=True, exist_ok=True)
        tempfile.tempdir = str(self.folder)

    def run(self, source: str) -> dict[str, Any]:
        """The verdict on a test cell."""
        began, channel = time.perf_counter(), connect(self.path)
        conversation = Conversation(channel, Scratch(self.folder), lambda kind: kind.__module__ == MODULE)
        one = Test(self, conversation, source)
        try:
            found = one.verdict()
            conversation.pause(last=True)
        finally:
            channel.close()
        return found | {"seconds": time.perf_counter() - began}


class Test:
    """One test cell."""

    def __init__(self, tests: Tests, conversation: Conversation, source: str) -> None:
        """Prepare; nothing is asked yet."""
        self.tests, self.conversation, self.source = tests, conversation, source
        self.names = {**tests.trusted, cell_steps.HIDDEN: self.hidden, "beside_answer": lambda function: function}

    def verdict(self) -> dict[str, Any]:
        """Run the cell: whether it passed, its partial score if its last value is a number, or its error and line."""
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                self.conversation.ask({"do": "begin", "folder": str(self.tests.folder)})
                value = self.value()
            if failure := self.conversation.broken or self.conversation.failed:
                raise failure
        except Broken as error:
            text = f"The test could not be finished: {error}."
            return {"passed": False, "ename": ENDED, "evalue": text, "line": line_of(error), "value": None, "lines": []}
        except BaseException as error:  # noqa: BLE001 - a test may fail with any error
            told = exceptions.exception_data(error)
            # An error that the test has put into a sentence is known by its cause.
            where = getattr(error, "lines", []) or getattr(error.__cause__, "lines", [])
            about = {"ename": told["name"], "evalue": error_text(error), "line": line_of(error), "lines": where}
            return {"passed": False, "value": None, **about}
        return {"passed": True, "ename": "", "evalue": "", "line": 0, "value": value, "lines": []}

    def value(self) -> float | None:
        """Run all statements; the last one's value if it is a number."""
        value: Any = None
        for step in cell_steps.steps(self.source):
            if isinstance(step.code, cell_steps.Beside):
                self.names[step.code.name] = self.define(step.code)
                continue
            self.fetch(step.needs)
            if isinstance(step.code, ast.Expression):
                value = eval(compile(step.code, cell_steps.TEST_FILE, "eval"), self.names)
            else:
                exec(compile(step.code, cell_steps.TEST_FILE, "exec"), self.names)
        is_number = not isinstance(value, bool) and isinstance(value, int | float)
        is_number = is_number or (type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0)
        try:
            return float(value) if is_number else None
        except (TypeError, ValueError, OverflowError):
            return None

    def fetch(self, needs: tuple[str, ...]) -> None:
        """Ask the submission for names that nobody else has; one that it has not either stays unknown."""
        builtins = vars(sys.modules["builtins"])
        for name in needs:
            if name in self.names or name in builtins:
                continue
            found = self.conversation.ask({"do": "name", "name": name})
            if found is not ABSENT:
                self.names[name] = found

    def define(self, function: cell_steps.Beside) -> Any:
        """Let a function of the test be defined there."""
        about = {"do": "define", "name": function.name, "text": function.text, "imports": self.tests.imports}
        found = self.conversation.ask(
            about | {"imports_of_test": cell_steps.imports_of_test(self.source)}, values=self.tests.values
        )
        if not isinstance(found, CallableThere):
            raise Broken("a function of the test could not be defined there")
        return found

    def hidden(self, begins: bool) -> None:
        """Where hidden tests begin or end, the submission's kernel is let go: what it shows belongs to another part."""
        self.conversation.pause(last=False)


def error_text(error: BaseException) -> str:
    """The text of an error."""
    try:
        return exceptions.cut(error, exceptions.MOST_TEXT)
    except Exception as other:  # noqa: BLE001 - a text may be made of values that cannot be shown
        return f"(its message cannot be shown: {type(other).__name__})"


def line_of(error: BaseException) -> int:
    """The innermost line of the test cell that an error went through."""
    found, place = 0, error.__traceback__
    while isinstance(place, TracebackType):
        if place.tb_frame.f_code.co_filename == cell_steps.TEST_FILE:
            found = place.tb_lineno
        place = place.tb_next
    return found


class TestKernel(IPythonKernel):
    """A kernel that runs test cells."""

    def __init__(self, **kwargs: Any) -> None:
        """Add the messages."""
        super().__init__(**kwargs)
        self.shell_handlers["tests_open"] = self.tests_open
        self.shell_handlers["tests_run"] = self.tests_run
        self._tests: Tests | None = None

    def tests_open(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Do the imports; say how long they took."""
        content, began = parent["content"], time.perf_counter()
        sys.path[:] = [one for one in sys.path if one]  # nothing is imported from where tests may write
        self._tests = Tests(content["imports"], content["values"], content["folder"], content["path"])
        found = {"status": "ok", "imports": time.perf_counter() - began}
        self.session.send(stream, "tests_reply", found, parent, ident=ident)

    def tests_run(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Run a test cell; say the verdict."""
        assert self._tests, "tests_open comes first"
        found = {"status": "ok", "verdict": self._tests.run(parent["content"]["source"])}
        self.session.send(stream, "tests_reply", found, parent, ident=ident)
