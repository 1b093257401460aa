"""Which marks were taken from which line of a table, so that a mark can be corrected in the same table.

FOLDER/marks_taken.csv has a line for each: the table's file, the line's key, and a digest of points and comment.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from course.text.csv_tables import read_table
from course.text.files import write_whole

TAKEN_FILE, _COLUMNS = "marks_taken.csv", ["table", "key", "marks"]


@dataclass(frozen=True)
class TakenMarks:
    """The digests of marks that were last taken from a table, by the key of its line.

    Of marks that were taken from other tables with a line of the same key, such as copies of it, `elsewhere` has the
    names of these by key and digest.
    """

    here: Mapping[str, str]
    elsewhere: Mapping[tuple[str, str], str]


def read_taken(folder: Path, table: Path) -> TakenMarks:
    """What was taken from a table, and from others."""
    name, taken = _name(folder, table), _read(folder)
    return TakenMarks(
        {key: marks for (file, key), marks in taken.items() if file == name},
        {(key, marks): file for (file, key), marks in taken.items() if file != name},
    )


def keep_taken(folder: Path, table: Path, marks: Mapping[str, str]) -> None:
    """Keep the digests of marks that were taken from this table, by the key of the line, beside earlier ones."""
    if not marks:
        return
    kept = _read(folder) | {(_name(folder, table), key): digest for key, digest in marks.items()}
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    rows.writerows((file, key, digest) for (file, key), digest in sorted(kept.items()))
    write_whole(folder / TAKEN_FILE, text.getvalue())


def _name(folder: Path, table: Path) -> str:
    """The table's path, from the folder of the class on if it lies there: then the folder may be moved."""
    whole, root = table.resolve(), folder.resolve()
    return str(whole.relative_to(root) if whole.is_relative_to(root) else whole)


def _read(folder: Path) -> dict[tuple[str, str], str]:
    path = folder / TAKEN_FILE
    rows = read_table(path).rows if path.is_file() else ()
    return {(row["table"], row["key"]): row["marks"] for _, row in rows}
