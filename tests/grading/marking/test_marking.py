"""Marking by hand: `course mark` with a real server, asked as a browser asks; plain autograding and `course grade`."""

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from html import unescape
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from light import light_course
from nbgrader.api import Gradebook
from nbgrader.server_extensions import formgrader as nbgrader_formgrader
from secret_lines import HIDDEN_KIND, secret_lines

from course.cli.marking import mark_in_table
from course.config import load_course
from course.errors import CourseError, GradingError
from course.grading import demo, grade
from course.grading.demo import fill_in, hand_in, submission_path
from course.grading.marking import formgrader, server
from course.grading.marking.content_policy import ON_CLICK, script_hash
from course.grading.marking.folder_config import write_settings
from course.grading.options import Options
from course.inbox import submissions
from course.inbox.roster import Person
from course.labs.sources import grade_id, is_written, marking_schemes, read_source, without_markers
from course.nbgrader_api import load_config, nbgrader_in

COURSE = light_course()
LAB = COURSE.labs[0]
SOURCE = read_source(COURSE.source(LAB))
WRITTEN = next(cell for cell in SOURCE.cells if is_written(cell))
MODEL = without_markers(WRITTEN.source)
TOOLS = Path(sys.executable).parent
RUN = "document.title='RAN'"
HOSTILE = f"""from IPython.display import HTML, SVG, Javascript, Latex, Markdown, display
tag = "scr" + "ipt"
display(HTML(f"<{{tag}}>{RUN}</{{tag}}<img src=x onerror=\\"{RUN}\\"><base href='https://elsewhere.example/'>"
             f"<iframe srcdoc='<{{tag}}>parent.{RUN}</{{tag}}>'></iframe><img src='https://elsewhere.example/seen.png'>"))
display(Javascript("{RUN}"), Markdown(f"<{{tag}}>{RUN}</{{tag}}>\\n\\n**said**"), Latex("$x^2$"))
display(SVG(f"<svg xmlns='http://www.w3.org/2000/svg' onload=\\"{RUN}\\"><{{tag}}>{RUN}</{{tag}}></svg>"))
display({{"text/html": f"<{{tag}}>{RUN}</{{tag}}>"}}, raw=True, metadata={{"text/html": {{"isolated": True}}}})
display({{"image/png": "x' onerror='{RUN}"}}, raw=True)"""
ROSTER = (Person("kim", "Kim <b>Lee</b>", email="kim@example.org"), Person("nobody", "No Body"))


def graded(folder):
    found = submissions.require_submissions(folder, LAB)
    results = grade.grade(COURSE, LAB, folder, found, lambda student: None, Options())
    return {result.student: result for result in results}


def marks(folder, student):
    """Points of a submission by grade id, as the gradebook has them."""
    with Gradebook(f"sqlite:///{folder}/gradebook.db", COURSE.id) as gradebook:
        notebook = gradebook.find_submission_notebook(LAB.name, LAB.name, student)
        return {mark.name: mark.score for mark in notebook.grades}


class Browser:
    """Asks a server, with its token."""

    def __init__(self, address, token):
        self.address, self.token = address, token

    def ask(self, path, method="GET", data=None):
        body = None if data is None else json.dumps(data).encode()
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.address}/formgrader/{path}", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read().decode()

    def api(self, path, method="GET", data=None):
        return json.loads(self.ask(f"api/{path}", method, data))

    def submission(self, student):
        found = self.api(f"submitted_notebooks/{LAB.name}/{LAB.name}")
        return next(entry for entry in found if entry["student"] == student)

    def answer(self, path):
        """Headers and text of a page, logged in; `path` is below the server's root."""
        request = urllib.request.Request(f"{self.address}/{path}", headers={"Authorization": f"token {self.token}"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.headers, answer.read().decode()

    def page(self, student):
        return self.ask(f"submissions/{self.submission(student)['id']}/")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two submissions graded by `course grade`, one with tricks in it, and one that only plain nbgrader will see."""
    folder = tmp_path_factory.mktemp("class (a+b)")
    blank = nbformat.read(COURSE.released(LAB), as_version=4)
    model = demo.model_answers(SOURCE)
    hand_in(folder, LAB, "ada", fill_in(blank, model))
    answer = f'My answer.\n\n<script>{RUN}</script><img src=x onerror="{RUN}">[here](javascript:{RUN})'
    forged = fill_in(blank, {**model, grade_id(WRITTEN): answer})
    forged.cells.append(nbformat.v4.new_code_cell(HOSTILE))
    for cell in forged.cells:
        cell.metadata["schemes"] = cell.metadata["marking"] = {"text": "All points for this.", "answer": "Forged."}
    hand_in(folder, LAB, "kim", forged)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_SOURCE", "bundled")
        patch.setenv("PATH", os.pathsep.join([str(TOOLS), os.environ["PATH"]]))
        graded(folder)
    hand_in(folder, LAB, "plain", fill_in(blank, model))
    return folder


@pytest.fixture(scope="module")
def browser(folder, tmp_path_factory):
    """`course mark`, called in the course's repository; ended when the module is done."""
    roster = tmp_path_factory.mktemp("lists") / "students.csv"
    lines = ["id,name,email", *(f"{person.id},{person.name},{person.email}" for person in ROSTER)]
    roster.write_text("\n".join(lines), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [
        "mark",
        LAB.name,
        "--folder",
        str(folder),
        "--no-browser",
        "--port",
        str(port),
        "--roster",
        str(roster),
    ]
    home = tmp_path_factory.mktemp("home")
    environment = os.environ | {"MNIST_SOURCE": "bundled", "HOME": str(home), "COLUMNS": "200"}
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [TOOLS / "course", *arguments], cwd=COURSE.root, stdout=log, stderr=log, env=environment
        )
    try:
        yield Browser(f"http://127.0.0.1:{port}", token_of(process, home / "log"))
    finally:
        process.terminate()
        process.wait()


def token_of(process, log):
    for _ in range(600):
        text = log.read_text()
        if found := re.search(rf"/formgrader/gradebook/{LAB.name}/{LAB.name}\?token=(\w+)", text):
            return found[1]
        assert process.poll() is None, text
        time.sleep(0.2)
    raise AssertionError(text)


@pytest.mark.kernel
def test_the_folder_in_use_is_shown_with_names(browser):
    students = {entry["student"]: entry for entry in browser.api(f"submitted_notebooks/{LAB.name}/{LAB.name}")}
    assert set(students) == {"ada", "kim"}
    assert (students["kim"]["last_name"], students["kim"]["first_name"]) == ("<b>Lee</b>", "Kim")
    listed = browser.ask(f"gradebook/{LAB.name}/{LAB.name}")
    assert "body .name-hidden { display: none; }" in listed and "Hide All Names" in listed
    page = browser.page("kim")
    assert "body .name-hidden { display: none; }" in page
    assert "&lt;b&gt;Lee&lt;/b&gt;, Kim (kim)" in page and "<b>Lee</b>" not in page, "a name is text, whatever it is"
    assert re.search(r"\bada\b", browser.page("ada")), "the id, where no name is known"


@pytest.mark.kernel
def test_the_marking_scheme_stands_right_above_the_answer(browser):
    page = browser.page("kim")
    scheme = page.index('class="marking-scheme"')
    answer = page.index('id="explain-test-set"')
    between = page[page.index("</aside>", scheme) : answer]
    assert "nbgrader_cell" in between and between.count('<div class="cell') == 1, "nothing but the answer's own frame"
    text = " ".join(unescape(re.sub(r"<[^>]*>", "", page[scheme : page.index("</aside>")])).split())
    assert " ".join(marking_schemes(SOURCE)[grade_id(WRITTEN)].split())[:60].replace("*", "") in text
    assert " ".join(MODEL.split())[:60] in text
    assert page.count('class="marking-scheme"') == 1 and "Forged." not in page, "a submission adds no scheme of its own"


def policy_of(headers):
    """The directives of a page's Content-Security-Policy."""
    directives = (entry.split() for entry in headers["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in directives}


def scripts_without(nonce, page):
    """Scripts of a page that do not have the nonce, and attributes that run something nbgrader did not write."""
    soup = BeautifulSoup(page, "html.parser")
    handlers = [value for tag in soup.find_all(True) for name, value in tag.attrs.items() if name.startswith("on")]
    return [tag for tag in soup.find_all("script") if tag.get("nonce") != nonce] + [
        value for value in handlers if value not in ON_CLICK
    ]


@pytest.mark.kernel
def test_who_marks_in_a_table_is_shown_scheme_and_model_answer(folder, tmp_path, capsys):
    mark_in_table(COURSE, LAB, folder, None, tmp_path / "marks.csv", taken=False)
    shown = "".join(capsys.readouterr().out.split())
    for text in (marking_schemes(SOURCE)[grade_id(WRITTEN)], MODEL, f"wrote {tmp_path / 'marks.csv'}"):
        assert "".join(text.replace("*", "").replace("`", "").split()) in shown


@pytest.mark.kernel
@pytest.mark.parametrize(
    "path",
    [
        "manage_assignments",
        f"manage_submissions/{LAB.name}",
        "gradebook",
        f"gradebook/{LAB.name}",
        f"gradebook/{LAB.name}/{LAB.name}",
        "manage_students",
        "manage_students/kim",
        f"manage_students/kim/{LAB.name}",
        "submissions/{kim}/",
    ],
)
def test_only_the_pages_own_scripts_may_run(browser, path):
    headers, page = browser.answer("formgrader/" + path.format(kim=browser.submission("kim")["id"]))
    policy = policy_of(headers)
    nonce, *rest = policy["script-src"]
    assert re.fullmatch(r"'nonce-[\w-]{20,}'", nonce)
    assert rest == ["'unsafe-hashes'", *(script_hash(script) for script in ON_CLICK)]
    assert policy["default-src"] == policy["base-uri"] == ["'none'"]
    assert set(policy["img-src"]) == {"'self'", "data:"} and policy["connect-src"] == ["'self'"]
    assert scripts_without(nonce.removeprefix("'nonce-").rstrip("'"), page) == []
    again, _ = browser.answer("formgrader/" + path.format(kim=browser.submission("kim")["id"]))
    assert policy_of(again)["script-src"][0] != nonce, "nobody can know the next one"


@pytest.mark.kernel
def test_nothing_of_a_submission_is_left_to_run_or_load(browser):
    page = browser.page("kim")
    soup = BeautifulSoup(page, "html.parser")
    assert not soup.find_all(["iframe", "base", "meta", "object", "embed"], attrs={"charset": False})
    sources = [tag["src"] for tag in soup.find_all("img")]
    assert sources and all(source.startswith("data:image/") for source in sources)
    assert not [tag for tag in soup.find_all("a", href=True) if tag["href"].startswith(("javascript:", "data:"))]
    assert "<strong>said</strong>" in page and "<math" in page, "what is harmless is shown"
    assert "cdnjs" not in page, "nothing comes from the network"


@pytest.mark.kernel
def test_files_of_a_submission_run_nowhere(browser, folder):
    place = folder / "autograded" / "kim" / LAB.name
    (place / "page.html").write_text(f"<script>{RUN}</script>", "utf-8")
    headers, _ = browser.answer(f"formgrader/submissions/{browser.submission('kim')['id']}/page.html")
    policy = policy_of(headers)
    assert policy["sandbox"] == [] and policy["default-src"] == ["'none'"] and "script-src" not in policy


@pytest.mark.kernel
def test_marks_and_comments_are_kept(browser, folder):
    number = browser.submission("kim")["id"]
    mark = next(entry for entry in browser.api(f"grades?submission_id={number}") if entry["name"] == grade_id(WRITTEN))
    comment = next(
        entry for entry in browser.api(f"comments?submission_id={number}") if entry["name"] == grade_id(WRITTEN)
    )
    browser.api(f"grade/{mark['id']}", "PUT", mark | {"manual_score": 1.5})
    browser.api(f"comment/{comment['id']}", "PUT", comment | {"manual_comment": "Say why."})
    assert marks(folder, "kim")[grade_id(WRITTEN)] == 1.5
    with closing(sqlite3.connect(folder / "gradebook.db")) as database:
        assert database.execute("select manual_comment from comment where manual_comment is not null").fetchall() == [
            ("Say why.",)
        ]


@pytest.mark.kernel
def test_the_button_for_autograding_leaves_what_course_grade_found(browser, folder):
    before = marks(folder, "ada")
    answer = browser.api(f"submission/{LAB.name}/ada/autograde", "POST")
    assert not answer["success"] and f"course grade {LAB.name} --folder '{folder}'" in answer["log"]
    assert marks(folder, "ada") == before
    assert (folder / "autograded" / "ada" / LAB.name / f"{LAB.name}.ipynb").is_file()


@pytest.mark.kernel
def test_the_buttons_grade_in_a_sandbox_and_say_what_they_do_not_do(browser, folder):
    page = browser.ask(f"manage_submissions/{LAB.name}")
    assert "they mend no damaged file" in page and f"course grade {LAB.name} --folder" in page
    answer = browser.api(f"submission/{LAB.name}/plain/autograde", "POST")
    assert answer["success"] and "it mends no damaged file" in answer["log"], answer
    assert marks(folder, "plain") == {**marks(folder, "ada"), grade_id(WRITTEN): 0}


@pytest.mark.kernel
def test_a_students_page_has_no_model_answer(browser, folder):
    """Made by Formgrader's button, for whom wrote something else."""
    assert browser.api(f"assignment/{LAB.name}/kim/generate_feedback", "POST")["success"]
    page = (folder / "feedback" / "kim" / LAB.name / f"{LAB.name}.html").read_text("utf-8")
    text = unescape(re.sub(r"<[^>]*>", "", page))
    assert "marking-scheme" not in page and "Model answer" not in page
    assert "My answer." in text and " ".join(MODEL.split())[:60] not in " ".join(text.split())
    assert not {line.strip() for line in text.splitlines()} & secret_lines(SOURCE, HIDDEN_KIND)


@pytest.mark.kernel
def test_plain_autograde_by_force_is_undone_by_course_grade(folder, tmp_path):
    """nbgrader called by hand in the folder, which has the course's settings: in a sandbox, with a warning."""
    mine = tmp_path / "class"
    shutil.copytree(folder, mine)
    write_settings(COURSE, mine)
    bad = nbformat.read(submission_path(mine, LAB, "ada"), as_version=4)
    bad.cells.append(nbformat.v4.new_code_cell("import os\nprint(os.getcwd(), os.getuid())"))
    submission_path(mine, LAB, "ada").write_text(nbformat.writes(bad), "utf-8")
    before = marks(mine, "ada")
    done = subprocess.run(
        [TOOLS / "nbgrader", "autograde", LAB.name, "--student=ada", "--force"],
        cwd=mine,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "This is plain nbgrader." in done.stderr and "replaced until it is called again: ada" in done.stderr
    executed = nbformat.read(mine / "autograded" / "ada" / LAB.name / f"{LAB.name}.ipynb", as_version=4)
    assert executed.cells[-1].outputs[0].text.startswith("/tmp/work "), "it ran in a sandbox"
    with closing(sqlite3.connect(mine / "gradebook.db")) as database, database:
        database.execute("update grade set auto_score = 0")
    assert graded(mine)["ada"].by_test == {name: score for name, score in before.items() if name.startswith("test-")}


@pytest.mark.slow
def test_nbgrader_does_not_run_where_the_repository_is_gone(tmp_path):
    root, mine = tmp_path / "repository", tmp_path / "class"
    shutil.copytree(COURSE.root, root)
    mine.mkdir()
    write_settings(load_course(root), mine)
    shutil.rmtree(root)
    done = subprocess.run(
        [TOOLS / "nbgrader", "autograde", LAB.name], cwd=mine, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"The course's repository is no longer at {root}." in done.stderr


def test_settings_of_somebody_else_are_not_overwritten(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()")
    with pytest.raises(CourseError, match="is not from this course, and nbgrader would follow it"):
        write_settings(COURSE, tmp_path)
    assert (tmp_path / "nbgrader_config.py").read_text() == "c = get_config()"
    write_settings(COURSE, COURSE.root)
    assert "Written by" not in (COURSE.root / "nbgrader_config.py").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("empty", [True, False])
def test_nothing_to_mark(tmp_path, empty):
    if not empty:
        with nbgrader_in(tmp_path, load_config(COURSE.root)).gradebook as gradebook:
            gradebook.add_assignment(LAB.name)
    with pytest.raises(
        GradingError, match=rf"No submission of {LAB.name} is graded .* course grade {LAB.name} --folder"
    ):
        server.prepare_folder(COURSE, LAB, tmp_path, None, ())
    assert (tmp_path / "gradebook.db").exists() is not empty


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Zoë Müller", ("Zoë", "Müller")),
        ("Müller, Zoë", ("Zoë", "Müller")),
        ("Ann B. Lee", ("Ann B.", "Lee")),
        ("Plato", ("", "Plato")),
    ],
)
def test_names_in_two(name, parts):
    assert server.first_and_last(name) == parts


def test_every_jupyter_server_of_the_environment_gets_this_formgrader():
    settings = json.loads(Path(formgrader.__file__).with_name("jupyter_server_config.json").read_text())
    assert settings == {"ServerApp": {"jpserver_extensions": {formgrader.EXTENSION: True, formgrader.REPLACED: False}}}
    assert (formgrader.__name__, nbgrader_formgrader.__name__) == (formgrader.EXTENSION, formgrader.REPLACED)
