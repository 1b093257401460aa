"""Each cheat of the corpus earns something from a runner without the protection that it tries."""

from concurrent.futures import ThreadPoolExecutor

import nbformat
import one_process
import pytest
from corpus import CASES
from corpus.cheats import AN_END, MENDING, TWO_PROCESSES
from corpus.making import earned as earned_by
from light_corpus import COURSE, LIGHT, MADE
from secret_lines import HIDDEN_KIND, secret_lines

from course.authoring.try_variants import auto_scores
from course.grading.execution.cell_runner import CellRunner
from course.grading.execution.kernel_pair import kernel_pair
from course.grading.execution.make_spec import make_spec
from course.grading.execution.session import run_submission
from course.grading.repair.repair import repair
from course.labs.sources import is_test, read_source
from course.nbgrader_api import load_config

pytestmark = pytest.mark.kernel

PLAIN = [case for case in CASES if case.needs in (TWO_PROCESSES, MENDING)]
ENDLESS = [case for case in CASES if case.needs == AN_END]
UNFINISHED = ("SubmissionEnded", "TestEnded", "KernelEnded", "CellTimeout")


@pytest.fixture(scope="module")
def gains(tmp_path_factory):
    """What each cheat gains where its tests run in its own process, or as they were handed in; by name."""
    spec, config, source = make_spec(COURSE, LIGHT), load_config(COURSE.root), COURSE.source(LIGHT)

    def gain(case):
        (submitted,) = case.make(MADE).values()
        folder = tmp_path_factory.mktemp(case.name)
        return case.name, one_process.grade(spec, source, submitted, folder, config, case.needs != MENDING)

    with ThreadPoolExecutor(2) as pool:
        return dict(pool.map(gain, PLAIN))


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case.name)
def test_a_cheat_works_against_a_weakened_runner(gains, case):
    found, hidden = gains[case.name], secret_lines(read_source(COURSE.source(LIGHT)), HIDDEN_KIND)
    earned = set(found.passed) - set(earned_by(case, MADE))
    assert earned or found.lines & hidden or found.gradebook or found.broke, found


def lenient(note):
    """A runner that takes a test for passed which has not come to an end."""

    async def noted(runner, cell, verdict):
        await note(runner, cell, verdict)
        cell.outputs = [output for output in cell.outputs if output.get("ename") not in UNFINISHED]

    return noted


@pytest.mark.parametrize("case", ENDLESS, ids=lambda case: case.name)
def test_a_cheat_works_where_tests_need_not_end(case, monkeypatch, tmp_path):
    spec, (submitted,) = make_spec(COURSE, LIGHT), case.make(MADE).values()
    notebook = repair(nbformat.reads(submitted.decode(), as_version=4), spec.reference).notebook
    keep_one_test(notebook)
    monkeypatch.setattr(CellRunner, "record_verdict", lenient(CellRunner.record_verdict))
    with kernel_pair(spec.limits, sandboxed=True, threads=1, imports=spec.imports) as pair:
        run_submission(notebook, pair, spec.imports, spec.values, spec.limits, str(tmp_path))
    assert any(auto_scores(notebook, load_config(COURSE.root)).values())


def keep_one_test(notebook):
    """Leave out all tasks but the first, to save time."""
    last = next(number for number, cell in enumerate(notebook.cells) if is_test(cell))
    notebook.cells = notebook.cells[: last + 1]
