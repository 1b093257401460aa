"""The sets of packages, and what is made of what was found with them; `make test-platforms` tries them."""

import subprocess
import sys
import zipfile
from dataclasses import replace

import nbformat
import pytest

from course.errors import CourseError
from course.text.files import write_text
from platforms import __main__ as command
from platforms.binder import steps
from platforms.environments import find_python, uninstall_helper
from platforms.graded import there
from platforms.notebooks import error_outputs, last_line, student_environment
from platforms.results import found, page, place, problems, read, save
from platforms.sets import lab_packages, read_sets
from platforms.short_table import BEGIN, with_short_table
from platforms.tools import NotHereError, PlatformError, index_answers, uv
from platforms.trials import Edition, Trial, try_variants_there

DOCKERFILE = """
RUN TIMEFORMAT='time: %3R' bash -c 'time ${MAMBA_EXE} env update -p ${NB_PYTHON_PREFIX}'
RUN ${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r "binder/requirements.txt"
COPY --chown=1000:1000 src/ ${REPO_DIR}/
RUN chmod +x binder/postBuild
RUN ./binder/postBuild
"""


def test_sets_are_locks_of_this_repository_or_resolved_within_the_bounds(course):
    sets = read_sets()
    assert {"oldest", "locked", "newest", "colab", "binder"} <= set(sets)
    assert all((course.root / chosen.lock).is_file() for chosen in sets.values() if chosen.lock)
    bounds = lab_packages(course)
    assert all(">=" in spec for spec in bounds), "every package that students import has a lower bound"
    assert {"tensorflow", "keras"} <= {spec.partition(">=")[0] for spec in bounds}


@pytest.mark.parametrize(
    ("line", "message"),
    [('lock = "x"\nresolution = "highest"', "one of `lock`"), ("", "one of `lock`"), ('locks = "x"', "`locks`")],
)
def test_a_set_that_is_none_is_refused(tmp_path, line, message):
    path = tmp_path / "sets.toml"
    path.write_text(f'[[sets]]\nname = "mine"\nwhat = "w"\npython = "3.11"\n{line}\n', "utf-8")
    with pytest.raises(CourseError, match=message):
        read_sets(path)


def test_a_python_is_found_by_what_it_says_it_is(monkeypatch, tmp_path):
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert find_python(version).is_file()
    liar = tmp_path / "python3.2"
    liar.write_text("#!/bin/sh\necho 'python3.2: command not found' >&2\nexit 127\n", "utf-8")
    liar.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(PlatformError, match=r"no Python 3\.2 on this machine"):
        find_python("3.2")


@pytest.mark.slow
def test_a_helper_package_that_was_installed_from_a_file_is_taken_out_again(course, tmp_path):
    name = f"{course.id.replace('-', '_')}_data_utils"
    wheel = tmp_path / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("helper_of_a_test.py", "")
        archive.writestr(f"{name}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        archive.writestr(f"{name}-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{name}-1.dist-info/RECORD", "")
    inside = tmp_path / "there" / "bin" / "python"
    uv("venv", "--quiet", "--python", sys.executable, str(inside.parent.parent))
    uninstall_helper(course, inside)  # nothing to do
    uv("pip", "install", "--quiet", "--offline", "--python", str(inside), str(wheel))
    look = [str(inside), "-c", "import helper_of_a_test"]
    assert subprocess.run(look, check=False).returncode == 0
    uninstall_helper(course, inside)
    assert subprocess.run(look, capture_output=True, check=False).returncode == 1


def test_what_was_tried_here_stays_noted_when_another_python_tries_it(course, tmp_path):
    there = replace(course, root=tmp_path)
    noted = write_text(tmp_path / "tests" / "variants" / "tried.json", "{}")
    program = write_text(tmp_path / "course", "#!/bin/sh\necho changed > tests/variants/tried.json\nexit 1\n")
    program.chmod(0o755)
    trial = try_variants_there(program.with_name("python"), there, [*course.labs[:2]])
    assert (trial.passed, len(trial.problems), noted.read_text("utf-8")) == (0, 2, "{}")


@pytest.mark.parametrize(
    ("error", "answers", "skipped", "failed"),
    [
        (NotHereError("There is no Python 3.13"), True, "There is no Python 3.13", []),
        (PlatformError("step 2: no such file"), True, "", ["step 2: no such file"]),
        (PlatformError("step 2: no such file"), False, "No index of packages answers. step 2: no such file", []),
    ],
)
def test_a_set_that_cannot_be_made_has_failed_unless_the_machine_is_the_reason(
    error, answers, skipped, failed, course, tmp_path, monkeypatch
):
    def refuse(*_):
        raise error

    monkeypatch.setattr(command, "environment", refuse)
    monkeypatch.setattr(command, "index_answers", lambda: answers)
    edition = Edition(tmp_path, tmp_path / "a.whl")
    result = command.try_set(course, read_sets()["newest"], edition, lambda text: None)
    assert result.skipped == skipped
    assert [problem for trial in result.trials for problem in trial.problems] == failed


def test_an_index_that_does_not_answer_is_noticed(monkeypatch):
    monkeypatch.setenv("UV_OFFLINE", "1")
    assert not index_answers()


def test_a_set_that_is_skipped_keeps_what_was_found_before(course, tmp_path):
    there, sets = replace(course, root=tmp_path), read_sets()
    earlier = found(sets["colab"], {"keras": "3.13.2"}, [Trial("solutions", 9)])
    save(there, {"colab": earlier})
    save(there, {name: found(sets[name], {}, (), "There is no Python 3.13") for name in ("colab", "newest")})
    kept = read(there)
    assert kept["colab"] == earlier and kept["newest"].skipped


def test_a_python_that_cannot_grade_is_told_by_its_own_words(course, tmp_path):
    program = write_text(tmp_path / "python", "#!/bin/sh\necho 'no module named course' >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(PlatformError, match="no module named course"):
        there(course, program)(course.labs[0], tmp_path)


def test_binders_steps_are_read_off_its_dockerfile():
    install, post = steps(DOCKERFILE)
    assert install.startswith("${KERNEL_PYTHON_PREFIX}/bin/pip install") and post == "./binder/postBuild"
    with pytest.raises(PlatformError, match="other steps"):
        steps(DOCKERFILE.replace("binder/requirements.txt", "environment.yml"))


def test_a_students_kernel_knows_nothing_of_this_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", "/here")
    monkeypatch.setenv("VIRTUAL_ENV", "/here")
    environment = student_environment(tmp_path / "bin" / "python", {"SOURCE": "there"})
    assert "/here" not in environment.values() and environment["SOURCE"] == "there"
    assert environment["PATH"].startswith(f"{tmp_path / 'bin'}:")


def test_errors_in_outputs_are_found_with_their_cell():
    error = nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=["x"])
    cells = [nbformat.v4.new_markdown_cell("text"), nbformat.v4.new_code_cell("x", outputs=[error])]
    assert error_outputs(nbformat.v4.new_notebook(cells=cells)) == ["cell 2: ValueError: no"]
    assert last_line("Traceback\n  x\n\x1b[31mValueError\x1b[39m: no\n\n") == "ValueError: no"
    assert last_line("") == "no message"


def test_the_page_shows_versions_trials_skips_and_problems():
    sets = read_sets()
    trial = Trial("solutions")
    trial.add("")
    trial.add("01_x, cell 3: KeyError: 'a'")
    results = {
        "colab": found(sets["colab"], {"tensorflow-cpu": "2.20.0", "numpy": "2.1.3"}, [trial]),
        "newest": found(sets["newest"], {}, (), "There is no Python 3.13"),
    }
    text = page(results)
    assert "| 3.13 | 2.20.0 | – | 2.1.3 |" in text and "| colab | solutions | 1 | 1 |" in text
    assert "| newest | skipped: There is no Python 3.13 |" in text
    assert problems(results) == ["colab, solutions: 01_x, cell 3: KeyError: 'a'"] and "KeyError: 'a'" in text


def test_readme_has_the_short_table_and_keeps_what_stands_around_it(course):
    text = (course.root / "README.md").read_text("utf-8")
    assert BEGIN in text and with_short_table(text, read(course)) == text, "make test-platforms has written another"
    assert with_short_table("a page without", read(course)) == "a page without"
    failing = found(read_sets()["oldest"], {"keras": "3.5"}, [Trial("solutions", 8, ["one stopped"])])
    changed = with_short_table(text, {"oldest": failing})
    assert "| 3.11 | – | 3.5 | 1 of 9 failed |" in changed
    assert changed.partition(BEGIN)[0] == text.partition(BEGIN)[0] and changed.endswith(text[-500:])


def test_the_page_is_made_from_what_is_kept(course):
    kept = read(course)
    assert set(kept) <= set(read_sets()), "a set is gone: take it out of docs/platforms.json"
    assert place(course).with_suffix(".md").read_text("utf-8") == page(kept)
