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
# A training that leaves no trace cannot be compared, explained or repeated. TensorBoard is a recorder and a screen for
# trainings: Keras writes down what happens, and a page in the browser draws it. In this lab you write such records,
# read them back in Python without any page, and learn to distrust a curve that looks too smooth.
#
# ## What you will do
#
# You give every training a folder of its own, train LeNet with the recorder on, and read losses and weights back from
# the files. You record pictures and a measure of your own, compare runs, catch a network that learns by heart, find
# out what TensorBoard's smoothing does, and open TensorBoard itself.
#
# ## What you will learn
#
# - Record a training with the TensorBoard callback, and keep runs apart.
# - Read scalars, pictures and histograms from event files in Python, without losing half of them.
# - Record pictures and measures of your own.
# - Compare runs, spot overfitting, and choose the epoch to keep.
# - Open TensorBoard in JupyterLab, in Colab, on a hub and from the command line, and close it again.
#
# ## What you need
#
# Lab 3 (training, validation, callbacks) and lab 4 (LeNet). You need not know TensorBoard.

# %% [markdown] tags=["stamp-facts"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/cnn-labs/cnn-labs-students/blob/main/labs/08_tensorboard/08_tensorboard.ipynb)
# [![Open in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/cnn-labs/cnn-labs-students/main?urlpath=lab/tree/labs/08_tensorboard/08_tensorboard.ipynb)
#
# **20 points** · plan about 145 minutes · *Run All* of the finished lab takes about 0.7 minutes (measured on 2 cores)

# %% [markdown]
# ## Set-up

# %% tags=["stamp-setup"]
# Run this cell first. Where the course's helper package is missing, as in Colab, it is installed, once.
import importlib
import importlib.util
import os
import subprocess
import sys

if importlib.util.find_spec("data_utils") is None:
    source = os.environ.get("CNN_LABS_SOURCE", "https://github.com/cnn-labs/cnn-labs-students/archive/main.zip")
    command = [sys.executable, "-m", "pip", "install", "--quiet", source]
    if subprocess.run(command, check=False).returncode:
        raise ImportError(f"data_utils could not be installed from {source}. Is there a network? Run this again.")
    importlib.invalidate_caches()
    print("data_utils, the course's helper package, is installed. If an import below fails all the same, choose")
    print("Runtime > Restart session, and run the notebook from its first cell.")

# %% [markdown]
# These numbers set how much data and time the lab takes. They are small, so that *Run All* is quick; the comments
# give the values of the full experiment.

# %% tags=["parameters"]
N_TRAIN = 2_000  # full run: 60_000
N_TEST = 1_000  # full run: 10_000
EPOCHS = 12  # full run: 20

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

from data_utils import build_lenet, load_mnist, plot_images

for name in ("tensorflow", "tensorboard"):
    logging.getLogger(name).setLevel(logging.ERROR)
keras.utils.set_random_seed(1)  # the same random numbers at every run
(x_train, y_train), (x_test, y_test) = load_mnist(N_TRAIN, N_TEST)

# %% [markdown]
# Two networks are at hand. `build_lenet`, imported above, makes the LeNet of lab 4, not compiled yet; its layers have
# names here, so that you find them again in the records. `build_small` makes a compiled one with a single hidden layer,
# which trains in a second or two: good for experiments. All records go into the folder `RUNS`, which lies in a temporary
# folder and disappears with the notebook's kernel.


# %%
def build_small(learning_rate=0.001, dropout=0.0):
    """A dense network for digits of shape (28, 28, 1) and labels 0 to 9, compiled with Adam."""
    model = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(10, activation="softmax"),
        ],
        name="small",
    )
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
# A **callback** is an object that Keras calls at fixed moments of a training, such as the end of each epoch. The
# callback `keras.callbacks.TensorBoard` writes down at these moments what it finds. Its most important settings:
#
# - `log_dir`, the folder to write into;
# - `write_graph=True`: record how the layers are connected, once;
# - `histogram_freq=1`: record after *every* epoch how the weights of each layer are spread (0, the default: never).
#
# Loss, metrics and learning rate are recorded at every epoch anyway. They are **scalars**: single numbers that change
# over time. What it writes are **event files**: an *event* is one value with the **step** at which it was recorded.
#
# ### Task 1 · A folder for each run (2 points)
#
# One training is called a **run**, and TensorBoard takes every folder for one run. Two trainings that write into the
# same folder become a single curve that jumps to and fro, and nobody can part them again. It is the commonest mistake
# with TensorBoard, and it happens to everybody who runs a cell twice. The second commonest is a folder called
# `test3_new`: four weeks later nobody knows what it holds.
#
# Write `board(root, **settings)`, which returns a `keras.callbacks.TensorBoard` with `write_graph=True` and
# `histogram_freq=1` that writes into a folder of its own.
#
# - The folder lies directly in `root` (a string or a `Path`, which need not exist yet).
# - Its name tells each setting and its value: `board(root, units=32, learning_rate=0.001)` writes into a folder such
#   as `units=32,learning_rate=0.001`. Without settings it is called `run`.
# - A folder that exists is never used again. The second call with the same settings gets another name, say with `_2`
#   at the end, the third `_3`, and so on. So `board` itself must make the folder, at once: Keras would make it only
#   when the training begins.
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


# %% nbgrader={"grade": true, "grade_id": "test-board", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
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
    try:
        kinds = _boards(root, calls, trained)
    except Exception as error:
        training = ", or a training with its callback," if trained else ""
        raise AssertionError(
            f"board, called {len(calls)} times with {', '.join(map(str, calls))}{training} stopped with "
            f"{type(error).__name__}: {error}"
        ) from error
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
    inside = _folders_in(Path(place) / "new" / "runs" / made[0])
    assert inside == ["train", "validation"], (
        f"After a training the folder {made[0]!r} must hold 'train' and 'validation'; it holds {inside}. Is "
        "it the log_dir of the callback?"
    )
    ### BEGIN HIDDEN TESTS
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
    ### END HIDDEN TESTS
assert not Path(place).exists(), "The folder of this test could not be deleted."
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")

# %% [markdown]
# ### The published training, recorded
#
# The published lab trained LeNet for 20 epochs with this callback, Adam, batches of 128 and a fifth of the digits set
# aside for validation. Here it is, with your `board`:

# %%
lenet = build_lenet()
lenet.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
recorder = board(RUNS, net="lenet", batch_size=128)
history = lenet.fit(
    X_train, Y_train, batch_size=128, epochs=EPOCHS, validation_split=0.2, verbose=0, callbacks=[recorder]
)
test_loss, test_accuracy = lenet.evaluate(X_test, Y_test, verbose=0)
print(f"test accuracy {test_accuracy:.4f}, test loss {test_loss:.4f}")
lenet_run = Path(recorder.log_dir)
for path in sorted(lenet_run.rglob("*.v2")):
    print(f"{path.parent.relative_to(RUNS)}: {path.name[:20]}…, {path.stat().st_size / 1000:.0f} kB")

# %% [markdown]
# **What to see.** The run's folder holds two more, `train` and `validation`, and in each of them there is one event
# file. What was measured on the validation digits has a file of its own, so that TensorBoard can draw both curves
# under the same name.
#
# ## Part 2 · Read the records
#
# TensorBoard's page is for looking. For a table, a figure in a thesis or an automatic choice you need the numbers,
# and you can have them without any page.
#
# ### Task 2 · Read a scalar (3 points)
#
# `EventAccumulator(folder)` reads the event files that lie *directly* in one folder (a string), so give it the folder
# of `train` or of `validation`. `Reload()` makes it read. Then `Tags()` lists what is there: each series has a name,
# its **tag**. Keras calls its own `epoch_loss`, `epoch_accuracy` and `epoch_learning_rate`, and uses the same names
# in both folders. Three things go wrong at first:
#
# - Keras and TensorFlow 2 store each scalar as a **tensor**, an array without axes. So the series is not found under
#   `Scalars(tag)` but under `Tensors(tag)`. This is a list of events; each has a `step` and a `tensor_proto`, and
#   `tf.make_ndarray(event.tensor_proto)` unpacks the latter.
# - To save memory, the accumulator keeps only **ten** events of such a tag, drawn *at random*, and says nothing.
#   `EventAccumulator(folder, size_guidance={"tensors": 0})` keeps all of them.
# - Steps begin at 0: epoch 1 of the printed log is step 0 here.
#
# Write `scalars(folder, tag)`, which returns the whole series as a list of pairs `(step, value)`, an `int` and a
# `float`, in the order in which they were recorded. `folder` is a string or a `Path` and holds the event files
# itself. A tag that is not there is a `KeyError` (the accumulator raises it).
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
#
# <details><summary>Hint 3: an example on other data</summary>
#
# Another kind of record: a diary of the weather, in words. It is written and read again, and its last entry is taken
# apart.
#
# ```python
# diary = str(Path(workplace.name) / "diary")
# with tf.summary.create_file_writer(diary).as_default():
#     for day, words in enumerate(["rain", "more rain", "sun"]):
#         tf.summary.text("weather", words, step=day)
#
# reader = EventAccumulator(diary, size_guidance={"tensors": 0})
# reader.Reload()
# entries = reader.Tensors("weather")
# print(len(entries))  # 3
# print(entries[-1].step, tf.make_ndarray(entries[-1].tensor_proto).item())  # 2 b'sun'
# ```
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
    try:
        found = scalars(folder, tag)
    except Exception as error:
        raise AssertionError(
            f"For {tag!r}, which is in the folder, scalars stopped with {type(error).__name__}: {error}. Was "
            "`Reload()` called, and are the values read from `Tensors`?"
        ) from error
    assert found is not None, "scalars returns nothing. Is there a `return`?"
    assert isinstance(found, (list, tuple, np.ndarray)), (
        f"scalars must return a list of pairs; it returns a {type(found).__name__}."
    )
    assert len(found) == len(pairs), (
        f"{len(pairs)} values were recorded under {tag!r}, scalars returns {len(found)}. The accumulator "
        "keeps ten events unless size_guidance says more."
    )
    assert all(np.shape(pair) == (2,) for pair in found), (
        f"scalars must return pairs (step, value); the first entry is {found[0]!r}."
    )
    assert all(isinstance(part, (int, float, np.number, np.ndarray)) for pair in found for part in pair), (
        f"Steps and values must be numbers; the first entry is {found[0]!r}. `tf.make_ndarray` unpacks a value."
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
    try:
        found = scalars(place, "epoch_lost")
    except KeyError:
        found = "KeyError"
    except Exception as error:
        found = f"an error of another kind, {type(error).__name__}: {error}"
    assert isinstance(found, str) and found == "KeyError", (
        f"A tag that is not in the folder must raise a KeyError; for 'epoch_lost' scalars gives {found}."
    )
    ### BEGIN HIDDEN TESTS
    rng = np.random.default_rng(21)
    long = {
        "a/b": [(3 * step + 2, float(rng.normal())) for step in range(300)],
        "one": [(7, -2.5)],
        "ten": [(step, step / 8) for step in range(11)],
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
assert not Path(place).exists(), "The folder of this test could not be deleted."
print("All tests shown here pass. With the hidden tests of grading, this task gives 3 points.")

# %% tags=["nbval-check-output"]
for part, prefix in [("train", ""), ("validation", "val_")]:
    for metric in ("loss", "accuracy"):
        series = scalars(lenet_run / part, f"epoch_{metric}")
        same = np.allclose([value for _, value in series], history.history[prefix + metric])
        complete = len(series) == EPOCHS
        print(f"{part}/epoch_{metric}: first step {series[0][0]}, every epoch {complete}, as in the history {same}")

# %%
BLUE = {"color": "#0072B2", "marker": "o", "markersize": 4}
ORANGE = {"color": "#D55E00", "marker": "s", "markersize": 4, "linestyle": "--"}
figure, grid = plt.subplots(1, 2, figsize=(9.5, 3.4), layout="constrained")
for axes, metric in zip(grid, ("loss", "accuracy")):
    for part, style in [("train", BLUE), ("validation", ORANGE)]:
        steps, values = zip(*scalars(lenet_run / part, f"epoch_{metric}"))
        axes.plot(np.add(steps, 1), values, label=part, **style)
    axes.set(xlabel="epoch (step + 1)", ylabel=metric, title=f"LeNet, epoch_{metric}")
    axes.grid(alpha=0.3)
    axes.legend()
plt.show()

# %% [markdown]
# **What to see.** The curves of the published training, drawn from its event files; the history that `fit` returned
# was not needed. With so few digits, training loss soon goes to zero (solid, circles), while validation loss (dashed,
# squares) stops falling. Keep this in mind for Part 4.
#
# ### Task 3 · Read a histogram (2 points)
#
# A layer's weights can be thousands of numbers. A **histogram** sums them up: it divides the range from the smallest
# to the largest into intervals, the **buckets**, and counts the weights in each. The tags end in `/histogram`, such
# as `lenet/conv1/kernel/histogram`. (Keras before version 3.14 records all layers under one tag, `kernel/histogram`, in
# turn.) Such an event's tensor has a row for each bucket and three columns: left edge, right edge, count.
#
# Write `histogram_spread(folder, tag)`, which returns a tuple `(step, count, mean, spread)` for each event, in a
# list, all events in order. `count` is how many numbers there are in all buckets together. For mean and spread take
# each number for the *middle* m of its bucket: with n numbers in a bucket and N in all, the mean is the sum of n·m
# divided by N, and the spread (the standard deviation) is the root of the sum of n·(m − mean)² divided by N. Keep all
# events, as in Task 2.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Do a small one by hand: one number lies in the bucket from 0 to 2, three numbers lie in that from 2 to 4. What are
# count, mean and spread? (4, 2.5 and √0.75.)
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Read the events as in Task 2. `left, right, n = tf.make_ndarray(event.tensor_proto).T` gives three arrays, one number
# for each bucket. `np.average` takes `weights`: the average of the middles, each as often as its bucket has numbers, is
# the mean. The spread is the root of another such average.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "histogram-spread", "locked": false, "schema_version": 3, "solution": true, "task": false}
def histogram_spread(folder, tag):
    """For each recorded histogram: (step, how many numbers, their mean, their standard deviation)."""
    ### BEGIN SOLUTION
    stored = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    stored.Reload()
    rows = []
    for event in stored.Tensors(tag):
        left, right, n = tf.make_ndarray(event.tensor_proto).T
        middle = (left + right) / 2
        mean = np.average(middle, weights=n)
        spread = np.sqrt(np.average((middle - mean) ** 2, weights=n))
        rows.append((event.step, int(n.sum()), float(mean), float(spread)))
    return rows
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-histogram-spread", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def _record_histograms(folder, series):
    """Write an event file with histograms under the tag w: series is a list of (step, numbers, buckets)."""
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default():
        for step, numbers, buckets in series:
            tf.summary.histogram("w", numbers, step=step, buckets=buckets)
    writer.close()


def _check_spread(folder, series):
    """Compare with the mean and standard deviation of the bucket's middles."""
    try:
        found = histogram_spread(folder, "w")
    except Exception as error:
        raise AssertionError(f"histogram_spread stopped with {type(error).__name__}: {error}") from error
    assert found is not None, "histogram_spread returns nothing. Is there a `return`?"
    assert isinstance(found, (list, tuple, np.ndarray)), (
        f"histogram_spread must return a list; it returns a {type(found).__name__}."
    )
    assert len(found) == len(series), (
        f"{len(series)} histograms were recorded, histogram_spread returns {len(found)} rows. Without size_guidance "
        "the accumulator keeps ten."
    )
    for row, (step, numbers, buckets) in zip(found, series):
        assert np.shape(row) == (4,), f"Each row must be (step, count, mean, spread); one is {row!r}."
        assert all(isinstance(value, (int, float, np.number)) for value in row), (
            f"Each row must be four numbers; one is {row!r}."
        )
        at, count, mean, spread = (float(value) for value in row)
        assert at == step, f"A histogram was recorded at step {step}; histogram_spread says {at:g}."
        assert count == len(numbers), (
            f"{len(numbers)} numbers are in the buckets together; histogram_spread counts {count:g}."
        )
        n, edges = np.histogram(numbers, bins=buckets)
        middle = (edges[1:] + edges[:-1]) / 2
        right_mean = np.average(middle, weights=n)
        right_spread = np.sqrt(np.average((middle - right_mean) ** 2, weights=n))
        tolerance = 1e-3 * (edges[-1] - edges[0])
        assert abs(mean - right_mean) <= tolerance, (
            f"The mean by the buckets' middles is {right_mean:.6g}; histogram_spread gives {mean:.6g}."
        )
        assert abs(spread - right_spread) <= tolerance, (
            f"The spread by the buckets' middles is {right_spread:.6g}; histogram_spread gives {spread:.6g}. "
            "Weight each middle by the count of its bucket."
        )


with tempfile.TemporaryDirectory() as place:
    by_hand = [(0, np.array([0.0, 0.25, 0.5, 4.0]), 2)]  # buckets 0 to 2 and 2 to 4, middles 1 and 3, counts 3 and 1
    _record_histograms(place, by_hand)
    _check_spread(place, by_hand)
    ### BEGIN HIDDEN TESTS
    rng = np.random.default_rng(22)
    many = [(2 * step + 1, rng.normal(step - 3, 1 + step / 4, size=40 + step) ** 3, 6) for step in range(14)]
    _record_histograms(Path(place) / "many", many)
    _check_spread(Path(place) / "many", many)
    ### END HIDDEN TESTS
assert not Path(place).exists(), "The folder of this test could not be deleted."
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")

# %%
layers = ["conv1", "conv2", "dense", "output"]
stored = EventAccumulator(str(lenet_run / "train"), size_guidance={"tensors": 0})
stored.Reload()
kernels = [tag for tag in stored.Tags()["tensors"] if tag.endswith("kernel/histogram")]


def of_layer(layer, read):
    """What `read(tag)` finds of a layer: under its own tag or, in Keras before 3.14, one of all that share a tag."""
    own = [tag for tag in kernels if tag.endswith(f"{layer}/kernel/histogram")]
    return read(own[0]) if own else read(kernels[0])[layers.index(layer) :: len(layers)]


table = pd.DataFrame({"epoch": range(1, EPOCHS + 1)})
for layer in layers:
    rows = of_layer(layer, lambda tag: histogram_spread(lenet_run / "train", tag))
    table[f"{layer} ({rows[0][1]:,})"] = [spread for *_, spread in rows]
events = of_layer("conv1", stored.Tensors)

figure, (left_axes, right_axes) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for event, style in [(events[0], {"color": "#0072B2"}), (events[-1], {"color": "#D55E00", "linestyle": "--"})]:
    left, right, n = tf.make_ndarray(event.tensor_proto).T
    left_axes.stairs(
        n / (right - left) / 100, [*left, right[-1]], label=f"after epoch {event.step + 1}", linewidth=2, **style
    )
left_axes.set(xlabel="weight", ylabel="weights per 0.01", title="kernels of conv1")
for column, marker, colour in zip(table.columns[1:], "osD^", ["#0072B2", "#D55E00", "#009E73", "#555555"]):
    right_axes.plot(table["epoch"], table[column], marker=marker, color=colour, markersize=4, label=column)
right_axes.set(xlabel="epoch", ylabel="spread of the weights", ylim=(0, None), title="how wide the weights lie")
for axes in (left_axes, right_axes):
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
plt.show()

# %% [markdown]
# **What to see.** Left: the weights of `conv1` were drawn at random between −0.107 and 0.107, each value as likely as
# any other, and after one epoch (solid) the outline still resembles a box. After the last epoch (dashed) it has grown
# slopes on both sides. Right: the spread of each layer's kernel. With the 2,000 bundled digits and 12 epochs, in seven
# trials with other random numbers, both convolutions widened by 17 to 23 % from the first epoch to the last, the two
# dense layers by 4 to 8 %. This is what a healthy training looks like: each layer moves, and
# none runs away.
#
# ## Part 3 · Records of your own
#
# The callback records what Keras knows. What *you* want to know you record yourself. A **writer** makes an event file
# in a folder; inside `with writer.as_default():` the functions of `tf.summary` write through it, each with a tag and a
# step. Events are collected before they go to the disk. Leaving the `with` block sends them there, and
# `writer.close()` ends the file. What was not sent is lost if the kernel dies, and is not there for a reader.
#
# ### Task 4 · Pictures (2 points)
#
# Which digits does the network get wrong? A number does not tell; pictures do. `tf.summary.image(tag, images, step=…)`
# wants four axes, (n, height, width, channels), and values from 0 to 1 if they are floats: what lies above is drawn
# as 1, so digits from 0 to 255 become white blots. And it writes the first **three** pictures only, without a word,
# unless `max_outputs` asks for more.
#
# Write `log_images(folder, tag, images, step=0)`. `images` is an array of floats of shape (n, height, width), from 0
# to 1. Write *all* of them into an event file in `folder`, under the tag, at the step. After the call they must be on
# the disk. Nothing needs to be returned; `images` stays as it is.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Two things get lost without a word here: pictures after the third, and what has not been sent to the disk. What
# prevents each of them? And which axis do the images lack?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `tf.summary.create_file_writer(str(folder))` makes the writer. `images[..., np.newaxis]` adds the axis of channels.
# How many pictures are there? `len(images)`. Write inside `with writer.as_default():`, and close the writer behind it.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "log-images", "locked": false, "schema_version": 3, "solution": true, "task": false}
def log_images(folder, tag, images, step=0):
    """Write all images, (n, height, width) from 0 to 1, into an event file in the folder."""
    ### BEGIN SOLUTION
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default():
        tf.summary.image(tag, images[..., np.newaxis], step=step, max_outputs=len(images))
    writer.close()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-log-images", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def _check_pictures(folder, tag, step, images):
    """Have the pictures written, read them back and compare them."""
    given = images.copy()
    try:
        if step == 0:
            log_images(folder, tag, given)
        else:
            log_images(folder, tag, given, step=step)
    except Exception as error:
        raise AssertionError(
            f"For images of shape {images.shape}, log_images stopped with {type(error).__name__}: {error}"
        ) from error
    assert np.array_equal(given, images), "log_images changes the images it is given."
    assert list(Path(folder).glob("*tfevents*")), "There is no event file in the folder after log_images."
    stored = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    stored.Reload()
    tags = stored.Tags()["tensors"]
    assert tag in tags, (
        f"No pictures can be read under {tag!r}; the file holds {tags}. Are they sent to the disk before "
        "log_images ends?"
    )
    event = stored.Tensors(tag)[-1]
    assert int(event.step) == step, f"The pictures must be recorded at step {step}; they are at step {event.step}."
    pictures = [tf.io.decode_png(png).numpy()[..., 0] / 255 for png in tf.make_ndarray(event.tensor_proto)[2:]]
    assert len(pictures) == len(images), (
        f"{len(images)} pictures were given, {len(pictures)} are in one record of the file. tf.summary.image writes "
        "three unless max_outputs asks for all."
    )
    for picture, image in zip(pictures, images):
        assert picture.shape == image.shape, (
            f"A picture of shape {image.shape} was given; in the file it has shape {picture.shape}."
        )
        difference = float(np.abs(picture - image).max())
        assert difference < 0.01, (
            f"A pixel in the file differs by {difference:.3g} from the one given. Floats must stay between 0 and 1."
        )


with tempfile.TemporaryDirectory() as place:
    five = np.random.default_rng(23).random((5, 8, 6)).astype("float32")
    _check_pictures(Path(place) / "pictures", "some", 0, five)
    _check_pictures(Path(place) / "later", "dim", 3, five / 2)
    ### BEGIN HIDDEN TESTS
    many = np.random.default_rng(24).random((120, 5, 4)) * 0.5
    _check_pictures(str(Path(place) / "other"), "a/many", 4, many)
    _check_pictures(Path(place) / "single", "one", 2, many[:1])
    ### END HIDDEN TESTS
assert not Path(place).exists(), "The folder of this test could not be deleted."
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")

# %%
answers = lenet.predict(X_test, verbose=0).argmax(axis=1)
wrong = np.flatnonzero(answers != y_test)[:10]
log_images(RUNS / "pictures", "wrong", X_test[wrong, :, :, 0])

stored = EventAccumulator(str(RUNS / "pictures"), size_guidance={"tensors": 0})
stored.Reload()
_, _, *files = tf.make_ndarray(stored.Tensors("wrong")[0].tensor_proto)  # width, height, and a PNG for each picture
pictures = [tf.io.decode_png(png).numpy()[..., 0] for png in files]
plot_images(pictures, labels=y_test[wrong], predictions=answers[wrong])
plt.show()

# %% [markdown]
# **What to see.** Up to ten test digits that your LeNet takes for another one, read back from the event file. Some
# would puzzle a person too, others should not. In TensorBoard they wait in the tab *Images*, white on black as they
# were recorded.
#
# ### Task 5 · A measure of your own (2 points)
#
# An accuracy of 90 % can mean that every digit is read equally well, or that all are read well but one. The
# **recall** of a class is the share of its members that are recognised as such: of all the eights, how many are
# called eights? It is worth a curve for each digit.
#
# Write a callback `DigitRecall(folder, images, labels)`. `images` is what the model takes, `labels` the integer
# classes, both arrays. At the end of every epoch it asks its model for predictions for `images`, and records a scalar
# `recall/0` for the images labelled 0, `recall/1` for those labelled 1, and so on, all in one event file in
# `folder`. The step is the epoch, counted from 0 as Keras does. A class that has no image gets no tag: nothing can be
# said about it. When the training has ended, all must be on the disk.
#
# <details><summary>Hint 1: a nudge</summary>
#
# There are three moments: the callback is made, an epoch ends, the training ends. What belongs to each? What must be
# kept from one moment to the next?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Make the writer once, in `__init__`, and keep what you need later as `self.…`. Keras calls `on_epoch_end` after each
# epoch and `on_train_end` when the training is over, and it sets `self.model`. The network's answers are
# `self.model.predict(images, verbose=0).argmax(axis=1)`. For one digit, look only at the answers to the images with
# that label: which share of them is that digit? `np.unique` lists the labels that occur.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# A callback that keeps a diary in a text file: after each epoch it writes down the largest bias of the last layer.
#
# ```python
# class BiasDiary(keras.callbacks.Callback):
#     def __init__(self, path):
#         super().__init__()
#         self.file = open(path, "w")  # opened once, and kept for later
#
#     def on_epoch_end(self, epoch, logs=None):
#         biases = self.model.get_weights()[-1]
#         self.file.write(f"epoch {epoch}: {biases.max():.4f}\n")
#
#     def on_train_end(self, logs=None):
#         self.file.close()  # now all of it is on the disk
#
#
# page = Path(workplace.name) / "biases.txt"
# build_small().fit(X_few[:100], y_few[:100], epochs=3, verbose=0, callbacks=[BiasDiary(page)])
# print(page.read_text())  # three lines, for the epochs 0, 1 and 2
# ```
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "digit-recall", "locked": false, "schema_version": 3, "solution": true, "task": false}
class DigitRecall(keras.callbacks.Callback):
    """Records the recall of every class that occurs among the labels, after each epoch."""

    def __init__(self, folder, images, labels):
        super().__init__()
        ### BEGIN SOLUTION
        self.images, self.labels = images, np.asarray(labels)
        self.writer = tf.summary.create_file_writer(str(folder))
        ### END SOLUTION

    def on_epoch_end(self, epoch, logs=None):
        ### BEGIN SOLUTION
        answers = self.model.predict(self.images, verbose=0).argmax(axis=1)
        with self.writer.as_default():
            for digit in np.unique(self.labels):
                members = self.labels == digit
                tf.summary.scalar(f"recall/{digit}", (answers[members] == digit).mean(), step=epoch)
        ### END SOLUTION

    def on_train_end(self, logs=None):
        ### BEGIN SOLUTION
        self.writer.close()
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-digit-recall", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from data_utils import beside_answer


@beside_answer
def _fit_with_recall(folder, images, labels, weights, epochs):
    """Train a tiny network with the callback: whether it is one, and the network's weights after each epoch."""
    output = keras.layers.Dense(len(weights[1]), activation="softmax")
    tiny = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.3), output], name="tiny")
    tiny.set_weights(weights)
    tiny.compile(optimizer=keras.optimizers.SGD(1.0), loss="sparse_categorical_crossentropy")
    snapshots = []
    spy = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: snapshots.append(tiny.get_weights()))
    callback = DigitRecall(folder, images.copy(), labels.copy())
    if not isinstance(callback, keras.callbacks.Callback):
        return False, []
    tiny.fit(images[::2], labels[::2], batch_size=8, epochs=epochs, verbose=0, shuffle=False, callbacks=[spy, callback])
    return True, snapshots


def _check_recall(folder, classes, labels, epochs, seed):
    """Train a tiny network with the callback and compare the records with its weights after each epoch."""
    rng = np.random.default_rng(seed)
    images = (rng.normal(size=(len(labels), 4)) + np.eye(10)[labels][:, :4]).astype("float32")
    first_weights = [rng.normal(size=(4, classes)), rng.normal(size=classes)]
    try:
        is_callback, snapshots = _fit_with_recall(folder, images, labels, first_weights, epochs)
    except Exception as error:
        raise AssertionError(
            f"A training with DigitRecall stopped with {type(error).__name__}: {str(error)[:500]}"
        ) from error
    assert is_callback, "DigitRecall must be a class derived from keras.callbacks.Callback."
    files = list(Path(folder).glob("*tfevents*"))
    assert files, "There is no event file in the folder after the training."
    assert len(files) == 1, (
        f"All must be in one event file; {epochs} epochs made {len(files)}. Make the writer once, not at every epoch."
    )
    stored = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    stored.Reload()
    tags, expected = sorted(stored.Tags()["tensors"]), sorted(f"recall/{digit}" for digit in set(labels.tolist()))
    assert tags == expected, f"The tags must be {expected}, one for each class among the labels; the file holds {tags}."
    for digit in set(labels.tolist()):
        events = stored.Tensors(f"recall/{digit}")
        steps = [int(event.step) for event in events]
        assert steps == list(range(epochs)), (
            f"recall/{digit} must be recorded at the steps {list(range(epochs))}; it is at {steps}."
        )
        for event, (weights, biases) in zip(events, snapshots):
            answers = (images @ weights + biases).argmax(axis=1)
            share, found = float((answers[labels == digit] == digit).mean()), float(tf.make_ndarray(event.tensor_proto))
            assert abs(found - share) < 1e-4, (
                f"After epoch {event.step + 1} the model recognises {share:.6g} of the images labelled "
                f"{digit}; recall/{digit} says {found:.6g}."
            )


with tempfile.TemporaryDirectory() as place:
    _check_recall(Path(place) / "a", 3, np.random.default_rng(25).integers(0, 3, 60), 2, seed=26)
    ### BEGIN HIDDEN TESTS
    _check_recall(
        Path(place) / "b", 10, np.random.default_rng(27).choice([1, 2, 5, 9], 90).astype(np.uint8), 12, seed=28
    )
    _check_recall(
        str(Path(place) / "c"), 10, np.random.default_rng(29).choice([0, 3, 8], 80, p=[0.7, 0.2, 0.1]), 3, seed=30
    )
    ### END HIDDEN TESTS
assert not Path(place).exists(), "The folder of this test could not be deleted."
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")

# %%
watched = build_small()
watch = DigitRecall(RUNS / "recall", X_val, y_val)
watched.fit(X_few, y_few, batch_size=50, epochs=6, verbose=0, callbacks=[watch])
recall = np.array([[value for _, value in scalars(RUNS / "recall", f"recall/{digit}")] for digit in range(10)])
figure, axes = plt.subplots(figsize=(6.5, 4), layout="constrained")
picture = axes.imshow(recall, cmap="viridis", vmin=0, vmax=1, aspect="auto")
for digit, epoch in np.ndindex(recall.shape):
    ink = "white" if recall[digit, epoch] < 0.6 else "black"
    axes.text(epoch, digit, f"{recall[digit, epoch]:.2f}", ha="center", va="center", fontsize=8, color=ink)
axes.set(
    xlabel="epoch",
    ylabel="digit",
    xticks=range(6),
    xticklabels=range(1, 7),
    yticks=range(10),
    title="recall of each digit",
)
figure.colorbar(picture, label="recall")
plt.show()

# %% [markdown]
# **What to see.** A row for each digit, bright for a high recall. One accuracy for all would hide that some digits are
# learned late. In seven trials with the bundled digits the ones had the highest recall after the last epoch each time,
# 98 or 99 %, and the fives, at 78 to 83 %, were at or near the bottom. In TensorBoard the ten curves stand together
# in a group `recall`: the part of a tag before the slash makes the group.
#
# ## Part 4 · Judge the runs
#
# ### Task 6 · Which run is best? (2 points)
#
# The **learning rate** is the size of the optimiser's steps: too small, and the training crawls; too large, and it
# jumps about or explodes, and the loss becomes NaN, *not a number*. What is a good value? One trains with several and
# compares.
#
# Write `compare(curves, lowest=True)`. `curves` is a dictionary: a run's name → its list of pairs `(step, value)`, as
# `scalars` returns it. Return a list of tuples `(name, epoch, value)`, one for each run, **the best run first**.
# `value` is the best of the run: the lowest one for a loss; the highest one if `lowest` is false, as for an accuracy.
# `epoch` is the epoch at which the run had it *first*, counted from 1, so step + 1. Values that are NaN or infinite
# are never the best; a run that has no others is left out. `curves` stays as it is.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Take a single run first: which of its pairs may count, and which of them is the best? What becomes of a run in which
# none may count?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# For each run, keep the pairs for which `np.isfinite(value)` holds, and see if any are left. `min` and `max` take a
# `key` and return the first of several equals. Watch out: `min` is helpless with NaN, as every comparison with it is
# false. In the end `sorted` puts the runs in order; it takes a `key`, too.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# The three functions on other data: words and their lengths.
#
# ```python
# words = ["pear", "fig", "plum", "banana", "kiwi"]
# print(min(words, key=len))  # fig
# print(max(["plum", "fig", "kiwi"], key=len))  # plum: the first of two equally long ones
# print(sorted(words, key=lambda word: -len(word)))  # ['banana', 'pear', 'plum', 'kiwi', 'fig']
# print(min([float("nan"), 2.0, 1.0]))  # nan
# print(min([2.0, float("nan"), 1.0]))  # 1.0: with NaN the result depends on the order
# ```
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "compare", "locked": false, "schema_version": 3, "solution": true, "task": false}
def compare(curves, lowest=True):
    """The best value of each run and its epoch, counted from 1: a list of (name, epoch, value), best run first."""
    ### BEGIN SOLUTION
    sign, rows = (1 if lowest else -1), []
    for name, pairs in curves.items():
        finite = [(step, value) for step, value in pairs if np.isfinite(value)]
        if finite:
            step, value = min(finite, key=lambda pair: sign * pair[1])
            rows.append((name, step + 1, value))
    return sorted(rows, key=lambda row: sign * row[2])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-compare", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def _check_compare(curves, expected, **named):
    """Compare the table with what must come out."""
    call = f"compare({curves}{', lowest=False' if named else ''})"
    kept = {name: list(pairs) for name, pairs in curves.items()}
    try:
        found = compare(curves, **named)
    except Exception as error:
        raise AssertionError(f"{call} stopped with {type(error).__name__}: {error}") from error
    assert found is not None, "compare returns nothing. Is there a `return`?"
    rows_of_three = isinstance(found, (list, tuple)) and all(
        isinstance(row, (list, tuple)) and len(row) == 3 for row in found
    )
    assert rows_of_three, f"compare must return a list of tuples (name, epoch, value); {call} gives {found!r}."
    assert repr(curves) == repr(kept), f"compare changes the curves it is given: {kept} became {curves}."
    numbers = all(isinstance(part, (int, float, np.number)) for row in found for part in row[1:])
    assert numbers, f"Epoch and value must be numbers; {call} gives {found!r}."
    rows = [(str(name), float(epoch), round(float(value), 6)) for name, epoch, value in found]
    names = [name for name, *_ in rows]
    assert sorted(names) == sorted(name for name, *_ in expected), (
        f"{call} must have a row for each of {sorted(name for name, *_ in expected)}; it has {names}."
    )
    for row in rows:
        right = next(one for one in expected if one[0] == row[0])
        assert row[2] == right[2], f"The best value of {right[0]!r} is {right[2]}; {call} says {row[2]}."
        assert row[1] == right[1], (
            f"{right[0]!r} has its best value first at epoch {right[1]} (step {right[1] - 1}); {call} says "
            f"epoch {row[1]:g}."
        )
    assert names == [name for name, *_ in expected], (
        f"The best run comes first: {[name for name, *_ in expected]}; {call} gives {names}."
    )


nan, inf = float("nan"), float("inf")
two = {"cautious": [(0, 0.9), (1, 0.7), (2, 0.6)], "quick": [(0, 0.5), (1, 0.3), (2, 0.4)]}
_check_compare(two, [("quick", 2, 0.3), ("cautious", 3, 0.6)])
_check_compare({"wild": [(0, nan), (1, 0.5), (2, nan)], "exploded": [(0, nan), (1, nan)]}, [("wild", 2, 0.5)])
scores = {"low": [(0, 0.5), (1, 0.25)], "high": [(0, 0.5), (1, 0.75)]}
_check_compare(scores, [("high", 2, 0.75), ("low", 1, 0.5)], lowest=False)
### BEGIN HIDDEN TESTS
losses = {
    "exploded": [(0, nan), (1, nan), (2, nan)],
    "late nan": [(0, 0.8), (1, 0.25), (2, nan), (3, nan)],
    "early nan": [(0, nan), (1, 0.5), (2, 0.4375)],
    "ties": [(0, 0.75), (1, 0.125), (2, 0.5), (3, 0.125)],
    "infinite": [(0, inf), (1, 2.5), (2, -inf)],
}
_check_compare(losses, [("ties", 2, 0.125), ("late nan", 2, 0.25), ("early nan", 3, 0.4375), ("infinite", 2, 2.5)])
scores = {
    "b": [(0, 0.5), (1, 0.75), (2, 0.75)],
    "a": [(0, 0.875)],
    "c": [(4, 0.25), (6, 0.375), (9, nan)],
    "d": [(0, inf), (1, -0.5), (2, -inf)],
}
_check_compare(scores, [("a", 1, 0.875), ("b", 2, 0.75), ("c", 7, 0.375), ("d", 2, -0.5)], lowest=False)
_check_compare({"exploded": [(0, nan)], "infinite": [(0, inf)]}, [])
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")

# %%
rates, curves = [0.0001, 0.001, 0.01, 0.1], {}
figure, axes = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
for rate, marker, colour, dash in zip(
    rates, "osD^", ["#0072B2", "#D55E00", "#009E73", "#555555"], ["-", "--", "-.", ":"]
):
    recorder = board(RUNS, net="small", learning_rate=rate)
    validation = {"validation_data": (X_val, y_val), "validation_batch_size": 500}
    build_small(rate).fit(X_few, y_few, **validation, batch_size=50, epochs=8, verbose=0, callbacks=[recorder])
    curves[f"learning rate {rate}"] = scalars(Path(recorder.log_dir) / "validation", "epoch_loss")
    steps, values = zip(*curves[f"learning rate {rate}"])
    axes.plot(np.add(steps, 1), values, marker=marker, color=colour, linestyle=dash, label=f"learning rate {rate}")
axes.set(xlabel="epoch", ylabel="validation loss", ylim=(0, 2.5))
axes.grid(alpha=0.3)
axes.legend()
plt.show()
table = pd.DataFrame(compare(curves), columns=["run", "best epoch", "lowest validation loss"])
print(table.round(3).to_string(index=False))

# %% [markdown]
# **What to see.** With 0.0001 (circles) the loss falls steadily, but crawls; with 0.1 (triangles) it goes up
# and down instead of falling. Between them, 0.01 (diamonds) has its best epoch early and then gets worse, while 0.001 (squares) falls
# on. In seven trials with the bundled digits the best run was one of these two each time, five times 0.001, twice 0.01.
# Their lowest losses were close, so a single run of each does not settle which is better: repeat both.
#
# ### Task 7 · Learned by heart (2 points)
#
# A network with many weights and few digits can learn them by heart. It shows when the loss on the training digits
# goes on falling, while the loss on digits it has not seen has turned and rises. This is **overfitting**. The network
# to keep is that of the turning point.
#
# Write `overfitting(training, validation)` for two equally long lists of losses, one value an epoch. Return a tuple
# `(best, gap, overfits)`:
#
# - `best`: the epoch of the lowest validation loss, counted from 1; the first of them if there are several;
# - `gap`: how far the validation loss lies above the training loss at the *last* epoch;
# - `overfits`: `True` if validation loss is at the last epoch more than 5 % higher than at the best epoch, *and*
#   training loss is lower than it was there; else `False`. (Validation loss never falls quite steadily, so a smaller
#   rise tells little. Where both rise, the training is going astray: another illness.)
#
# <details><summary>Hint 1: a nudge</summary>
#
# Mark the lowest value in a list of validation losses, and look at the same place in the list of training losses. Which
# four numbers of the two lists do you need for all three answers?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `np.argmin` returns the first of several equal places, counted from 0. The last value has the index `-1`. "5 % higher
# than b" is 1.05 · b. Combine the two conditions with `and`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "overfitting", "locked": false, "schema_version": 3, "solution": true, "task": false}
def overfitting(training, validation):
    """Epoch (from 1) of the lowest validation loss, last gap between the losses, and whether the run overfits."""
    ### BEGIN SOLUTION
    place = int(np.argmin(validation))
    gap = validation[-1] - training[-1]
    overfits = validation[-1] > 1.05 * validation[place] and training[-1] < training[place]
    return place + 1, float(gap), bool(overfits)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-overfitting", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def _check_overfitting(training, validation, expected, why=""):
    """Compare the three answers."""
    given = [float(value) for value in training], [float(value) for value in validation]
    losses = f"training {given[0]}, validation {given[1]}"
    try:
        found = overfitting(*given)
    except Exception as error:
        raise AssertionError(f"For {losses} overfitting stopped with {type(error).__name__}: {error}") from error
    assert found is not None, "overfitting returns nothing. Is there a `return`?"
    assert isinstance(found, (tuple, list)) and len(found) == 3, (
        f"overfitting must return (best, gap, overfits); it returns {found!r}."
    )
    assert given == (list(training), list(validation)), "overfitting changes the lists it is given."
    best, gap, overfits = found
    assert isinstance(best, (int, float, np.number)) and isinstance(gap, (int, float, np.number)), (
        f"The first two things must be numbers; overfitting returns {found!r}."
    )
    assert isinstance(overfits, (bool, np.bool_)), f"`overfits` must be True or False; it is {overfits!r}."
    assert float(best) == expected[0], f"For {losses} the best epoch is {expected[0]}; overfitting says {best}."
    assert abs(float(gap) - expected[1]) < 1e-6, (
        f"For {losses} the gap at the end is {expected[1]:g}; overfitting says {float(gap):.7g}."
    )
    assert bool(overfits) is expected[2], f"For {losses} overfits must be {expected[2]}{why}; it is {overfits}."


_check_overfitting([0.9, 0.5, 0.25, 0.125], [0.8, 0.6, 0.7, 0.9], (2, 0.775, True))
_check_overfitting([0.9, 0.5, 0.25], [0.8, 0.6, 0.5], (3, 0.25, False))
_check_overfitting([0.9, 0.5, 0.25], [0.8, 0.5, 0.51], (2, 0.26, False), ", as 0.51 is only 2 % above 0.5")
_check_overfitting([0.5, 0.25, 0.5], [0.75, 0.5, 1.0], (2, 0.5, False), ", as training loss has risen, too")
### BEGIN HIDDEN TESTS
_check_overfitting([0.5, 0.4, 0.6, 0.9], [0.6, 0.5, 0.7, 1.0], (2, 0.1, False))  # both rise
_check_overfitting([0.75, 0.5, 0.375, 0.25], [1.0, 0.5, 0.5, 0.5], (2, 0.25, False))  # validation stands still
_check_overfitting([0.5, 0.25, 0.125], [0.25, 0.5, 0.75], (1, 0.625, True))
_check_overfitting([1.0, 0.75, 0.5, 0.625], [0.75, 0.5, 0.875, 0.625], (2, 0.0, True))
_check_overfitting([1.5, 1.25, 1.0], [1.0, 0.75, 0.625], (3, -0.375, False))
_check_overfitting([0.5], [0.75], (1, 0.25, False))
_check_overfitting([0.9, 0.5, 0.25, 0.2], [5.0, 4.0, 4.5, 4.12], (2, 3.92, False), ", as 4.12 is only 3 % above 4")
_check_overfitting([0.9, 0.5, 0.25], [0.08, 0.05, 0.06], (2, -0.19, True), ", as 0.06 is 20 % above 0.05")
_check_overfitting([0.9, 0.5, 0.5], [0.8, 0.5, 0.75], (2, 0.25, False), ", as training loss has not fallen")
_check_overfitting([0.9, 0.2, 0.5, 0.4], [0.8, 0.9, 0.5, 0.6], (3, 0.2, True))
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")

# %%
handful = min(200, half)
figure, grid = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained", sharey=True)
losses = {}
for axes, dropout in zip(grid, (0.0, 0.5)):
    recorder = board(RUNS, net="small", digits=handful, dropout=dropout)
    small = build_small(0.003, dropout)
    small.fit(X_few[:handful], y_few[:handful], **validation, batch_size=50, epochs=30, verbose=0, callbacks=[recorder])
    for part, style in [("train", BLUE), ("validation", ORANGE)]:
        losses[part, dropout] = [value for _, value in scalars(Path(recorder.log_dir) / part, "epoch_loss")]
        axes.plot(range(1, 31), losses[part, dropout], label=part, **style)
    best, gap, overfits = overfitting(losses["train", dropout], losses["validation", dropout])
    axes.axvline(best, color="0.4", linestyle=":", label=f"best epoch, {best}")
    axes.set(xlabel="epoch", ylabel="loss", ylim=(0, 1.5), title=f"{handful} digits, dropout {dropout}")
    axes.grid(alpha=0.3)
    axes.legend()
    low, last = min(losses["validation", dropout]), losses["validation", dropout][-1]
    rightly = [value for _, value in scalars(Path(recorder.log_dir) / "validation", "epoch_accuracy")]
    print(f"dropout {dropout}: best epoch {best}, gap at the end {gap:.3f}, overfits {overfits}")
    print(f"    validation loss {low:.3f}, accuracy {rightly[int(best) - 1]:.1%} at the best epoch;", end=" ")
    print(f"{last:.3f}, {rightly[-1]:.1%} at the end")
plt.show()

# %% [markdown]
# **What to see.** Without dropout (left) the training loss goes to zero and the validation loss turns. With 200 bundled
# digits, in fourteen trials with other random numbers, the best epoch was 6 to 9; the validation loss was 0.57 to 0.61
# there and 0.65 to 0.70 at the end. The validation *accuracy*, printed above, hardly changed meanwhile: the network
# does not make more mistakes, it becomes more and more certain of them, and the loss punishes this. **Dropout** (right)
# silences half of the dense layer's outputs at random in each training step, so that learning by heart is harder;
# lab 9 tells more. Here the loss turned later, at epochs 11 to 20, and nearly always at a lower value. But it turned
# as well: in six more trials it ended 3 to 14 % above its lowest value, without dropout 12 to 17 %.
#
# ### Task 8 · What TensorBoard draws (2 points)
#
# Open TensorBoard, and the curve you see is not the curve you recorded. It is **smoothed**: the slider *Smoothing*
# stands at 0.6 at first, and the bold line shows averages; the true values are the pale line behind it. The formula
# is an **exponential moving average**. With the weight w of the slider and the values v₁, v₂, …, start at a₀ = 0 and
# go on by
#
# aₜ = w · aₜ₋₁ + (1 − w) · vₜ,
#
# so that old values count less and less. As it starts at 0, it is too small at first. TensorBoard corrects this:
# what it draws is aₜ / (1 − wᵗ), where t = 1 for the first value. (The Adam optimiser corrects its averages in the
# same way.)
#
# Write `smooth(values, weight)`, which returns the drawn values, as many as were given, as floats in a list or an
# array. `weight` is at least 0 and less than 1. `values` stays as it is.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Check on paper: the first smoothed value equals the first value, whatever the weight. There are two numbers in each
# round, aₜ and what is drawn. Which of them goes into the next round?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# A loop with `enumerate(values, start=1)` gives t and vₜ. Keep aₜ in a variable that begins at 0, and change it in each
# round by the formula. Append the corrected number to a list, but do not put it back into the variable.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "smooth", "locked": false, "schema_version": 3, "solution": true, "task": false}
def smooth(values, weight):
    """The values as TensorBoard draws them: an exponential moving average, corrected for its start at 0."""
    ### BEGIN SOLUTION
    average, drawn = 0.0, []
    for t, value in enumerate(values, start=1):
        average = weight * average + (1 - weight) * value
        drawn.append(average / (1 - weight**t))
    return drawn
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-smooth", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def _smoothed(values, weight):
    """What smooth returns, an array of as many numbers; an error in it becomes a sentence."""
    kept = np.array(values)
    try:
        found = smooth(values, weight)
    except Exception as error:
        raise AssertionError(
            f"For {len(kept)} values and weight {weight}, smooth stopped with {type(error).__name__}: {error}"
        ) from error
    assert found is not None, "smooth returns nothing. Is there a `return`?"
    assert np.shape(found) == kept.shape, (
        f"{len(kept)} values were given, so as many must come out; smooth gives a {type(found).__name__} of shape "
        f"{np.shape(found)}."
    )
    assert np.array_equal(values, kept), "smooth changes the values it is given."
    return np.asarray(found, dtype=float)


found = _smoothed([4.0, 1.0], 0.2)
assert np.isclose(found[0], 4.0), (
    f"The first smoothed value equals the first value, 4; smooth gives {found[0]:.6g}. Is the start at 0 corrected, "
    "and does the new value have the weight 1 − w?"
)
assert np.isclose(found[1], 1.5), (
    f"For [4, 1] and weight 0.2: a₁ = 0.8 · 4 = 3.2 and (0.2 · 3.2 + 0.8 · 1) / (1 − 0.2²) = 1.5; smooth gives "
    f"{found[1]:.6g}."
)
found = _smoothed([4.0, 1.0, 1.0], 0.5)
assert np.isclose(found[2], 1.42857143), (
    "For [4, 1, 1] and weight 0.5 the third value is (0.5 · 1.25 + 0.5 · 1) / (1 − 0.5³) = 1.42857; smooth gives "
    f"{found[2]:.6g}. aₜ₋₁ is the average before its correction."
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(31)
for weight in (0.0, 0.2, 0.6, 0.9, 0.99):
    series = rng.normal(3, 1, size=30)
    t = np.arange(1, 31)
    expected = [(weight ** np.arange(n)[::-1] * series[:n]).sum() / (weight ** np.arange(n)).sum() for n in t]
    found = _smoothed(series, weight)
    worst = int(np.abs(found - expected).argmax())
    assert np.allclose(found, expected, rtol=1e-5), (
        f"For weight {weight} the smoothed value at place {worst} is {expected[worst]:.6g}; smooth gives "
        f"{found[worst]:.6g}."
    )
for series, weight, what in (
    ([2.5] * 6, 0.8, "Values that are all equal"),
    ([1, 2, 3], 0.0, "With weight 0 the values"),
):
    found = _smoothed(series, weight)
    assert np.allclose(found, series), f"{what} must stay as they are; {series} became {found.tolist()}."
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")

# %%
raw = losses["validation", 0.0]
figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
axes.plot(range(1, 31), raw, color="black", linewidth=2.5, label=f"recorded, lowest at epoch {np.argmin(raw) + 1}")
for weight, style in [(0.6, BLUE), (0.9, ORANGE)]:
    drawn = smooth(raw, weight)
    axes.plot(range(1, 31), drawn, label=f"smoothing {weight}, lowest at epoch {np.argmin(drawn) + 1}", **style)
axes.set(xlabel="epoch", ylabel="validation loss", title="one run, three curves")
axes.grid(alpha=0.3)
axes.legend()
plt.show()

# %% [markdown]
# **What to see.** The smoothed curves come late. In the fourteen trials the recorded loss was lowest at epoch 6 to 9, the
# curve smoothed by 0.6 at 9 to 12, that by 0.9 at 19 to 23. Who reads the best epoch off the bold line keeps a
# network that overfits already. An average of the past cannot know that things have turned.
#
# ## Part 5 · TensorBoard itself
#
# TensorBoard is a small web server: it reads the event files and shows them as a page. You give it the folder above
# all runs, here `RUNS`, and it finds the runs in it. In a notebook, two **magics** (IPython's commands that begin
# with `%`) load it and start it:
#
#     %load_ext tensorboard
#     %tensorboard --logdir runs
#
# On your own computer, the same goes in a terminal, and the page is then at `http://localhost:6006`:
#
#     tensorboard --logdir runs
#
# What its tabs show of your runs (where the page is narrow, an arrow beside them leads to the last ones):
#
# - **Time Series** and **Scalars**: a curve for each tag, all runs on top of each other. On the left you choose the
#   runs; smoothing is on the right, under *Settings*, or in *Scalars* on the left too. Both can also draw over
#   wall-clock time (*Horizontal Axis*), which shows what a slower run really costs.
# - **Images**: your wrong digits; a slider moves through the steps.
# - **Graphs**: the layers, from input to output. Choose a `train` run and, under *Graph type*, the conceptual graph;
#   before you do, the tab says that it has failed. Keras 3 records the layers, but not the single operations.
# - **Histograms**: a layer's weights, one outline behind the other, an epoch each. **Distributions** shows the same
#   from above, as bands. A layer that never changes stands still; one that explodes spreads out like a fan.
#
# ### Task 9 · Behind a hub (1 point)
#
# The page comes from a *port* of the machine that computes, and your browser asks for it at `localhost`. That is the
# same machine only if JupyterLab runs on your own computer. In Colab the magic takes care of it. On Binder or a
# university's JupyterHub the browser cannot reach the port, and the frame stays empty. The helper is
# `jupyter-server-proxy`: it fetches the page and hands it on under your server's own address,
# `https://…/user/ada/proxy/6006/`. TensorBoard's magic uses that address if the environment variable
# `TENSORBOARD_PROXY_URL` names it, with `%PORT%` in place of the number. Without the slash at the end the page loads,
# but its parts are looked for in the wrong place.
#
# Write `proxy_url(environment)`. `environment` is a dictionary such as `os.environ`. Return the value for
# `TENSORBOARD_PROXY_URL`:
#
# - if `environment` has that variable already, its value, unchanged: whoever runs the hub knows best;
# - else, on a hub, where `JUPYTERHUB_SERVICE_PREFIX` holds your server's path, such as `/user/ada/`:
#   `/user/ada/proxy/%PORT%/`. The path may come without its last slash; the result has single slashes only;
# - else `None`: no hub, none needed. `environment` stays as it is.
#
# <details><summary>Hint 1: a nudge</summary>
#
# There are three cases, and their order matters: which one do you have to ask for first? For the second one, try the
# paths `/user/ada/` and `/user/ada`: both must give the same address.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `environment.get(name)` returns `None` if there is no such name. `text.rstrip("/")` cuts slashes off the end. Then `+`
# puts the parts together.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "proxy-url", "locked": false, "schema_version": 3, "solution": true, "task": false}
def proxy_url(environment):
    """Where TensorBoard's page is found behind a hub, with %PORT% for the port; None without a hub."""
    ### BEGIN SOLUTION
    if "TENSORBOARD_PROXY_URL" in environment:
        return environment["TENSORBOARD_PROXY_URL"]
    prefix = environment.get("JUPYTERHUB_SERVICE_PREFIX")
    return None if prefix is None else prefix.rstrip("/") + "/proxy/%PORT%/"
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-proxy-url", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from data_utils import beside_answer


@beside_answer
def _environment():
    """The variables of the process that the answer runs in."""
    return dict(os.environ)


def _address(environment):
    """What proxy_url returns; an error in it becomes a sentence."""
    kept = dict(environment)
    try:
        found = proxy_url(environment)
    except Exception as error:
        raise AssertionError(f"For {kept} proxy_url stopped with {type(error).__name__}: {error}") from error
    assert environment == kept, f"proxy_url changes the environment it is given: {kept} became {environment}."
    return found


found = _address({"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/", "HOME": "/home/ada"})
assert found is not None, "On a hub proxy_url returns nothing. Is there a `return`?"
assert found == "/user/ada/proxy/%PORT%/", (
    f"For the path /user/ada/ the address is /user/ada/proxy/%PORT%/; proxy_url gives {found!r}."
)
found = _address({"HOME": "/home/ada"})
assert found is None, f"Without a hub the answer is None; proxy_url gives {found!r}."
both = {"JUPYTERHUB_SERVICE_PREFIX": "/user/eve/", "TENSORBOARD_PROXY_URL": "/own/%PORT%/"}
found = _address(both)
assert found == "/own/%PORT%/", (
    f"A TENSORBOARD_PROXY_URL that is set, /own/%PORT%/, must win; proxy_url gives {found!r}."
)
### BEGIN HIDDEN TESTS
before = _environment()
for prefix in ("/user/bob", "/user/bob/", "/hub/user/bob/lab-2/", "/"):
    right = prefix.rstrip("/") + "/proxy/%PORT%/"
    found = _address({"JUPYTERHUB_SERVICE_PREFIX": prefix})
    assert found == right, f"For the path {prefix} the address is {right}; proxy_url gives {found!r}."
found = _address({"TENSORBOARD_PROXY_URL": "https://hub.example.edu/own/%PORT%"})
assert found == "https://hub.example.edu/own/%PORT%", (
    f"A TENSORBOARD_PROXY_URL that is set must be returned, unchanged; proxy_url gives {found!r}."
)
assert _environment() == before, "proxy_url changes os.environ; it should only look at the environment it is given."
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 1 point.")

# %% [markdown]
# ### See it
#
# Write `True` in the first line of the next cell and run the cell: after some seconds TensorBoard appears below it.
# It is off at first because a server goes on running after the cell has ended. Write `False` and run the cell again,
# and it stops; it also stops when you shut the kernel down or restart it. Close it one way or the other: forgotten
# servers fill up a machine.

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
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(processes, timeout=patience)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


atexit.register(stop_tensorboard, patience=1)  # when the kernel ends
if SHOW_TENSORBOARD and "NBGRADER_EXECUTION" not in os.environ:  # no server while the lab is graded
    if "JUPYTERHUB_SERVICE_PREFIX" in os.environ:  # on a hub or on Binder: your Task 9
        os.environ["TENSORBOARD_PROXY_URL"] = proxy_url(os.environ)
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
# ### Task 10 · Read the curves (2 points)
#
# Look at the two curves of the run *without* dropout (Task 7) and at the smoothed ones (Task 8). Write four to eight
# sentences:
#
# 1. What do the curves of training and validation say about this run, before and after the best epoch? Which epoch
#    would you keep, and why is it right to choose by this curve and not by one of the test digits?
# 2. What would go wrong if you read the epoch off TensorBoard's smoothed curve, and what else can smoothing hide?
#
# **Marking scheme.** 1 point: both phases are described with both losses, and the epoch is chosen by the lowest
# validation loss, with the reason why the test digits must not choose. 1 point: the average lags behind, so its lowest
# point comes late, and one more thing that it hides (jumps, a single bad epoch, the last value, NaN).

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain-curves", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# In the first epochs both losses fall: what the network learns holds for digits it has not seen. Then the training
# loss goes on falling to nearly 0, while the validation loss turns and rises: the network learns its 200 digits by
# heart and becomes ever more sure of its mistakes. I would keep the epoch with the lowest recorded validation loss.
# The validation digits may choose, because the test digits stay unseen; had they chosen, their result would be the
# best of 30 tries and too good, and no honest test would be left.
#
# The smoothed curve averages over epochs that are past. So it lags: its lowest point comes some epochs after the true
# one, the more so the larger the weight, and one would keep a network that overfits already. Smoothing also
# flattens jumps, such as a single bad epoch or a training that becomes unstable, and its last point is not the last
# value. Before a decision I set the smoothing to 0 or read the numbers from the event files.
# ### END SOLUTION

# %% [markdown]
# ## Going further
#
# - Give `fit` a `keras.callbacks.EarlyStopping(restore_best_weights=True)` beside your `board`. At which epoch does it
#   stop the run without dropout, and what does the record look like? What changes with `patience=5`?
# - Record every batch: `keras.callbacks.TensorBoard(folder, update_freq="batch")`, with a new folder in `RUNS`. Its
#   tag `batch_loss` is not the loss of a single batch but the average since the epoch began. How can you see that in
#   the curve, and how would you record the true one? (`self.model.reset_metrics()` starts the average anew.)
# - Log the settings of the runs of Task 6, and let TensorBoard draw a table of them, under its tab *HParams*: after
#   `from tensorboard.plugins.hparams import api`, write `api.hparams({"learning_rate": rate})` through a writer into
#   the folder of each run.
#
# ## References
#
# - M. Abadi et al.: *TensorFlow: a system for large-scale machine learning*. OSDI 2016.
# - L. Prechelt: *Early stopping, but when?* In: Neural Networks: Tricks of the Trade, Springer, 1998.
# - D. P. Kingma, J. Ba: *Adam: a method for stochastic optimization*. ICLR 2015.
# - N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov: *Dropout: a simple way to prevent neural
#   networks from overfitting*. JMLR 15, 2014.
