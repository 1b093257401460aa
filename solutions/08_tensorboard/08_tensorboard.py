# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 8 · TensorBoard, and what the curves really say
#
# A training that leaves no trace cannot be compared, explained or repeated. TensorBoard records trainings and shows
# them: Keras writes down what happens, and a page in the browser draws it.
#
# ## What you will do
#
# You give every training a folder of its own, train LeNet with the recorder on, and read its losses back from the
# files. You decide when a training should stop, tell a better setting from a lucky one, and open TensorBoard itself.
#
# ## What you will learn
#
# - Record a training with the TensorBoard callback, and keep runs apart.
# - Read scalars from event files in Python, without losing any of them, and record pictures of your own.
# - Spot overfitting, choose the epoch to keep, and know what loss, accuracy and smoothed curves say about it.
# - Compare settings by several runs of each, and tell a difference from noise.
# - Open TensorBoard in JupyterLab, in Colab, on a hub and from the command line, and close it again.
#
# ## What you need
#
# Lab 3 (training, validation, callbacks) and lab 4 (LeNet). You need not know TensorBoard.

# %% [markdown] tags=["stamp-facts"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/cnn-labs/cnn-labs-students/blob/main/labs/08_tensorboard/08_tensorboard.ipynb)
# [![Open in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/cnn-labs/cnn-labs-students/main?urlpath=lab/tree/labs/08_tensorboard/08_tensorboard.ipynb)
#
# **20 points** · plan about 100 minutes · *Run All* of the finished lab takes about 1.4 minutes and 1.0 GiB of memory (measured on 2 cores)

# %% [markdown]
# ## Set-up

# %% tags=["stamp-setup"]
# Run this cell first. Where the course's helper package is missing, as in Colab, or older than this lab, it is
# installed, once.
import importlib
import importlib.util
import os
import pathlib
import subprocess
import sys

names_needed = ["beside_answer", "build_lenet", "explain_errors", "load_mnist", "plot_images"]
helper = importlib.util.find_spec("data_utils")
helper_text = pathlib.Path(helper.origin).read_text("utf-8") if helper and helper.origin else ""
if not helper_text or not all(f'"{name}"' in helper_text for name in names_needed):
    source = os.environ.get("CNN_LABS_SOURCE", "https://github.com/cnn-labs/cnn-labs-students/archive/main.zip")
    command = [sys.executable, "-m", "pip", "install", "--quiet", source]
    if helper_text:  # an older one: it is replaced, and nothing else
        command += ["--force-reinstall", "--no-deps"]
    if subprocess.run(command, check=False).returncode:
        raise ImportError(f"data_utils could not be installed from {source}. Is there a network? Run this again.")
    importlib.invalidate_caches()
    print("data_utils, the course's helper package, is installed. If an import below fails all the same, restart the")
    print("kernel (in Colab: Runtime > Restart session), and run the notebook from its first cell.")

# %% [markdown]
# These numbers set how much data and time the lab takes. They are small, so that *Run All* is quick; the comments
# give the values of the full experiment.

# %% tags=["parameters"]
N_TRAIN = 2_000  # full run: 60_000
N_TEST = 1_000  # full run: 10_000
EPOCHS = 12  # full run: 20
SMALL_EPOCHS = 30  # full run: 30
TRIALS = 5  # full run: 5

# %% tags=["remove-stderr"]
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # fewer start-up notes; those that remain need no action

import atexit
import contextlib
import logging
import tempfile
import threading
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import psutil
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from data_utils import build_lenet, explain_errors, load_mnist, plot_images

for name in ("tensorflow", "tensorboard"):
    logging.getLogger(name).setLevel(logging.ERROR)
keras.utils.set_random_seed(1)  # the same random numbers at every run
(x_train, y_train), (x_test, y_test) = load_mnist(N_TRAIN, N_TEST)

# %% [markdown]
# `build_lenet`, imported above, makes the LeNet of lab 4, not compiled yet. `build_small` makes a compiled network with
# a single hidden layer. It learns from `X_few` and is validated on `X_val`, up to 1,000 digits each. All records go
# into the folder `RUNS`, which is temporary: it disappears with the notebook's kernel.


# %%
def build_small(learning_rate=0.001):
    """A dense network for digits of shape (28, 28, 1) and labels 0 to 9, compiled with Adam."""
    hidden = keras.layers.Dense(128, activation="relu")
    output = keras.layers.Dense(10, activation="softmax")
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), hidden, output], name="small")
    adam = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=adam, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


X_train, X_test = (images[..., np.newaxis].astype("float32") / 255 for images in (x_train, x_test))
Y_train, Y_test = np.eye(10, dtype="float32")[y_train], np.eye(10, dtype="float32")[y_test]
half = min(1_000, len(X_train) // 2)  # for the small network: digits to learn from, and as many others to validate on
X_few, y_few, X_val, y_val = X_train[:half], y_train[:half], X_train[half : 2 * half], y_train[half : 2 * half]

workplace = tempfile.TemporaryDirectory(prefix="tensorboard_lab_")
RUNS = Path(workplace.name) / "runs"

# %% [markdown]
# ## Part 1 · Leave a trace
#
# The callback `keras.callbacks.TensorBoard` keeps a record of a training. Its most important settings:
#
# - `log_dir`, the folder to write into;
# - `write_graph=True`: record how the layers are connected, once;
# - `histogram_freq=1`: record after *every* epoch how the weights of each layer are spread (0, the default: never).
#
# Loss, metrics and learning rate are recorded at every epoch anyway. They are **scalars**: single numbers that change
# over time. The callback writes them into **event files**: an *event* is one value with the **step** at which it was
# recorded (here the epoch).
#
# ### Task 1 · A folder for each run (4 points)
#
# One training is called a **run**, and to TensorBoard every folder that holds event files is one run. If two trainings
# write into the same folder, it takes them for one: either it shows the second curve only, as if the first were lost,
# or a single curve that jumps back to the start. This happens whenever a cell that trains is run twice.
#
# Write `board(root, **settings)`, which returns a `keras.callbacks.TensorBoard` with `write_graph=True` and
# `histogram_freq=1` that writes into a folder of its own.
#
# - The folder lies directly in `root` (a string or a `Path`, which need not exist yet).
# - Its name states each setting with its value: `board(root, units=32, learning_rate=0.001)` writes into a folder such
#   as `units=32,learning_rate=0.001`. Without settings it is called `run`. (A value is a number or a word, without
#   characters that a folder's name cannot have.)
# - A folder that exists is never used again. The second call with the same settings gets another name, say with `_2`
#   at the end, the third `_3`, and so on. So `board` itself must make the folder, at once: Keras makes it only when the
#   training begins.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Do one thing after the other: the name, a folder that is free, making it, the callback. What does the name become when
# there are no settings?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# In the function, `settings` is a dictionary. Join `f"{name}={value}"` for its items with commas. Then count up until
# `(Path(root) / candidate).exists()` is false. `folder.mkdir(parents=True)` makes a folder and those above it.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "board", "locked": false, "schema_version": 3, "solution": true, "task": false}
def board(root, **settings):
    """A TensorBoard callback that writes into a new folder in root, named after the settings."""
    ### BEGIN SOLUTION
    name = ",".join(f"{setting}={value}" for setting, value in settings.items()) or "run"
    folder, number = Path(root) / name, 1
    while folder.exists():
        number += 1
        folder = Path(root) / f"{name}_{number}"
    folder.mkdir(parents=True)
    return keras.callbacks.TensorBoard(str(folder), write_graph=True, histogram_freq=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-board", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
from data_utils import beside_answer


@beside_answer
def _boards(root, calls, trained):
    """Call board with each of these settings, then train a tiny network with the first so many; the classes."""
    callbacks = [board(root, **settings) for settings in calls]
    kinds = [type(one).__name__ for one in callbacks]
    if not all(isinstance(one, keras.callbacks.TensorBoard) for one in callbacks):
        return kinds
    for callback in callbacks[:trained]:
        tiny = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="tiny_dense")], name="tiny")
        tiny.compile(optimizer="sgd", loss="mse")
        tiny.fit(np.ones((8, 3)), np.ones((8, 2)), epochs=2, validation_split=0.5, verbose=0, callbacks=[callback])
    return ["TensorBoard"] * len(kinds)


def _made(root, calls, trained):
    """The same; an error becomes a sentence, and anything but a TensorBoard, too."""
    training = "; or a training with its callback" if trained else ""
    given = ", then with ".join(str(settings) for settings in calls[:3]) + (", and so on" if calls[3:] else "")
    with explain_errors(f"board, with root as a {type(root).__name__}, and with the settings {given}{training}"):
        kinds = _boards(root, calls, trained)
    assert "NoneType" not in kinds, "board returns nothing. Is there a `return`?"
    others = [kind for kind in kinds if kind != "TensorBoard"]
    assert not others, f"board must return a keras.callbacks.TensorBoard; it returns a {others[0]}."


def _folders_in(root):
    """Names of the folders directly in root."""
    return sorted(path.name for path in Path(root).iterdir() if path.is_dir()) if Path(root).is_dir() else []


with tempfile.TemporaryDirectory() as place:
    _made(Path(place) / "new" / "runs", [{"units": 32, "learning_rate": 0.001}], 0)
    made = _folders_in(Path(place) / "new" / "runs")
    assert len(made) == 1, f"board must make one folder directly in root, at once; root now holds {made}."
    for part in ("units", "32", "learning_rate", "0.001"):
        assert part in made[0], (
            f"The name of the folder must tell each setting and its value; {made[0]!r} lacks {part!r}."
        )
with tempfile.TemporaryDirectory() as place:
    _made(place, [{}], 0)
    made = _folders_in(place)
    assert made == ["run"], f"Without settings the folder must be called 'run'; root now holds {made}."
    _made(place, [{}, {"units": 8}, {"units": 8}], 0)
    made = _folders_in(place)
    assert len(made) == 4, (
        "Two calls without settings and two with units=8 must make four folders, each with a name of its own; root now "
        f"holds {made}."
    )
with tempfile.TemporaryDirectory() as place:
    _made(Path(place) / "new" / "runs", [{"units": 32, "learning_rate": 0.001}], 1)
    made = _folders_in(Path(place) / "new" / "runs")
    assert len(made) == 1, (
        f"After a training with the callback, root holds {made}: the records must go into the run's own folder. Is it "
        "the log_dir of the callback?"
    )
    inside = _folders_in(Path(place) / "new" / "runs" / made[0])
    assert inside == ["train", "validation"], (
        f"After a training the folder {made[0]!r} must hold 'train' and 'validation'; it holds {inside}. Is "
        "it the log_dir of the callback?"
    )
    run_folder = Path(place) / "new" / "runs" / made[0]
    stored = EventAccumulator(str(run_folder / "train"), size_guidance={"tensors": 0})
    stored.Reload()
    tags = stored.Tags()["tensors"]
    assert "keras" in tags, "The layers of the network are not recorded. Set write_graph=True."
    weights = [tag for tag in tags if tag.endswith("kernel/histogram")]
    assert weights, "The weights are not recorded. Set histogram_freq=1."
    assert sorted({event.step for event in stored.Tensors(weights[0])}) == [0, 1], (
        "The weights must be recorded after every epoch: histogram_freq=1."
    )
    ### BEGIN HIDDEN TESTS
with tempfile.TemporaryDirectory() as place:
    _made(place, [{"dropout": 0.5, "activation": "relu"}] * 5, 2)
    made = _folders_in(place)
    assert len(made) == 5, (
        "Five calls with the same settings must make five folders, even within a second; there are "
        f"{len(made)}: {made}."
    )
    assert all("dropout" in name and "0.5" in name and "relu" in name for name in made), (
        f"Each folder's name must tell all settings; they are {made}."
    )
    filled = [name for name in made if list((Path(place) / name / "train").glob("*"))]
    assert len(filled) == 2, f"Two runs with the same settings wrote into {len(filled)} folders. Each needs its own."
    kept = {path: path.stat().st_size for path in Path(place).rglob("*") if path.is_file()}
    _made(place, [{"dropout": 0.25, "activation": "relu"}, {"dropout": 0.5, "activation": "relu"}, {}], 0)
    assert len(_folders_in(place)) == 8, (
        f"Three more calls must make three more folders; there are {_folders_in(place)}."
    )
    now = {path: path.stat().st_size for path in Path(place).rglob("*") if path.is_file()}
    assert now == kept, "board changes or deletes the records of earlier runs."
with tempfile.TemporaryDirectory() as place:
    (Path(place) / "run").mkdir()
    _made(place, [{}, {}, {}], 0)
    made = _folders_in(place)
    assert len(made) == 4, (
        "Where a folder 'run' was there before board was first called, as after a restart of the kernel, three calls "
        f"must make three more; root now holds {made}."
    )
    (Path(place) / made[1]).rmdir()
    _made(place, [{}, {}], 0)
    assert len(_folders_in(place)) == 5, (
        f"Of {made}, {made[1]!r} was deleted. Two calls more must make two folders more; root now holds "
        f"{_folders_in(place)}. Is the number counted up until the folder is free?"
    )
    _made(place, [{"learning_rate": 0.00025}], 0)
    assert any("0.00025" in name for name in _folders_in(place)), (
        f"The name must tell the value as it is, 0.00025; root now holds {_folders_in(place)}."
    )
    ### END HIDDEN TESTS
assert not Path(place).exists(), "The folder of this test could not be deleted: is a file in it open?"
print("All tests shown here pass. With the hidden tests of grading, this task gives 4 points.")

# %% [markdown]
# ### The published training, recorded
#
# A published lab (see the references) trained LeNet for 20 epochs with this callback. Here it is on a small scale, with
# your `board`:

# %%
lenet = build_lenet()
lenet.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
recorder = board(RUNS, net="lenet", batch_size=128)
lenet.fit(X_train, Y_train, batch_size=128, epochs=EPOCHS, validation_split=0.2, verbose=0, callbacks=[recorder])
test_loss, test_accuracy = lenet.evaluate(X_test, Y_test, verbose=0)
print(f"test accuracy {test_accuracy:.4f}, test loss {test_loss:.4f}")
lenet_run = Path(recorder.log_dir)
for path in sorted(lenet_run.rglob("*.v2")):
    print(f"{path.parent.relative_to(RUNS)}: {path.name[:20]}…, {path.stat().st_size / 1000:.0f} kB")

# %% [markdown]
# **What to see.** The run's folder holds two more, `train` and `validation`, with one event file each. To TensorBoard
# these are two runs whose series have the same names, so two curves of the same name share one figure.
#
# ## Part 2 · Read the records
#
# TensorBoard's page is for looking. For a table, a figure or an automatic choice you need the numbers.
#
# ### Task 2 · Read a scalar (3 points)
#
# `EventAccumulator(folder)` reads the event files that lie *directly* in one folder (a string), so give it the folder
# of `train` or of `validation`. `Reload()` makes it read. Then `Tags()` lists what is there: each series has a name,
# its **tag**. You need two of Keras's: `epoch_loss` and `epoch_accuracy`, which are in both folders. Three things go
# wrong at first:
#
# - Keras and TensorFlow 2 store everything as a **tensor**, a scalar as one without axes. So a series is not found
#   under `Scalars(tag)` but under `Tensors(tag)`. This is a list of events; each has a `step` and a `tensor_proto`,
#   which `tf.make_ndarray(event.tensor_proto)` unpacks.
# - To save memory, the accumulator keeps only **ten** events of such a tag, drawn *at random*, and says nothing.
#   `EventAccumulator(folder, size_guidance={"tensors": 0})` keeps all of them.
# - Steps begin at 0: what `fit` calls epoch 1 is step 0 here.
#
# Write `scalars(folder, tag)`, which returns the whole series as a list of pairs `(step, value)`, an `int` and a
# `float`, in the order in which they were recorded. `folder` is a string or a `Path` and holds the event files itself.
# For a tag that is not there, a `KeyError` must be raised (the accumulator does that by itself).
#
# <details><summary>Hint 1: a nudge</summary>
#
# Look before you write: make an accumulator of `str(lenet_run / "train")`, call `Reload()`, and print `Tags()`. Under
# which of its headings do you find `epoch_loss`?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Make the accumulator of `str(folder)`, with the `size_guidance` that keeps all events. Call `Reload()`, and go through
# `Tensors(tag)` in a list comprehension. `float(...)` works on an array that holds one number.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "scalars", "locked": false, "schema_version": 3, "solution": true, "task": false}
def scalars(folder, tag):
    """All values of a tag in the event files of this folder: a list of (step, value)."""
    ### BEGIN SOLUTION
    stored = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    stored.Reload()
    return [(event.step, float(tf.make_ndarray(event.tensor_proto))) for event in stored.Tensors(tag)]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-scalars", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
def _record(folder, series):
    """Write an event file: series maps each tag to its (step, value) pairs."""
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default():
        for tag, pairs in series.items():
            for step, value in pairs:
                tf.summary.scalar(tag, value, step=step)
    writer.close()


def _check_scalars(folder, pairs, tag):
    """Compare what scalars returns with what was recorded."""
    advice = "Is it the folder that was given, was `Reload()` called, and are the values read from `Tensors`?"
    with explain_errors(f"For {tag!r}, which is in the folder, scalars", advice):
        found = scalars(folder, tag)
    assert found is not None, "scalars returns nothing. Is there a `return`?"
    assert isinstance(found, (list, tuple, np.ndarray)), (
        f"scalars must return a list of pairs; it returns a {type(found).__name__}."
    )
    assert len(found) == len(pairs), (
        f"{len(pairs)} values were recorded under {tag!r}, scalars returns {len(found)}. Does it read the folder that "
        "it is given?"
        + (" The accumulator keeps ten events unless size_guidance says more." if len(found) == 10 else "")
    )
    assert all(isinstance(pair, (list, tuple, np.ndarray)) and len(pair) == 2 for pair in found), (
        f"scalars must return pairs (step, value); the first entry is {found[0]!r}."
    )
    numbers = (int, float, np.number, np.ndarray)
    assert all(isinstance(part, numbers) and np.ndim(part) == 0 for pair in found for part in pair), (
        f"Steps and values must be numbers; the first entry is {found[0]!r}. `tf.make_ndarray` unpacks a value."
    )
    assert isinstance(found, np.ndarray) or all(isinstance(step, (int, np.integer)) for step, _ in found), (
        f"The steps must be whole numbers, int; the first entry is {found[0]!r}."
    )
    steps, values = [float(step) for step, _ in found], [float(value) for _, value in found]
    assert steps == [step for step, _ in pairs], (
        f"The steps of {tag!r} must be as recorded, {[step for step, _ in pairs]}; scalars gives {steps}."
    )
    recorded = [float(value) for _, value in pairs]
    worst = int(np.abs(np.subtract(values, recorded)).argmax())
    assert np.allclose(values, recorded, atol=1e-6), (
        f"Under {tag!r}, {recorded[worst]:.7g} was recorded at step {steps[worst]:g}; scalars gives "
        f"{values[worst]:.7g}."
    )


with tempfile.TemporaryDirectory() as place:
    short = {
        "epoch_loss": [(0, 0.5), (1, 0.25), (2, 0.125)],
        "epoch_accuracy": [(0, 0.75), (1, 0.875), (2, 0.9375)],
        "own": [(5 * number, number / 16) for number in range(14)],
    }
    _record(place, short)
    for tag, pairs in short.items():
        _check_scalars(place, pairs, tag)
    raised = ""
    try:
        found = scalars(place, "epoch_lost")
    except Exception as error:
        raised, found = type(error).__name__, f"an error of another kind, {type(error).__name__}: {error}"
    assert raised == "KeyError", (
        f"A tag that is not in the folder must raise a KeyError; for 'epoch_lost' scalars gives {found!r}."
    )
    ### BEGIN HIDDEN TESTS
    rng = np.random.default_rng(21)
    long = {
        "a/b": [(3 * step + 2, float(rng.normal())) for step in range(300)],
        "one": [(7, -2.5)],
        "ten": [(step, step / 8) for step in range(11)],
        "to and fro": [(4, 0.5), (2, 0.25), (2, 0.75), (7, 1.0)],
    }
    folder = Path(place) / "deeper" / "validation"
    _record(folder, long)
    for tag, pairs in long.items():
        _check_scalars(folder, pairs, tag)
    tiny = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)], name="tiny")
    tiny.compile(optimizer="sgd", loss="mse")
    inputs = rng.normal(size=(20, 3)).astype("float32")
    record = tiny.fit(
        inputs,
        inputs[:, :1],
        epochs=13,
        validation_split=0.5,
        verbose=0,
        callbacks=[keras.callbacks.TensorBoard(str(Path(place) / "keras"))],
    ).history
    for part, key in [("train", "loss"), ("validation", "val_loss")]:
        _check_scalars(Path(place) / "keras" / part, list(enumerate(record[key])), "epoch_loss")
    ### END HIDDEN TESTS
assert not Path(place).exists(), "The folder of this test could not be deleted: is a file in it open?"
print("All tests shown here pass. With the hidden tests of grading, this task gives 3 points.")

# %%
BLUE = {"color": "#0072B2", "marker": "o", "markersize": 4}
ORANGE = {"color": "#D55E00", "marker": "s", "markersize": 4, "linestyle": "--"}


def draw_run(folder, title):
    """Draw loss and accuracy of a run from its event files; the two axes."""
    _, grid = plt.subplots(1, 2, figsize=(9.5, 3.4), layout="constrained")
    for axes, metric in zip(grid, ("loss", "accuracy")):
        for part, style in [("train", BLUE), ("validation", ORANGE)]:
            steps, values = zip(*scalars(folder / part, f"epoch_{metric}"))
            axes.plot(np.add(steps, 1), values, label=part, **style)
        axes.set(xlabel="epoch (step + 1)", ylabel=metric, title=f"{title}, epoch_{metric}")
        axes.grid(alpha=0.3)
        axes.legend()
    return grid


draw_run(lenet_run, "LeNet")
plt.show()

# %% [markdown]
# **What to see.** The curves of the published training, drawn from its event files alone. With so few digits, training
# loss falls on towards zero (solid, circles), while validation loss (dashed, squares) soon hardly falls any more, and
# jumps. Part 4 comes back to this curve.
#
# ## Part 3 · Records of your own
#
# The callback records what Keras knows. Anything else you record yourself. A **writer** makes an event file in a
# folder. Inside `with writer.as_default():` the functions of `tf.summary` write through it, each with a tag and a step.
# `writer.close()` ends the file.
#
# The next cell records digits that your LeNet gets wrong. `tf.summary.image` takes images with four axes (n, height,
# width, channels), and values from 0 to 1. It writes the first *three* only, without a word, unless `max_outputs` asks
# for more.

# %%
answers = lenet.predict(X_test, verbose=0).argmax(axis=1)
wrong = np.flatnonzero(answers != y_test)[:10]
writer = tf.summary.create_file_writer(str(RUNS / "pictures"))
with writer.as_default():
    tf.summary.image("wrong", X_test[wrong], step=0, max_outputs=10)
writer.close()
plot_images(x_test[wrong], labels=y_test[wrong], predictions=answers[wrong])
plt.show()

# %% [markdown]
# **What to see.** Up to ten test digits that your LeNet takes for another one. In TensorBoard you find them under the
# tab *Images*, white on black.
#
# ## Part 4 · One run: which epoch to keep?
#
# ### Task 3 · When to stop (5 points)
#
# A network with many weights and few digits can learn them by heart. You see this when the loss on the training digits
# goes on falling, while the loss on unseen digits has turned and rises. This is **overfitting**. Then the network to
# keep is not that of the last epoch but that of the turning point, where validation loss was lowest.
#
# Validation loss jumps: one epoch that is worse need not be the turning point. So **early stopping** waits. It ends the
# training as soon as a number of epochs in a row, the **patience**, brought no new best value, and goes back to the
# weights of the best epoch. Take the losses
#
# | epoch | 1 | 2 | 3 | 4 | 5 | 6 | 7 |
# | --- | --- | --- | --- | --- | --- | --- | --- |
# | validation loss | 0.9 | 0.6 | 0.7 | 0.5 | 0.6 | 0.7 | 0.4 |
#
# With patience 1 the training ends after epoch 3, and epoch 2 is kept. With patience 2 it ends after epoch 6, and epoch
# 4 is kept; it never sees that epoch 7 is better still. With patience 3 it runs to the end and keeps epoch 7.
#
# Write `stop_early(values, patience, lowest=True)`, which goes through a recorded curve as if the training were
# running. `values` is a list, one value an epoch; `patience` is 1 or more. Return a tuple `(stopped, kept)`, two epochs
# counted from 1:
#
# - `stopped`: the epoch after which the training ends. It is the first one that completes `patience` epochs in a row
#   without a new best value; if there is none, it is the last epoch.
# - `kept`: of the epochs up to `stopped`, the one with the best value. Best is the lowest, as for a loss; if `lowest`
#   is false it is the highest, as for an accuracy.
#
# Only a value that is *better* than all before it is a new best one. An equal value is not, and neither is NaN (*not a
# number*, which a loss becomes when the weights explode). The first value is a number. `values` stays as it is.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Play it with the table above and patience 2, a finger on the epoch. Which two things must you remember from the epochs
# before? When do they change?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# A loop with `enumerate(values, start=1)` gives epoch and value. Remember the best value so far, and its epoch. If the
# new value is better, it takes their place. If not: how many epochs ago was the best one? A `return` in the loop ends
# the training; one behind the loop is for a training that ran to the end. Every comparison with NaN is false, so ask
# whether the new value is better, not whether it is worse. And the highest of some numbers is the lowest of their
# negatives.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# A game of dice ends when three throws in a row brought no six.
#
# ```python
# last_six = 0
# for number, throw in enumerate([6, 2, 6, 6, 1, 3, 5, 6], start=1):
#     if throw == 6:
#         last_six = number
#     if number - last_six == 3:
#         print(f"over after throw {number}, the last six was throw {last_six}")  # over after throw 7, … throw 4
#         break
# print(float("nan") < 0.5, float("nan") > 0.5, float("nan") == 0.5)  # False False False
# ```
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "stop-early", "locked": false, "schema_version": 3, "solution": true, "task": false}
def stop_early(values, patience, lowest=True):
    """Early stopping on a recorded curve: the epoch after which it stops and the epoch it keeps, both from 1."""
    ### BEGIN SOLUTION
    best = kept = None
    for epoch, value in enumerate(values, start=1):
        height = value if lowest else -value
        if best is None or height < best:
            best, kept = height, epoch
        elif epoch - kept == patience:
            return epoch, kept
    return len(values), kept
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-stop-early", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
def _check_stop(values, patience, expected, why="", **named):
    """Compare the two epochs with what must come out."""
    call = f"stop_early({values}, {patience}{', lowest=False' if named else ''})"
    given = list(values)
    with explain_errors(call):
        found = stop_early(given, patience, **named)
    assert found is not None, f"{call} returns nothing. Is there a `return` for every way through the function?"
    pair = isinstance(found, (tuple, list)) and len(found) == 2 or isinstance(found, np.ndarray) and found.shape == (2,)
    assert pair, f"stop_early must return two epochs, (stopped, kept); {call} gives {found!r}."
    assert all(isinstance(epoch, (int, np.integer)) for epoch in found), (
        f"Both epochs must be whole numbers, int; {call} gives {found!r}."
    )
    assert repr(given) == repr(list(values)), f"stop_early changes the list it is given: {values} became {given}."
    stopped, kept = (float(epoch) for epoch in found)
    assert stopped == expected[0], (
        f"{call}: the training ends after epoch {expected[0]}{why}; stop_early says {stopped:g}."
    )
    assert kept == expected[1], f"{call}: the epoch to keep is {expected[1]}{why}; stop_early says {kept:g}."


nan = float("nan")
table = [0.9, 0.6, 0.7, 0.5, 0.6, 0.7, 0.4]
_check_stop(table, 1, (3, 2))
_check_stop(table, 2, (6, 4), ", as epochs 5 and 6 are both worse than epoch 4, and what follows is not seen any more")
_check_stop(table, 3, (7, 7))
_highest = ", as the highest accuracy is the best (lowest=False), and an equal one is no better"
_check_stop([0.5, 0.75, 0.75, 0.625], 2, (4, 2), _highest, lowest=False)
_check_stop([0.8, 0.4, nan, nan, nan, nan], 3, (5, 2), ", as NaN is no better value")
_check_stop([0.5, 0.75, 0.625, 0.5, 0.25], 3, (4, 1), ", as none of the epochs 2, 3 and 4 is better than epoch 1")
### BEGIN HIDDEN TESTS
_check_stop([0.9, 0.8, 0.7, 0.6], 1, (4, 4), ", as every epoch is better than the one before")
_check_stop([0.5, 0.75, 0.625, 0.375, 0.5, 0.25], 3, (6, 6), ", as the wait begins anew with each best value")
_check_stop([0.5, 0.75, 0.625, 0.625, 0.5, 0.25, 0.75], 9, (7, 6), ", as the patience is longer than the run")
_check_stop([0.5, 0.25, 0.25, 0.25, 0.125], 2, (4, 2), ", as an equal loss is no better one")
_check_stop([0.5, nan, 0.25, nan, nan, 0.125], 3, (6, 6), ", as a new best value ends the wait")
_check_stop([0.5, nan, 0.25, nan, 0.375, 0.125], 3, (6, 6), ", as two epochs without a better value are not three")
_check_stop([0.25, 0.5, nan, nan], 2, (3, 1), ", as neither 0.5 nor NaN is better than 0.25", lowest=True)
_check_stop([0.25, 0.5, nan, 0.375, 0.75], 2, (4, 2), ", as neither NaN nor 0.375 is higher than 0.5", lowest=False)
_check_stop([-1.5, -2.0, -1.75, -3.0], 2, (4, 4), ", as −3 is the lowest of all")
_check_stop([-1.5, -2.0, -1.75, -3.0], 2, (3, 1), ", as −1.5 is the highest of all", lowest=False)
_check_stop([0.0, 0.5, 0.0, 1.0], 2, (4, 4), ", as 1 is the highest of all", lowest=False)
_check_stop([0.5, 0.0, 0.25, 0.125], 2, (4, 2), ", as nothing is lower than 0")
_check_stop([2.5, 1000.0, 800.0, 900.0], 3, (4, 1), ", as nothing is lower than 2.5")
_check_stop([0.3, 0.2999, 0.2998, 0.2997], 1, (4, 4), ", as a little better is better")
_check_stop([0.5, 0.499999, 0.499998], 1, (3, 3), ", as a very little better is better")
_check_stop([3e12, 2e12, 4e12], 1, (3, 2), ", as 2e12 is the lowest of all")
_check_stop([-3e12, -2e12, -4e12], 1, (3, 2), ", as −2e12 is the highest of all", lowest=False)
_check_stop([0.5, 0.25, 0.375, 0.75, 0.5], 3, (5, 4), ", as 0.75 ends the wait in time", lowest=False)
_check_stop([0.75], 1, (1, 1), ", as there is one epoch only")
_check_stop([0.75, 0.75], 1, (2, 1), ", as an equal loss is no better one")
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 5 points.")

# %%
handful = min(200, half)
validation = {"validation_data": (X_val, y_val), "validation_batch_size": 500}
few = (X_few[:handful], y_few[:handful])
recorder = board(RUNS, net="small", digits=handful)
keras.utils.set_random_seed(1)
build_small(0.003).fit(*few, **validation, batch_size=50, epochs=SMALL_EPOCHS, verbose=0, callbacks=[recorder])
small_run = Path(recorder.log_dir)
for axes, metric in zip(draw_run(small_run, f"small, {handful} digits"), ("loss", "accuracy")):
    values = [value for _, value in scalars(small_run / "validation", f"epoch_{metric}")]
    _, best = stop_early(values, SMALL_EPOCHS, lowest=metric == "loss")  # so patient that it sees the whole curve
    axes.axvline(best, color="0.4", linestyle=":", label=f"best epoch, {best}")
    axes.legend()
plt.show()
for name, folder in [("LeNet", lenet_run), ("small", small_run)]:
    losses = [value for _, value in scalars(folder / "validation", "epoch_loss")]
    for patience in (1, 3, 10):
        stopped, kept = stop_early(losses, patience)
        print(f"{name}, patience {patience:2}: stops after epoch {stopped}, keeps {kept} (loss {losses[kept - 1]:.3f})")

# %% [markdown]
# **What to see.** The figure shows the small network, which learned from 200 digits only. Its training loss goes to
# zero; its validation loss turns and rises. Is your best epoch typical? To find out, we ran this training 14 times with
# the bundled digits, with `set_random_seed(1)` to `set_random_seed(14)`. The validation loss was lowest at epoch 6, 7,
# 8 or 9.
#
# **Patience.** The printed lines play early stopping on two recorded runs: LeNet's of Part 1, and this one. LeNet's
# loss jumps. We ran its training 8 times: in 7 of the 8, patience 1 stopped before the best epoch. The small network's
# loss hardly jumps, and patience 1 was enough in all 14 trainings. More patience is safer, but each training takes
# longer.
#
# **When loss and accuracy disagree.** Look at the small network after its best epoch. In our 14 trainings the
# validation loss rose by 13 to 18 % from there to epoch 30. Meanwhile the accuracy hardly changed: at epoch 30 it was
# at most 1.3 percentage points higher or lower than at the best epoch. How can that be? Accuracy counts right answers
# only. The loss also asks how sure the network was of them. What happens to the network, and which of the two to
# follow, is for you to say in Task 5. Accuracy is a coarse guide: with 1,000 digits, 82 % is uncertain by about 1.2
# percentage points. So the highest of 30 accuracies is often the highest by luck: in one of our trainings it came at
# epoch 5, in another at epoch 30.
#
# ### What TensorBoard draws
#
# In TensorBoard the bold curve is not the curve you recorded. It is **smoothed**: each point is an average over its own
# epoch and all before it, in which old values count less and less. The slider *Smoothing*, at 0.6 at first, says how
# much the past counts; 0 is not at all. The true values are the pale line. The next cell smooths the validation loss of
# the small network in the same way, with pandas.

# %%
recorded = pd.Series(losses, index=range(1, SMALL_EPOCHS + 1))  # of the small network
figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
for smoothing, style in [(0, {"color": "black", "linewidth": 2.5}), (0.6, BLUE), (0.9, ORANGE)]:
    curve = recorded.ewm(alpha=1 - smoothing).mean()
    axes.plot(curve, label=f"smoothing {smoothing}, lowest at epoch {curve.idxmin()}", **style)
axes.set(xlabel="epoch", ylabel="validation loss", title="one run, three curves")
axes.grid(alpha=0.3)
axes.legend()
plt.show()

# %% [markdown]
# **What to see.** The smoothed curves turn too late: an average of the past cannot know that things have changed. In
# our 14 trainings the lowest point was at epoch 6 to 9 of the recorded curve, at 9 to 12 with smoothing 0.6, and at 19
# to 23 with 0.9.
#
# ## Part 5 · Several runs: better, or just luck?
#
# ### Task 4 · Compare settings (5 points)
#
# To find a good learning rate (lab 3), one trains with several and compares. But two trainings with the *same* settings
# do not end alike either: the first weights and the order of the digits are random. (The number that starts the random
# numbers is called the **seed**.) So two runs differ for two reasons, their settings and their luck, and a single run
# of each cannot tell which. Repeat each setting with several seeds, then ask: do the settings differ by more than luck
# explains?
#
# Take the results of n runs of one setting, say the lowest validation loss of each.
#
# - Their **mean** m says how good the setting is.
# - Their **standard deviation** s, here called spread, says how far a single run typically lies from the mean. Divide
#   by n − 1, not n, as `np.std(losses, ddof=1)` does: runs lie nearer to their own mean than to the true one, so n
#   would make s too small.
# - How uncertain is the difference of two means? Its **standard error** is e = √(s₁² / n₁ + s₂² / n₂). It gets smaller
#   the more runs you make.
#
# A rule of thumb: a difference of more than 2 e is hardly luck alone. A smaller one shows nothing: the settings may be
# equally good, or the runs too few.
#
# Write `compare(results)`. `results` is a dictionary: the name of a setting → the list of its losses, two runs or more;
# their number may differ from setting to setting. Return a list of tuples `(name, mean, spread, verdict)`, one for each
# setting, **the lowest mean first**. The verdict of the first is `"best"`. That of any other compares it with the
# first: `"worse"` if its mean is more than 2 e higher, else `"unclear"`. Exactly one is the best: of two equal means
# either comes first, and the other is `"unclear"`. `results` stays as it is.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Do a small one by hand: `{"a": [1, 3], "b": [2, 6]}`. The means are 2 and 4, the spreads √2 and √8. What is e, and
# what is the verdict on b? (e = √(2/2 + 8/2) = √5; the difference of 2 is less than 2 e, so it is unclear.)
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Two rounds. First make a list of name, mean, spread and number of runs, and sort it by the mean. Now you know the best
# setting; go through the list again, and find e of each of the others together with the best one.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# Two rounds on other data: the heights of plants in centimetres, and how far each kind is below the tallest.
#
# ```python
# heights = {"bean": [30, 34, 35], "maize": [180, 200], "pea": [50, 54, 55, 61]}
# rows = [(kind, np.mean(cm), np.std(cm, ddof=1)) for kind, cm in heights.items()]
# rows.sort(key=lambda row: row[1], reverse=True)
# tallest = rows[0]
# for kind, mean, spread in rows:
#     print(f"{kind}: {mean:.0f} ± {spread:.1f} cm, {tallest[1] - mean:.0f} below {tallest[0]}")
# # maize: 190 ± 14.1 cm, 0 below maize
# # pea: 55 ± 4.5 cm, 135 below maize
# # bean: 33 ± 2.6 cm, 157 below maize
# ```
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "compare", "locked": false, "schema_version": 3, "solution": true, "task": false}
def compare(results):
    """Mean, spread and verdict of each setting: a list of (name, mean, spread, verdict), lowest mean first."""
    ### BEGIN SOLUTION
    rows = []
    for name, losses in results.items():
        rows.append((name, float(np.mean(losses)), float(np.std(losses, ddof=1)), len(losses)))
    rows.sort(key=lambda row: row[1])
    _, best, best_spread, best_n = rows[0]
    table = [(*rows[0][:3], "best")]
    for name, mean, spread, n in rows[1:]:
        error = np.sqrt(spread**2 / n + best_spread**2 / best_n)
        table.append((name, mean, spread, "worse" if mean - best > 2 * error else "unclear"))
    return table
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-compare", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
def _rows(results):
    """What compare returns, a list of rows of four; results stay as they are."""
    kept = {name: list(losses) for name, losses in results.items()}
    given = {name: list(losses) for name, losses in results.items()}
    with explain_errors(f"compare({kept})"):
        found = compare(given)
    assert found is not None, "compare returns nothing. Is there a `return`?"
    rows_of_four = isinstance(found, (list, tuple)) and all(
        isinstance(row, (list, tuple)) and len(row) == 4 for row in found
    )
    assert rows_of_four, (
        f"compare must return a list of tuples (name, mean, spread, verdict); compare({kept}) gives {found!r}."
    )
    assert repr(given) == repr(kept), f"compare changes the results it is given: {kept} became {given}."
    return found


def _check_compare(results, verdicts):
    """Compare the table with what must come out; verdicts: the settings in their right order, with what is said."""
    found, kept = _rows(results), results
    numbers = all(isinstance(part, (int, float, np.number)) for row in found for part in row[1:3])
    assert numbers, f"Mean and spread must be numbers; compare({kept}) gives {found!r}."
    names = [str(row[0]) for row in found]
    assert sorted(names) == sorted(verdicts), (
        f"compare({kept}) must have one row for each of {sorted(verdicts)}; it has rows for {names}."
    )
    for name, mean, spread, _ in found:
        right_mean, right_spread = np.mean(kept[str(name)]), np.std(kept[str(name)], ddof=1)
        assert abs(float(mean) - right_mean) < 1e-6, (
            f"The mean of {name!r}, {kept[str(name)]}, is {right_mean:.6g}; compare says {float(mean):.7g}."
        )
        assert abs(float(spread) - right_spread) < 1e-6, (
            f"The spread of {name!r}, {kept[str(name)]}, is {right_spread:.6g}; compare says {float(spread):.7g}. Is "
            "the sum of squares divided by n − 1, and the root drawn, as `np.std(losses, ddof=1)` does?"
        )
    assert names == list(verdicts), f"The lowest mean comes first: {list(verdicts)}; compare({kept}) gives {names}."
    best = names[0]
    for name, _, _, verdict in found:
        if name == best:
            why = "its mean is the lowest"
        else:
            difference = np.mean(kept[name]) - np.mean(kept[best])
            error = np.sqrt(sum(np.var(kept[one], ddof=1) / len(kept[one]) for one in (name, best)))
            why = f"its mean is {difference:.6g} above that of {best!r}, and 2 e = {2 * error:.6g}"
        assert isinstance(verdict, str) and verdict == verdicts[name], (
            f"The verdict on {name!r} in {kept} must be {verdicts[name]!r}: {why}. compare says {verdict!r}."
        )


_check_compare({"a": [1.0, 3.0], "b": [2.0, 6.0]}, {"a": "best", "b": "unclear"})
_check_compare(
    {"slow": [0.9, 1.0, 1.25], "wide": [0.4, 1.2, 0.8], "good": [0.5, 0.55, 0.6]},
    {"good": "best", "wide": "unclear", "slow": "worse"},
)
_check_compare({"four": [5.0, 5.5, 5.0, 5.5], "two": [5.0, 4.5]}, {"two": "best", "four": "unclear"})
_check_compare({"a": [1.0, 1.2], "b": [1.3, 1.5]}, {"a": "best", "b": "worse"})  # 0.3 above, 2 e = 0.283
_check_compare({"few": [2.0, 2.1], "many": [2.0, 3.5] * 8}, {"few": "best", "many": "worse"})  # 0.7 above, 2 e = 0.40
### BEGIN HIDDEN TESTS
_check_compare({"only": [0.25, 0.75, 0.5]}, {"only": "best"})
_check_compare({"b": [2.0, 2.5], "a": [1.0, 1.5]}, {"a": "best", "b": "worse"})  # 1 above, 2 e = 0.71
_check_compare({"a": [1.0, 1.5], "b": [1.5, 2.25]}, {"a": "best", "b": "unclear"})  # 0.625 above, e = 0.45
_check_compare(  # 0.3 above, 2 e = 0.327
    {"three": [1.0, 1.2, 1.4], "other": [1.3, 1.5, 1.7]}, {"three": "best", "other": "unclear"}
)
_check_compare(  # the same with more runs, 2 e = 0.163
    {"other": [1.3, 1.5, 1.7] * 3, "three": [1.0, 1.2, 1.4] * 3}, {"three": "best", "other": "worse"}
)
_check_compare({"many": [2.2, 2.3] * 8, "few": [1.0, 2.0]}, {"few": "best", "many": "unclear"})  # 0.75 above, 2 e = 1
_check_compare({"b": [10.0, 6.0, 6.0, 6.0], "a": [5.0, 5.0]}, {"a": "best", "b": "unclear"})  # 2 above, e = 1: not more
_check_compare({"few": [1.0, 2.0], "many": [2.2, 2.3] * 8}, {"few": "best", "many": "unclear"})
_check_compare({"b": [10.5, 6.5, 6.5, 6.5], "a": [5.0, 5.0]}, {"a": "best", "b": "worse"})  # 2.5 above
_check_compare({"a": [1.0, 1.1], "b": [1.5, 1.6], "c": [1.0, 3.0]}, {"a": "best", "b": "worse", "c": "unclear"})
for _order in ("pq", "qp", "pr"):
    _equal = {name: {"p": [1.0, 3.0], "q": [1.5, 2.5], "r": [1.0, 3.0]}[name] for name in _order}
    _said = [row[3] for row in _rows(_equal)]
    assert _said == ["best", "unclear"], (
        f"Of two settings with equal means one is 'best' and the other 'unclear'; compare({_equal}) says {_said}."
    )
_check_compare(  # each compared with the best, not with the one before
    {"d": [1.45, 1.55], "c": [1.3, 1.4], "b": [1.15, 1.25], "a": [1.0, 1.1]},
    {"a": "best", "b": "worse", "c": "worse", "d": "worse"},
)
_check_compare(
    {"d": [1.16, 1.26], "c": [1.12, 1.22], "b": [1.06, 1.16], "a": [1.0, 1.1]},
    {"a": "best", "b": "unclear", "c": "unclear", "d": "worse"},
)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 5 points.")

# %%
rates, results = [0.001, 0.003, 0.01], {}
figure, axes = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
for place, (rate, color) in enumerate(zip(rates, ["#0072B2", "#D55E00", "#555555"])):
    results[f"rate {rate}"] = lowest = []
    for seed in range(1, TRIALS + 1):
        keras.utils.set_random_seed(seed)
        recorder = board(RUNS, net="small", learning_rate=rate, seed=seed)
        build_small(rate).fit(X_few, y_few, **validation, batch_size=50, epochs=8, verbose=0, callbacks=[recorder])
        lowest.append(min(value for _, value in scalars(Path(recorder.log_dir) / "validation", "epoch_loss")))
    axes.plot([place] * TRIALS, lowest, "o", color=color, fillstyle="none")
    axes.errorbar(place + 0.2, np.mean(lowest), np.std(lowest, ddof=1), color=color, fmt="s", capsize=4)
axes.set(ylabel="lowest validation loss", title=f"{TRIALS} runs (circles), mean and spread (squares)")
axes.set(xlabel="learning rate", xticks=range(len(rates)), xticklabels=rates)
axes.grid(alpha=0.3)
plt.show()
table = pd.DataFrame(compare(results), columns=["setting", "mean", "spread", "verdict"])
print(table.round(4).to_string(index=False))
for seed, row in enumerate(zip(*results.values()), start=1):
    print(f"seed {seed}: lowest with {list(results)[np.argmin(row)]}")

# %% [markdown]
# **What to see.** Each circle is one run; the runs of one setting differ by luck alone. With the bundled digits 0.01
# was worse than 0.003 by more than luck. But 0.001 and 0.003 lie so close that five runs of each do not tell them
# apart. With a single run of each you would have chosen 0.001 for two of the seeds and 0.003 for three.
#
# The rule is not a proof. The means of two *equally* good settings, with five runs each, are more than 2 e apart about
# one time in twelve. So the more settings you compare, the more often luck wins; try a surprising winner with new
# seeds.
#
# ## Part 6 · TensorBoard itself
#
# TensorBoard is a small web server: it shows the event files as a page. You give it the folder above all runs, here
# `RUNS`. In a notebook, in JupyterLab as in Colab, two commands of IPython, `%load_ext tensorboard` and
# `%tensorboard --logdir runs`, start it. On your own computer, `tensorboard --logdir runs` does the same in a terminal
# (in place of `runs` write the path that `print(RUNS)` shows), and the page is then at `http://localhost:6006`; Ctrl+C
# in the terminal ends it. Its tabs (where the page is narrow, an arrow leads to the last ones):
#
# - **Time Series** and **Scalars**: a curve for each tag, all runs on top of each other. Choose the runs on the left.
#   Smoothing is under *Settings*, on the right, in *Time Series*, and on the left in *Scalars*.
# - **Images**: your wrong digits.
# - **Graphs**: the layers, from input to output. The tab says at first that it has failed: choose a `train` run and,
#   under *Graph type*, the conceptual graph.
# - **Histograms** and **Distributions**: how the weights of each layer are spread, epoch by epoch.
#
# On Binder or a JupyterHub the page comes from another machine than the one with your browser; the next cell sees to
# it that the page reaches you.
#
# ### See it
#
# Write `True` in the first line of the next cell and run the cell: after some seconds TensorBoard appears below it.
# (You need not read the rest of the cell.) It goes on running when the cell has ended. Write `False` and run the cell
# again, and it stops; it also stops with the kernel. Forgotten servers fill up a machine.

# %%
SHOW_TENSORBOARD = False  # True shows TensorBoard below, False stops it: change it and run this cell


def my_tensorboards():
    """The processes that this notebook started to show RUNS, and what they started in turn."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if str(RUNS) in child.cmdline():
                found += [child, *child.children(recursive=True)]
    return found


def stop_tensorboard(patience=10):
    """Ask them to end; those that are not gone after so many seconds are killed."""
    processes = my_tensorboards()
    for end in (psutil.Process.terminate, psutil.Process.kill):
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                end(process)
        processes = psutil.wait_procs(processes, timeout=patience)[1]


atexit.register(stop_tensorboard, patience=1)  # when the kernel ends
if SHOW_TENSORBOARD and "NBGRADER_EXECUTION" not in os.environ:  # no server while the lab is graded
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX")  # your server's path, on a hub or on Binder
    if prefix:  # unless the hub has set the variable itself
        os.environ.setdefault("TENSORBOARD_PROXY_URL", prefix.rstrip("/") + "/proxy/%PORT%/")
    program = Path(sys.executable).with_name("tensorboard")
    if program.exists():  # the one of this environment, even if the PATH does not lead to it
        os.environ.setdefault("TENSORBOARD_BINARY", str(program))
    # %load_ext tensorboard
    # %tensorboard --logdir {RUNS}
    for process in my_tensorboards()[:1]:  # notice its end at once, or the kernel waits for it when it shuts down
        threading.Thread(target=process.wait, daemon=True).start()
else:
    stop_tensorboard()
    print(f"TensorBoard is off; {len(my_tensorboards())} processes of it are left.")

# %% [markdown]
# ### Task 5 · Read the curves (3 points)
#
# Look at the curves of the small network (below Task 3) and at the smoothed ones below them. Write five to ten
# sentences:
#
# 1. What do the losses of training and validation say about this run, before and after the best epoch? Which epoch
#    would you keep? And why may the validation digits choose it, but not the test digits? (Think of lab 1: what
#    happens to the score of the best of twenty?)
# 2. After the best epoch the validation loss rises, but the validation accuracy hardly changes. What does the network
#    do there? When would you follow the loss, when the accuracy?
# 3. What would go wrong if you read the epoch off TensorBoard's smoothed curve, and what else can smoothing hide?
#
# **Marking scheme.** 1 point: both phases are described with both losses, and an epoch is chosen, with the reason why
# the validation digits may choose it and the test digits may not. 1 point: what the network does after the best epoch,
# so that both curves are explained, and a reason to follow the one or the other. 1 point: in which direction the epoch
# would be wrong, and why, and one more thing that smoothing hides.

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain-curves", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# In the first epochs both losses fall: what the network learns holds for digits it has not seen. Then the training
# loss goes on falling to nearly 0, while the validation loss turns and rises: the network learns its 200 digits by
# heart. I would keep the epoch with the lowest recorded validation loss. The validation digits may choose, because the
# test digits stay unseen; had they chosen, their result would be the best of 30 tries and too good, and no honest test
# would be left.
#
# While the loss rises, the accuracy stays: the network makes about as many mistakes as before, but becomes ever more
# sure of them, and the loss punishes this. If somebody uses the probabilities, say to have unsure digits read by a
# person, I follow the loss. If only the answers count, I could follow the accuracy, but it moves by about one
# percentage point through luck alone, so its highest epoch says little; then, too, I would keep the epoch with the
# lowest loss.
#
# The smoothed curve averages over epochs that are past. So it lags: its lowest point comes some epochs after the true
# one, the more so the larger the weight, and one would keep a network that overfits already. Smoothing also
# flattens jumps, such as a single bad epoch or a training that becomes unstable, and its last point is not the last
# value. Before a decision I set the smoothing to 0 or read the numbers from the event files.
# ### END SOLUTION

# %% [markdown]
# ## Going further
#
# - **Record a measure of your own.** An accuracy of 90 % can mean that every class is read equally well, or that nine
#   classes are read perfectly and one never. The **recall** of a class is the share of its members that are recognised:
#   of all the eights, how many are called eights? Write a callback `DigitRecall(folder, images, labels)`, a class
#   derived from `keras.callbacks.Callback`, which records the scalars `recall/0` to `recall/9` after every epoch. Make
#   a writer, as in Part 3, once, in `__init__`. In `on_epoch_end(self, epoch, logs=None)` write with
#   `tf.summary.scalar(tag, value, step=epoch)`, and in `on_train_end(self, logs=None)` close the writer. Keras sets
#   `self.model`. Train `build_small()` with it for 6 epochs on `X_few` and `y_few`, in batches of 50; give it a new
#   folder in `RUNS`, and `X_val` and `y_val` as images and labels. To check: `scalars(folder, "recall/8")` must hold 6
#   pairs. The last value must be the share of eights among the answers of the trained network to `X_val[y_val == 8]`.
#   In ten trials with the bundled digits, the ones had the highest recall in the end each time, 97 % or more, and the
#   fives, at 75 to 83 %, were at or near the bottom.
# - **Dropout** silences a part of a layer's outputs at random in each training step, so that learning by heart is
#   harder. Put `keras.layers.Dropout(0.5)` between the two dense layers of `build_small`, and train with 200 digits as
#   below Task 3. In 14 trainings of ours the validation loss turned later, at epochs 11 to 25, and was lower each time.
#   But it jumps more: patience 1 missed the best epoch in 7 of the 14.
# - Write the smoothing yourself, `smooth(values, weight)`; its formula tells why the smoothed curve comes late. It is
#   an *exponential moving average*. With the weight w of the slider and the values v₁, v₂, …, start at a₀ = 0 and go on
#   by aₜ = w · aₜ₋₁ + (1 − w) · vₜ. As it starts at 0, it is too small at first, so TensorBoard draws aₜ / (1 − wᵗ),
#   where t = 1 for the first value. (Adam corrects its averages in the same way.) Only aₜ goes into the next round, not
#   what is drawn. Show on paper that the first drawn value is always v₁. Then compare with
#   `pd.Series(values).ewm(alpha=1 - weight).mean()`.
# - Read how a layer's weights change. The callback recorded a **histogram** of them after every epoch, under tags like
#   `lenet/conv1/kernel/histogram` (a *kernel* is a layer's weights without its biases): it divides their range into
#   intervals and counts the weights in each. The tensor of an event has a row for each interval: left edge, right edge,
#   count. Draw the first and the last event of `conv1` with `axes.stairs(count / (right - left), [*left, right[-1]])`.
#   The weights were drawn evenly between −0.107 and 0.107: what is left of that box? In a healthy training each layer
#   moves, and none runs away. (Keras before version 3.14 records all layers in turn, under one tag.)
# - Keras has early stopping as a callback: `keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)`. Give
#   it to `fit` beside your `board`, for the run of Task 3. What does `stop_early` say of the curve that was recorded?
# - Record every batch: `keras.callbacks.TensorBoard(folder, update_freq="batch")`, with a new folder in `RUNS`. Its
#   tag `batch_loss` is not the loss of a single batch but the average since the epoch began. How can you see that in
#   the curve, and how would you record the true one? (`self.model.reset_metrics()` starts the average anew.)
# - Log the settings of the runs of Task 4, and let TensorBoard draw a table of them, under its tab *HParams*: after
#   `from tensorboard.plugins.hparams import api`, write `api.hparams({"learning_rate": rate})` through a writer into
#   the folder of each run.
#
# ## References
#
# - The published lab: *COMP6685 Lab 6a, Keras CNN MNIST* (A. Cangelosi, with updates by G. Masala, 2025), after A.
#   Gulli, S. Pal: *Deep learning with Keras*, 2017.
# - M. Abadi et al.: *TensorFlow: a system for large-scale machine learning*. OSDI 2016.
# - L. Prechelt: *Early stopping, but when?* In: Neural Networks: Tricks of the Trade, Springer, 1998.
# - D. P. Kingma, J. Ba: *Adam: a method for stochastic optimization*. ICLR 2015.
# - N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov: *Dropout: a simple way to prevent neural
#   networks from overfitting*. JMLR 15, 2014.
