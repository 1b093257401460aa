"""Which files of a student may lie beside the notebook when it runs.

A notebook imports from its own folder first. A file named like a module would be used in its place, by the tests too.
"""

import re
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import PurePosixPath

from nbgrader.utils import parse_utc

PYTHON = (".py", ".pyw", ".pyc", ".so", ".pyd")
SETTINGS = re.compile(r"(jupyter|ipython|ipykernel|nbgrader|nbconvert|pyvenv|papermill).*\.(py|json|cfg|toml)")
DATE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?( ?[A-Za-z/_]{1,40}| ?[+-]\d\d:?\d\d)?")
TIMESTAMP = PurePosixPath("timestamp.txt")
SECRET = PurePosixPath("submission_secret.txt")  # of nbgrader's exchange: with it feedback can be fetched
# Python looks for these by name; the course's own are not listed if it is installed in editable form.
BY_NAME = {"sitecustomize", "usercustomize", "data_utils", "course"}


def reason_to_stay(path: PurePosixPath, content: bytes) -> str | None:
    """Why a file must not go along with the notebook, or None; `content` is needed of timestamp.txt alone."""
    module = path.parts[0].split(".")[0]
    if any(part.startswith(".") for part in path.parts):
        return "its name begins with a dot"
    if path.suffix.lower() in PYTHON and module in taken_names():
        return f"Python would use it in place of the module {module}; give it another name"
    if SETTINGS.fullmatch(path.name.lower()):
        return "it could change how the notebook is run"
    if path == TIMESTAMP and not is_timestamp(content):
        return "it holds no date"
    return None


@cache
def taken_names() -> frozenset[str]:
    """All modules that are installed or come with Python."""
    return frozenset(sys.stdlib_module_names | packages_distributions().keys() | BY_NAME)


def is_timestamp(content: bytes) -> bool:
    """Whether nbgrader can read a date in it; else it would give up on the submission."""
    text = content.decode("utf-8", "replace").strip()
    if not DATE.fullmatch(text):
        return False
    try:
        parse_utc(text)
    except (ValueError, OverflowError, TypeError):
        return False
    return True
