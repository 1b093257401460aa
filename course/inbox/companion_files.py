"""Which files of a student may lie beside the notebook when it runs.

A notebook imports from its own folder first. A file named like a module would be used in its place, by the tests too.
"""

import re
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import PurePosixPath

from course.inbox.origin import STAMP

PYTHON = (".py", ".pyw", ".pyc", ".so", ".pyd")
_SETTINGS = re.compile(r"(jupyter|ipython|ipykernel|nbgrader|nbconvert|pyvenv|papermill).*\.(py|json|cfg|toml)")
# nbgrader's own files beside a notebook: about handing in, not part of the work.
TIMESTAMP = PurePosixPath(STAMP)
SECRET = PurePosixPath("submission_secret.txt")  # of its exchange: with it feedback can be fetched
EXCHANGE = {TIMESTAMP, SECRET}
# Python looks for these by name; the course's own are not listed if it is installed in editable form.
BY_NAME = {"sitecustomize", "usercustomize", "data_utils", "course"}


def place_beside(file: PurePosixPath, notebook: PurePosixPath) -> PurePosixPath:
    """Where a file has to lie to be found from the notebook, which moves to the top, as it was from its own folder."""
    return file.relative_to(notebook.parent) if file.is_relative_to(notebook.parent) else file


def companion_problem(path: PurePosixPath) -> str | None:
    """Why a file must not go along with the notebook, or None."""
    module = path.parts[0].split(".")[0]
    if any(part.startswith(".") for part in path.parts):
        return "its name begins with a dot"
    if path.suffix.lower() in PYTHON and module in taken_names():
        return f"Python would use it in place of the module {module}; give it another name"
    if _SETTINGS.fullmatch(path.name.lower()):
        return "it could change how the notebook is run"
    return None


@cache
def taken_names() -> frozenset[str]:
    """All modules that are installed or come with Python."""
    return frozenset(sys.stdlib_module_names | packages_distributions().keys() | BY_NAME)
