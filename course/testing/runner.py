"""The tests' side: runs test cells in a separate process, which never executes what a submission wrote.

It is a Jupyter kernel with two more messages: `tests_open` comes first and says what the tests may rely on, `tests_run`
carries a test cell and is answered with the verdict.
"""

import ast
import contextlib
import io
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from ipykernel.ipkernel import IPythonKernel

from course.testing import cell_steps, exceptions
from course.testing.channel import connect
from course.testing.conversation import Conversation
from course.testing.errors import CutOff, ProtocolError
from course.testing.placeholders import ABSENT, RemoteCallable
from course.testing.scratch_folder import ScratchFolder

MODULE = "__test__"  # where classes of test cells say that they come from


class Tests:
    """The imports, parameters and folder that all tests of one submission share."""

    def __init__(self, imports: str, values: dict[str, Any], folder: str, path: str) -> None:
        """Do the lab's imports; `values` are its parameters, `path` is the relay's socket for tests."""
        self.imports, self.values, self.folder, self.path = imports, values, Path(folder), path
        self.namespace: dict[str, Any] = {"__name__": MODULE}
        exec(compile(imports, cell_steps.TEST_FILE, "exec"), self.namespace)
        self.namespace |= values
        self.folder.mkdir(parents=True, exist_ok=True)
        tempfile.tempdir = str(self.folder)

    def run(self, source: str) -> dict[str, Any]:
        """The verdict on a test cell."""
        channel = connect(self.path)
        conversation = Conversation(channel, ScratchFolder(self.folder), lambda kind: kind.__module__ == MODULE)
        test = Test(self, conversation, source)
        try:
            verdict = test.verdict()
            conversation.pause(last=True)
        finally:
            channel.close()
        return verdict


class Test:
    """One test cell."""

    def __init__(self, tests: Tests, conversation: Conversation, source: str) -> None:
        """Prepare the cell's namespace; nothing is asked yet."""
        self.tests, self.conversation, self.source = tests, conversation, source
        self.in_hidden_part = False
        self.names = {
            **tests.namespace,
            cell_steps.HIDDEN_CALL: self.pause_at_hidden,
            "beside_answer": lambda function: function,
        }

    def verdict(self) -> dict[str, Any]:
        """Run the cell: whether it passed, its partial score if its last value is a number, or its error.

        With an error come the innermost line of the test, and whether it was in a hidden part, maybe in a function that
        is defined before it.
        """
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                self.conversation.ask({"do": "begin", "folder": str(self.tests.folder)})
                value = self.run_statements()
            if failure := self.conversation.broken or self.conversation.failed:
                raise failure
        except ProtocolError as error:
            text = f"The test could not be finished: {error}."
            report = {"ename": str(CutOff.SUBMISSION_ENDED), "evalue": text, "line": line_of(error), "lines": []}
            return {"passed": False, "value": None, "hidden": self.in_hidden_part, **report}
        except BaseException as error:  # noqa: BLE001 - a test may fail with any error
            data = exceptions.exception_data(error)
            # An error that the test has put into a sentence is known by its cause.
            lines = getattr(error, "lines", []) or getattr(error.__cause__, "lines", [])
            report = {"ename": data["name"], "evalue": error_text(error), "line": line_of(error), "lines": lines}
            return {"passed": False, "value": None, "hidden": self.in_hidden_part, **report}
        return {"passed": True, "ename": "", "evalue": "", "line": 0, "hidden": False, "value": value, "lines": []}

    def run_statements(self) -> float | None:
        """Run all statements; return the last one's value if it is a number."""
        value: Any = None
        for step in cell_steps.steps(self.source):
            if isinstance(step.code, cell_steps.BesideAnswer):
                self.names[step.code.name] = self.define_function(step.code)
                continue
            self.fetch_names(step.needs)
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

    def fetch_names(self, needs: tuple[str, ...]) -> None:
        """Ask the submission for names that the test lacks; names that it lacks, too, stay undefined."""
        builtins = vars(sys.modules["builtins"])
        for name in needs:
            if name in self.names or name in builtins:
                continue
            value = self.conversation.ask({"do": "name", "name": name})
            if value is not ABSENT:
                self.names[name] = value

    def define_function(self, function: cell_steps.BesideAnswer) -> Any:
        """Define a function of the test in the submission's kernel; return what stands for it here."""
        request = {"do": "define", "name": function.name, "text": function.text, "imports": self.tests.imports}
        remote_function = self.conversation.ask(
            request | {"imports_of_test": cell_steps.imports_of_test(self.source)}, values=self.tests.values
        )
        if not isinstance(remote_function, RemoteCallable):
            raise ProtocolError("a function of the test could not be defined there")
        return remote_function

    def pause_at_hidden(self, begins: bool) -> None:
        """Pause where hidden tests begin or end, as what the submission's kernel shows next belongs to another part."""
        self.in_hidden_part = begins
        self.conversation.pause(last=False)


def error_text(error: BaseException) -> str:
    """The text of an error."""
    try:
        return exceptions.truncate(error, exceptions.MOST_TEXT)
    except Exception as second_error:  # noqa: BLE001 - a text may be made of values that cannot be shown
        return f"(its message cannot be shown: {type(second_error).__name__})"


def line_of(error: BaseException) -> int:
    """The innermost line of the test cell that an error went through."""
    line, traceback = 0, error.__traceback__
    while isinstance(traceback, TracebackType):
        if traceback.tb_frame.f_code.co_filename == cell_steps.TEST_FILE:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


class TestKernel(IPythonKernel):
    """A kernel that runs test cells."""

    def __init__(self, **kwargs: Any) -> None:
        """Add the messages."""
        super().__init__(**kwargs)
        self.shell_handlers["tests_open"] = self.tests_open
        self.shell_handlers["tests_run"] = self.tests_run
        self._tests: Tests | None = None

    def tests_open(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Do the imports, and say so."""
        content = parent["content"]
        sys.path[:] = [path for path in sys.path if path]  # nothing is imported from where tests may write
        self._tests = Tests(content["imports"], content["values"], content["folder"], content["path"])
        self.session.send(stream, "tests_reply", {"status": "ok"}, parent, ident=ident)

    def tests_run(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Run a test cell; reply with the verdict."""
        assert self._tests, "tests_open comes first"
        reply = {"status": "ok", "verdict": self._tests.run(parent["content"]["source"])}
        self.session.send(stream, "tests_reply", reply, parent, ident=ident)
