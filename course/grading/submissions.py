"""Finding the submissions of a lab, and telling which cannot be graded and why."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course.config import Lab
from course.errors import CourseError, SubmissionError


@dataclass(frozen=True)
class Submission:
    """One student's notebook for a lab: FOLDER/submitted/STUDENT/LAB/LAB.ipynb."""

    student: str
    path: Path


def find(folder: Path, lab: Lab) -> list[Submission]:
    """All submissions of a lab, by student.

    Raises
    ------
    CourseError
        There are none; the message says where they must lie.
    """
    submitted = folder / "submitted"
    found = [
        Submission(student.name, student / lab.name / f"{lab.name}.ipynb") for student in _students(submitted, lab)
    ]
    if not found:
        raise CourseError(
            f"There is no submission of {lab.name} in {submitted}. Put each student's notebook at "
            f"{submitted}/STUDENT/{lab.name}/{lab.name}.ipynb."
        )
    return found


def _students(submitted: Path, lab: Lab) -> Iterator[Path]:
    if submitted.is_dir():
        yield from sorted(student for student in submitted.iterdir() if (student / lab.name).is_dir())


def check(submission: Submission) -> None:
    """Raise `SubmissionError` with the reason if the notebook cannot be read.

    Only what makes nbgrader stop is refused here; a notebook that can be read is graded as it is.
    """
    path = submission.path
    if not path.is_file():
        others = ", ".join(file.name for file in sorted(path.parent.glob("*.ipynb"))) or "no notebook"
        raise SubmissionError(f"{path.name} is missing; the folder holds {others}")
    try:
        nbformat.read(path, as_version=4)
    except UnicodeDecodeError as error:
        raise SubmissionError(f"{path.name} is not UTF-8 text ({error.reason} at byte {error.start})") from error
    except (nbformat.reader.NotJSONError, json.JSONDecodeError) as error:
        raise SubmissionError(f"{path.name} is not JSON, so it is no notebook; it may be empty or cut off") from error
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise SubmissionError(f"{path.name} is JSON but not a valid notebook ({reason})") from error
