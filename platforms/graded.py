"""Grading a folder of submissions, with the Python that runs this: `python -m platforms.graded LAB FOLDER`."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from course.config import Course, Lab, load_course
from course.grading.grade import grade
from course.grading.options import Options
from course.inbox.submissions import require_submissions
from course.labs.prepare import prepare_lab
from course.labs.sources import cells_with_tests, grade_id, points_by_cell
from platforms.tools import PlatformError

Lost = Mapping[str, tuple[list[str], str]]  # by student: the tests that did not give all points, and the reason given
Grader = Callable[[Lab, Path], Lost]


def here(course: Course) -> Grader:
    """What grades on this Python."""
    return partial(lost_tests, course)


def there(course: Course, python: Path) -> Grader:
    """What grades by the course as it is installed for another Python; PlatformError with its words if it cannot."""

    def run(lab: Lab, folder: Path) -> Lost:
        command = [str(python), "-m", __name__, lab.name, str(folder)]
        done = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PlatformError(done.stderr.strip()[-500:])
        return {student: (tests, reason) for student, (tests, reason) in json.loads(done.stdout).items()}

    return run


def lost_tests(course: Course, lab: Lab, folder: Path) -> Lost:
    """Grade a folder in sandboxes, as `course grade` does."""
    solution = prepare_lab(course, lab)
    points = points_by_cell(solution)
    tests = [test for cell in cells_with_tests(solution) if (test := grade_id(cell))]
    results = grade(course, lab, folder, require_submissions(folder, lab), lambda student: None, Options())
    return {
        result.student: ([test for test in tests if result.by_test.get(test) != points[test]], result.reason)
        for result in results
    }


if __name__ == "__main__":
    own = load_course()
    print(json.dumps(lost_tests(own, own.lab(sys.argv[1]), Path(sys.argv[2]))))
