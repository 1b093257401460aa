"""What tests of grading share."""

from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from course.nbgrader_api import without_library_warnings


@pytest.fixture(scope="session")
def empty_gradebook(tmp_path_factory) -> Path:
    """The file of a new gradebook, to be copied: nbgrader takes seconds to make one."""
    file = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with without_library_warnings(), Gradebook(f"sqlite:///{file}", "course"):
        pass
    return file
