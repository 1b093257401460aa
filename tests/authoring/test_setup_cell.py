"""The set-up cell installs the helper package where it is missing, as in Colab."""

import os
import shutil
import site
import subprocess
import sys
import venv

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.labs.sources import read_source, tagged
from course.labs.stamp import helper_names

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bare_environment(tmp_path_factory):
    """An environment with NumPy, Matplotlib and the rest, but without data_utils."""
    folder = tmp_path_factory.mktemp("colab")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    packages = subprocess.check_output([python, "-c", "import site; print(site.getsitepackages()[0])"], text=True)
    # Packages found through a .pth file, pip among them, come without .pth files of theirs, so without our editable
    # install.
    (folder / "outer.pth").write_text(site.getsitepackages()[0] + "\n")
    shutil.move(folder / "outer.pth", packages.strip())
    return python


@pytest.fixture
def bare_python(bare_environment):
    """Its Python; what a test installs of the course is uninstalled at the end, also if the test fails."""
    yield bare_environment
    remove = [bare_environment, "-m", "pip", "uninstall", "--quiet", "--yes", "cnn-labs-data-utils"]
    subprocess.run(remove, check=True)


def run(python, code, tmp_path, **extra):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | extra
    return subprocess.run(
        [python, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(sys.platform == "win32", reason="the bare environment is laid out as on Linux and macOS")
def test_set_up_installs_the_helper_package(course, lab, bare_python, wheel, tmp_path):
    missing = run(bare_python, "import data_utils", tmp_path)
    assert "No module named 'data_utils'" in missing.stderr, "the environment is not bare"
    setup = tagged(read_source(course.source(lab)), "stamp-setup")[0].source
    code = f"{setup}\nfrom data_utils import load_mnist\nprint(len(load_mnist(500, 100)[0][0]))"
    # The packages that data_utils needs are there; pip must only not look for them again.
    done = run(bare_python, code, tmp_path, CNN_LABS_SOURCE=str(wheel), PIP_NO_DEPS="1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "500"


def test_set_up_installs_the_students_edition_of_course_toml(course, lab):
    setup = tagged(read_source(course.source(lab)), "stamp-setup")[0].source
    repositories = course.repositories
    assert f'"https://github.com/{repositories.students}/archive/{repositories.ref}.zip"' in setup


def test_set_up_does_nothing_where_the_package_is_there(course, lab, tmp_path):
    setup = tagged(read_source(course.source(lab)), "stamp-setup")[0].source
    done = run(sys.executable, setup, tmp_path, CNN_LABS_SOURCE="/nowhere/at/all")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_set_up_that_fails_says_from_where_and_what_to_do(course, lab, tmp_path):
    setup = tagged(read_source(course.source(lab)), "stamp-setup")[0].source
    code = f"import importlib.util\nimportlib.util.find_spec = lambda name: None\n{setup}"
    done = run(sys.executable, code, tmp_path, CNN_LABS_SOURCE="/nowhere/at/all")
    assert done.returncode and "could not be installed from /nowhere/at/all" in done.stderr.splitlines()[-1]


def test_set_up_replaces_an_older_helper_package_and_nothing_else(course, bare_python, wheel, tmp_path):
    older = tmp_path / "older"
    older.mkdir()
    (older / "pyproject.toml").write_text(
        '[project]\nname = "cnn-labs-data-utils"\nversion = "0.1.0"\ndependencies = ["numpy<1"]\n'
        '[tool.setuptools]\npackages = ["data_utils"]\n'
    )
    (older / "data_utils").mkdir()
    (older / "data_utils" / "__init__.py").write_text('__all__ = ["plot_images"]\nplot_images = None\n')
    install = [bare_python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", older]
    subprocess.run(install, check=True)
    setup = tagged(read_source(course.source(course.labs[-1])), "stamp-setup")[0].source
    code = f"{setup}\nfrom data_utils import load_mnist\nprint(len(load_mnist(500, 100)[0][0]))"
    broken = run(bare_python, code, tmp_path, CNN_LABS_SOURCE="/nowhere/at/all")
    assert "could not be installed from /nowhere/at/all" in broken.stderr.splitlines()[-1]
    before = subprocess.check_output([bare_python, "-m", "pip", "list"], text=True)
    done = run(bare_python, code, tmp_path, CNN_LABS_SOURCE=str(wheel))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("data_utils, the course's helper package, is installed.")
    assert done.stdout.splitlines()[-1] == "500"
    assert subprocess.check_output([bare_python, "-m", "pip", "list"], text=True) == before
    again = run(bare_python, setup, tmp_path, CNN_LABS_SOURCE="/nowhere/at/all")
    assert (again.returncode, again.stdout) == (0, "")


def test_set_up_asks_for_what_students_import_not_for_what_hidden_tests_do():
    notebook = new_notebook(
        cells=[
            new_code_cell("from data_utils import load_mnist, beside_answer as beside\n%matplotlib inline"),
            new_code_cell(
                "if True:\n    from data_utils import explain_errors\n    ### BEGIN HIDDEN TESTS\n"
                "    from data_utils import unasked_settings\n    ### END HIDDEN TESTS\n"
            ),
            new_markdown_cell("from data_utils import figure_facts"),
        ]
    )
    assert helper_names(notebook) == ["beside_answer", "explain_errors", "load_mnist"]
