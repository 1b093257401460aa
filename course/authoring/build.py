"""Making everything that is generated from the labs' sources, and proving that it is up to date."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from rich.progress import Progress

from course.authoring.execute import execute_notebook
from course.authoring.front_pages import front_pages
from course.authoring.index import index_text
from course.authoring.prepare_once import prepare_once
from course.authoring.task_order import refuse_disorder
from course.config import Course, Lab
from course.errors import BuildError, DriftError
from course.labs.answer_key import authored_content, is_edited, is_executed, keep_outputs, read_key, sign
from course.labs.release import student_text
from course.labs.sources import source_text
from course.text.files import text_if_any, write_text

REMOVE_STDERR = "remove-stderr"  # a tag that Jupyter Book uses with the same meaning
LOST_EDITS = """{path} was edited, and {source} beside it does not have these edits, so building would lose them.
To keep them, write them into the source: jupytext --sync {path}
To drop them, delete the notebook. Then build again."""
ALL_AT_ONCE = "`course build` without a name brings every lab up to date; then commit what it wrote."
CHANGED = "{path} was changed while its lab was built. Nothing was written for it; run `course build` again."
REMEDY = "Run `course build{lab}` and commit what it writes."


@dataclass
class Built:
    """The files that were written, how many were up to date already, and the labs that had to be executed for that."""

    written: list[Path] = field(default_factory=list)
    unchanged: int = 0
    executed: list[Lab] = field(default_factory=list)

    def write(self, path: Path, content: str) -> None:
        """Write a file, unless it holds just that."""
        if text_if_any(path) == content:
            self.unchanged += 1
        else:
            self.written.append(write_text(path, content))


def build(course: Course, labs: Sequence[Lab], progress: Progress, again: bool = False) -> Built:
    """Write the stamped sources, the executed answer keys, the student copies, the index and the front pages.

    A lab is executed if its code differs from that of its answer key; with `again`, in any case.
    """
    built = Built()
    for lab in labs:
        read = text_if_any(course.source(lab))
        notebook = prepare_once(course, lab)
        refuse_lost_work(course, lab, notebook)
        refuse_disorder(course.source(lab), notebook)
        source, student = source_text(notebook), student_text(course, lab, notebook)
        if again or not keep_outputs(course.solution(lab), notebook):
            execute_notebook(lab.name, notebook, progress)
            built.executed.append(lab)
        drop_machine_notes(course.source(lab), notebook)
        refuse_newer_source(course.source(lab), read)
        # Only a lab that runs through is written, and then all of it.
        built.write(course.source(lab), source)
        built.write(course.released(lab), student)
        sign(notebook)
        built.write(course.solution(lab), nbformat.writes(notebook) + "\n")
    index = index_text(course, {lab: prepare_once(course, lab) for lab in course.labs})
    for path, content in {course.root / course.release_directory / "README.md": index, **front_pages(course)}.items():
        built.write(path, content)
    return built


def refuse_lost_work(course: Course, lab: Lab, source: NotebookNode) -> None:
    """Check that building would overwrite no edit of the notebook that its source lacks.

    Raises
    ------
    BuildError
        The notebook was edited since it was built, in an editor that does not write its paired source.
    """
    path = course.solution(lab)
    try:
        key = read_key(path)
    except BuildError:
        return  # building makes a new one
    if is_edited(key) and authored_content(key) != authored_content(source):
        raise BuildError(LOST_EDITS.format(path=path, source=course.source(lab).name))


def refuse_newer_source(source: Path, read: str | None) -> None:
    """Check that a source is what was read before its lab was executed, which may take minutes.

    Raises
    ------
    BuildError
        It was saved in between, and building would overwrite that.
    """
    if text_if_any(source) != read:
        raise BuildError(CHANGED.format(path=source))


def drop_machine_notes(source: Path, notebook: NotebookNode) -> None:
    """Remove from an answer key what cells tagged "remove-stderr" wrote to stderr: TensorFlow's start-up notes.

    Raises
    ------
    BuildError
        Another cell wrote to stderr: a warning that the author should mend.
    """
    for cell in notebook.cells:
        notes = [out for out in cell.get("outputs", []) if out.output_type == "stream" and out.name == "stderr"]
        if notes and REMOVE_STDERR not in cell.metadata.get("tags", []):
            raise BuildError(
                f"{source}: the cell {cell.id!r} writes to stderr: {notes[0].text.strip()[:300]}\n"
                f"Mend the cause, or tag the cell {REMOVE_STDERR!r} if students need not care."
            )
        cell.get("outputs", [])[:] = [out for out in cell.get("outputs", []) if out not in notes]


def check_generated(course: Course, labs: Sequence[Lab]) -> None:
    """Rebuild in memory, without executing, and compare.

    Raises
    ------
    DriftError
        A generated file is missing, differs from what its source makes, or should not be there. The message lists
        every such file and how to mend it.
    """
    prepared = {lab: prepare_once(course, lab) for lab in course.labs}
    problems = [problem for lab in labs for problem in drift_problems(course, lab, prepared[lab])]
    index = course.root / course.release_directory / "README.md"
    if text_if_any(index) != index_text(course, prepared):
        problems.append(f"{index} is not what the sources say. {REMEDY.format(lab='')}")
    stale_pages = [path for path, content in front_pages(course).items() if text_if_any(path) != content]
    problems += [f"{path} is not what course.toml says. {REMEDY.format(lab='')}" for path in stale_pages]
    expected = {course.released(lab) for lab in course.labs} | {index}
    strays = {file for file in index.parent.rglob("*") if file.is_file() and ".ipynb_checkpoints" not in file.parts}
    problems += [f"{file} is no lab; students would get it. Delete it." for file in sorted(strays - expected)]
    if problems:
        listed = [f"  - {problem}" for problem in problems]
        raise DriftError("\n".join(["Generated files do not match their sources:", *listed, ALL_AT_ONCE]))


def drift_problems(course: Course, lab: Lab, notebook: NotebookNode) -> list[str]:
    """What is not up to date for one lab, which was prepared from its source."""
    remedy = REMEDY.format(lab=f" {lab.name}")
    problems = []
    if text_if_any(course.source(lab)) != source_text(notebook):
        problems.append(f"{course.source(lab)} has a stale stamped cell or is not written as Jupytext does. {remedy}")
    if text_if_any(course.released(lab)) != student_text(course, lab, notebook):
        problems.append(f"{course.released(lab)} is not what the source makes. {remedy}")
    if reason := why_stale(course.solution(lab), notebook):
        problems.append(f"{course.solution(lab)} {reason}. {remedy}")
    return problems


def why_stale(path: Path, source: NotebookNode) -> str | None:
    """Why an answer key does not belong to the source, or None."""
    try:
        key = read_key(path)
    except BuildError as error:
        return str(error)
    if [cell_without_outputs(cell) for cell in key.cells] != [cell_without_outputs(cell) for cell in source.cells]:
        return "has other cells than the source"
    if not is_executed(key):
        return "was not executed from top to bottom"
    return None


def cell_without_outputs(cell: NotebookNode) -> tuple[str, str, str, NotebookNode]:
    """All of a cell but its outputs."""
    return cell.id, cell.cell_type, cell.source, cell.metadata
