"""Looking through the folder that a student handed in, before anything in it is used.

No symbolic link is followed, nothing but plain files is opened, and no file is changed. What could stand in the way of
the course's own files, or of Python's, is not passed on to the run.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from course.errors import SubmissionError
from course.inbox.companion_files import EXCHANGE, companion_problem, place_beside
from course.inbox.notes import Note, printable
from course.inbox.regular_files import MAX_FILE, left_out_note, names_notebook, plain_files, read_plain_file

MAX_TOTAL = 20 * 2**20  # they are sent to the kernel in one message

Files = dict[PurePosixPath, os.stat_result]


@dataclass(frozen=True)
class InspectedFolder:
    """What of a folder is used: the notebook's bytes, the other files to pass on, and notes.

    `files` holds for each file where it lies and where it has to lie beside the notebook.
    """

    notebook: bytes
    files: tuple[tuple[PurePosixPath, PurePosixPath], ...]
    notes: tuple[Note, ...]


def inspect_folder(folder: Path, lab: str) -> InspectedFolder:
    """Find the notebook of a lab in submitted/STUDENT/LAB/, and tell which of the other files may go along.

    Raises
    ------
    SubmissionError
        There is no notebook that can be opened; the message says what there is instead.
    """
    if folder.is_symlink() or not folder.is_dir():
        raise SubmissionError(f"{printable(folder.name)} is not a folder. Hand in a folder with {lab}.ipynb in it.")
    notes: list[Note] = []
    files = dict(plain_files(folder, notes))
    notebooks = [path for path in files if names_notebook(path.name)]
    if not notebooks:
        names = [printable(str(path)) for path in files] + [f"{note.where} ({note.text})" for note in notes]
        content = ", ".join(names[:5]) or "no notebook"
        raise SubmissionError(f"{lab}.ipynb is missing; the folder holds {content}. Hand in {lab}.ipynb.")
    chosen = _choose(notebooks, files, lab, notes)
    data = read_plain_file(folder / chosen, MAX_FILE + 1)  # one more than allowed, for `read_notebook` to see it
    other_files = {path: status for path, status in files.items() if path not in notebooks and path not in EXCHANGE}
    others = tuple(_choose_companions(other_files, chosen, notes))
    return InspectedFolder(data, others, tuple(notes))


def read_companions(inspected: InspectedFolder, folder: Path) -> tuple[tuple[str, bytes], ...]:
    """Path and content of each file that goes along with the notebook."""
    return tuple((str(place), read_plain_file(folder / path, MAX_FILE)) for path, place in inspected.files)


def _choose(notebooks: list[PurePosixPath], files: Files, lab: str, notes: list[Note]) -> PurePosixPath:
    """The notebook with the lab's name; else the one most like it, the newest if there are several."""
    name = PurePosixPath(f"{lab}.ipynb")
    alike = [path for path in notebooks if _simple(lab) in _simple(path.name)]
    pool = [name] if name in notebooks else alike or notebooks
    chosen = max(pool, key=lambda path: (files[path].st_mtime_ns, str(path)))
    if len(pool) > 1:
        others = ", ".join([printable(str(path)) for path in pool if path != chosen][:10])
        text = f"Several notebooks could be {name}. This one counts, the newest; the others are {others}."
        notes.append(Note("notebook-chosen", printable(str(chosen)), text, review=True))
    elif chosen != name:
        notes.append(Note("notebook-renamed", printable(str(chosen)), f"It was taken for {name}.", review=not alike))
    for path in notebooks:
        newer = path in alike and files[path].st_mtime_ns > files[chosen].st_mtime_ns
        if path != chosen and path not in pool:
            reason = "it is another notebook" + (", though newer than the one that counts" if newer else "")
            notes.append(left_out_note(path, reason, review=newer))
    return chosen


def _choose_companions(
    files: Files, notebook: PurePosixPath, notes: list[Note]
) -> Iterator[tuple[PurePosixPath, PurePosixPath]]:
    """The files that do no harm beside the notebook; adds notes on the others, one for all files of a package."""
    total, noted = 0, set()
    for path, status in files.items():
        place = place_beside(path, notebook)
        if place != path and place in files:
            place = path  # what lies at the top already stays there
        if reason := companion_problem(place):
            if (path.parts[0], reason) not in noted:
                notes.append(left_out_note(path, reason))
            noted.add((path.parts[0], reason))
        elif total + status.st_size > MAX_TOTAL:
            notes.append(left_out_note(path, f"all files together are larger than {MAX_TOTAL // 2**20} MiB"))
        else:
            total += status.st_size
            yield path, place


def _simple(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.casefold())
