"""A class of more than a hundred submissions, honest, damaged, greedy and dishonest, graded in one batch.

What must come of each is declared beside it in corpus/. The corpus is made from the notebooks of any lab; here it is
made from the lightest (light.py).
"""

import re
import shutil
import tempfile
from collections import Counter
from html import unescape
from pathlib import Path

import nbformat
import pytest
from corpus import CASES
from corpus.making import earned, hand_in_all
from light_corpus import COURSE, LIGHT, MADE
from one_process import printed
from running_processes import left_running
from secret_lines import HIDDEN_KIND, secret_lines

from course.grading import demo, grade
from course.grading.gradebook.recorded import GRADED, UNREADABLE
from course.grading.options import Options
from course.inbox import submissions
from course.labs.sources import read_source

pytestmark = pytest.mark.kernel


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """All cases graded at once, with an undisturbed student before and after them."""
    folder = tmp_path_factory.mktemp("class")
    hand_in_all(folder, MADE)
    for student in ("aaron", "zoe"):
        demo.hand_in(folder, LIGHT, student, MADE.solved)
    (folder / "precious.txt").write_text("must stay")
    before = files_of(folder)
    found = submissions.require_submissions(folder, LIGHT)
    temporary = Path(tempfile.mkdtemp(prefix="c"))  # by whose name all processes of this run are known
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(temporary))
        patch.setenv("MNIST_SOURCE", "bundled")
        patch.setenv("SECRET_TOKEN", "hunter2")
        results = grade.grade(COURSE, LIGHT, folder, found, lambda student: None, Options(workers=2))
    yield folder, before, temporary, {result.student: result for result in results}
    shutil.rmtree(temporary, ignore_errors=True)


def test_the_corpus_is_large_and_has_every_family():
    families = Counter(case.family for case in CASES)
    assert sum(families.values()) >= 80 and set(families) == {"honest", "damaged", "abuse", "cheat"}
    assert min(families.values()) >= 15


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_gets_exactly_what_it_earned(batch, case):
    result = batch[3][case.name]
    assert result.status == (UNREADABLE if case.unreadable else GRADED), result.reason
    passed = [test for test, points in result.by_test.items() if points]
    assert passed == earned(case, MADE), (result.review, result.cut_off)
    assert case.unreadable in result.reason
    if case.review is not None:
        assert bool(result.review) == case.review


def test_students_before_and_after_lose_nothing(batch):
    for student in ("aaron", "zoe"):
        result = batch[3][student]
        assert (result.status, result.tests, result.review, result.notes) == (GRADED, result.max_tests, (), ())


def test_nothing_outside_is_changed_and_nothing_is_left_running(batch):
    folder, before, temporary, _ = batch
    after = files_of(folder)
    assert {path: after.get(path) for path in before} == before
    made = {path.relative_to(folder).parts[0] for path in after.keys() - before.keys()}
    assert made <= {"autograded", "executed", "feedback", "mended", "gradebook.db"}
    assert left_running(temporary) == []


def test_no_feedback_shows_a_hidden_test(batch):
    hidden = secret_lines(read_source(COURSE.source(LIGHT)), HIDDEN_KIND)
    for student, result in batch[3].items():
        assert result.feedback and result.feedback.is_file(), student
        page = unescape(re.sub(r"<[^>]*>", "", result.feedback.read_text("utf-8")))
        assert not {line.strip() for line in page.splitlines()} & hidden, student
        assert "hunter2" not in page, student


def test_no_submission_learns_a_line_of_a_hidden_test(batch):
    hidden = secret_lines(read_source(COURSE.source(LIGHT)), HIDDEN_KIND)
    for student, result in batch[3].items():
        if result.status == GRADED:
            graded = batch[0] / "autograded" / student / LIGHT.name / f"{LIGHT.name}.ipynb"
            assert not printed(nbformat.read(graded, as_version=4)) & hidden, student


def test_nothing_honest_is_suspected(batch):
    told = {case.name: batch[3][case.name].review for case in CASES if case.family == "honest"}
    assert not any(told.values()), told


def test_what_is_printed_while_hidden_tests_run_is_not_shown(batch):
    page = unescape(batch[3]["honest-prints-its-inputs"].feedback.read_text("utf-8"))
    assert "INPUT [3, 1, 3, 9, 3, 0] 10" in page and "[2, 0, 2, 2] 4" not in page
