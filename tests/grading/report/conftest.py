"""A class of 60 with known faults, and its report; made once."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from light import light_course
from made_class import make_class, names_of_tests, students

from course.grading.report.classroom import Classroom
from course.grading.report.lab_report import write_lab_report
from course.grading.report.options import ReportOptions
from course.grading.report.read_class import read_class

COURSE = light_course()
LAB = COURSE.labs[0]


@dataclass(frozen=True)
class Reported:
    """The folder of a class, and the report that was made of it."""

    folder: Path
    page: Path
    findings: dict[str, str]
    classroom: Classroom

    @property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.page.read_text("utf-8"), "html.parser")


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("class of 60")
    make_class(COURSE, LAB, place, students(60, names_of_tests(COURSE, LAB)))
    return place


@pytest.fixture(scope="session")
def reported(folder) -> Reported:
    page, findings = write_lab_report(COURSE, LAB, folder, ReportOptions())
    return Reported(folder, page, dict(findings), read_class(COURSE, LAB, folder))
