"""Whether a name that was typed is one of the class's students, and whom it may stand for."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from course.config import Lab
from course.errors import CourseError
from course.inbox.filenames import folded, printable_name
from course.inbox.roster import Person, bare_name, read_roster, roster_file

_CLOSE, _MOST = 0.6, 3  # how similar an id is to what was typed, and how many are suggested


def refuse_unknown(students: Sequence[str], folder: Path, labs: Sequence[Lab]) -> None:
    """See that each student is in the roster of the class for these labs, or has handed something in.

    Raises
    ------
    CourseError
        There is a roster, and someone is neither; the message suggests who may be meant.
    """
    files = {file for lab in labs if (file := roster_file(folder, None, lab.name))}
    people = {person.id: person for file in sorted(files) for person in read_roster(file)}
    submitted = folder / "submitted"
    handed_in = {entry.name for entry in submitted.iterdir()} if submitted.is_dir() else set()
    unknown = [student for student in students if student not in people and student not in handed_in]
    if files and unknown:
        where = " or ".join(str(file) for file in sorted(files))
        lines = [f"  - {printable_name(student)}{_suggestion(student, list(people.values()))}" for student in unknown]
        raise CourseError("\n".join([f"Not in {where} (column id), and nothing was handed in by:", *lines]))


def _suggestion(typed: str, people: Sequence[Person]) -> str:
    found = list(dict.fromkeys(_similar(typed, people)))[:_MOST]
    texts = [f"{person.id} ({person.name})" if person.name else person.id for person in found]
    return f": do you mean {' or '.join(texts)}?" if texts else ""


def _similar(typed: str, people: Sequence[Person]) -> Iterator[Person]:
    """Who has a word of the name, then who has an id that is written much like it."""
    words = {bare_name(word) for word in typed.split()} - {""}
    yield from (person for person in people if words & {bare_name(word) for word in person.name.split()})
    ids = {folded(person.id): person for person in people}
    yield from (ids[match] for match in get_close_matches(folded(typed), ids, _MOST, _CLOSE))
