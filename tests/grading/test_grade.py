"""Grading with nbgrader: right scores, and no student who costs another one anything."""

import csv
import errno
import os
import re
import shutil
import sqlite3
from html import unescape
from pathlib import Path

import nbformat
import pytest
from light import light_course
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook
from secret_lines import HIDDEN_KIND, secret_lines
from this_course import COURSE
from tried_labs import UNCHANGED, needs_run
from typer.testing import CliRunner

from course.authoring import try_variants
from course.authoring.try_all_variants import try_trial
from course.cli.grading import NOT_GRADED
from course.cli.terminal import app
from course.config import Lab, load_course
from course.errors import CourseError, GradingError
from course.grading import demo, grade
from course.grading.demo import fill_in, hand_in, submission_path
from course.grading.execution.executed import Cut
from course.grading.execution.make_spec import make_spec
from course.grading.feedback import tables
from course.grading.gradebook import cache, recorded, scores
from course.grading.gradebook.recorded import FAILED, GRADED, UNREADABLE
from course.grading.gradebook.results import Result
from course.grading.options import Options
from course.grading.repair.repair import repair
from course.inbox import submissions
from course.labs.parameters import parameters, with_parameters
from course.labs.prepare import prepare_lab
from course.labs.sources import cells_with_tests, grade_id, is_answer, is_written, points_by_cell, read_source, tagged
from course.labs.variants import Variant

LIGHT_COURSE = light_course()
LIGHT = LIGHT_COURSE.labs[0]


def graded(folder: Path, lab: Lab, **options) -> dict[str, Result]:
    found = submissions.require_submissions(folder, lab)
    course = LIGHT_COURSE if lab is LIGHT else COURSE
    results = grade.grade(course, lab, folder, found, lambda student: None, Options(**options))
    return {result.student: result for result in results}


@pytest.fixture
def blank():
    return nbformat.read(LIGHT_COURSE.released(LIGHT), as_version=4)


@pytest.fixture
def model():
    return demo.model_answers(read_source(LIGHT_COURSE.source(LIGHT)))


@pytest.mark.kernel
def test_solution_gets_full_marks(lab, tmp_path):
    """The whole way; of labs that have not changed, as `course variants` knows, two go it and nbval runs the others."""
    if not needs_run(lab.name):
        pytest.skip(UNCHANGED)
    released = nbformat.read(COURSE.released(lab), as_version=4)
    hand_in(tmp_path, lab, "solved", fill_in(released, demo.model_answers(prepare_lab(COURSE, lab))))
    results = graded(tmp_path, lab)
    source = prepare_lab(COURSE, lab)
    worth = {name: float(value) for name, value in points_by_cell(source).items()}
    tests = {grade_id(cell): worth[grade_id(cell)] for cell in cells_with_tests(source)}
    assert results["solved"].by_test == tests
    assert results["solved"].tests == results["solved"].max_tests == sum(tests.values())
    assert results["solved"].to_mark == sum(worth.values()) - sum(tests.values()) > 0
    copy = nbformat.read(tmp_path / "autograded" / "solved" / lab.name / f"{lab.name}.ipynb", as_version=4)
    outputs = [output for cell in copy.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"] and not results["solved"].review
    injected = "\n".join(cell.source for cell in tagged(copy, "injected-parameters"))
    assert all(f"{name} = {value}" in injected for name, value in lab.budget.items()), "the budget can be seen"
    assert bool(injected) == bool(lab.budget)


@pytest.mark.kernel
def test_whoever_sets_the_values_of_a_full_run_is_graded_at_the_size_of_all(lab):
    """The comments beside the parameters invite to it."""
    spec = make_spec(COURSE, lab)
    handed_out = parameters(prepare_lab(COURSE, lab))
    assert make_spec(COURSE, lab, full_size=True).budget == handed_out
    submitted = nbformat.read(COURSE.released(lab), as_version=4)
    (cell,) = tagged(submitted, "parameters")
    cell.source = re.sub(r"= .*# full run: (.*)", r"= \1", cell.source)
    ready = with_parameters(repair(submitted, spec.reference).notebook, spec.budget)
    seen: dict[str, object] = {}
    for cell in [*tagged(ready, "parameters"), *tagged(ready, "injected-parameters")]:
        exec(cell.source, seen)
    assert {name: seen[name] for name in spec.values} == spec.values
    assert spec.values.keys() == spec.budget.keys() == handed_out.keys()


@pytest.mark.kernel
def test_blank_lab_gets_nothing(lab):
    """Run without a sandbox and its start; tests/grading/corpus has a blank lab that goes the whole way."""
    source, released = prepare_lab(COURSE, lab), nbformat.read(COURSE.released(lab), as_version=4)
    blank = {grade_id(cell): cell.source for cell in released.cells if is_answer(cell) and not is_written(cell)}
    chosen = [Variant(task, "blank", text, frozenset({f"test-{task}"})) for task, text in blank.items()]
    trial = try_variants.make_trial(source, chosen, lab.budget)
    assert len(chosen) >= lab.rules.fewest_tests and try_trial(COURSE, trial)[0] == []


@pytest.mark.kernel
def test_trusted_submissions_run_without_a_sandbox_and_are_told_so(blank, model, tmp_path):
    hand_in(tmp_path, LIGHT, "kim", fill_in(blank, model))
    result = graded(tmp_path, LIGHT, trust=True)["kim"]
    assert (result.tests, result.review) == (result.max_tests, ())
    assert "without a sandbox" in result.feedback.read_text("utf-8")


@pytest.mark.kernel
def test_what_a_cell_shows_is_kept(blank, model, tmp_path):
    """Text, a result, a figure and an error are in the graded copy, for whoever marks it, and in the feedback."""
    cells = "print('hel', end=''); print('lo')", "21 * 2", "import matplotlib.pyplot as plt\nplt.plot([1, 2]);", "1 / 0"
    blank.cells += [new_code_cell(source) for source in cells]
    hand_in(tmp_path, LIGHT, "kim", fill_in(blank, model))
    result = graded(tmp_path, LIGHT)["kim"]
    assert result.tests == result.max_tests
    notebook = nbformat.read(tmp_path / "autograded" / "kim" / LIGHT.name / f"{LIGHT.name}.ipynb", as_version=4)
    text, value, figure, error = (cell.outputs for cell in notebook.cells[-4:])
    assert [(out.name, out.text) for out in text] == [("stdout", "hello\n")]
    assert [out.data["text/plain"] for out in value] == ["42"]
    assert any("image/png" in out.get("data", {}) for out in figure)
    assert [out.ename for out in error] == ["ZeroDivisionError"]
    page = result.feedback.read_text("utf-8")
    assert "hello" in page and "data:image/png" in page


@pytest.mark.kernel
def test_a_module_of_ones_own_goes_along_but_none_that_takes_a_place(blank, model, tmp_path):
    helped = {**model, "scale": "from tools.helpers import scale"}
    hand_in(tmp_path, LIGHT, "kim", fill_in(blank, helped))
    beside = submission_path(tmp_path, LIGHT, "kim").parent
    (beside / "tools").mkdir()
    (beside / "tools" / "helpers.py").write_text(f"import numpy as np\n{model['scale']}", encoding="utf-8")
    (beside / "numpy.py").write_text("raise SystemExit", encoding="utf-8")
    result = graded(tmp_path, LIGHT)["kim"]
    assert result.tests == result.max_tests
    assert any("in place of the module numpy" in note for note in result.notes)


@pytest.mark.kernel
def test_noise_on_stderr_costs_nothing(blank, model, tmp_path):
    noisy = fill_in(blank, {**model, "scale": "import warnings\nwarnings.warn('old habit')\n" + model["scale"]})
    for cell in noisy.cells:
        if grade_id(cell) == "scale":
            cell.source += (
                "\n\n_scale = scale\ndef scale(images):\n    warnings.warn('careful')\n    return _scale(images)"
            )
    hand_in(tmp_path, LIGHT, "noisy", noisy)
    assert graded(tmp_path, LIGHT)["noisy"].by_test["test-scale"] == 2


@pytest.mark.kernel
def test_feedback_shows_no_line_of_a_hidden_test(blank, tmp_path):
    hand_in(tmp_path, LIGHT, "blank", blank)
    wrong = {"scale": "def scale(images):\n    return (images / images.max()).astype(np.float32)"}
    hand_in(tmp_path, LIGHT, "wrong", fill_in(blank, wrong))
    hidden = secret_lines(read_source(LIGHT_COURSE.source(LIGHT)), HIDDEN_KIND)
    for student, result in graded(tmp_path, LIGHT).items():
        page = unescape(re.sub(r"<[^>]*>", "", result.feedback.read_text("utf-8")))
        lines = {line.strip() for line in page.splitlines()}
        assert not lines & hidden, student
        assert "HIDDEN TESTS" not in page
    message = "Divide by the constant 255, not by the largest value"
    assert message in " ".join(page.split()), "the message is the lesson"


@pytest.mark.kernel
def test_grading_again_gives_the_same_and_new_work_counts(blank, model, tmp_path):
    hand_in(tmp_path, LIGHT, "kim", blank)
    assert graded(tmp_path, LIGHT)["kim"].total == 0
    hand_in(tmp_path, LIGHT, "kim", fill_in(blank, {"scale": model["scale"]}))
    assert graded(tmp_path, LIGHT)["kim"].total == 2
    assert graded(tmp_path, LIGHT)["kim"].total == 2


def test_the_password_of_a_database_is_not_among_the_options_that_are_logged():
    assert "secret" not in repr(Options(database="postgresql+psycopg://grader:secret@db/gradebook"))


@pytest.mark.kernel
def test_what_an_older_version_kept_is_run_again(blank, model, tmp_path):
    hand_in(tmp_path, LIGHT, "ada", fill_in(blank, model))
    first = graded(tmp_path, LIGHT)
    report = cache.step_folder(tmp_path, cache.EXECUTED, "ada", LIGHT.name) / cache.REPORT
    report.write_text(report.read_text("utf-8").replace('"sandboxed"', '"boxed"'), "utf-8")
    assert graded(tmp_path, LIGHT) == first and '"sandboxed": true' in report.read_text("utf-8")


@pytest.mark.kernel
def test_what_has_not_changed_is_run_again_if_one_asks_for_it(blank, model, tmp_path):
    """As after an update of the grading, of which the digest of a submission knows nothing."""
    hand_in(tmp_path, LIGHT, "ada", fill_in(blank, model))
    first = graded(tmp_path, LIGHT)
    report = cache.step_folder(tmp_path, cache.EXECUTED, "ada", LIGHT.name) / cache.REPORT
    earlier = report.stat().st_mtime_ns
    assert graded(tmp_path, LIGHT) == first and report.stat().st_mtime_ns == earlier
    assert graded(tmp_path, LIGHT, again=True) == first and report.stat().st_mtime_ns > earlier


@pytest.mark.kernel
def test_marks_given_by_hand_survive_grading_again(blank, model, tmp_path):
    """As Formgrader writes them; they are counted beside the tests, not among them."""
    hand_in(tmp_path, LIGHT, "kim", fill_in(blank, model))
    first = graded(tmp_path, LIGHT)["kim"]
    assert (first.tests, first.written, first.to_mark) == (first.max_tests, 0, 20 - first.max_tests)
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db", LIGHT_COURSE.id) as gradebook:
        notebook = gradebook.find_submission_notebook(LIGHT.name, LIGHT.name, "kim")
        written = next(mark for mark in notebook.grades if mark.cell.cell_type == "markdown")
        written.manual_score, written.needs_manual_grade = 1.5, False
        gradebook.db.commit()
    again = graded(tmp_path, LIGHT)["kim"]
    assert (again.tests, again.written, again.total) == (first.tests, 1.5, first.tests + 1.5)


@pytest.mark.kernel
def test_grading_leaves_labs_and_submissions_alone(blank, tmp_path):
    hand_in(tmp_path, LIGHT, "kim", blank)
    watched = [LIGHT_COURSE.released(LIGHT), LIGHT_COURSE.source(LIGHT), submission_path(tmp_path, LIGHT, "kim")]
    before = [path.read_bytes() for path in watched]
    graded(tmp_path, LIGHT)
    assert [path.read_bytes() for path in watched] == before
    assert {path.name for path in LIGHT_COURSE.released(LIGHT).parent.iterdir()} - {".ipynb_checkpoints"} == {
        f"{LIGHT.name}.ipynb"
    }


@pytest.mark.kernel
def test_a_full_disk_stops_with_a_reason_and_loses_nothing(blank, model, tmp_path, monkeypatch):
    hand_in(tmp_path, LIGHT, "ann", fill_in(blank, model))
    hand_in(tmp_path, LIGHT, "bob", blank)
    write, written = cache.write_whole, []

    def full(path, text):
        written.append(path)
        if len(written) == 5:  # the files of one student are written, the mark that he is stored is not
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        write(path, text)

    with monkeypatch.context() as patch:
        for module in (cache, recorded):
            patch.setattr(module, "write_whole", full)
        with pytest.raises(
            GradingError, match=r"cannot be read or written: No space left on device\. What is graded is kept"
        ):
            graded(tmp_path, LIGHT)
    results = graded(tmp_path, LIGHT)
    assert (results["ann"].tests, results["bob"].tests) == (results["ann"].max_tests, 0)


@pytest.mark.kernel
def test_what_could_not_be_stored_is_done_the_next_time(blank, model, tmp_path, monkeypatch):
    hand_in(tmp_path, LIGHT, "ann", fill_in(blank, model))

    def locked(*arguments):
        raise sqlite3.OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(scores, "write_scores", locked)
        result = graded(tmp_path, LIGHT)["ann"]
    assert (result.status, result.graded, result.by_test) == (FAILED, False, {})
    assert "writes to the gradebook" in result.reason
    result = graded(tmp_path, LIGHT)["ann"]
    assert (result.status, result.tests, result.reason) == (GRADED, result.max_tests, "")


@pytest.mark.kernel
@pytest.mark.parametrize(("checkout", "class_name"), [("[1]", "Kurs [WS26] *"), ("Labs (2)", "a+b"), ("5^2|+", "(Mo)")])
def test_no_name_of_a_folder_is_taken_for_a_pattern(checkout, class_name, blank, model, tmp_path):
    """Neither that of the class nor that of the course's own checkout."""
    root = shutil.copytree(LIGHT_COURSE.root, tmp_path / checkout)
    course, folder = load_course(root), tmp_path / class_name
    hand_in(folder, LIGHT, "kim", fill_in(blank, model))
    found = submissions.require_submissions(folder, LIGHT)
    (result,) = grade.grade(course, course.labs[0], folder, found, lambda student: None, Options(workers=1))
    assert (result.status, result.tests) == (GRADED, result.max_tests)
    assert result.feedback.is_file() and (folder / "gradebook.db").is_file()


def test_no_submissions(tmp_path):
    with pytest.raises(CourseError, match=r"no submission of 01_light in .*submitted/STUDENT/"):
        submissions.require_submissions(tmp_path, LIGHT)


RESULTS = [
    Result(
        *("ann", GRADED, 4, {"test-a": 2.0, "test-b": 0.5}, {"why": 1.5, "how": None}),
        written=1.5,
        to_mark=2,
        feedback=Path("f/ann.html"),
    ),
    Result("bob", UNREADABLE, 4, reason="x.ipynb is not JSON, so…"),
    Result("cas", FAILED, 4, reason="The machine stood still.", review=("not graded: The machine stood still.",)),
]
CUT = (Cut(12, "a", "It took too long."), Cut(14, "", "It left."))
FORMULAS = ["=1+1", " =1+1", "＝1+1", "+1", "\t@x"]


def test_csv_has_a_row_a_student_and_a_column_a_test(tmp_path):
    tables.write_grades(tmp_path / "grades.csv", RESULTS)
    with (tmp_path / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        ann, bob, cas = csv.DictReader(file)
    assert (ann["student"], ann["tests"], ann["written"], ann["to_mark"]) == ("ann", "2.5", "1.5", "2")
    assert (ann["total"], ann["test-b"], ann["feedback"]) == ("4", "0.5", "f/ann.html")
    assert (ann["why"], ann["how"]) == ("1.5", ""), "a question that waits has no points yet"
    assert (bob["status"], bob["total"], bob["reason"], bob["test-a"]) == (
        "not readable",
        "0",
        "x.ipynb is not JSON, so…",
        "0",
    )
    assert (cas["status"], cas["reason"]) == ("not graded", "The machine stood still.")
    assert {cas[column] for column in (*tables.POINTS_COLUMNS, "test-a", "test-b", "why")} == {""}, (
        "no zero for what is not known"
    )


def test_the_table_has_no_points_of_who_is_not_graded():
    table = tables.grades_table("", RESULTS)
    ann, bob, cas = zip(*(column.cells for column in table.columns), strict=True)
    assert ann[1] == "2.5 / 4" and bob[1] == "0 / 4"
    assert cas == ("cas", "", "", "", "not graded: The machine stood still.")
    assert tables.review_lines(RESULTS) == ["To look at:", "  cas: not graded: The machine stood still."]


def test_table_and_csv_say_where_a_run_was_cut_off(tmp_path):
    result = Result("eve", GRADED, 4, {"test-a": 2.0, "test-b": 0.0}, cut_off=CUT)
    assert tables.remark(result) == "cut off at cell 12 (a), cell 14; failed: b"
    tables.write_grades(tmp_path / "grades.csv", [result])
    with (tmp_path / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        (eve,) = csv.DictReader(file)
    assert eve["cut_off"] == "cell 12 (a): It took too long.; cell 14: It left."


@pytest.mark.parametrize(("results", "code"), [(RESULTS, NOT_GRADED), (RESULTS[:2], 0)])
def test_the_exit_code_says_whether_somebody_is_not_graded(results, code, tmp_path, monkeypatch):
    (tmp_path / "submitted" / "ann" / LIGHT.name).mkdir(parents=True)
    monkeypatch.setattr("course.cli.grading.load_course", lambda: LIGHT_COURSE)
    monkeypatch.setattr(grade, "grade", lambda *_: results)
    done = CliRunner().invoke(app, ["grade", LIGHT.name, "--folder", str(tmp_path)])
    assert done.exit_code == code, done.output
    assert ("Not graded: cas." in done.output) is bool(code)


@pytest.mark.parametrize("name", FORMULAS)
def test_no_spreadsheet_computes_what_a_name_holds(tmp_path, name):
    tables.write_grades(tmp_path / "grades.csv", [Result(name, GRADED, 4), Result("Zoë", GRADED, 4, reason=name)])
    text = (tmp_path / "grades.csv").read_bytes()
    assert text.startswith("\ufeff".encode()) and "Zoë" in text.decode("utf-8")
    with (tmp_path / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.DictReader(file) for cell in (row["student"], row["reason"])]
    assert not any(cell.strip().startswith(tuple("=+-@＝＋－＠")) for cell in cells)


def test_remarks():
    assert tables.remark(RESULTS[0]) == "all tests passed"
    assert tables.remark(RESULTS[1]) == "not readable: x.ipynb is not JSON, so…"
    failed = Result("eve", GRADED, 4, {"test-a": 2.0, "test-b": 0.0})
    assert tables.remark(failed) == "failed: b"
