"""The browser, for all tests of a module: its event loop must be gone before other modules need one of their own."""

import pytest
from browser import opened, running_browser
from marked_class import COURSE, LAB, hand_in_class
from servers import BIN, run


@pytest.fixture(scope="module")
def browser():
    with running_browser() as browser:
        yield browser


@pytest.fixture
def visit(browser):
    """A page, and the addresses that it asks for."""
    with opened(browser) as (page, requests):
        yield page, requests


@pytest.fixture
def page(visit):
    return visit[0]


@pytest.fixture(scope="session")
def graded(tmp_path_factory):
    """The folder of a class that `course grade` has graded."""
    folder = tmp_path_factory.mktemp("class")
    hand_in_class(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_SOURCE", "bundled")
        run([BIN / "course", "grade", LAB.name, "--folder", folder], COURSE.root)
    return folder
