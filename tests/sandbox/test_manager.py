"""Kernels in sandboxes do what kernels do, also for plain nbgrader."""

import asyncio
import os
import re
import shutil
import tomllib
from importlib.metadata import EntryPoint

import nbformat
import numpy as np
import pytest
from nbgrader.api import Gradebook
from sandboxed_kernel import WAYS, in_a_sandbox, kernel, refused, run
from this_course import COURSE

from course.grading import demo
from course.grading.course_nbgrader import course_nbgrader
from course.grading.execution.kernel_pair import DIGITS
from course.grading.grade import register_lab
from course.labs.sources import read_source
from course.limits import Limits
from course.nbgrader_api import failure, without_library_warnings
from course.sandbox.manager import SandboxedKernelManager, SandboxProvisioner

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("way", WAYS)
def test_interrupt_and_restart(way):
    async def try_both():
        async with kernel(**WAYS[way]) as (manager, client):
            waiting = asyncio.create_task(run(client, "import time\nfor _ in range(600): time.sleep(0.1)"))
            await asyncio.sleep(1)
            await manager.interrupt_kernel()
            interrupted = await waiting
            await run(client, "open('left', 'w').close()\nhere = 1")
            await manager.restart_kernel(now=True)
            await client.wait_for_ready(timeout=60)
            return interrupted, await run(client, "import os; print(os.listdir(), 'here' in globals())")

    interrupted, fresh = asyncio.run(try_both())
    assert interrupted.startswith("KeyboardInterrupt")
    assert fresh == "[] False"


TENSORFLOW = """
import data_utils, numpy as np, tensorflow as tf
import matplotlib.pyplot as plt
(x, y), _ = data_utils.load_mnist(64, 10)
model = tf.keras.Sequential([tf.keras.Input((28, 28, 1)), tf.keras.layers.Conv2D(4, 5), tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
loss = model.fit(x[..., None] / 255, y, verbose=0).history["loss"][0]
model.save("m.keras")
plt.imshow(x[0])
plt.savefig("digit.png")
plt.show()
import os
print(np.isfinite(loss), os.path.getsize("m.keras") > 1000, os.path.getsize("digit.png") > 1000)
"""


def test_tensorflow_trains_and_matplotlib_draws_within_the_default_limits():
    printed = in_a_sandbox(
        TENSORFLOW, limits=Limits(), environment={"MNIST_SOURCE": "bundled", "TF_CPP_MIN_LOG_LEVEL": "3"}
    )
    assert "True True True" in printed, printed


def test_own_kernel_file_and_own_digits(tmp_path):
    file = tmp_path / "kernel.py"
    file.write_text(
        "import builtins\nbuiltins.FROM_FILE = __file__\nfrom ipykernel import kernelapp\n"
        "kernelapp.launch_new_instance()\n"
    )
    images, labels = np.full((20, 28, 28), 200, np.uint8), np.arange(20, dtype=np.uint8) % 10
    np.savez(tmp_path / "own.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    code = f"import data_utils, os; data_utils.load_mnist(); print(FROM_FILE, os.path.exists({str(tmp_path)!r}))"
    printed = in_a_sandbox(
        code, kernel_file=file, environment={"MNIST_NPZ": str(tmp_path / "own.npz")}, named_files=DIGITS
    )
    assert printed.splitlines() == [
        "MNIST: 20 training and 20 test digits from MNIST_NPZ (/opt/mnist.npz).",
        "/run/kernel.py False",
    ]


def test_files_to_show_must_be_there(tmp_path):
    assert f"{tmp_path / 'none.py'}, which the sandbox is to show, does not exist" in refused(
        kernel_file=tmp_path / "none.py"
    )
    if os.getuid() == 0:
        (tmp_path / "own.npz").touch(0o600)
        assert "chmod o+r" in refused(environment={"MNIST_NPZ": str(tmp_path / "own.npz")}, named_files=DIGITS)


def test_last_words_of_a_kernel_that_does_not_start(tmp_path):
    (tmp_path / "kernel.py").write_text("raise SystemExit('the kernel says why')")
    assert "A sandbox did not start: the kernel says why" in refused(kernel_file=tmp_path / "kernel.py")
    (tmp_path / "kernel.py").write_text("def launch(argv):\n    raise SystemExit")
    assert "A sandbox did not start" in refused(kernel_file=tmp_path / "kernel.py", imports="import colorsys")


def test_the_provisioner_is_an_entry_point():
    project = tomllib.loads((COURSE.root / "pyproject.toml").read_text())["project"]
    ((name, value),) = project["entry-points"]["jupyter_client.kernel_provisioners"].items()
    assert name == SandboxedKernelManager().kernel_spec.metadata["kernel_provisioner"]["provisioner_name"]
    assert EntryPoint(name, value, "").load() is SandboxProvisioner


CHEAT = """
import os
from pathlib import Path
for folder in (Path.cwd(), *Path.cwd().parents, Path({folder!r})):
    for name in ("gradebook.db", "stolen"):
        try:
            (folder / name).write_text("all points to eve")
        except OSError:
            pass
print("I am", os.getuid(), "and wrote into", os.getcwd())
"""


def test_plain_nbgrader_runs_in_a_sandbox_or_not_at_all(tmp_path, monkeypatch):
    """As `nbgrader autograde` and Formgrader do: with nbgrader_config.py and nothing of ours around it."""
    lab = COURSE.labs[0]
    blank = nbformat.read(COURSE.released(lab), as_version=4)
    notebook = demo.fill_in(blank, demo.model_answers(read_source(COURSE.source(lab))))
    notebook.cells.insert(1, nbformat.v4.new_code_cell(CHEAT.format(folder=str(tmp_path))))
    demo.hand_in(tmp_path, lab, "eve", notebook)
    with without_library_warnings():
        api = course_nbgrader(COURSE, tmp_path)
        register_lab(api, lab)
        with monkeypatch.context() as patched:
            which = shutil.which
            patched.setattr(shutil, "which", lambda name: None if name == "bwrap" else which(name))
            refusal = failure(api.autograde(lab.name, "eve"))
        result = api.autograde(lab.name, "eve")
    assert "SandboxError: The program bwrap is missing. Install it: sudo apt-get install bubblewrap" in refusal
    assert result["success"], result
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db", COURSE.id) as gradebook:
        assert gradebook.find_submission(lab.name, "eve").score == 18
    graded = nbformat.read(tmp_path / "autograded" / "eve" / lab.name / f"{lab.name}.ipynb", as_version=4)
    said = next(cell.outputs[0].text for cell in graded.cells if "stolen" in cell.source)
    assert re.fullmatch(r"I am [1-9]\d* and wrote into /tmp/work\n", said)
    assert not list(tmp_path.rglob("stolen"))
