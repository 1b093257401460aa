"""What takes long to import is imported only where it is used: each grading starts several processes."""

import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "package"),
    [("course.grading.workers.grade_one", "nbgrader"), ("course.grading.grade", "alembic")],
)
def test_it_is_not_imported_at_the_start(module, package):
    code = f"import sys, {module}; print(sorted(name for name in sys.modules if name.split('.')[0] == {package!r}))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
