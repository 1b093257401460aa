"""A gradebook opened for reading alone: nbgrader's own way makes missing tables, and writes the course's id."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from nbgrader.api import Gradebook
from sqlalchemy import create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import scoped_session, sessionmaker

from course.errors import GradingError


class ReadOnlyGradebook(Gradebook):  # type: ignore[misc]  # from a library without types
    """nbgrader's gradebook, of which nothing can be changed."""

    def __init__(self, url: URL) -> None:
        """Connect; nothing is made."""
        self.engine = create_engine(url, execution_options={"postgresql_readonly": True})
        self.db = scoped_session(sessionmaker(autoflush=False, bind=self.engine))


@contextmanager
def open_read_only(address: str) -> Iterator[ReadOnlyGradebook]:
    """The gradebook at a SQLAlchemy address.

    Raises
    ------
    GradingError
        It is no address, its driver is not installed, or there is no such file.
    """
    try:
        gradebook = ReadOnlyGradebook(_read_only_url(address))
    except (ArgumentError, ImportError) as error:
        # The address itself may hold a password, and so may the library's message on it.
        message = f"{address.partition(':')[0]}:… is no address of a gradebook, or what reads it is not installed"
        raise GradingError(f"{message}. Write it as postgresql+psycopg://host/name.") from error
    try:
        yield gradebook
    finally:
        gradebook.close()


def gradebook_address(folder: Path, database: str | None) -> str:
    """The address of a folder's gradebook: the one that is given, or that of gradebook.db."""
    return database or f"sqlite:///{folder.resolve() / 'gradebook.db'}"


def address_of(text: str) -> str:
    """The address of a gradebook that is named by its address, its file, or the folder that holds gradebook.db."""
    if "://" in text:
        return text
    path = Path(text).resolve()
    return f"sqlite:///{path / 'gradebook.db' if path.is_dir() else path}"


def shown_address(text: str) -> str:
    """What a person has named as a gradebook, without a password."""
    return str(make_url(text).render_as_string(hide_password=True)) if "://" in text else text


def _read_only_url(address: str) -> URL:
    url = make_url(address)
    if url.get_backend_name() != "sqlite" or not url.database:
        return url
    if not Path(url.database).is_file():
        raise GradingError(f"There is no gradebook {url.database}. Grade first, or name another folder or gradebook.")
    return make_url(f"sqlite:///file:{quote(str(Path(url.database).resolve()))}?mode=ro&uri=true")
