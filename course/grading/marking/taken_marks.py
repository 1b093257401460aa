"""Which marks were taken from which line of a table, so that a mark can be corrected in the same table.

FOLDER/marks_taken.csv has a line for each: the table's file, the line's key, and a digest of points and comment.
"""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from course.text.csv_tables import read_table
from course.text.files import write_whole

TAKEN_FILE, _COLUMNS = "marks_taken.csv", ["table", "key", "marks"]


def read_taken(folder: Path, table: Path) -> dict[str, str]:
    """The digests of the marks that were last taken from this table, by the key of the line."""
    return {key: marks for (file, key), marks in _read(folder).items() if file == str(table.resolve())}


def keep_taken(folder: Path, table: Path, marks: Mapping[str, str]) -> None:
    """Keep the digests of marks that were taken from this table, by the key of the line, beside earlier ones."""
    if not marks:
        return
    kept = _read(folder) | {(str(table.resolve()), key): digest for key, digest in marks.items()}
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    rows.writerows((file, key, digest) for (file, key), digest in sorted(kept.items()))
    write_whole(folder / TAKEN_FILE, text.getvalue())


def _read(folder: Path) -> dict[tuple[str, str], str]:
    path = folder / TAKEN_FILE
    rows = read_table(path).rows if path.is_file() else ()
    return {(row["table"], row["key"]): row["marks"] for _, row in rows}
