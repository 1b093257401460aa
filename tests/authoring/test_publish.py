"""The students' edition holds what students need, and no solution, hidden test, variant or grading."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from importlib.metadata import packages_distributions

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rich.progress import Progress
from secret_lines import HIDDEN_KIND, SOLUTION_KIND, secret_lines
from this_course import COURSE, prepared

from course.authoring import build
from course.authoring.leaks import MARKERS, leaks, open_text, secret_pairs, secrets_of_all
from course.authoring.managed_folder import MANIFEST
from course.authoring.publish import publish
from course.authoring.students_edition import edition
from course.config import load_course
from course.errors import DriftError, PublishError
from course.labs.links import INDEX, lab_path, links, listing
from course.labs.prepare import prepare_lab
from course.labs.variants import read_variants, variants_file

pytestmark = pytest.mark.slow

# What only instructors have: folders, pages, tools. None of it is to be named, or even hinted at.
INSTRUCTORS = (
    *("solutions/", "tests/variants", "gradebook", "Formgrader", "course grade", "course build"),
    *("instructors.md", "CONTRIBUTING", "import course", "from course", "course.toml", "reproduction.md", ".toml.j"),
)

# Lines that data_utils and an answer or variant have in common, as anybody would write them.
COMMON = {"for axes in grid.flat:", "return images[chosen], labels[chosen]", "axes.set(xticks=[], yticks=[])"}
MODULES = ("__init__.py", "checks.py", "datasets.py", "figures.py", "networks.py", "plots.py")
PACKAGE = {f"data_utils/{name}" for name in (*MODULES, "lenet.json", "py.typed")}


def spread(value):
    """All strings of a JSON value, as one text; lists of lines are joined."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "\n".join(f"{key}\n{spread(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ("" if all(isinstance(inner, str) for inner in value) else "\n").join(spread(inner) for inner in value)
    return str(value)


def texts(name, content):
    """A file's bytes as text, and for JSON what they stand for."""
    text = content.decode("utf-8")
    return text + "\n" + spread(json.loads(text)) if text.lstrip().startswith(("{", "[")) and "{" in text else text


def secrets_of(course):
    """Lines of solutions, hidden tests and variants that no lab shows its students."""
    sources = [prepare_lab(course, lab) for lab in course.labs]
    shown = "\n".join(open_text(source) for source in sources)
    found = {line for source in sources for line in secret_lines(source, SOLUTION_KIND, HIDDEN_KIND)}
    for lab, source in zip(course.labs, sources, strict=True):
        if variants_file(course, lab).is_file():
            for variant in read_variants(variants_file(course, lab), source):
                found |= {line.strip() for line in variant.answer.splitlines() if len(line.strip()) > 24}
    return {line for line in found - COMMON if line not in shown}


@pytest.fixture(scope="module")
def secrets():
    found = secrets_of(COURSE)
    assert len(found) > 2000, "there is too little to look for"
    return found


def files_of(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def leaked(files, secrets):
    """File and secret, for each secret in a name or in the text of a file."""
    every = {name: f"{name}\n{texts(name, content)}" for name, content in files.items()}
    return [(name, line) for name, text in every.items() for line in {*secrets, *MARKERS} if line in text]


def test_nothing_secret_in_any_file_name_or_byte(published, secrets):
    files = files_of(published)
    assert len(files) > 20
    assert leaked(files, secrets) == []


def test_nothing_of_instructors_is_named(published):
    for name, content in files_of(published).items():
        text = f"{name}\n{texts(name, content)}"
        own = {word for word in INSTRUCTORS if word in text}
        allowed = {"course.toml"} if name == "binder/postBuild" else set()
        assert own <= allowed, name
        others = text.replace(COURSE.repositories.students, "")
        assert COURSE.repositories.instructors not in others, name


def test_the_edition_is_exactly_this(published):
    found = set(files_of(published))
    own = {".gitattributes", ".gitignore", MANIFEST, "LICENSE", "Makefile", "README.md", "docs/students.md", INDEX}
    own |= {"pyproject.toml", "requirements.txt", "jupyter_lab_config.py", "nbgrader_config.py"}
    own |= {
        f"binder/{name}"
        for name in ("overrides.json", "page_config.json", "postBuild", "requirements.txt", "runtime.txt")
    }
    own |= PACKAGE
    assert found == own | {lab_path(lab) for lab in COURSE.labs}


def test_labs_can_be_handed_out_as_the_term_goes(tmp_path):
    folder, third = tmp_path / "edition", COURSE.labs[2]
    publish(COURSE, folder, until=third)
    there = {path.name for path in (folder / "labs").iterdir()}
    assert there == {"README.md", *(lab.name for lab in COURSE.labs[:3])}
    index = (folder / "labs" / "README.md").read_text("utf-8")
    assert third.name in index and COURSE.labs[3].name not in index
    assert COURSE.labs[3].name in str(publish(COURSE, folder).written)
    assert f"labs/{COURSE.labs[3].name}/{COURSE.labs[3].name}.ipynb" in publish(COURSE, folder, until=third).removed


def with_cell(content, change):
    notebook = nbformat.reads(content.decode(), as_version=4)
    change(next(cell for cell in notebook.cells if cell.cell_type == "code"))
    return nbformat.writes(notebook).encode()


HIDING_PLACES = {
    "a page": lambda name, content, line: content + f"\nTry `{line}`.\n".encode() if name.endswith(".md") else content,
    "a cell": lambda name, content, line: with_cell(content, lambda cell: cell.update(source=f"1\n{line}\n2")),
    "metadata": lambda name, content, line: with_cell(content, lambda cell: cell.metadata.update(note=line)),
    "a key of metadata": lambda name, content, line: with_cell(content, lambda cell: cell.metadata.update({line: 1})),
    "an output": lambda name, content, line: with_cell(
        content, lambda cell: cell.update(outputs=[nbformat.v4.new_output("stream", text=f"Traceback\n{line}\n")])
    ),
}


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_a_leak_would_be_found(published, secrets, place):
    files = files_of(published)
    line = next(line for line in sorted(secrets) if '"' in line)
    name = "docs/students.md" if place == "a page" else lab_path(COURSE.labs[2])
    files[name] = HIDING_PLACES[place](name, files[name], line)
    assert leaked(files, secrets) == [(name, line)]
    known = secrets_of_all(prepared(lab) for lab in COURSE.labs) - COMMON
    secret = sorted(known)[0]
    files = files_of(published)
    files[name] = HIDING_PLACES[place](name, files[name], secret)
    assert leaks(files, known) == [f"{name} holds {secret!r}"]


def test_no_lab_shows_a_part_of_another_ones_answer(published):
    files = files_of(published)
    package = "\n".join(content.decode() for name, content in files.items() if name.startswith("data_utils/"))
    pairs = [secret_pairs(prepared(lab), package) for lab in COURSE.labs]
    assert sum(map(len, pairs)) > 10 * len(pairs), "there is too little to look for"
    assert leaks(files, set().union(*pairs)) == []


def test_a_lab_that_builds_what_another_one_asks_for_would_be_found(published):
    """Indented otherwise, between other lines, in code that the lab gives."""
    shows = COURSE.labs[-1]
    pairs = next(found for lab in COURSE.labs if "Conv2D" in str(found := secret_pairs(prepared(lab))))
    pair = next(pair for pair in sorted(pairs) if "Conv2D" in pair)
    one, two = pair.split("\n")
    given = f"network = keras.Sequential([\n  {one}\n\n  {two}\n])"
    files = files_of(published)
    files[lab_path(shows)] = with_cell(files[lab_path(shows)], lambda cell: cell.update(source=given))
    assert leaks(files, pairs) == [f"{lab_path(shows)} holds {pair!r}"]


def test_a_page_that_shows_a_solution_is_refused(small, tmp_path):
    secret = max(secrets_of_all([prepare_lab(small, small.labs[0])]), key=len)
    page = small.root / "docs" / "students.md"
    page.write_text(page.read_text("utf-8") + f"\n{secret}\n", "utf-8")
    with pytest.raises(PublishError, match=r"(?s)would see lines of solutions.*docs/students\.md holds"):
        publish(small, tmp_path / "edition")
    assert not (tmp_path / "edition").exists()


# What pip installs


def test_the_package_is_data_utils_alone(wheel, secrets):
    assert wheel.name.startswith("cnn_labs_data_utils-")
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    code = {name for name in files if ".dist-info/" not in name}
    assert code == PACKAGE
    assert not [name for name in files if name.endswith("entry_points.txt")], "there is a command"
    assert leaked(files, secrets) == []
    about = Parser().parsestr(next(text for name, text in files.items() if name.endswith("/METADATA")).decode())
    project = tomllib.loads((COURSE.root / "pyproject.toml").read_text())["project"]
    assert about.get_all("Requires-Dist") == project["dependencies"]
    assert about["Version"] == project["version"]


def imported(code):
    """The packages that a text imports; lines of IPython's own are left out."""
    plain = "\n".join(line for line in code.splitlines() if not line.lstrip().startswith(("%", "!")))
    nodes = list(ast.walk(ast.parse(re.sub(r":\n(?=\S|\Z)", ":\n    pass\n", plain))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    names += ["jinja2" for node in nodes if isinstance(node, ast.Attribute) and node.attr == "style"]  # pandas' Styler
    return {name.split(".")[0] for name in names}


def test_the_package_declares_exactly_what_labs_and_data_utils_import(published):
    codes = [path.read_text("utf-8") for path in (published / "data_utils").glob("*.py")]
    for lab in COURSE.labs:
        cells = nbformat.read(published / lab_path(lab), as_version=4).cells
        codes += [cell.source for cell in cells if cell.cell_type == "code"]
    modules = set().union(*map(imported, codes)) - set(sys.stdlib_module_names) - {"data_utils"}
    owners = packages_distributions()
    # Colab brings TensorFlow and Keras, in one of several wheels; requirements.txt says which.
    needed = {canonicalize_name(owners[module][0]) for module in modules - {"tensorflow", "keras"}}
    declared = tomllib.loads((published / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {canonicalize_name(Requirement(one).name) for one in declared} == needed


# Links


def test_every_link_leads_to_a_file_of_the_edition(published):
    pages = {path: path.read_text("utf-8") for path in published.rglob("*.md")}
    for lab in COURSE.labs:
        notebook = nbformat.read(published / lab_path(lab), as_version=4)
        texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
        pages[published / lab_path(lab)] = "\n\n".join(texts)
    followed = 0
    for page, text in pages.items():
        for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", text):
            if "://" not in target:
                followed += 1
                assert (page.parent / target).is_file(), f"{page} links to {target}"
    assert followed >= len(COURSE.labs) + 5


def test_the_first_page_leads_to_the_labs_and_names_the_students_repository(published):
    text = (published / "README.md").read_text("utf-8")
    assert text.startswith(f"# {COURSE.title}\n") and "](labs/README.md)" in text and "](docs/students.md)" in text
    repositories = COURSE.repositories
    assert f"git clone --branch {repositories.ref} https://github.com/{repositories.students}\n" in text
    assert "$" not in text


def test_a_page_that_links_to_what_students_do_not_get_is_refused(small, tmp_path):
    page = small.root / "docs" / "students.md"
    page.write_text(page.read_text("utf-8") + "\n[grading](grading-safely.md)\n", "utf-8")
    with pytest.raises(PublishError, match=r"docs/students\.md links to grading-safely\.md, which students do not get"):
        publish(small, tmp_path / "edition")


def test_links_to_give_out():
    path = lab_path(COURSE.labs[0])
    found = links(COURSE, path)
    students, ref = COURSE.repositories.students, COURSE.repositories.ref
    assert found["Colab"] == f"https://colab.research.google.com/github/{students}/blob/{ref}/{path}"
    assert found["Binder"] == f"https://mybinder.org/v2/gh/{students}/{ref}?urlpath=lab/tree/{path}"
    assert "nbgitpuller" not in found and "`hub` in course.toml" in listing(COURSE)
    assert links(COURSE, INDEX)["Colab"] == f"https://colab.research.google.com/github/{students}/blob/{ref}"


def test_links_to_a_hub(copied):
    file = copied.root / "course.toml"
    ref = f'ref = "{copied.repositories.ref}"'
    file.write_text(file.read_text().replace(ref, f'{ref}\nhub = "https://hub.uni.edu"', 1))
    course = load_course(copied.root)
    owner, name = course.repositories.students.split("/")
    assert links(course, INDEX)["nbgitpuller"] == (
        f"https://hub.uni.edu/hub/user-redirect/git-pull?repo=https%3A%2F%2Fgithub.com%2F{owner}%2F{name}"
        f"&branch={course.repositories.ref}&urlpath=lab%2Ftree%2F{name}%2Flabs%2FREADME.md"
    )
    assert "course.toml" not in listing(course)


# Publishing again, and into a repository


@pytest.fixture
def small(copied):
    """A course of one lab that a test may change."""
    kept = copied.labs[0].name
    file = copied.root / "course.toml"
    head, first, *_ = file.read_text("utf-8").split("[[labs]]")
    file.write_text(f"{head}[[labs]]{first}", "utf-8")
    for lab in copied.labs[1:]:
        for folder in ("solutions", "labs"):
            shutil.rmtree(copied.root / folder / lab.name)
    course = load_course(copied.root)
    assert course.names() == kept
    rebuild(course)
    return course


def rebuild(course):
    with Progress(disable=True) as progress:
        build.build(course, course.labs, progress)


def git(folder, *arguments):
    identity = ["-c", "user.name=I", "-c", "user.email=i@example.org"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True).stdout


def test_no_secret_in_the_history_of_a_repository_published_into_twice(small, secrets, tmp_path, monkeypatch):
    folder = tmp_path / "edition"
    folder.mkdir()
    git(folder, "init", "--quiet")
    before = (folder / ".git" / "config").read_bytes()
    publish(small, folder)
    assert (folder / ".git" / "config").read_bytes() == before
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    source = small.source(small.labs[0])
    text = source.read_text("utf-8").replace("## Set-up\n", "## Set-up now\n", 1)
    for marker in ("### BEGIN SOLUTION\n", "### BEGIN HIDDEN TESTS\n"):
        text = re.sub(rf"( *)(# )?{marker}", r"\g<0>\1\2'swordfish, the new password'\n", text)
    source.write_text(text, "utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(build, "keep_outputs", lambda path, notebook: True)
        patched.setattr(build, "is_executed", lambda key: True)
        rebuild(small)
        assert "swordfish" in small.solution(small.labs[0]).read_text("utf-8")
        changes = publish(small, folder)
    assert changes.written == [lab_path(small.labs[0])] and changes.removed == []
    status = git(folder, "status", "--porcelain").decode().splitlines()
    assert status == [f" M {MANIFEST}", f" M {lab_path(small.labs[0])}"]
    git(folder, "commit", "--quiet", "--all", "--message", "second")
    objects = git(folder, "rev-list", "--objects", "--all").decode().splitlines()
    blobs = {
        line.partition(" ")[2] + f" {line[:8]}": git(folder, "cat-file", "-p", line.split()[0]) for line in objects
    }
    assert len(blobs) > 30
    assert leaked(blobs, secrets | {"swordfish"}) == []
    history = git(folder, "log", "--patch", "--text").decode()
    assert "Set-up now" in history
    assert not [line for line in {*secrets, "swordfish"} if line in history]


def test_a_lab_that_is_left_out_is_deleted(copied, tmp_path, published):
    folder = tmp_path / "edition"
    shutil.copytree(published, folder)
    last = copied.labs[-1]
    file = copied.root / "course.toml"
    file.write_text(file.read_text("utf-8").rpartition("[[labs]]")[0], "utf-8")
    for name in ("solutions", "labs"):
        shutil.rmtree(copied.root / name / last.name)
    course = load_course(copied.root)
    rebuild(course)
    assert publish(course, folder)[:2] == ([INDEX], [lab_path(last)])
    assert not (folder / "labs" / last.name).exists()


def test_labs_that_do_not_match_their_sources_are_not_published(small, tmp_path):
    source = small.source(small.labs[0])
    source.write_text(source.read_text("utf-8").replace("## Set-up\n", "## Set-up now\n", 1), "utf-8")
    with pytest.raises(DriftError, match="course build"):
        publish(small, tmp_path / "edition")
    assert not (tmp_path / "edition").exists()


@pytest.mark.parametrize("place", [".", "..", "labs", "edition"])
def test_a_folder_in_or_around_the_instructors_repository_is_refused(small, place):
    beside = small.root.parent / small.repositories.students.split("/")[1]
    with pytest.raises(PublishError, match="lie one in the other") as raised:
        publish(small, small.root / place)
    assert f"choose a folder beside this one, such as {beside}." in str(raised.value)


def test_a_missing_file_is_named(copied):
    (copied.root / "students" / "Makefile").unlink()
    with pytest.raises(PublishError, match=r"students/Makefile is missing"):
        edition(copied)


def test_binder_stops_in_the_instructors_repository(tmp_path, published):
    done = subprocess.run(
        ["/bin/bash", "binder/postBuild"],
        cwd=COURSE.root,
        capture_output=True,
        text=True,
        check=False,
        env={},
    )
    assert done.returncode == 1 and "This is the instructors' repository" in done.stderr
    assert not (published / "course.toml").exists()
