"""What a submission may not do, at any time: the ways to the judge and to its tests that the interpreter offers."""

import os
import re
from collections.abc import Callable
from types import AsyncGeneratorType, CoroutineType, FunctionType, GeneratorType, TracebackType
from typing import Any

IMPORTLIB = "<frozen importlib._bootstrap_external>"
# Not to be called with code of the submission anywhere among the callers …
ANYWHERE = frozenset(("sys.settrace", "sys.setprofile"))
# … nor by anything but a library's own code that names it …
NAMED = frozenset(
    (
        *("sys.addaudithook", "sys._current_frames", "sys._current_exceptions"),
        *("gc.get_objects", "gc.get_referrers", "gc.get_referents"),
    )
)
# … and what is looked at more closely.
LOOKED_AT = frozenset(
    (
        *("sys._getframe", "object.__getattr__", "object.__setattr__", "compile", "code.__new__", "function.__new__"),
        *("marshal.loads", "marshal.load", "open", "import"),
    )
)
FRAME_ATTRIBUTES = frozenset(("tb_frame", "gi_frame", "cr_frame", "ag_frame"))
HOLDERS = (TracebackType, GeneratorType, CoroutineType, AsyncGeneratorType)
CODE_ATTRIBUTES = frozenset(("__code__", "__defaults__", "__kwdefaults__"))
SUSPENDABLE = 0x20 | 0x80 | 0x200  # flags of the code of generators and coroutines
MEMORY = re.compile(r"/proc/.*/mem$")
WATCHED = ANYWHERE | NAMED | LOOKED_AT


def is_watched(event: str) -> bool:
    """Whether there is a rule about this audit event."""
    return event in WATCHED or event.startswith("ctypes.")


def make_rules(
    is_foreign: Callable[[Any], bool], is_secret: Callable[[Any], bool], trusted: tuple[str, ...]
) -> Callable[[str, tuple[Any, ...], Any], str | None]:
    """The function that gives the reason why an audit event is refused, or None.

    It takes the event, its arguments, and the frame that caused it, the judge's own left out. `is_foreign` and
    `is_secret` tell file names of the submission, and of the judge and tests. Compiled code that names one of
    `trusted` must be what it says.
    """
    builtin_type, exact_text = type, str.encode
    ctypes_files = os.path.dirname(os.__file__) + "/ctypes/"

    def any_foreign(frame: Any) -> bool:
        while frame is not None:
            if is_foreign(frame.f_code.co_filename):
                return True
            frame = frame.f_back
        return False

    def names_it(frame: Any, name: str) -> bool:
        """Whether a frame is of library code that was written to use this, not only called with it."""
        code = frame.f_code
        return not is_foreign(code.co_filename) and any(
            name in one for one in (code.co_names, code.co_varnames, code.co_freevars, code.co_consts)
        )

    def leads_to_tests(frame: Any, kept: bool) -> bool:
        """Whether from a frame one gets to those of tests, now or, if `kept`, when a generator goes on later."""
        while frame is not None:
            code = frame.f_code
            if is_secret(code.co_filename):
                return True
            if kept and code.co_flags & SUSPENDABLE and is_foreign(code.co_filename):
                return True
            frame = frame.f_back
        return False

    def same_as_file(path: str, content: Any) -> bool:
        with open(path, "rb") as file:
            data = file.read()
        return data.endswith(content if isinstance(content, bytes) else exact_text(content))

    def forged(filename: str, content: Any, frame: Any) -> bool:
        """Whether somebody gives code of his own out as a library's file."""
        if not any_foreign(frame):
            return False
        try:
            return builtin_type(content) not in (str, bytes) or not same_as_file(filename, content)
        except OSError:
            return True

    def reason_to_refuse(event: str, args: tuple[Any, ...], frame: Any) -> str | None:
        foreign = is_foreign(frame.f_code.co_filename)
        if event in ANYWHERE:
            return f"calls {event}" if any_foreign(frame) else None
        if event in NAMED:
            return None if names_it(frame, event.partition(".")[2]) else f"calls {event}"
        if event == "sys._getframe":
            return "looks into the frames of its callers" if leads_to_tests(frame, foreign) else None
        if event == "object.__getattr__":
            holder, attribute = args
            if builtin_type(holder) not in HOLDERS or attribute not in FRAME_ATTRIBUTES:
                return None
            kept = foreign or not names_it(frame, attribute)
            return "looks into the frames of its callers" if leads_to_tests(getattr(holder, attribute), kept) else None
        if event == "object.__setattr__":
            function, attribute = args[:2]
            return rewrites(frame, function, attribute)
        if event == "function.__new__":
            own = is_foreign(args[0].co_filename) or names_it(frame, "FunctionType")
            return None if own else "gives the code of a library other names"
        if event in ("compile", "code.__new__"):
            content, filename = args[:2]
            if filename is None or is_foreign(filename):
                return None
            if event == "compile":
                fine = not forged(filename, content, frame)
            else:
                fine = not foreign and (names_it(frame, "replace") or names_it(frame, "CodeType"))
            return None if fine else f"passes code off as the library file {filename}"
        if event in ("marshal.loads", "marshal.load"):
            return None if not any_foreign(frame) or library_code(frame, args) else f"loads code by {event}"
        if event == "open":
            path = args[0]
            return (
                "opens the memory of a process"
                if builtin_type(path) is str and MEMORY.match(path) and foreign
                else None
            )
        if event == "import":
            path = args[1]
            compiled = foreign and path is not None and is_foreign(path)
            return f"loads the compiled module {path}" if compiled else None
        return None if uses_ctypes(frame) else f"reaches into the interpreter by {event}"

    def rewrites(frame: Any, function: Any, attribute: str) -> str | None:
        if builtin_type(function) is not FunctionType or attribute not in CODE_ATTRIBUTES:
            return None
        own = is_foreign(function.__code__.co_filename) or names_it(frame, attribute)
        return None if own else f"rewrites the library function {function.__name__}"

    def library_code(frame: Any, args: tuple[Any, ...]) -> bool:
        """Whether compiled code that is read is a library's own file, or does not claim to be one's."""
        data: Any = args[0] if args else None
        if builtin_type(data) is memoryview:
            data = bytes(data)
        if builtin_type(data) is not bytes or frame.f_code.co_filename != IMPORTLIB:
            return False
        path = frame.f_locals.get("bytecode_path")
        try:
            if builtin_type(path) is str and not is_foreign(path) and same_as_file(path, data):
                return True
        except OSError:
            return False
        return not any(exact_text(name) in data for name in trusted)

    def uses_ctypes(frame: Any) -> bool:
        while (
            frame is not None
            and not is_foreign(frame.f_code.co_filename)
            and frame.f_code.co_filename.startswith(ctypes_files)
        ):
            frame = frame.f_back
        if frame is None or is_foreign(frame.f_code.co_filename) or frame.f_code.co_filename in trusted:
            return False  # what is trusted by its whole name, the kernel and what started it, has done with ctypes
        return any("ctypes" in name for name in (*frame.f_code.co_names, *frame.f_globals) if builtin_type(name) is str)

    def plainly(event: str, args: tuple[Any, ...]) -> bool:
        known = event not in LOOKED_AT or event == "sys._getframe" or len(args) < 2
        return known or args[1] is None or builtin_type(args[1]) is str

    def reason(event: str, args: tuple[Any, ...], frame: Any) -> str | None:
        try:
            # Events can be made up: only plain texts and objects of Python's own types are looked at.
            return reason_to_refuse(event, args, frame) if plainly(event, args) else None
        except (ValueError, IndexError):  # an event made up with fewer arguments than it has
            return None

    return reason
