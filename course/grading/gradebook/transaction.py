"""One transaction for all that nbgrader writes about a submission.

nbgrader commits after each step. Here all steps get the same connection, on which a commit ends a savepoint; the whole
is committed once, at the end, or not at all.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nbgrader.api import Gradebook
from sqlalchemy import event
from sqlalchemy.engine import Dialect

from course.errors import CourseError

_STEP = "one_step"


class Steps:
    """Part of a database connection: what its users commit or roll back are steps of one transaction."""

    def begin(self) -> None:
        """Begin with the first step."""
        self._do(f"SAVEPOINT {_STEP}")

    def commit(self) -> None:
        """End a step, and begin the next one."""
        self._do(f"RELEASE SAVEPOINT {_STEP}")
        self._do(f"SAVEPOINT {_STEP}")

    def rollback(self) -> None:
        """Undo a step."""
        self._do(f"ROLLBACK TO SAVEPOINT {_STEP}")

    def close(self) -> None:
        """Undo a step that was not committed; others may still need the connection."""
        self.rollback()

    def undo(self) -> None:
        """Undo all steps, and begin anew."""
        super().rollback()  # type: ignore[misc]  # of the connection's own class
        self.begin()

    def end(self, keep: bool) -> None:
        """Keep all steps, or none."""
        super().commit() if keep else super().rollback()  # type: ignore[misc]
        super().close()  # type: ignore[misc]

    def _do(self, statement: str) -> None:
        super().execute(statement)  # type: ignore[misc]


class SqliteSteps(Steps, sqlite3.Connection):
    """A connection to SQLite."""

    def begin(self) -> None:
        """Begin as a writer: a reader cannot become one when another process has written in the meantime."""
        self._do("BEGIN IMMEDIATE")
        super().begin()


def connect_sqlite(*arguments: Any, **settings: Any) -> SqliteSteps:
    """A connection with the arguments that SQLAlchemy would use."""
    return sqlite3.connect(*arguments, **settings, factory=SqliteSteps)


def connect_postgresql(*arguments: Any, **settings: Any) -> Steps:
    """The same for PostgreSQL; psycopg need not be installed otherwise."""
    import psycopg  # type: ignore[import-not-found]  # installed by those who use it

    class PostgresqlSteps(Steps, psycopg.Connection):  # type: ignore[misc]
        """A connection to PostgreSQL."""

    connection: Steps = PostgresqlSteps.connect(*arguments, **settings)
    return connection


CONNECT: dict[str, Callable[..., Steps]] = {"pysqlite": connect_sqlite, "psycopg": connect_postgresql}


class Transaction:
    """One transaction of this process with the gradebook."""

    def __init__(self, gradebook: Gradebook) -> None:
        """Begin with the first connection that the gradebook asks for."""
        self.gradebook = gradebook
        self.connection: Steps | None = None

    def connect(self, dialect: Dialect, record: object, arguments: list[Any], settings: dict[str, Any]) -> Steps:
        """The one connection, for every request; an event of SQLAlchemy.

        Raises
        ------
        CourseError
            The database is of another kind.
        """
        if dialect.driver not in CONNECT:
            raise CourseError(f"--db takes SQLite, and PostgreSQL through psycopg; this is {dialect.driver}.")
        if self.connection is None:
            self.connection = CONNECT[dialect.driver](*arguments, **settings)
            self.connection.begin()
        return self.connection

    def undo(self) -> None:
        """Undo all that was written so far, and let the gradebook forget it."""
        self.gradebook.db.rollback()
        if self.connection:
            self.connection.undo()


@contextmanager
def one_transaction(gradebook: Gradebook) -> Iterator[Transaction]:
    """Keep what is written to this gradebook inside if no error is raised, else nothing of it.

    The gradebook can be used again afterwards, and meanwhile holds no connection that would keep others waiting.
    """
    transaction, succeeded = Transaction(gradebook), False
    _disconnect(gradebook)
    event.listen(gradebook.engine, "do_connect", transaction.connect)
    try:
        yield transaction
        succeeded = True
    finally:
        _disconnect(gradebook)
        event.remove(gradebook.engine, "do_connect", transaction.connect)
        if transaction.connection:
            transaction.connection.end(keep=succeeded)


def _disconnect(gradebook: Gradebook) -> None:
    """Let it ask for a new connection the next time."""
    gradebook.db.remove()
    gradebook.engine.dispose()
