"""Warm kernels: imported once, and yet each begins anew."""

import psutil
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

from course.authoring.warm import WarmKernelManager, close_nurseries, nursery

IMPORTS = "import json\nimport numpy as np"
CODE = """
import sys, os, random, json, numpy as np
before = "json" in sys.modules and hasattr(json, "marked")
json.marked = True
print(before, os.getpid(), os.getcwd(), random.random(), np.random.random(), "x" in globals())
x = 1
"""


def said(imports: str, folder) -> list[str]:
    notebook = new_notebook(cells=[new_code_cell(CODE)])
    config = Config({"WarmKernelManager": {"imports": imports}})
    place = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, kernel_manager_class=WarmKernelManager, config=config, resources=place).execute()
    return notebook.cells[0].outputs[0].text.split()


def test_what_one_notebook_did_is_not_in_the_next(tmp_path):
    first, second = said(IMPORTS, tmp_path), said(IMPORTS, tmp_path)
    for before, _, folder, _, _, known in (first, second):
        assert (before, folder, known) == ("False", str(tmp_path), "False")
    assert first[1] != second[1], "each is a process of its own"
    assert first[3] != second[3] and first[4] != second[4], "they draw other random numbers"


def test_only_the_last_nursery_is_kept_and_it_ends_with_its_kernels(tmp_path):
    said(IMPORTS, tmp_path)
    before = nursery(IMPORTS)
    kernel = before.kernel(["--help"], str(tmp_path), {})
    assert nursery(IMPORTS) is before and nursery("import math") is not before
    kernel.wait()
    close_nurseries()
    commands = [" ".join(process.cmdline()) for process in psutil.Process().children(recursive=True)]
    assert not [command for command in commands if "nursery.py" in command]


def test_imports_that_fail(tmp_path, capfd):
    with pytest.raises(RuntimeError, match=r"nursery.py ended with exit code 1"):
        nursery("import no_such_module").kernel([], str(tmp_path), {})
    assert "no_such_module" in capfd.readouterr().err
    close_nurseries()
