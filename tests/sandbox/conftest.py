"""What tests of the sandbox share."""

import shutil
import tempfile

import pytest


@pytest.fixture(scope="module", autouse=True)
def own_folder(tmp_path_factory):
    """Where the sandboxes of these tests keep their private folders, and no others do."""
    tmp_path_factory.getbasetemp()  # made now, where it outlives these tests
    usual, tempfile.tempdir = tempfile.tempdir, tempfile.mkdtemp(prefix="b")
    yield
    shutil.rmtree(tempfile.tempdir)
    tempfile.tempdir = usual
