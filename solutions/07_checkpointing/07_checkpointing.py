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
# # 7 · Saving, resuming, and files that lie
#
# Training takes hours, and computers are switched off. In this lab you save networks, find out what is really in the
# files, go on after an interruption as if there had been none, and write a loader that copes with damaged files.
#
# ## What you will do
#
# You save weights and whole networks, see what the files hold, train networks with checkpoints, resume a training that
# was cut off, and explain a published history of training that begins at 99.95 %.
#
# ## What you will learn
#
# - Say what is in a JSON description, a `.weights.h5` file and a `.keras` file, and what is not.
# - Save a network after every epoch, or the best one only, and go back to it.
# - Resume a training so that it ends exactly where it would have ended, and show why the optimiser's state is needed.
# - Recognise a training that was continued unnoticed.
# - Read error messages of damaged files with suspicion, and fall back to the last good checkpoint.
#
# ## What you need
#
# Lab 4 (convolutions, its LeNet, training with validation), and Python's `pathlib` for file names.

# %% [markdown] tags=["stamp-facts"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/cnn-labs/cnn-labs-students/blob/main/labs/07_checkpointing/07_checkpointing.ipynb)
# [![Open in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/cnn-labs/cnn-labs-students/main?urlpath=lab/tree/labs/07_checkpointing/07_checkpointing.ipynb)
#
# **20 points** · plan about 110 minutes · *Run All* of the finished lab takes about 0.7 minutes and 0.8 GiB of memory (measured on 2 cores)

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

names_needed = ["beside_answer", "build_lenet", "explain_errors", "load_mnist"]
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
# give the values of the full experiment, which needs about 300 MB of disk space for a while. `LENET_EPOCHS` must be at
# least 2.
#
# The cell after the next one prepares images and labels as in lab 4. `build_lenet()`, imported there, makes the LeNet
# of lab 4, and `small_network()` a small one that trains in a second, for trials; `compiled_network()` compiles it with
# Adam. All files of this lab go into one temporary folder, `workspace`; the last code cell deletes it. (To go back
# after that, run the notebook from its first cell.)

# %% tags=["parameters"]
N_TRAIN = 2_000  # full run: 60_000
N_TEST = 1_000  # full run: 10_000
EPOCHS = 8  # full run: 50
LENET_EPOCHS = 3  # full run: 20

# %% tags=["remove-stderr"]
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # fewer start-up notes; those that remain need no action

import json
import tempfile
import zipfile
from pathlib import Path

import h5py
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from data_utils import build_lenet, explain_errors, load_mnist

keras.utils.set_random_seed(1)  # the same random numbers at every run
(x_train, y_train), (x_test, y_test) = load_mnist(N_TRAIN, N_TEST)


def small_network(units=64):
    """One hidden layer, untrained and not compiled."""
    layers = keras.layers
    hidden, output = layers.Dense(units, activation="relu"), layers.Dense(10, activation="softmax")
    return keras.Sequential([keras.Input(shape=(28, 28, 1)), layers.Flatten(), hidden, output])


def compiled_network():
    """A small network with Adam, new."""
    model = small_network()
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def accuracy(model, images, labels):
    """The share of images whose largest output is at the label, an integer; the model need not be compiled."""
    parts = [np.asarray(model(images[at : at + 500], training=False)) for at in range(0, len(images), 500)]
    return float((np.concatenate(parts).argmax(axis=1) == labels).mean())


X_train, X_test = x_train.astype("float32")[..., np.newaxis] / 255, x_test.astype("float32")[..., np.newaxis] / 255
Y_train, Y_test = np.eye(10, dtype="float32")[y_train], np.eye(10, dtype="float32")[y_test]
temporary = tempfile.TemporaryDirectory(prefix="lab07-")  # deleted with the kernel at the latest
workspace = Path(temporary.name)

# %% [markdown]
# ## Part 1 · A LeNet-5 worth saving
#
# Lab 4 pooled with the maximum. **Average pooling** replaces the numbers under its window by their mean, much as LeCun
# did in 1998. The activation is new, too: **tanh** bends every number smoothly into the range from −1 to 1. This
# LeNet-5 is not that of lab 5. Look closely: its first pooling moves by *one* pixel, so it hardly makes the map
# smaller; it only blurs. Its layers have **names**, because files, error messages and summaries refer to them.
#
# You built a LeNet in lab 4, so this one is given.


# %% tags=["nbval-check-output"]
def build_lenet5():
    """The LeNet-5 of this lab, for images of shape (28, 28, 1): new, untrained and not compiled."""
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            keras.layers.Conv2D(6, 5, activation="tanh", name="CONV1"),
            keras.layers.AveragePooling2D(2, strides=1, name="POOL1"),
            keras.layers.Conv2D(16, 5, activation="tanh", name="CONV2"),
            keras.layers.AveragePooling2D(2, strides=2, name="POOL2"),
            keras.layers.Conv2D(120, 5, activation="tanh", name="CONV3"),
            keras.layers.Flatten(name="FLAT"),
            keras.layers.Dense(84, activation="tanh", name="FC6"),
            keras.layers.Dense(10, activation="softmax", name="FC7"),
        ]
    )


untrained = build_lenet5()
rows = [(layer.name, str(tuple(layer.output.shape)[1:]), f"{layer.count_params():,}") for layer in untrained.layers]
print(pd.DataFrame(rows, columns=["layer", "output", "parameters"]).to_string(index=False))
print(f"\ntotal: {untrained.count_params():,}; LeNet of lab 4: {build_lenet().count_params():,}")

# %% [markdown]
# ## Part 2 · What is in a file?
#
# A network in training has four parts. The **architecture**: layers, their settings and order. The **weights**. The
# **compile settings**: loss, metrics, and which optimiser with which learning rate. And the **state of the
# optimiser**: its count of steps and what it remembers of earlier gradients, for Adam two numbers for each weight.
#
# ### Three files of one network
#
# `model.to_json()` describes a network in **JSON**, a text format that people and programs of any language can read.
# The text tells how to build the network again, and how to compile it, if it is compiled. It does not tell what the
# network has learned: `keras.models.model_from_json(text)` makes a network with new random weights.
#
# `model.save_weights("name.weights.h5")` saves the weights. `model.save("name.keras")` is said to save the whole
# network, but a published lab says that it holds only the weights. A `.keras` file is a **zip archive**, a
# folder packed into one file: `config.json` (architecture and compile settings, as text), `metadata.json` (Keras's
# version and the date) and `model.weights.h5`. In the next cell there is nothing to write.

# %%
trial = compiled_network()
trial.fit(X_train[:480], Y_train[:480], batch_size=32, epochs=3, verbose=0)
(workspace / "trial.json").write_text(trial.to_json())
trial.save_weights(workspace / "trial.weights.h5")
trial.save(workspace / "trial.keras")
for file in sorted(workspace.glob("trial*")):
    print(f"{file.name:16} {file.stat().st_size:>9,} bytes")
print(f"weights alone    {trial.count_params() * 4:>9,} bytes ({trial.count_params():,} numbers, 4 bytes each)\n")
with zipfile.ZipFile(workspace / "trial.keras") as archive:
    config = json.loads(archive.read("config.json"))
    print("in trial.keras:", archive.namelist())
print("in its config.json:", [layer["class_name"] for layer in config["config"]["layers"]])
print("and the optimiser", config["compile_config"]["optimizer"]["class_name"])
with h5py.File(workspace / "trial.weights.h5") as weights_file:
    state = sum(array.size for array in weights_file["optimizer/vars"].values())
print(f"in trial.weights.h5: the weights, and {state:,} numbers of the optimiser's state")

# %% [markdown]
# **What to see.** The `.keras` file holds architecture, compile settings *and* weights: the published statement is
# wrong. Its size, three times that of the weights, gives away one thing more: with Adam, two further numbers for each
# weight, the optimiser's state.
#
# Now the surprise: the `.weights.h5` file (HDF5 is a format for named arrays) is as large. Its name promises weights
# only, but for a model that was compiled and trained it holds the optimiser's state as well. A newly built and compiled
# model has no such state yet, and so Keras does not load the file's state into it.

# %% [markdown]
# ### Task 1 · There and back (4 points)
#
# To load a `.keras` file of a network made from Keras's own layers, you need nothing else. To load weights you must
# first build the network that they belong to, so you have to keep the code for it, too. Write both ways.
#
# - `save_both(model, folder)` saves the whole model as `model.keras` and its weights as `model.weights.h5` in
#   `folder`. If the folder, or one above it, does not exist, it is made. If the two files exist, they are replaced;
#   other files in the folder stay. The model stays as it is.
# - `load_both(folder, build)` reads these two files and returns a pair of models: the one loaded from `model.keras`,
#   and one made by calling `build()`, a function such as `build_lenet5`, with the weights of `model.weights.h5`. It
#   only reads: all files stay as they are.
#
# `folder` is a string or a `Path`. The second model need not be compiled.
#
# <details><summary>Hint 1: a nudge</summary>
#
# There are two ways to save and two to load. Which way of loading needs an existing network, and who makes it?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Methods of a model: `save` and `save_weights`, and `load_weights`, which changes the model and returns nothing. A
# function: `keras.models.load_model`. `Path(folder).mkdir(parents=True, exist_ok=True)` makes folders.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "save-both", "locked": false, "schema_version": 3, "solution": true, "task": false}
def save_both(model, folder):
    """Save the whole model and its weights in a folder, which is made if need be."""
    ### BEGIN SOLUTION
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "model.keras")
    model.save_weights(folder / "model.weights.h5")
    ### END SOLUTION


def load_both(folder, build):
    """The model from model.keras, and a new one from build() with the weights of model.weights.h5."""
    ### BEGIN SOLUTION
    whole = keras.models.load_model(Path(folder) / "model.keras")
    rebuilt = build()
    rebuilt.load_weights(Path(folder) / "model.weights.h5")
    return whole, rebuilt
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-save-both", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
def _trained(units, seed):
    """A network with one hidden layer, and Adam's state after three steps."""
    rng = np.random.default_rng(seed)
    first, second = keras.layers.Dense(units, activation="relu"), keras.layers.Dense(3, activation="softmax")
    model = keras.Sequential([keras.Input((8,)), first, second])
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(rng.normal(size=(24, 8)), rng.integers(0, 3, 24), batch_size=8, epochs=1, verbose=0)
    return model


def _build():
    first, second = keras.layers.Dense(5, activation="relu"), keras.layers.Dense(3, activation="softmax")
    return keras.Sequential([keras.Input((8,)), first, second])


def _saved(model, folder):
    """Let save_both work; an error in it becomes a sentence."""
    state = "exists" if Path(folder).exists() else "does not exist"
    kind = "string" if isinstance(folder, str) else "Path"
    with explain_errors(f"save_both, for a folder that {state}, given as a {kind},"):
        save_both(model, folder)


def _loaded(folder, build):
    """The pair from load_both; an error in it, or something else returned, becomes a sentence."""
    kept = {file.name: file.read_bytes() for file in Path(folder).iterdir()}
    with explain_errors("load_both"):
        pair = load_both(folder, build)
    left = {file.name: file.read_bytes() for file in Path(folder).iterdir()}
    changed = sorted(name for name in kept.keys() | left.keys() if kept.get(name) != left.get(name))
    assert not changed, f"load_both must only read; it has changed, made or removed {changed}."
    assert pair is not None, "load_both returns nothing. Is there a `return`?"
    assert isinstance(pair, (tuple, list)) and len(pair) == 2, (
        f"load_both must return a pair of models; it returns a {type(pair).__name__}."
    )
    for one, where in zip(pair, ("model.keras", "model.weights.h5")):
        assert isinstance(one, keras.Model), (
            f"For {where} load_both gives {type(one).__name__}, not a model. (load_weights itself returns nothing.)"
        )
    return pair


def _check_answers(model, expected, what):
    """Compare a model's outputs for some rows with those expected."""
    found = np.asarray(model(rows), dtype=float)
    assert np.allclose(found, expected, atol=1e-5), (
        f"{what} answers otherwise than the one saved: {found[0].round(4).tolist()} for the first row, not "
        f"{expected[0].round(4).tolist()}. Were the weights loaded, and from the right file?"
    )


rows = np.random.default_rng(72).normal(size=(9, 8)).astype("float32")
with tempfile.TemporaryDirectory() as one_folder:
    model, place = _trained(5, 1), Path(one_folder, "not", "there")
    expected = np.asarray(model(rows), dtype=float)
    _saved(model, place)
    state = (getattr(model, "loss", None), int(getattr(model.optimizer, "iterations", -1)))
    assert state == ("sparse_categorical_crossentropy", 3), (
        "save_both must leave the model as it is: its loss was sparse_categorical_crossentropy and its optimiser had "
        f"done 3 steps; afterwards the loss is {state[0]}, and the optimiser knows of {state[1]} steps."
    )
    assert place.is_dir(), "save_both did not make the folder."
    names = sorted(file.name for file in place.iterdir())
    assert names == ["model.keras", "model.weights.h5"], f"The folder must hold the two files; it holds {names}."
    whole, rebuilt = _loaded(place, _build)
    _check_answers(whole, expected, "The model from model.keras")
    _check_answers(rebuilt, expected, "The model from model.weights.h5")
    advice = "Are the two exchanged?" if getattr(rebuilt, "compiled", False) else "Load it whole."
    assert getattr(whole, "compiled", False), (
        f"The first model returned, which must be that from model.keras, has no compile settings. {advice}"
    )
    _saved(model, str(place))
    deep = str(Path(one_folder, "a", "b", "c"))
    _saved(_trained(5, 2), deep)
    other = _trained(5, 3)
    others = {"notes.txt": b"keep me", "older.keras": b"and me", "older.weights.h5": b"me, too"}
    for name, text in others.items():
        Path(deep, name).write_bytes(text)
    _saved(other, deep)
    left = {name: Path(deep, name).read_bytes() for name in others if Path(deep, name).is_file()}
    spoilt = sorted(name for name, text in others.items() if left.get(name) != text)
    assert not spoilt, f"Other files in the folder must stay as they are; save_both changes or removes {spoilt}."
    newer, twice = np.asarray(other(rows), dtype=float), "After save_both was called twice for one folder,"
    for one, name in zip(_loaded(deep, _build), ("model.keras", "model.weights.h5")):
        _check_answers(one, newer, f"{twice} the model from {name}")
    ### BEGIN HIDDEN TESTS
    assert whole is not model and rebuilt is not model and whole is not rebuilt, "load_both must make two new models."
    steps = int(whole.optimizer.iterations)
    assert steps == 3, f"The optimiser had done 3 steps; that of the model from model.keras knows of {steps}."
    made = []

    def build_noted():
        made.append(_build())
        return made[-1]

    # Two files with different weights: each model must come from its own.
    model.save_weights(Path(deep, "model.weights.h5"))
    whole, rebuilt = _loaded(deep, build_noted)
    _check_answers(whole, newer, "The first model, where model.weights.h5 holds other weights than model.keras,")
    _check_answers(rebuilt, expected, "The second model, where model.weights.h5 holds other weights than model.keras,")
    assert any(rebuilt is one for one in made), "The second model must be one that build() made."
    ### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 4 points.")

# %%
save_both(trial, workspace / "trial")
whole, rebuilt = load_both(workspace / "trial", small_network)
described = keras.models.model_from_json((workspace / "trial.json").read_text())
names = ["before saving", "model.keras", "model.weights.h5", "trial.json"]
for name, network in zip(names, [trial, whole, rebuilt, described]):
    print(f"{name:17} test accuracy {accuracy(network, X_test, y_test):.4f}")

# %% [markdown]
# **What to see.** Before and after saving the scores are equal to the last digit, for the whole model and for the
# weights. The network from the description scores about as much as guessing: it has the right layers, and new random
# weights.

# %% [markdown]
# ## Part 3 · Checkpoints
#
# A file that is saved *during* training is a **checkpoint**. Keras writes them by a **callback**, an object that `fit`
# calls at certain moments, here at the end of each epoch: `keras.callbacks.ModelCheckpoint`.
#
# ### Task 2 · One file an epoch (2 points)
#
# Write `every_epoch(folder)`. It returns a callback that saves the whole model in `folder` at the end of every epoch,
# whether it has become better or not. The files are called `epoch-01.keras`, `epoch-02.keras` and so on; from epoch
# 100 on the number has three digits. If a file exists, from an earlier training, it is replaced; others stay. `folder`
# is a string or a `Path`; it, and folders above it, may not exist yet. The folder's name contains no braces { },
# because Keras would read them as placeholders (see the hints).
#
# <details><summary>Hint 1: a nudge</summary>
#
# When you make the callback, no epoch has ended yet. So who puts the number into the name of the file, and when?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# The file name of `ModelCheckpoint` is a template: Keras puts the number of the epoch, counted from 1, where it finds
# `{epoch}`. Number formats work as in f-strings: `{n:03d}` gives 007 for n = 7. But do not write an f-string: it would
# look for a variable `epoch` of yours, too early. Join folder and template with `Path(folder) / "…"`. Without other
# arguments `ModelCheckpoint` saves the whole model after every epoch.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# A template for other files: photos of a holiday. The braces stay in the text until somebody fills them in.
#
# ```python
# template = "photo-{day:04d}.jpg"  # no f in front of the quotation mark
# print(template)  # photo-{day:04d}.jpg
# print(template.format(day=7))  # photo-0007.jpg
# print(template.format(day=12345))  # photo-12345.jpg: at least 4 digits, and more if needed
# ```
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "every-epoch", "locked": false, "schema_version": 3, "solution": true, "task": false}
def every_epoch(folder):
    """A callback that saves the whole model after each epoch as folder/epoch-01.keras, epoch-02.keras …"""
    ### BEGIN SOLUTION
    return keras.callbacks.ModelCheckpoint(str(Path(folder) / "epoch-{epoch:02d}.keras"))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-every-epoch", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from data_utils import beside_answer


@beside_answer
def _watched_fit(folder, first, last, batches):
    """Train a small network, epochs `first` + 1 to `last`: what every_epoch gave, and the weights after each epoch."""
    callback = every_epoch(folder)
    if not isinstance(callback, keras.callbacks.Callback):
        return type(callback).__name__, {}
    rng = np.random.default_rng(73)
    first_layer, output = keras.layers.Dense(4, activation="relu"), keras.layers.Dense(3, activation="softmax")
    model = keras.Sequential([keras.Input((8,)), first_layer, output])
    model.compile(keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy", run_eagerly=True)
    noted = {}

    def note(epoch, logs):
        noted[epoch + 1] = (model.get_weights(), int(model.optimizer.iterations))
        # The callback is told values that go up and down, so that neither "lower" nor "higher is better" saves all.
        logs.update(dict.fromkeys(("loss", "accuracy", "val_loss", "val_accuracy"), (0.5, 0.6, 0.4)[epoch % 3]))

    watch = keras.callbacks.LambdaCallback(on_epoch_end=note)
    x, y = rng.normal(size=(8 * batches, 8)), rng.integers(0, 3, 8 * batches)
    model.fit(x, y, batch_size=8, epochs=last, initial_epoch=first, verbose=0, callbacks=[watch, callback])
    return "Callback", noted


def _check_files(folder, first, last, batches, names):
    """Train epochs `first` + 1 to `last` with every_epoch; look at the names and contents of the folder's files."""
    shown = "a string" if isinstance(folder, str) else "a Path"
    older = {file.name for file in Path(folder).iterdir()} if Path(folder).is_dir() else set()
    with explain_errors(f"A training with every_epoch(folder), the folder given as {shown},"):
        kind, noted = _watched_fit(folder, first, last, batches)
    assert kind != "NoneType", "every_epoch returns nothing. Is there a `return`?"
    assert kind == "Callback", f"It must return a callback, not {kind}."
    found = sorted(str(file.relative_to(folder)) for file in Path(folder).rglob("*") if file.is_file())
    assert found == sorted(names), (
        f"After the epochs {first + 1} to {last} the folder must hold {sorted(names)}; it holds {found}."
        + (" Is there a slash between the folder and the name?" if not found else "")
        + (" Is every epoch saved, not only a better one?" if 0 < len(set(found) & set(names)) < len(names) else "")
        + (f" Before, it held {sorted(older)}." if older else "")
    )
    for epoch, (weights, steps) in noted.items():
        name = f"epoch-{epoch:02d}.keras"
        loaded = keras.models.load_model(Path(folder, name))
        assert all(np.allclose(one, two, atol=1e-6) for one, two in zip(loaded.get_weights(), weights)), (
            f"{name} does not hold the weights after epoch {epoch}."
            + (" It was there before, from another training: it must be replaced." if name in older else "")
        )
        assert loaded.compiled, f"{name} lacks the compile settings. Save the whole model."
        saved = int(loaded.optimizer.iterations)
        assert saved == steps, f"After epoch {epoch} the optimiser had done {steps} steps; that in {name} {saved}."


with tempfile.TemporaryDirectory() as one_folder:
    _check_files(one_folder, 0, 3, 3, ["epoch-01.keras", "epoch-02.keras", "epoch-03.keras"])
    _check_files(Path(one_folder, "new"), 0, 1, 3, ["epoch-01.keras"])
### BEGIN HIDDEN TESTS
with tempfile.TemporaryDirectory() as one_folder:
    deep = Path(one_folder, "not", "there")
    _check_files(deep, 98, 101, 2, ["epoch-99.keras", "epoch-100.keras", "epoch-101.keras"])
    # A second training in the same folder: epoch-101.keras is replaced.
    _check_files(str(deep), 100, 103, 4, [f"epoch-{number}.keras" for number in range(99, 104)])
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")

# %% [markdown]
# Your function at work: the LeNet of lab 4 is trained with a checkpoint after every epoch. Then we go back to epoch 2.

# %% tags=["train-lenet"]
lenet, checkpoints = build_lenet(), workspace / "lenet"
lenet.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
settings = {"batch_size": 128, "epochs": LENET_EPOCHS, "validation_split": 0.2, "verbose": 0}
lenet.fit(X_train, Y_train, callbacks=[every_epoch(checkpoints)], **settings)
epoch_2 = keras.models.load_model(checkpoints / "epoch-02.keras")
final_accuracy, epoch_2_accuracy = accuracy(lenet, X_test, y_test), accuracy(epoch_2, X_test, y_test)
print(f"test accuracy after {LENET_EPOCHS} epochs {final_accuracy:.4f}, after 2 epochs {epoch_2_accuracy:.4f}")
megabytes = [file.stat().st_size / 1e6 for file in sorted(checkpoints.iterdir())]
print(f"{len(megabytes)} files of {megabytes[0]:.1f} MB each")

# %% [markdown]
# **What to see.** The test accuracy of the last epoch, and that of epoch 2, from a file. A published lab did this with
# all the digits and got 0.9849 for the last epoch and 0.9813 for epoch 2. The price: with Adam's state each file has 15
# MB, where the weights alone have 5 MB.

# %% [markdown]
# ### Task 3 · Only the best (3 points)
#
# Often you want one file only: the network as it was in its best epoch. "Best" needs a **monitor**, a number from the
# history, and a direction: a *loss* is better when lower, an *accuracy* when higher. With the direction wrong, Keras
# faithfully keeps the *worst* epoch. With a monitor that `fit` does not report, such as `val_loss` without validation,
# this version of Keras saves after *every* epoch, and the file holds the last one. Neither stops the training.
#
# Write `keep_best(path, monitor)`. It returns a callback that saves the whole model in the single file `path` whenever
# an epoch is the best so far: `monitor` is better, by however little, than in all earlier epochs of this training. The
# first epoch is always the best so far, so a file from an earlier training is replaced. The callback does nothing else:
# it neither stops the training nor changes the network. `path` is a string or `Path` that ends with `.keras` and
# contains no braces { }. `monitor` is one of `"loss"`, `"accuracy"`, `"val_loss"` and `"val_accuracy"`.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Which direction is better for `"val_loss"`, which for `"accuracy"`? How can your function tell them apart when it only
# has the name?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `ModelCheckpoint` has the arguments `monitor`, `mode` and `save_best_only`. Look up what each is when you leave it
# out. `mode` is `"min"` where lower is better, `"max"` where higher is. To choose a direction yourself, look at how the
# monitor's name ends: `monitor.endswith(...)`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "keep-best", "locked": false, "schema_version": 3, "solution": true, "task": false}
def keep_best(path, monitor):
    """A callback that keeps the model of the epoch with the best value of the monitor."""
    ### BEGIN SOLUTION
    mode = "min" if monitor.endswith("loss") else "max"
    return keras.callbacks.ModelCheckpoint(path, monitor=monitor, mode=mode, save_best_only=True)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-keep-best", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
from data_utils import beside_answer


@beside_answer
def _fit_with(files, planned):
    """Train a network whose two weights go through the plan, with keep_best for each monitor, and note what happens."""
    x, y = np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]]), np.array([0, 0, 0, 1])
    output = keras.layers.Dense(2, activation="softmax", use_bias=False)
    model = keras.Sequential([keras.Input((2,)), output])
    still = keras.optimizers.SGD(0.0)
    model.compile(still, "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
    guide = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: model.set_weights([planned[epoch]]))
    callbacks = [keep_best(file, monitor) for monitor, file in files.items()]
    kinds = ["" if isinstance(one, keras.callbacks.Callback) else type(one).__name__ for one in callbacks]
    contents = {monitor: Path(file).read_bytes() if Path(file).is_file() else b"" for monitor, file in files.items()}
    written, epochs = {monitor: [] for monitor in files}, []

    def note(epoch, logs):
        epochs.append(epoch + 1)
        for monitor, file in files.items():
            content = Path(file).read_bytes() if Path(file).is_file() else b""
            if content != contents[monitor]:
                written[monitor].append(epoch + 1)
            contents[monitor] = content

    watch = keras.callbacks.LambdaCallback(on_epoch_end=note)
    # In the training data the labels are turned round, so what is good for training is bad for validation.
    if not any(kinds):
        callbacks = [guide, *callbacks, watch]
        model.fit(x, 1 - y, epochs=len(planned), validation_data=(x, y), verbose=0, callbacks=callbacks)
    return {"kinds": kinds, "written": written, "epochs": epochs, "weights": np.asarray(model.get_weights()[0])}


def _check_kept(plan, better, kind, older=b""):
    """Compare what is kept for each monitor with the epochs in which it was better; the weights go through the plan."""
    planned = [np.diag(pair).astype("float32") for pair in plan]
    with tempfile.TemporaryDirectory() as folder:
        files = {monitor: Path(folder, f"{monitor}.keras") for monitor in better}
        for file in files.values():
            if older:
                file.write_bytes(older)
        shown = "string" if kind is str else "Path"
        with explain_errors(f"A training with keep_best(path, monitor), the path given as a {shown},"):
            seen = _fit_with({monitor: kind(file) for monitor, file in files.items()}, planned)
        kinds = seen["kinds"]
        assert "NoneType" not in kinds, "keep_best returns nothing. Is there a `return`?"
        assert not any(kinds), f"keep_best must return a callback, not {next(filter(None, kinds))}."
        assert len(seen["epochs"]) == len(plan), (
            f"A training of {len(plan)} epochs ended after {len(seen['epochs'])}. The callback must not stop it."
        )
        names = sorted(found.name for found in Path(folder).iterdir())
        for monitor, file in files.items():
            call, due = f"keep_best(path, {monitor!r})", better[monitor]
            assert file.is_file(), f"{call} saved no {file.name} in {len(plan)} epochs; the folder holds {names}."
            late = [epoch for epoch in due if epoch not in seen["written"][monitor]]
            assert not late, (
                f"{monitor} was better than before, if only a little, in the epochs {due} of {len(plan)}, and after "
                f"each of them the file must be written; {call} wrote it after {seen['written'][monitor]}."
                + (" Before the training an older file was there: it must be replaced." if older and 1 in late else "")
            )
            loaded = keras.models.load_model(file)
            assert loaded.compiled, f"{call} must save the whole model; the file lacks the compile settings."
            weights = loaded.get_weights()[0]
            kept = [epoch for epoch, planned_ones in enumerate(planned, 1) if np.allclose(planned_ones, weights)]
            assert kept == due[-1:], (
                f"In a training of {len(plan)} epochs, {monitor} was best in epoch {due[-1]}, not better "
                f"later; {call} kept {f'epoch {kept[0]}' if kept else 'other weights than those of any epoch'}."
                + (" Is the file written at every epoch?" if kept == [len(plan)] else "")
            )
            steps = int(loaded.optimizer.iterations)
            assert steps == kept[0], (
                f"After epoch {kept[0]} the optimiser had done {kept[0]} steps; in the file of {call} it is {steps}. "
                "Save the whole model, with the optimiser's state."
            )
        assert len(names) == len(better), f"keep_best must write one file only; {len(better)} of them wrote {names}."
        assert np.allclose(seen["weights"], planned[-1]), (
            "After the training the network must have the weights of its last epoch; only the file has those of the "
            f"best. On their diagonal are {np.diag(seen['weights']).tolist()}, not {list(plan[-1])}."
        )


# For each monitor, the epochs in which it is better than in all before; the last of them is kept.
there_and_back = [(0.3, -0.5), (-1, -1), (2, -0.2), (0.1, 0.1), (-2, 3)]
_check_kept(there_and_back, {"val_loss": [1, 3], "val_accuracy": [1, 4], "loss": [1, 2], "accuracy": [1, 2]}, Path)
up_and_down = [(-1, 2), (2, 2), (-2, -2), (2, -2), (1, 1)]
_check_kept(up_and_down, {"val_accuracy": [1, 2], "val_loss": [1, 2], "loss": [1, 3], "accuracy": [1, 3]}, str)
### BEGIN HIDDEN TESTS
# A loss of 30, an accuracy of 0; later the loss falls by 0.0001, is worse for seven epochs, and falls by 0.0001 again.
up_slowly = [(number / 10, number / 10) for number in range(-20, -13)]
patient = [(-30, -30), (1, 1), (1.0005, 1.0005), *up_slowly, (1.001, 1.001)]
_check_kept(patient, {"val_loss": [1, 2, 3, 11], "val_accuracy": [1, 2]}, Path, older=b"of an earlier training")
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 3 points.")

# %% [markdown]
# ### Train, and keep the best
#
# `train_and_keep`, given below, uses your callback. `fit` holds a fifth of the digits back for validation, and the file
# always has the network with the lowest `val_loss` so far. After the training there are two networks: `model`, as the
# *last* epoch left it, and the *best* one, loaded from the file.
#
# The network is the LeNet-5. **SGD**, plain gradient descent, makes steps against the gradient of each batch and
# remembers nothing. With its default learning rate of 0.01 it is slow.


# %% tags=["train-lenet5"]
def train_and_keep(model, x, y, epochs, path):
    """Train a compiled model and keep its best epoch in a file; return what fit returns, and the best network."""
    keeper = keep_best(path, "val_loss")
    history = model.fit(x, y, batch_size=32, epochs=epochs, validation_split=0.2, callbacks=[keeper], verbose=0)
    return history, keras.models.load_model(path)


lenet5 = build_lenet5()
lenet5.compile(optimizer="sgd", loss="categorical_crossentropy", metrics=["accuracy"])
history, best = train_and_keep(lenet5, X_train, Y_train, EPOCHS, workspace / "best.keras")
test_accuracy = accuracy(best, X_test, y_test)
best_epoch = int(np.argmin(history.history["val_loss"])) + 1
print(f"best epoch {best_epoch} of {EPOCHS}: test accuracy {test_accuracy:.4f}")
print(f"last epoch: test accuracy {accuracy(lenet5, X_test, y_test):.4f}")

# %% [markdown]
# **What to see.** After a short training with SGD the last epoch is usually the best one as well. The test digits had
# no say in which epoch was kept, so the test accuracy is honest.
#
# Best and last epoch differ when a network memorises its training digits. Adam and 100 digits are enough for that:

# %%
eager = compiled_network()
eager_history, eager_best = train_and_keep(eager, X_train[:100], Y_train[:100], 20, workspace / "eager.keras")
turn = int(np.argmin(eager_history.history["val_loss"])) + 1
losses = pd.DataFrame(eager_history.history, index=range(1, 21))[["loss", "val_loss"]]
options = {"style": ["o-", "s--"], "color": ["#0072B2", "#D55E00"], "figsize": (5.5, 3.4)}
axes = losses.plot(xlabel="epoch", ylabel="loss", title="A small network and 100 digits", **options)
axes.axvline(turn, color="0.3", linestyle=":", label="best epoch")
axes.legend()
plt.show()
for name, network in ((f"best epoch, {turn}", eager_best), ("last epoch, 20", eager)):
    print(f"{name:15} test loss {-np.log(np.asarray(network(X_test))[np.arange(len(y_test)), y_test]).mean():.3f}")

# %% [markdown]
# **What to see.** The training loss falls to almost nothing, while the validation loss reaches its lowest value after a
# few epochs and then rises. The file still holds the network of the turning point: in six trials with other random
# numbers the test loss after 20 epochs was 1.2 to 1.4 times as large. The accuracy was *not* lower in the end: the
# network is right as often, but far too sure where it is wrong.

# %% [markdown]
# ## Part 4 · After an interruption
#
# The power fails after five of ten epochs. What does it take to go on *as if nothing had happened*? The weights, of
# course. But Adam takes its steps from means of earlier gradients, in which the latest count most. SGD can remember,
# too: with **momentum**, each step is the usual one plus a part, often 0.9, of the step before. If an optimiser has
# forgotten its earlier gradients or steps, the training goes another way.
#
# ### Task 4 · Resume (4 points)
#
# Write `resume(path, x, y, epochs_done, epochs)`. `path` is a `.keras` file of a compiled model, saved after
# `epochs_done` epochs; `x` and `y` are the training data. Load the model and train it until it has had `epochs` epochs
# *in all*, with `batch_size=32`, `shuffle=False` and without output. Return a pair: the model, and what `fit` returns.
# The epochs are numbered on from those done, so with `epochs_done=5, epochs=8` the `epoch` list of the history is
# `[5, 6, 7]` (Keras counts from 0 here). All these epochs are trained, even if the loss rises. If `epochs_done` is
# `epochs` or more, none is left to train: return the model as it is in the file, and what `fit` returns, which has an
# empty history in this case. The loss and the optimiser are those of the file, and the optimiser goes on from its saved
# state. The file stays as it is.
#
# Normally `fit` shuffles the data, which is better for training. But then two trainings never see the same batches, and
# cannot be compared.
#
# <details><summary>Hint 1: a nudge</summary>
#
# What would compiling the loaded model again do to the optimiser? And with five epochs done and eight in all, how many
# are left to train?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `keras.models.load_model` returns a model that is compiled already, with the state of its optimiser. `fit` has an
# argument `initial_epoch`. With it, `epochs` is the number at which the training *ends*, not how many epochs are
# trained.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "resume", "locked": false, "schema_version": 3, "solution": true, "task": false}
def resume(path, x, y, epochs_done, epochs):
    """Go on with the training of a saved model up to `epochs` epochs in all; return the model and the history."""
    ### BEGIN SOLUTION
    model = keras.models.load_model(path)
    history = model.fit(x, y, batch_size=32, initial_epoch=epochs_done, epochs=epochs, shuffle=False, verbose=0)
    return model, history
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-resume", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
from data_utils import beside_answer


def _interrupted(optimizer, seed, done, epochs, file, loss="sparse_categorical_crossentropy", first_batch=32):
    """Data, and the model after `epochs` epochs in one go; after `done`, in batches of `first_batch`, it was saved."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(100, 6)).astype("float32"), rng.integers(0, 3, 100)
    if loss == "mse":
        y = np.eye(3, dtype="float32")[y]
    hidden, output = keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(3, activation="softmax")
    model = keras.Sequential([keras.Input((6,)), hidden, output])
    model.compile(optimizer, loss, run_eagerly=True)
    model.fit(x, y, batch_size=first_batch, epochs=done, shuffle=False, verbose=0)
    model.save(file)
    model.fit(x, y, batch_size=32, epochs=epochs - done, shuffle=False, verbose=0)
    return x, y, model


@beside_answer
def _printed(*given):
    """What resume prints."""
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as shown:
        resume(*given)
    return shown.getvalue()


def _resumed(*given):
    """The model and the history from resume; an error in it, or something else returned, becomes a sentence."""
    kind, call = "string" if isinstance(given[0], str) else "Path", f"resume(path, x, y, {given[3]}, {given[4]})"
    with explain_errors(f"{call}, the path given as a {kind},"):
        pair = resume(*given)
    assert pair is not None, "resume returns nothing. Is there a `return`?"
    assert isinstance(pair, (tuple, list)) and len(pair) == 2, (
        f"resume must return a pair, the model and the history; it returns a {type(pair).__name__}."
    )
    model, record = pair
    assert isinstance(model, keras.Model), f"The first of the pair must be a model, not {type(model).__name__}."
    assert hasattr(record, "epoch") and hasattr(record, "history"), (
        f"The second of the pair must be what fit returns, with `epoch` and `history`; it is a {type(record).__name__}."
    )
    numbers, asked = [int(epoch) for epoch in record.epoch], list(range(given[3], given[4]))
    assert numbers == asked, (
        f"{call} must train {f'the epochs {asked}' if asked else 'no epoch'}; the history's epoch list is {numbers}."
    )
    return model


def _check_weights(model, in_one_go, settings):
    """Compare the weights of a resumed training with those of one in one go."""
    pairs = list(zip(model.get_weights(), in_one_go.get_weights()))
    assert all(one.shape == two.shape for one, two in pairs), "The model returned is not the one from the file."
    distance = max(float(np.abs(one - two).max()) for one, two in pairs)
    assert distance < 1e-3, (
        f"{settings}, the weights after the interruption differ from those in one go by up to {distance:.3g}. "
        "Is the optimiser's state kept, the batch size 32, and shuffling off?"
    )


with tempfile.TemporaryDirectory() as one_folder:
    file = Path(one_folder, "stopped.keras")
    x, y, in_one_go = _interrupted(keras.optimizers.Adam(0.02), 74, 2, 5, file)
    content = file.read_bytes()
    _check_weights(_resumed(file, x.copy(), y.copy(), 2, 5), in_one_go, "With Adam, 2 epochs before and 3 after")
    assert file.is_file() and file.read_bytes() == content, (
        f"The file must stay as it is; resume {'changes' if file.is_file() else 'removes'} it."
    )
    with explain_errors("A second call of resume for the same file, which must stay as it is,"):
        shown = _printed(str(file), x.copy(), y.copy(), 2, 3)
    assert not shown, f"resume must train without output; it shows {shown.strip()[:60]!r}. See `verbose` of fit."
    saved = keras.models.load_model(file)
    _check_weights(_resumed(file, x, y, 5, 5), saved, "With 5 epochs done and 5 in all")
    ### BEGIN HIDDEN TESTS
    x, y, in_one_go = _interrupted(keras.optimizers.RMSprop(0.01), 76, 3, 4, file)
    content = file.read_bytes()
    model = _resumed(str(file), x, y, 3, 4)
    _check_weights(model, in_one_go, "With RMSprop, 3 epochs before and 1 after")
    steps = int(model.optimizer.iterations)
    assert steps == 16, f"4 epochs in all are 16 steps; the optimiser (RMSprop) counted {steps}."
    assert file.is_file() and file.read_bytes() == content, "resume changes the file; it must stay as it is."
    # A negative rate goes uphill: the loss rises from epoch to epoch. The epoch before had batches of 50, so 2 steps.
    uphill = keras.optimizers.SGD(-0.02, momentum=0.9)
    x, y, in_one_go = _interrupted(uphill, 75, 1, 5, file, loss="mse", first_batch=50)
    content = file.read_bytes()
    model = _resumed(str(file), x, y, 1, 5)
    _check_weights(model, in_one_go, "With SGD, momentum, the loss mse (which rises), 1 epoch before and 4 after")
    steps = int(model.optimizer.iterations)
    assert steps == 18, f"2 steps before and 4 epochs of 4 are 18 steps; the optimiser (SGD) counted {steps}."
    saved = keras.models.load_model(file)
    _check_weights(_resumed(file, x, y, 7, 5), saved, "With 7 epochs done and 5 in all")
    assert file.is_file() and file.read_bytes() == content, "resume changes the file; it must stay as it is."
    ### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 4 points.")

# %% [markdown]
# Now the comparison. A small network is trained with Adam on 480 digits for ten epochs in one go (A). After five
# epochs it is saved. From there, one training is resumed by your function with all that the file holds (B), another
# with the weights only, in a newly built and compiled network (C). All three see the same batches in the same order.

# %%
x_few, y_few = X_train[:480], Y_train[:480]
settings = {"batch_size": 32, "shuffle": False, "verbose": 0}
straight = compiled_network()
first_half = straight.fit(x_few, y_few, epochs=5, **settings)
straight.save(workspace / "half.keras")
second_half = straight.fit(x_few, y_few, epochs=10, initial_epoch=5, **settings)
with_state, history_with = resume(workspace / "half.keras", x_few, y_few, 5, 10)
weights_only = compiled_network()
weights_only.set_weights(keras.models.load_model(workspace / "half.keras").get_weights())
history_without = weights_only.fit(x_few, y_few, epochs=10, initial_epoch=5, **settings)

figure, axes = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
axes.plot(range(1, 6), first_half.history["loss"], "-", color="0.4", label="before the interruption")
later = range(6, 11)
axes.plot(later, second_half.history["loss"], "-", color="0.4", linewidth=6, alpha=0.4, label="A: in one go")
axes.plot(later, history_with.history["loss"], "o-", color="#0072B2", label="B: resumed with the optimiser's state")
axes.plot(later, history_without.history["loss"], "s--", color="#D55E00", label="C: resumed with weights only")
axes.set(xlabel="epoch", ylabel="training loss", yscale="log", title="A training interrupted after epoch 5")
axes.legend(fontsize=8)
plt.show()
for name, network in (("B, with the state", with_state), ("C, weights only", weights_only)):
    largest = np.abs(network.get_weights()[0] - straight.get_weights()[0]).max()
    print(f"{name:18} largest difference from A in a weight of the first layer: {largest:.6f}")

# %% [markdown]
# **What to see.** B covers A exactly: the difference is 0 in all digits printed. That is what "as if nothing had
# happened" means. C differs from both from its first epoch on, mostly for the worse: it is *another* training. In
# practice batches are shuffled, and not even B repeats A exactly.
#
# There is an opposite accident: a training that goes on *unnoticed*. Look what happens when a cell with `fit` is run
# twice in a notebook.

# %%
twice = compiled_network()
for call in (1, 2):
    losses = twice.fit(x_few, y_few, epochs=5, batch_size=32, verbose=0).history
    shown = "  ".join(f"{number:.3f}" for number in losses["accuracy"])
    # optimizer.iterations counts the steps that the optimiser has done, one for each batch, in all calls of fit.
    print(f"fit, call {call}: epochs 1 to 5, accuracy {shown} (steps so far: {int(twice.optimizer.iterations)})")

# %% [markdown]
# ### Task 5 · A history that begins at 0.9995 (2 points)
#
# Unless `initial_epoch` says otherwise, Keras prints the epochs of every call from 1, and the history holds that call
# only. The LeNet-5 of Part 1 comes from a published notebook. It prints a history of 50 epochs. In its first epoch the
# training accuracy is 0.9995; in the end the test accuracy is 99.19 %, described as the result of 50 epochs.
#
# How can a reader notice what happened there, and what follows for the published result? Write three to six
# sentences.
#
# **Marking scheme.** 1 point: what happened, how the printed history shows it, which accuracy (about, or at most) a new
# network should have in its first epoch, and why. 1 point: what it means for the result (number of epochs, the test
# accuracy, or whether others can repeat it), and how it could have been avoided.

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain-continued", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# The network was trained already when this call of fit began: fit goes on from the weights that it finds, and numbers
# its epochs from 1 again. A new network starts near guessing, about 10 %, and the accuracy of a first epoch is a mean
# over the whole epoch, with the first poor batches in it; with plain SGD it cannot be 0.9995, even with 60,000 digits.
# So the network had more than 50 epochs, nobody knows how many, and the curve lacks the part in which it learned. The
# test accuracy belongs to that network and is not wrong as such, but "50 epochs" is, and anyone who repeats 50 epochs
# may get less. Building and compiling the network in the same cell as fit, or restarting the kernel and running all
# cells before publishing, would have avoided it; going on with initial_epoch would have made it visible.
# ### END SOLUTION

# %% [markdown]
# ## Part 5 · Damaged files
#
# Disks fill up and jobs are killed while they write. The file is there, but only half of it. Let us make some bad
# files and see what Keras says to each.

# %%
for ending in (".keras", ".weights.h5"):
    content = bytearray((workspace / f"trial{ending}").read_bytes())
    (workspace / f"cut{ending}").write_bytes(content[: len(content) // 2])
    content[len(content) // 4] ^= 0x40  # one bit of 5 million, among the weights
    (workspace / f"flipped{ending}").write_bytes(content)
shorter = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(64)])
load_whole = keras.models.load_model
cases = [
    (".keras, half of it", load_whole, "cut.keras"),
    (".keras, one bit wrong", load_whole, "flipped.keras"),
    (".weights.h5, half of it", small_network().load_weights, "cut.weights.h5"),
    (".weights.h5, one bit wrong", small_network().load_weights, "flipped.weights.h5"),
    ("for one layer fewer", shorter.load_weights, "trial.weights.h5"),
]
for name, load, file in cases:
    text = "NO ERROR"
    try:
        load(workspace / file)
    except Exception as error:
        text = f"{type(error).__name__}: {error}".replace(str(workspace), "…")
    print(f"{name:27} {text[:95]}")

# %% [markdown]
# **What to see.** There is no one error for bad files: `ValueError`, `OSError` and `BadZipFile` all occur, and other
# damage raises `KeyError`, `NotImplementedError` or `RuntimeError`. The message for half a `.keras` file is misleading:
# "File not found", though the file is there. A wrong bit in what a `.keras` file contains is noticed, because zip
# archives hold **checksums**: numbers computed from the content, which change with it.
#
# Two cases are worse than an error. A `.weights.h5` file has no checksums: a wrong bit among the weights is accepted in
# silence. A network with one layer *fewer* accepts an undamaged file in silence, too.

# %% [markdown]
# ### Task 6 · The last good checkpoint (5 points)
#
# Write `last_good(folder, parameters)`. It looks in `folder` at the files `epoch-NUMBER.keras`, as your Task 2 writes
# them, from the highest number down, until it finds a good one. A file is good if it can be loaded whole and its
# network has exactly `parameters` parameters. (A network with more or fewer may come from an earlier project.) Return
# three things:
#
# - the loaded model, with its compile settings and optimiser, so that its training can go on,
# - the path of its file, a `Path`,
# - a dictionary with an entry for each file that was tried before and was not good. The key is its name, such as
#   `"epoch-07.keras"`; the value tells the user why it was skipped, in a few words (a string of your own).
#
# Other files, such as `epoch-best.keras`, `epoch-02 (1).keras`, `epoch-12.txt` or files in subfolders, are ignored, and
# none is changed or deleted. If there is no good file, raise a `FileNotFoundError` with a message. Let no other
# exception leave the function: as you saw, damaged files raise many kinds.
#
# A trap: sorted as texts, `epoch-100.keras` comes *before* `epoch-99.keras`.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Divide the work. First: which files count, and in which order? Then: take one file, and list all that can be wrong
# with it. What happens next in each case?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `Path(folder).glob("epoch-*.keras")` finds the files. `file.stem` is the name without its ending; cut off "epoch-",
# see by `isdecimal()` whether a number is left, and make an `int` of it for `sorted(..., key=...)`. `except Exception
# as error:` catches every kind of error that a file can raise. `model.count_params()` counts, and raises an error
# itself for a model that was saved before its input's shape was known.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# Bills in a dictionary: they are added up in the order of their numbers, and what cannot be read is noted.
#
# ```python
# bills = {"bill-10": "thirty", "bill-9": "12", "bill-100": "8"}
# print(sorted(bills))  # ['bill-10', 'bill-100', 'bill-9']: the order of texts
# in_order = sorted(bills, key=lambda name: int(name.removeprefix("bill-")))
# print(in_order)  # ['bill-9', 'bill-10', 'bill-100']
# total, unreadable = 0, {}
# for name in in_order:
#     try:
#         total += int(bills[name])
#     except Exception as error:
#         unreadable[name] = f"not a number ({type(error).__name__})"
# print(total, unreadable)  # 20 {'bill-10': 'not a number (ValueError)'}
# ```
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "last-good", "locked": false, "schema_version": 3, "solution": true, "task": false}
def last_good(folder, parameters):
    """The newest usable checkpoint: the model, its path, and a dictionary of skipped files and reasons."""
    ### BEGIN SOLUTION
    numbers = {file: file.stem.removeprefix("epoch-") for file in Path(folder).glob("epoch-*.keras")}
    files = [file for file, number in numbers.items() if number.isdecimal()]
    skipped = {}
    for file in sorted(files, key=lambda file: int(numbers[file]), reverse=True):
        try:
            model = keras.models.load_model(file)
            count = model.count_params()
        except Exception as error:
            skipped[file.name] = f"cannot be loaded ({type(error).__name__}: {error})"
            continue
        if count == parameters:
            return model, file, skipped
        skipped[file.name] = f"has {count:,} parameters, not {parameters:,}: another network"
    raise FileNotFoundError(f"There is no good checkpoint in {folder}. Skipped: {skipped}.")
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-last-good", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
import warnings


def _save_dense(folder, epoch, units=2):
    """A checkpoint whose first bias tells its epoch; returns its path."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units)])
    model.compile("sgd", "mse")
    model.set_weights([np.zeros((3, units)), np.full(units, float(epoch))])
    file = Path(folder, f"epoch-{epoch:02d}.keras")
    model.save(file)
    return file


def _save_unbuilt(folder, epoch):
    """A checkpoint of a model that has no weights yet, so that its parameters cannot be counted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of such a file
        keras.Sequential([keras.layers.Dense(2)]).save(Path(folder, f"epoch-{epoch:02d}.keras"))


def _listed(names):
    """Names for a message: the first six, and how many more there are."""
    names = [str(name) for name in names]
    return f"{names[:6]}" + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _looked_for(folder, parameters):
    """What last_good returns; an error in it becomes a sentence."""
    names = sorted(file.name for file in Path(folder).iterdir())
    given = "string" if isinstance(folder, str) else "Path"
    advice = f"The folder, given as a {given}, holds {_listed(names)}, a good checkpoint among them."
    with explain_errors(f"last_good(folder, {parameters})", advice):
        return last_good(folder, parameters)


def _check_found(folder, parameters, epoch, skipped):
    """Compare what last_good returns with the epoch it should find and the names it should skip."""
    found = _looked_for(folder, parameters)
    assert found is not None, "last_good returns nothing. Is there a `return`?"
    assert isinstance(found, (tuple, list)) and len(found) == 3, (
        f"last_good must return model, path and dictionary; it returns a {type(found).__name__}."
    )
    model, file, why = found
    assert isinstance(model, keras.Model), f"The first thing returned must be a model, not {type(model).__name__}."
    weights = model.get_weights()
    told = f"that of epoch {weights[-1][0]:g}" if weights else "one without weights"
    counted = sum(array.size for array in weights)
    other = f" It has {counted} parameters, where exactly {parameters} are asked for." if counted != parameters else ""
    assert told == f"that of epoch {epoch}", (
        f"The last good checkpoint is that of epoch {epoch}; the model is {told}.{other}"
    )
    assert isinstance(file, Path), f"The second thing returned must be a Path; it is a {type(file).__name__}, {file!r}."
    due = Path(folder, f"epoch-{epoch:02d}.keras")
    assert file.resolve() == due.resolve(), f"The path must be {due}; it is {file}."
    assert model.compiled, f"The model from {file.name} has lost its compile settings. Load it whole."
    assert isinstance(why, dict), f"The third thing returned must be a dictionary, not {type(why).__name__}."
    below = [name for name in map(str, why) if name in {f"epoch-{number:02d}.keras" for number in range(epoch)}]
    assert not below, (
        f"The good file is {due.name}; files with lower numbers need not be tried, but the dictionary lists "
        f"{_listed(below)}."
    )
    lacking, excess = sorted(set(skipped) - set(map(str, why))), sorted(set(map(str, why)) - set(skipped))
    assert not lacking and not excess, (
        f"The keys of the dictionary must be the names of the files that were tried before {due.name} and not good"
        + (f"; it lacks {_listed(lacking)}" if lacking else "")
        + (f"; {_listed(excess)} do not belong there" if excess else "")
        + "."
    )
    wordless = [name for name, text in why.items() if not isinstance(text, str) or not text.strip()]
    assert not wordless, f"Give a reason in words for each file; for {wordless[0]} it is {why[wordless[0]]!r}."


def _check_none(folder, parameters):
    """Where there is no good file, last_good must raise FileNotFoundError with a message."""
    try:
        outcome = f"it returned {last_good(folder, parameters)!r}"
    except FileNotFoundError as error:
        outcome = "" if str(error).strip() else "its message is empty"
    except Exception as error:
        outcome = f"it raised {type(error).__name__}: {error}"
    assert not outcome, f"Without any good file last_good must raise FileNotFoundError with a message; {outcome[:300]}."


with tempfile.TemporaryDirectory() as one_folder:
    for epoch in (1, 2, 3):
        file = _save_dense(one_folder, epoch)
    _check_found(one_folder, 8, 3, [])
    file.write_bytes(file.read_bytes()[:700])
    _check_found(Path(one_folder), 8, 2, ["epoch-03.keras"])
    _save_dense(one_folder, 2, 5)
    _save_unbuilt(one_folder, 4)
    Path(one_folder, "epoch-best.keras").write_text("another name, to be ignored")
    _check_found(one_folder, 8, 1, ["epoch-04.keras", "epoch-03.keras", "epoch-02.keras"])
    _check_none(one_folder, 77)
with tempfile.TemporaryDirectory() as one_folder:
    for epoch in (100, 99):  # as texts, they would be in another order
        _save_dense(one_folder, epoch)
    _check_found(one_folder, 8, 100, [])
### BEGIN HIDDEN TESTS
with tempfile.TemporaryDirectory() as one_folder:
    numbers = (103, 98, 102, 9, 101, 100, 99)  # written in another order than that of their numbers
    files = {epoch: _save_dense(one_folder, epoch, 5 if epoch == 101 else 2) for epoch in numbers}
    kept = {file: file.read_bytes() for file in files.values()}
    Path(one_folder, "notes.txt").write_text("epoch-999.keras")
    Path(one_folder, "best.keras").write_text("not a checkpoint")
    _check_found(Path(one_folder), 8, 103, [])
    _check_found(one_folder, 20, 101, ["epoch-103.keras", "epoch-102.keras"])
    with zipfile.ZipFile(files[103], "w") as archive:  # a KeyError
        archive.writestr("metadata.json", "{}")
    spoiled = bytearray(kept[files[102]])
    spoiled[-700] ^= 0x40  # zipfile.BadZipFile
    files[102].write_bytes(bytes(spoiled))
    _check_found(one_folder, 8, 100, ["epoch-103.keras", "epoch-102.keras", "epoch-101.keras"])
    with zipfile.ZipFile(files[100]) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(files[100], "w") as archive:  # an OSError
        for name, part in parts.items():
            archive.writestr(name, part[:2000] if name.endswith(".h5") else part)
    files[99].write_bytes(b"")
    # Names that are none of a checkpoint, with good contents.
    for name in ("epoch-99 (1).keras", "epoch-best-700.keras", "epoch-120.txt"):
        Path(one_folder, name).write_bytes(kept[files[9]])
    _check_found(one_folder, 8, 98, [f"epoch-{epoch}.keras" for epoch in (103, 102, 101, 100, 99)])
    assert files[98].read_bytes() == kept[files[98]] and len(list(Path(one_folder).iterdir())) == 12, (
        "last_good changes or deletes files."
    )
    # A wrong bit in the archive's list of its files: RuntimeError (a password is asked for), NotImplementedError.
    for epoch, bit in ((103, 0x01), (102, 0x20)):
        spoiled = bytearray(kept[files[epoch]])
        spoiled[spoiled.rfind(b"PK\x01\x02") + 8] ^= bit
        files[epoch].write_bytes(bytes(spoiled))
    with zipfile.ZipFile(files[100], "w") as archive:  # a TypeError
        for name, part in parts.items():
            archive.writestr(name, b'{"class_name": "Sequential", "config": []}' if name == "config.json" else part)
    damaged = {epoch: file.read_bytes() for epoch, file in files.items()}
    _save_unbuilt(one_folder, 98)
    older = Path(one_folder, "older")
    older.mkdir()
    _save_dense(older, 500)  # in a folder below
    _save_dense(one_folder, 1).rename(Path(one_folder, "my-epoch-501.keras"))
    _save_dense(one_folder, 1).rename(Path(one_folder, "epoch-502.keras.old"))
    Path(one_folder, "epoch-best.keras").write_bytes(kept[files[98]])
    skipped = [f"epoch-{epoch}.keras" for epoch in (103, 102, 101, 100, 99, 98)]
    _check_found(one_folder, 8, 9, skipped)  # only the oldest is good
    assert all(files[epoch].read_bytes() == damaged[epoch] for epoch in (103, 102, 101, 100, 99)), (
        "last_good changes files that are not good."
    )
    inputs = keras.Input((3,))
    dropped = keras.layers.Dropout(0.5)(keras.layers.BatchNormalization()(inputs))  # Dropout has no parameters
    frozen = keras.Model(inputs, keras.layers.Dense(2)(dropped))
    frozen.compile("sgd", "mse")
    frozen.set_weights([*frozen.get_weights()[:-1], np.full(2, 104.0)])
    frozen.save(Path(one_folder, "epoch-104.keras"))  # 6 of its 20 parameters are not trained
    _check_found(one_folder, 20, 104, [])
    _check_none(one_folder, 77)
    _check_none(Path(one_folder, "nothing-here"), 8)
    Path(one_folder, "empty").mkdir()
    _check_none(Path(one_folder, "empty"), 8)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 5 points.")

# %%
newest = sorted(checkpoints.iterdir())[-1]
newest.write_bytes(newest.read_bytes()[:1_000_000])  # the disk was full
model, file, skipped = last_good(checkpoints, 1_256_080)
print(f"going on with {file.name}, test accuracy {accuracy(model, X_test, y_test):.4f}")
for name, reason in skipped.items():
    print(f"skipped {name}: {reason.replace(str(workspace), '…')[:100]}")

# %% [markdown]
# **What to see.** The newest checkpoint of LeNet was cut off, and your loader goes back one epoch and says so. Together
# with a `resume` that also has `every_epoch(folder)` among its callbacks, it makes a training that survives a night of
# power cuts.
#
# The next cell deletes the temporary folder. All results are still in memory.

# %%
temporary.cleanup()
print("deleted:", not workspace.exists())

# %% [markdown]
# ## Going further
#
# The last cell has deleted `workspace`. For what you try now, make a new folder: `Path(tempfile.mkdtemp())`. A
# callback of your own is a class made from `keras.callbacks.Callback`; `fit` calls its methods, such as
# `on_epoch_begin(self, epoch, logs=None)` and `on_epoch_end(self, epoch, logs=None)`, with `epoch` counted from 0, and
# sets `self.model`.
#
# - Write `write_architecture(model, path)`, which writes the text of `model.to_json()` into a file, and
#   `read_architecture(path)`, which makes a model from such a file. Check yourself: write `build_lenet5()` and read it
#   as `copy`. `copy.count_params() == 303_626` must hold, each layer's `get_config()` must be as before, and the
#   weights of CONV1 must differ. Then write `small_network()` into the same file: what you read has 50,890 parameters.
# - Write `inside(path)`, which tells what a `.keras` file holds without loading the model: the sorted names of its
#   files, the `class_name` of each layer in `config.json`, and that of the optimiser, or `None` if the model was not
#   compiled. It helps where loading fails, because a layer is not known to your Keras. The cell of Part 2 shows how the
#   archive is read. For a model that is not compiled, `compile_config` is empty or, in other versions of Keras,
#   missing: `config.get("compile_config") or {}` gives an empty dictionary in all these cases. Check yourself with a
#   compiled and an uncompiled network of your own, and with an archive that you write with `zipfile`, whose
#   `config.json` names a layer that does not exist.
# - `keras.callbacks.BackupAndRestore` does much of Part 4 by itself. Interrupt a training with it after epoch 3, by a
#   callback that raises an exception when epoch 4 begins. Start again, and find out what it stores and when it deletes
#   it.
# - How would shuffling have to be saved for B to equal A with `shuffle=True`? Try a fixed order drawn from a seed that
#   depends on the number of the epoch: one call of `fit` for each epoch, with data that you put in order yourself.
# - Write your own `SafeCheckpoint` callback: it saves to another name, renames, and keeps the last three files only. A
#   file that gets its right name when it is complete is never half a file. (The other name must end in `.keras`, too,
#   as the ending chooses the format.)
# - With all of MNIST, another setting takes this LeNet-5 to the published accuracy in a fraction of the time (12
#   epochs: SGD with Nesterov momentum 0.9, peak rate 0.05 warmed up and decayed by a cosine, batches of 64,
#   standardised pixels, digits shifted by up to a pixel). Try it, and try to beat it. The rate first rises, the
#   *warm-up*, and then falls along a cosine; `keras.optimizers.schedules.CosineDecay` makes such a rate, with its
#   `warmup_target` and `warmup_steps`; SGD takes it as `learning_rate`. `np.pad` and a slice shift digits.
#
# ## References
#
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: *Gradient-based learning applied to document recognition*. Proc. IEEE
#   86(11), 1998.
# - The published lab with LeNet, its checkpoints and the statement on `.keras` files: laboratory notebook *COMP6685 Lab
#   6a, Keras CNN MNIST* (A. Cangelosi, with updates by G. Masala, 2025), after A. Gulli, S. Pal: *Deep learning with
#   Keras*, 2017. The published LeNet-5: notebook *Basic Image Classification with Feedforward NN and LeNet5*, 2021.
# - D. P. Kingma, J. Ba: *Adam: a method for stochastic optimization*. ICLR 2015.
# - I. Sutskever, J. Martens, G. Dahl, G. Hinton: *On the importance of initialization and momentum in deep learning*.
#   ICML 2013.
