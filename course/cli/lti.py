"""Sending grades to a learning platform over LTI, and the key that the platform needs for it."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer
from rich.table import Table
from rich.text import Text

from course.cli.terminal import ClassFolder, app, console, progress_bar
from course.config import Course, Lab, load_course
from course.inbox.filenames import printable_name
from course.lms.lti.settings import LTI_FILE, read_lti_settings

if TYPE_CHECKING:
    from course.lms.lti.platform import Platform
    from course.lms.lti.send import ScoreRow
    from course.lms.lti.sent_scores import SentScores


@app.command("lti-key")
def lti_key(
    folder: ClassFolder = Path(),
    lti: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The settings; FOLDER/lti.toml if not given.")
    ] = None,
) -> None:
    """Print the public key for a learning platform, as JSON (JWK); it belongs to the private one in lti.toml."""
    from course.lms.lti.private_key import public_jwk, read_private_key

    settings = read_lti_settings(lti or folder / LTI_FILE, [lab.name for lab in load_course().labs])
    print(public_jwk(read_private_key(settings.private_key), settings.key_id))  # on one line, however narrow


def export_by_lti(
    course: Course,
    lab: Lab,
    folder: Path,
    settings_file: Path | None,
    roster: Path,
    allow_unmarked: bool,
    dry_run: bool,
    again: bool,
    database: str | None,
) -> None:
    """Send what is new; exit with 2 if somebody's grade could not be sent."""
    from course.lms.lti.gather import gather_scores
    from course.lms.lti.platform import Platform
    from course.lms.lti.private_key import read_private_key
    from course.lms.lti.send import SendOutcome, plan
    from course.lms.lti.sent_scores import SENT_FILE, SentScores

    settings = read_lti_settings(settings_file or folder / LTI_FILE, [one.name for one in course.labs])
    line_item, key = settings.line_item(lab.name), read_private_key(settings.private_key)
    sent = SentScores(folder / SENT_FILE)
    gathered = gather_scores(course, lab, folder, roster, allow_unmarked, database)
    rows = plan(gathered.scores, line_item, sent, again)
    title = f"{lab.name} to {urlsplit(line_item).hostname}"
    if dry_run:
        show_rows(f"{title}: nothing is sent", rows, gathered.remarks)
        return
    rows, problem = send_planned(rows, line_item, Platform(settings, key), sent)
    show_rows(title, rows, gathered.remarks)
    if problem:
        raise problem
    if any(row.outcome is SendOutcome.NOT_SENT for row in rows):
        raise typer.Exit(2)


def send_planned(
    planned: list["ScoreRow"], line_item: str, platform: "Platform", sent: "SentScores"
) -> tuple[list["ScoreRow"], Exception | None]:
    """Send with a progress bar; all rows, and what ended it before its time, if anything did."""
    from course.errors import LtiError
    from course.lms.lti.send import ScoreRow, SendOutcome, send

    rows: list[ScoreRow] = []
    problem: LtiError | None = None
    with progress_bar("students") as progress:
        try:
            for row in progress.track(send(planned, line_item, platform, sent), len(planned), description="grades"):
                rows.append(row)
        except LtiError as error:
            problem = error
    rest = planned[len(rows) :]
    rows += [
        ScoreRow(row.score, SendOutcome.NOT_SENT, "not tried") if row.outcome is SendOutcome.PLANNED else row
        for row in rest
    ]
    return rows, problem


def show_rows(title: str, rows: Iterable["ScoreRow"], remarks: Iterable[str]) -> None:
    """Print a table, one row a student, and the remarks."""
    from course.lms.export_base import points_for_lms

    table = Table(title=title, title_justify="left")
    for column in ("student", "user id", "points", "of", "state", "outcome"):
        table.add_column(column, overflow="fold")
    for row in rows:
        score = row.score
        cells = (
            score.student,
            printable_name(score.user_id) or "–",
            "–" if score.points is None else points_for_lms(score.points),
            points_for_lms(score.maximum),
            "to be marked" if score.waits else "final",
            f"{row.outcome}: {row.reason}" if row.reason else row.outcome,
        )
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
    for remark in remarks:
        console.print(f"- {remark}", highlight=False, markup=False)
