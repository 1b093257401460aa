"""Every command on the pages is run in a course with light labs, or is listed with the reason why not, and parsed."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import commands
import nbformat
import pytest
from commands import PAGES, ROOT
from light import light_course

from course.config import Course, load_course
from course.grading import demo
from course.labs.prepare import prepare_lab
from course.labs.variants import read_variants, variants_file
from course.text.files import write_text

# Those that the pages name; the first has answers to all tasks, the third is also handed in.
LABS = ("03_mlp_baseline", "04_lecun_lenet", "05_lenet5_train_on_batch", "01_data_inspection")
ENTRY = """[[labs]]
name = "{name}"
work_minutes = 10
budget = {{ N_TRAIN = 4_000, N_TEST = 1_000 }}
due = 2026-03-02T23:59:00+01:00

"""

LTI = """token_url = "https://platform.invalid/token"
client_id = "42"
key_id = "key"
private_key = "lti_key.pem"

[line_items]
{name} = "https://platform.invalid/line_items/1"
"""

# What is not run here, and why. It is parsed all the same: its syntax, and verb and options of what is our own.
NOT_RUN = {
    r"make test\b": "is what runs this; it takes too long",
    r"\S*course mark \S+$": "opens a server and stays; tests/grading/marking/test_marking.py drives it",
    r"MNIST_NPZ=\S+ \S*python -m reproduction": "trains for hours on all of MNIST",
    r"\S*python -m reproduction --rehearse": "trains all labs",
    r"systemd-run ": "needs systemd, which no container has",
    r".* --scheduler ": "needs a Dask cluster; tests/grading/workers/test_cluster.py has one",
    r".* --db postgresql": "needs a PostgreSQL server; tests/grading/gradebook/test_postgresql.py has one",
    r".* --system lti (?!.*--dry-run)": "needs a learning platform; tests/lms/test_lti_command.py has one",
    r"sudo ": "changes the machine",
    r"\S*dask (scheduler|worker) ": "runs until it is stopped; tests/grading/workers/test_cluster.py starts both",
    r"(sbatch|scancel) ": "needs Slurm",
    r"(helm|kubectl) ": "needs Kubernetes",
    r"(\S*python3?|py)\b.* -m (venv|pip)|\S*pip install": "needs a network",
    r"\.venv\S+ lab --config": "opens JupyterLab and stays; tests/authoring/test_publish.py reads its configuration",
    r"\.venv\\Scripts|py -3": "is for Windows",
    r"git clone ": "needs a network",
    r"cd \$folder": "goes with what is cloned",
}

RUN_ONCE = {"make demo": "README.md"}  # it needs nothing that a page does before, so one page's run of it is enough


def reason(text: str) -> str | None:
    return next((why for pattern, why in NOT_RUN.items() if re.match(pattern, text)), None)


RUN = [page for page in PAGES if any(not reason(one.text) for one in commands.commands(page))]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A whole repository whose labs are light, built by its own `make build`."""
    root = tmp_path_factory.mktemp("made") / "course"
    root.mkdir()
    for name in ("Makefile", "nbgrader_config.py", "pyproject.toml", "requirements.txt", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, root)
    for name in ("docs", "data_utils", "students", "binder", "reproduction"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "course").symlink_to(ROOT / "course")
    light = light_course()
    source = light.source(light.labs[0]).read_text("utf-8")
    head, entry = (ROOT / "course.toml").read_text("utf-8").partition("[[labs]]")[0], ""
    for name in LABS:
        write_text(root / "solutions" / name / f"{name}.py", source)
        entry += ENTRY.format(name=name)
        write_text(root / "tests" / "variants" / f"{name}.toml", light_variants(light, 99 if name == LABS[0] else 1))
    write_text(root / "course.toml", head + entry)
    (root / ".venv").mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (root / ".venv" / name).symlink_to(Path(sys.prefix, name))
    (root / ".venv" / ".ready").touch()
    shell("make build", root)
    return root


def light_variants(light: Course, count: int) -> str:
    """A right and a wrong answer to each task of the light lab, up to `count` of both, as a file of variants."""
    real = load_course(ROOT)
    known = read_variants(variants_file(real, real.labs[0]), prepare_lab(real, real.labs[0]))
    tasks = set(demo.model_answers(prepare_lab(light, light.labs[0])))
    chosen = []
    for right in (True, False):
        chosen += [one for one in demo.first_by_task(known, right) if one.task in tasks][:count]
    return "\n".join(
        f"[[variant]]\ntask = '{one.task}'\nname = '''{one.name}'''\nright = {str(not one.fails).lower()}\n"
        f"answer = '''\n{one.answer}\n'''\n"
        for one in chosen
    )


@pytest.fixture
def place(made, tmp_path):
    """A copy of it with what students have handed in."""
    root = tmp_path / "course"
    shutil.copytree(made, root, symlinks=True)
    (root / ".venv" / ".ready").touch()
    course = load_course(root)
    blank = nbformat.read(course.released(course.labs[0]), as_version=4)
    solved = nbformat.writes(demo.fill_in(blank, demo.model_answers(prepare_lab(course, course.labs[0]))))
    for lab in course.labs[::2]:
        demo.hand_in(root, lab, "ada", blank)
    demo.hand_in(root, course.labs[0], "grace", blank)
    write_text(root / "lab (1).ipynb", solved)
    late = {"ada": "23:10", "jsmith2": "23:30", "nobody": "12:00"}
    lines = "".join(f"{student},2026-03-02 {time}\n" for student, time in late.items())
    write_text(root / "times.csv", f"student,handed_in\n{lines}")
    write_text(root / "students.csv", "id,name,lti_user_id\nada,Ada Lovelace,u-1\n")
    write_text(root / "gradebook.csv", 'Student,ID,SIS Login ID\n    Points Possible,,\n"Smith, Jane",4711,jsmith2\n')
    worksheet = (
        "Identifier,Full name,Email address,Last modified (submission)\n"
        'Participant 4321,Zoë Müller,zoe@example.edu,"Monday, 2 March 2026, 9:05 PM"\n'
    )
    for assignment in ("Lab 3-4711", "Lab 4-4712"):
        write_text(root / f"Grades-Deep Learning-{assignment}.csv", worksheet)
    write_text(root / "lti.toml", LTI.format(name=course.labs[0].name))
    pack(root / "submissions.zip", "smithjane_4711_81001_lab.ipynb", solved)
    pack(root / "Deep Learning-Lab 3-4711.zip", "Zoë Müller_4321_assignsubmission_file_/lab.ipynb", solved)
    shared = tmp_path / "exchange"
    shared.mkdir()
    shared.chmod(0o777)  # as nbgrader wants it
    with (root / "nbgrader_config.py").open("a", encoding="utf-8") as settings:
        settings.write(f'\nc.Exchange.root = "{shared}"\nc.ExchangeCollect.check_owner = False\n')
    name = course.labs[0].name
    handed_in = shared / course.id / "inbound" / f"ben+{name}+2026-03-02 12:00:00.000000 UTC+secret"
    write_text(handed_in / f"{name}.ipynb", solved)
    for folder in (handed_in.parent.parent, handed_in.parent):
        folder.chmod(0o777)
    return root


def pack(path, name, text):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, text)


def shell(text, root):
    environment = os.environ | {"COLUMNS": "120", "NO_COLOR": "1", "HOME": str(root.parent)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.kernel
@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_run_in_their_order(page, place):
    """Each in a shell of its own, in which what the page has set before still holds."""
    settings = []
    for command in commands.commands(page):
        if command.text.startswith(("export ", "source ")):
            settings.append(command.text)
        elif not reason(command.text) and RUN_ONCE.get(command.text, page.name) == page.name:
            shell("\n".join([*settings, command.text]), place)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_that_are_not_run_exist_with_all_their_options(page):
    for command in commands.commands(page):
        if reason(command.text):
            assert not list(commands.check_whole(command.text)), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_in_sentences_exist(page):
    for command in commands.inline(page):
        assert not list(commands.check_cut(command.text)), command


def test_nothing_is_listed_that_no_page_has():
    texts = [command.text for page in PAGES for command in commands.commands(page)]
    for pattern in NOT_RUN:
        assert any(re.match(pattern, text) for text in texts), pattern
    for text, name in RUN_ONCE.items():
        assert text in [command.text for page in PAGES if page.name == name for command in commands.commands(page)]


WRONG = ("make nothing", ".venv/bin/course grade 03_mlp_baseline --wrokers 1", ".venv/bin/nbgrader releese x", "a 'b")


@pytest.mark.parametrize("wrong", WRONG)
def test_a_command_that_is_wrong_is_found(wrong):
    problems = []
    try:
        problems += commands.check_whole(wrong)
    except Exception as error:  # noqa: BLE001 - a usage error of the parser's own class
        problems.append(error)
    assert problems
