"""What tests of archives and exports share: a folder beside what no archive may touch, a gradebook, a platform."""

import shutil

import pytest
from lms_gradebook import NAME, Book
from lti_keys import LAB, new_key, pem, write_key
from lti_platform import CLIENT, KEY_ID, running

from course.nbgrader_api import without_library_warnings


@pytest.fixture
def outer(tmp_path):
    """A folder with things that no archive may touch, and in it the course's folder."""
    (tmp_path / "outer" / "class").mkdir(parents=True)
    for name in ("evil.ipynb", "precious.txt", "class/gradebook.db", "class/thesis.txt"):
        (tmp_path / "outer" / name).write_text("precious")
    return tmp_path / "outer"


@pytest.fixture
def folder(outer):
    return outer / "class"


@pytest.fixture
def download(outer):
    return outer.parent / "download.zip"


@pytest.fixture
def book(empty_gradebook, tmp_path):
    shutil.copy(empty_gradebook, tmp_path)
    with without_library_warnings():
        book = Book(tmp_path)
        book.add_lab(NAME)
        yield book


@pytest.fixture(scope="session")
def key():
    return new_key()


@pytest.fixture
def there(key, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with running(key.public_key()) as platform:
        yield platform
        assert not platform.count("GET ")


@pytest.fixture
def settings_file(there, key, tmp_path):
    write_key(tmp_path / "lti_key.pem", pem(key))
    path = tmp_path / "lti.toml"
    path.write_text(
        f'token_url = "{there.token_url}"\nclient_id = "{CLIENT}"\nkey_id = "{KEY_ID}"\n'
        f'private_key = "lti_key.pem"\n\n[line_items]\n{LAB} = "{there.line_item}"\n',
        "utf-8",
    )
    return path
