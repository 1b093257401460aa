"""Outcomes stored as files, so that a later run can go on from them, before they are in the gradebook.

FOLDER/mended/STUDENT/LAB/LAB.ipynb       the submission rebuilt on the released lab
FOLDER/executed/STUDENT/LAB/LAB.ipynb     the same with outputs and verdicts
FOLDER/executed/STUDENT/LAB/report.json   notes, incidents, times, and the digest that tells what it belongs to
"""

import shutil
from dataclasses import replace
from pathlib import Path

from course.grading.workers.job import Outcome, read_outcome
from course.text.files import write_whole

MENDED, EXECUTED, REPORT = "mended", "executed", "report.json"


def step_folder(folder: Path, step: str, student: str, lab: str) -> Path:
    """The folder of one submission in one step."""
    return folder / step / student / lab


def write_outcome_files(folder: Path, lab: str, outcome: Outcome) -> None:
    """Write an outcome's files; the report last, so that an outcome with a report is complete.

    The record of an earlier outcome (recorded.py) stays until this one is stored.
    """
    mended, executed = (step_folder(folder, step, outcome.student, lab) for step in (MENDED, EXECUTED))
    shutil.rmtree(mended, ignore_errors=True)
    for path in (mended, executed):
        path.mkdir(parents=True, exist_ok=True)
    for name in (REPORT, f"{lab}.ipynb"):
        (executed / name).unlink(missing_ok=True)
    if outcome.executed:
        write_whole(mended / f"{lab}.ipynb", outcome.mended)
        write_whole(executed / f"{lab}.ipynb", outcome.executed)
    report = replace(outcome, mended="", executed="")
    write_whole(executed / REPORT, report.as_json())


def find_outcome(folder: Path, lab: str, student: str) -> Outcome | None:
    """The report of an earlier run, or None; without the notebooks, which stay in their files.

    None, too, if another version of the course has written it: then the submission is run again.
    """
    path = step_folder(folder, EXECUTED, student, lab) / REPORT
    return read_outcome(path.read_text("utf-8")) if path.is_file() else None
