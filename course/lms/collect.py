"""From a submission archive of Canvas or Moodle to submitted/STUDENT/LAB/LAB.ipynb.

Students are collected one after the other, each whole or not at all; what is wrong with one is a remark and costs
nobody else anything.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from pathlib import Path

from rich.table import Table
from rich.text import Text
from traitlets.config import Config

from course.config import Lab
from course.inbox.filenames import printable_name
from course.inbox.places import Placement, Places, collected_origins
from course.inbox.roster import Person
from course.inbox.systems import System, Times
from course.lms.collect_one import Bundle, Row, collect_one
from course.lms.students import assign_ids
from course.lms.teams import FileOwner, team_members, teams_of, teams_without_files
from course.lms.unpack import ArchiveLimits, open_archive
from course.lms.uploads import UploadedFile, read_uploads, why_ambiguous, why_left_out
from course.lms.zip_entry import are_submission_times
from course.text.times import read_time, time_text

OTHER_ID = (
    "was collected before as {student}, who would be graded beside this one: delete submitted/{student}/{lab} and "
    "downloaded/{lab}/collected/{student}"
)


@dataclass(frozen=True)
class Collected:
    """What became of an archive; of the exchange, if it is of no `system`.

    `remarks` are those that concern no single student.
    """

    system: System | None
    rows: tuple[Row, ...]
    remarks: tuple[str, ...]

    @property
    def any_read(self) -> bool:
        """Whether anybody's submission could be read."""
        return any(row.outcome is not Placement.REFUSED for row in self.rows)


def collect(
    lab: Lab,
    folder: Path,
    path: Path,
    system: System | None = None,
    roster: Sequence[Person] | None = None,
    times: Times = Times.AUTO,
    limits: ArchiveLimits | None = None,
    config: Config | None = None,
    zone: tzinfo = UTC,
) -> Collected:
    """Unpack the archive at `path` into `folder`: one row a student, by id, those without an id at the end.

    `zone` is that of the local times in the archive.

    Raises
    ------
    ArchiveError
        Nothing can be read: it is no whole zip file, too large, or of neither system.
    """
    with open_archive(path, limits or ArchiveLimits(), zone) as archive:
        system, uploads, unknown_names = read_uploads(archive.entries, system, config)
        by_owner, doubts = _by_owner(uploads, lab, roster)
        names = {owner: files[0].name for owner, files in by_owner.items()}
        teams = teams_of(names, roster or ())
        individuals = {owner: name for owner, name in names.items() if owner not in teams}
        ids, reasons = assign_ids(individuals, system, roster)
        members, clashes = team_members(teams, names, ids.values(), system)
        times_trusted = are_submission_times(
            [upload.entry.time for files in by_owner.values() for upload in files], times
        )
        share = archive.limits.share(len(ids) + len(members))
        doubtful_ids = {student for student, _ in clashes}
        by_student = {
            student: FileOwner(owner) for owner, student in ids.items() if student not in doubtful_ids
        } | members
        rows = []
        for student, file_owner in sorted(by_student.items()):
            places = Places(folder.resolve(), student, lab.name)
            rows.append(
                collect_one(
                    Bundle(archive, system, lab, places, by_owner[file_owner.number], times_trusted, share, file_owner)
                )
            )
        rows = with_other_ids(rows, folder.resolve(), lab, system, by_student)
        rows += [Row(student, Placement.REFUSED, remarks=(reason,)) for student, reason in clashes]
        for owner, reason in reasons.items():
            rows.append(Row(printable_name(names[owner] or owner), Placement.REFUSED, remarks=(reason,)))
        remarks = [f"{name}: not unpacked; {reason}" for name, reason in archive.refused]
        remarks += [f"{name}: left out; {why_left_out(name, system)}" for name in unknown_names]
        remarks += doubts
        remarks += teams_without_files(teams, roster or ()) if teams else []
        if system is System.MOODLE and roster is None:
            remarks += _moodle_remarks(ids)
        if not times_trusted and times is Times.AUTO:
            table = "Moodle's grading worksheet" if system is System.MOODLE else "a table"
            remarks.append(
                "When they were handed in, the archive does not tell: its times are those of the download. If any are "
                f"late: `course times` with {table} (or `--times zip`, to take those of the archive all the same)."
            )
        return Collected(system, tuple(rows), tuple(remarks))


def with_other_ids(
    rows: Sequence[Row], folder: Path, lab: Lab, system: System, by_student: Mapping[str, FileOwner]
) -> list[Row]:
    """The rows, each with a remark if the same student or team was collected earlier under an id that is not used now.

    That happens when a class is collected without a roster first, and then with one.
    """
    earlier = defaultdict[str, list[str]](list)
    for student, origin in collected_origins(folder, lab.name):
        if origin.system == system and origin.lms_id and student not in by_student:
            earlier[origin.lms_id].append(student)
    remarks = {
        student: tuple(OTHER_ID.format(student=other, lab=lab.name) for other in earlier[by_student[student].number])
        for student in by_student
    }
    return [replace(row, remarks=(*row.remarks, *remarks[row.student])) for row in rows]


def _by_owner(
    uploads: Sequence[UploadedFile], lab: Lab, roster: Sequence[Person] | None
) -> tuple[dict[str, list[UploadedFile]], list[str]]:
    """The files of each student by the system's number, and remarks on those that could be of several."""
    lms_ids = {person.lms_id for person in roster or () if person.lms_id}
    by_owner, doubts = defaultdict(list), []
    for upload in uploads:
        if reason := why_ambiguous(upload, lab.name, lms_ids):
            doubts.append(
                f"{printable_name(str(upload.entry.path))}: left out; {reason}. With the lms_id of all students in "
                "--roster it can be told."
            )
        else:
            by_owner[upload.owner].append(upload)
    return by_owner, doubts


def _moodle_remarks(ids: dict[str, str]) -> Iterator[str]:
    if ids:
        yield (
            "All names were taken for students'. Where teams hand in together, they are those of teams, and so are "
            "Moodle's numbers: then say who is in which, --roster with a column `group`."
        )
    numbered = sorted(student for number, student in ids.items() if student.endswith(f"-{number}"))
    if numbered:
        yield (
            f"{', '.join(numbered)}: their names are not enough, so they got Moodle's number, which is another one in "
            "the next lab. Give them lasting ids with --roster."
        )


def collected_table(title: str, collected: Collected, zone: tzinfo) -> Table:
    """A Rich table, one row a student, with times in this zone."""
    table = Table(title=title, title_justify="left")
    for column in ("student", "submission", "handed in as", "time", "remarks"):
        table.add_column(column, overflow="fold")
    for row in collected.rows:
        remarks = "\n".join(row.remarks)
        time = time_text(read_time(row.time), zone) if row.time else ""
        cells = (row.student, row.outcome, row.file, time, remarks)
        table.add_row(*(Text(cell) for cell in cells))
    return table
