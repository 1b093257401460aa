"""A class of 60 with three copied pairs, and its page; made once."""

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from copied_class import COURSE, LAB, hand_in_class, hand_in_odd, made_answers

from course.grading.similarity.options import SimilarityOptions
from course.grading.similarity.similarity_report import write_similarity


@dataclass(frozen=True)
class Shown:
    """The folder of a class, the page that was made of it, and the lines for the terminal."""

    folder: Path
    page: Path
    lines: list[str]

    @property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.page.read_text("utf-8"), "html.parser")

    @property
    def rows(self) -> list[dict[str, str]]:
        return list(csv.DictReader(self.page.with_suffix(".csv").read_text("utf-8-sig").splitlines()))


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("copied class")
    hand_in_class(place, made_answers())
    hand_in_odd(place)
    return place


@pytest.fixture(scope="session")
def shown(folder) -> Shown:
    return Shown(folder, *write_similarity(COURSE, LAB, folder, SimilarityOptions()))
