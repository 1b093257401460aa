"""Finding the submissions of a lab. Misplaced ones are found too, so that nobody is missed."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course.config import Lab
from course.errors import CourseError
from course.inbox.notes import printable
from course.inbox.regular_files import CLUTTER

MAX_NAME = 128  # characters of a student's name that a gradebook holds


@dataclass(frozen=True)
class Submission:
    """One student's notebook for a lab: FOLDER/submitted/STUDENT/LAB/LAB.ipynb.

    `refused` says why nothing of it is opened, if so.
    """

    student: str
    path: Path
    refused: str = ""


def require_submissions(folder: Path, lab: Lab) -> list[Submission]:
    """All submissions of a lab, by student; whatever lies where a submission should is one.

    Raises
    ------
    CourseError
        There are none; the message says where they must lie.
    """
    submitted = folder / "submitted"
    if not (submissions := list_submissions(folder, lab)):
        raise CourseError(
            f"There is no submission of {lab.name} in {submitted}. Put each student's notebook at "
            f"{submitted}/STUDENT/{lab.name}/{lab.name}.ipynb."
        )
    return submissions


def list_submissions(folder: Path, lab: Lab) -> list[Submission]:
    """The same as `require_submissions`, but an empty list if there are none."""
    return [_submission(student, lab) for student in _entries(folder / "submitted") if _has_submission(student, lab)]


def stray_entries(folder: Path, lab: Lab) -> list[str]:
    """What lies among the students' folders and is no submission of any lab, for the instructor to look at."""
    return [
        f"{printable(entry.name)} is {'an empty folder' if _is_folder(entry) else 'a file'}, no student's submission"
        for entry in _entries(folder / "submitted")
        if not _has_submission(entry, lab) and not (_is_folder(entry) and _entry_names(entry))
    ]


def student_name_problem(student: str) -> str:
    """Why a gradebook cannot hold a student of this name, or an empty text."""
    if len(student) > MAX_NAME:
        return f"the folder's name is longer than {MAX_NAME} characters, too long for a student's name in a gradebook"
    if not student.isprintable():
        return "the folder's name holds characters that cannot be printed, so it can be no student's name"
    if set(student) & set("*?["):
        return "the folder's name holds one of * ? [, by which nbgrader would take it for several students"
    return ""


def _submission(student: Path, lab: Lab) -> Submission:
    path = student / _lab_folder(student, lab) / f"{lab.name}.ipynb"
    if student.is_symlink():
        return Submission(student.name, path, "the student's folder is a symbolic link")
    return Submission(student.name, path, "" if _is_open(student) else "the student's folder cannot be opened")


def _has_submission(student: Path, lab: Lab) -> bool:
    """Whether there is something for this lab, or may be: in a link, or a folder that cannot be opened."""
    if student.is_symlink():
        return True
    return _is_folder(student) and (not _is_open(student) or bool(_lab_folder(student, lab)))


def _lab_folder(student: Path, lab: Lab) -> str:
    """What should be the lab's folder: the one of its name, if need be in capitals; else the one of the notebook."""
    names = _entry_names(student)
    folded = {name.casefold(): name for name in names}
    if lab.name in names:
        return lab.name
    return folded.get(lab.name.casefold(), "." if f"{lab.name}.ipynb".casefold() in folded else "")


def _entries(submitted: Path) -> Iterator[Path]:
    for name in _entry_names(submitted):
        if not CLUTTER.fullmatch(name):
            yield submitted / name


def _is_open(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _entry_names(folder: Path) -> list[str]:
    """What a folder holds, by name; nothing if it is none or cannot be opened."""
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() and os.access(folder, os.R_OK) else []
