"""Errors of a gradebook's database, with advice on what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from course.errors import GradingError

AGAIN = "then run the same command again; what is graded is kept."
# What SQLite and PostgreSQL say, and what to do about it.
ADVICE = {
    "database is locked": f"Another program, such as another `course grade`, writes to the gradebook. Wait, {AGAIN}",
    "readonly database": f"The gradebook cannot be written by you. Change its owner or its permissions, {AGAIN}",
    "unable to open database": f"The gradebook cannot be opened or made. Look at permissions of its folder, {AGAIN}",
    "database or disk is full": f"The disk is full. Make room, {AGAIN}",
    "disk image is malformed": "The gradebook is damaged. Put a copy of it in its place, and grade again.",
    "file is not a database": "The gradebook is no database. Put a copy of it in its place, and grade again.",
    "no such column": "The gradebook is of an older nbgrader. Keep a copy of it, then: nbgrader db upgrade",
    "no such table": "The gradebook is of an older nbgrader, or none. Keep a copy of it, then: nbgrader db upgrade",
    "connection refused": f"The database does not answer. Start it, {AGAIN}",
    "password authentication failed": "The database does not know this user and password: look at --db.",
}


def database_advice(message: str) -> str | None:
    """What to do about a database's error message, or None if it is not known."""
    return next((advice for phrase, advice in ADVICE.items() if phrase in message.lower()), None)


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn a database's errors inside into `GradingError`."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        message = str(getattr(error, "orig", None) or error).strip()
        advice = database_advice(message)
        raise GradingError(f"{advice} ({message})" if advice else f"The gradebook cannot be used: {message}") from error
