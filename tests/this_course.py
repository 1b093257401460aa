"""The course of this repository, read once for all tests."""

from pathlib import Path

from course.config import load_course

COURSE = load_course(Path(__file__).parent)
