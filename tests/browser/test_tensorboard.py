"""TensorBoard's page of a training that was recorded as lab 8 does it: alone, and behind a server's own address."""

import sys

import pytest
from browser import expect, needs_browser
from ports import free_ports
from servers import BIN, run, running_lab, serving
from this_course import COURSE

from course.grading import demo
from course.labs.prepare import prepare_lab

pytestmark = [pytest.mark.slow, needs_browser]
SCRIPT = """from pathlib import Path
import keras
import numpy as np
{board}
callback = board("runs", units=2, learning_rate=0.001)
tiny = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
tiny.compile(optimizer="sgd", loss="mse")
tiny.fit(np.ones((8, 3)), np.ones((8, 2)), epochs=3, validation_split=0.5, verbose=0, callbacks=[callback])
"""
RUNS = [f"units=2,learning_rate=0.001/{part}" for part in ("train", "validation")]
BASE = "/user/ada/"


@pytest.fixture(scope="module")
def tensorboard(tmp_path_factory):
    """The port of a TensorBoard that shows the runs of a training with the model answer to lab 8's first task."""
    folder = tmp_path_factory.mktemp("training")
    answers = demo.model_answers(prepare_lab(COURSE, COURSE.lab("08_tensorboard")))
    run([sys.executable, "-c", SCRIPT.format(board=answers["board"])], folder)
    (port,) = free_ports(1)
    command = [BIN / "tensorboard", "--logdir", "runs", "--port", port]
    with serving(command, folder, tmp_path_factory.mktemp("home"), r"http://localhost:\d+"):
        yield port


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    """A Jupyter server whose address has a path before it, as a hub gives one to each of its users; and its token."""
    folder = tmp_path_factory.mktemp("user")
    with running_lab(folder, tmp_path_factory.mktemp("home"), f"--ServerApp.base_url={BASE}") as address:
        yield address.partition(BASE)[0] + BASE, address.partition("token=")[2]


def shows_curves(page, address):
    """The loss of both runs is drawn, on the tabs *Time Series* and *Scalars*."""
    page.goto(f"{address}#timeseries")
    card = page.locator("scalar-card", has_text="epoch_loss")
    expect(card.locator("line-chart canvas, line-chart .series-view path").first).to_be_visible()
    for name in RUNS:
        expect(card).to_contain_text(name)
    page.get_by_role("tab", name="Scalars").click()
    lines = page.locator("tf-scalar-card", has_text="tag: epoch_loss").locator("path.line[d*=L]")
    expect(lines).to_have_count(2 * len(RUNS))  # of each run one as it was, and one that is smoothed
    assert len(set(lines.evaluate_all("lines => lines.map(line => line.getAttribute('stroke'))"))) == len(RUNS)


def test_curves_are_shown(page, tensorboard):
    shows_curves(page, f"http://localhost:{tensorboard}/")


def test_curves_are_shown_behind_a_proxy(visit, tensorboard, proxy):
    page, requests = visit
    base, token = proxy
    page.goto(f"{base}lab?token={token}")  # logs in
    del requests[:]
    shows_curves(page, f"{base}proxy/{tensorboard}/")
    elsewhere = [address for address in requests if not address.startswith((base, "data:", "blob:"))]
    # TensorBoard asks for its font at the root of the host, and does without it.
    assert [address for address in elsewhere if "/font-roboto/" not in address] == []
