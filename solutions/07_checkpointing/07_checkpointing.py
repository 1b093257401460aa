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
# Training takes hours, and computers are switched off. In this lab you save networks in three ways, find out what is
# really in the files, go back to an earlier epoch, keep the best one, and go on after an interruption as if there had
# been none. Then you damage some files, and write a loader that copes.
#
# ## What you will do
#
# You build a LeNet-5 with average pooling, save architectures, weights and whole networks, train with checkpoints,
# resume a training that was cut off, and explain a published history of training that begins at 99.95 %.
#
# ## What you will learn
#
# - Say what is in a JSON description, a `.weights.h5` file and a `.keras` file, and what is not.
# - Save a network after every epoch, or the best one only, and go back to it.
# - Resume a training so that it ends exactly where it would have ended, and show why the optimiser's state is needed.
# - Recognise a training that was continued without notice.
# - Read error messages of damaged files with suspicion, and fall back to the last good checkpoint.
#
# ## What you need
#
# Lab 4 (convolutions, its LeNet, training with validation), and Python's `pathlib` for file names.

# %% [markdown] tags=["stamp-facts"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/cnn-labs/cnn-labs-students/blob/main/labs/07_checkpointing/07_checkpointing.ipynb)
# [![Open in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/cnn-labs/cnn-labs-students/main?urlpath=lab/tree/labs/07_checkpointing/07_checkpointing.ipynb)
#
# **20 points** · plan about 100 minutes · *Run All* of the finished lab takes about 0.6 minutes (measured on 2 cores)

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
# give the values of the full experiment. That one needs about 300 MB of disk space for a while. `LENET_EPOCHS` must be
# at least 2.
#
# The cell after them prepares images and labels as in lab 4. `build_lenet()`, imported there, makes the LeNet of lab 4,
# and `small_network()` a small one that trains in a second, for trials. All files of this lab go into one temporary
# folder, `workspace`; the last code cell deletes it.

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

from data_utils import build_lenet, load_mnist

keras.utils.set_random_seed(1)  # the same random numbers at every run
(x_train, y_train), (x_test, y_test) = load_mnist(N_TRAIN, N_TEST)


def small_network(units=64):
    """One hidden layer, untrained and not compiled."""
    layers = keras.layers
    hidden, output = layers.Dense(units, activation="relu"), layers.Dense(10, activation="softmax")
    return keras.Sequential([keras.Input(shape=(28, 28, 1)), layers.Flatten(), hidden, output])


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
# Lab 4 pooled with the maximum. **Average pooling** replaces the numbers under its window by their mean, as LeCun did
# in 1998. Nothing else is new in the network below, but look closely: its first pooling moves by *one* pixel, so it
# hardly makes the map smaller; it only blurs. A network for saving should also have **names** for its layers: files,
# error messages and summaries refer to them.
#
# | name | layer | output | parameters |
# | --- | --- | --- | ---: |
# | CONV1 | convolution, 6 filters 5×5, tanh | 24×24×6 | 156 |
# | POOL1 | average pooling 2×2, stride 1 | 23×23×6 | 0 |
# | CONV2 | convolution, 16 filters 5×5, tanh | 19×19×16 | 2,416 |
# | POOL2 | average pooling 2×2, stride 2 | 9×9×16 | 0 |
# | CONV3 | convolution, 120 filters 5×5, tanh | 5×5×120 | 48,120 |
# | FLAT | flatten | 3,000 | 0 |
# | FC6 | dense, 84 units, tanh | 84 | 252,084 |
# | FC7 | dense, 10 units, softmax | 10 | 850 |
#
# **tanh** is an activation function: it bends every number smoothly into the range from −1 to 1.
#
# ### Task 1 · Build it (2 points)
#
# Write `build_lenet5()`. It returns this network as a Keras model for images of shape (28, 28, 1), untrained and not
# compiled, with the layers named as in the table. No layer pads its input. Each call makes a new network.
#
# <details><summary>Hint</summary>
#
# `keras.layers.AveragePooling2D(size, strides=...)`: without `strides` it moves by its own size. If Keras complains that
# an output size "would be zero or negative", a map became too small before; look at the stride of POOL1. Every layer
# takes `name="..."`. Print `build_lenet5().summary()` and compare with the table.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "lenet5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def build_lenet5():
    """The LeNet-5 of the table, for images of shape (28, 28, 1)."""
    ### BEGIN SOLUTION
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(6, 5, activation="tanh", name="CONV1"),
            layers.AveragePooling2D(2, strides=1, name="POOL1"),
            layers.Conv2D(16, 5, activation="tanh", name="CONV2"),
            layers.AveragePooling2D(2, strides=2, name="POOL2"),
            layers.Conv2D(120, 5, activation="tanh", name="CONV3"),
            layers.Flatten(name="FLAT"),
            layers.Dense(84, activation="tanh", name="FC6"),
            layers.Dense(10, activation="softmax", name="FC7"),
        ]
    )
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-lenet5", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checked = build_lenet5()
assert checked is not None, "build_lenet5 returns nothing. Is there a `return`?"
assert isinstance(checked, keras.Model), f"build_lenet5 must return a Keras model; it returns {type(checked).__name__}."
assert checked.built, "It does not know its input's shape yet. Does the list start with keras.Input(shape=...)?"
assert tuple(checked.input_shape)[1:] == (28, 28, 1), f"It must take (28, 28, 1); it takes {checked.input_shape[1:]}."
asked = ["CONV1", "POOL1", "CONV2", "POOL2", "CONV3", "FLAT", "FC6", "FC7"]
names = [layer.name for layer in checked.layers]
lacking = [name for name in asked if name not in names]
assert not lacking, f"No layer is called {', '.join(lacking)}. The names are {names}; give each layer `name=...`."
sizes = [tuple(checked.get_layer(name).output.shape)[1:] for name in asked]
planned = [(24, 24, 6), (23, 23, 6), (19, 19, 16), (9, 9, 16), (5, 5, 120), (3000,), (84,), (10,)]
wrong = [f"{name} delivers {size}, not {plan}" for name, size, plan in zip(asked, sizes, planned) if size != plan]
assert not wrong, f"{wrong[0]}. Compare its settings (filters, size, strides, padding) with the table."
assert int(checked.count_params()) == 303_626, f"It has {checked.count_params():,} parameters, not 303,626."
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(71)
arrays = [rng.normal(0, 0.3, weights.shape).astype("float32") for weights in checked.get_weights()]
checked.set_weights(arrays)
images = rng.random((3, 28, 28, 1)).astype("float32")
maps = images
for place, stride in ((0, 1), (2, 2), (4, None)):
    maps = keras.ops.tanh(keras.ops.conv(maps, arrays[place], padding="valid") + arrays[place + 1])
    maps = maps if stride is None else keras.ops.average_pool(maps, 2, stride, padding="valid")
hidden = np.tanh(np.asarray(maps, dtype=float).reshape(3, -1) @ arrays[6] + arrays[7])
sums = hidden @ arrays[8] + arrays[9]
sums = np.exp(sums - sums.max(axis=1, keepdims=True))
out = np.asarray(checked(images, training=False), dtype=float)
assert np.allclose(out, sums / sums.sum(axis=1, keepdims=True), atol=1e-2), (
    "The outputs are not those of the table's layers. Check the activations and the kind of pooling."
)
assert build_lenet5() is not checked, "Each call of build_lenet5 must make a new network."
### END HIDDEN TESTS

# %% tags=["nbval-check-output"]
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
# Who says "I saved the network" should say which of them.
#
# ### Task 2 · The architecture as text (2 points)
#
# `model.to_json()` describes a network in JSON, a text format that people and programs of any language can read. A
# few kilobytes tell how to build it again, but not what it has learned. (If the model is compiled, Keras 3 puts the
# compile settings into the text as well, and the copy comes compiled.)
#
# Write two functions.
#
# - `write_architecture(model, path)` writes the text of `model.to_json()` into the file `path`, replacing it if it is
#   there. It returns nothing.
# - `read_architecture(path)` reads such a text and returns a new Keras model made from it.
#
# `path` is a string or a `pathlib.Path`. Both are tried with models that are not compiled, so the new model must not
# be compiled either.
#
# <details><summary>Hint</summary>
#
# `Path(path).write_text(...)` and `Path(path).read_text()` write and read a whole text file. The way back from a text
# to a model is `keras.models.model_from_json`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "architecture", "locked": false, "schema_version": 3, "solution": true, "task": false}
def write_architecture(model, path):
    """Write the model's description in JSON into a file."""
    ### BEGIN SOLUTION
    Path(path).write_text(model.to_json(), "utf-8")
    ### END SOLUTION


def read_architecture(path):
    """A new model, with new weights, made from a description in JSON."""
    ### BEGIN SOLUTION
    return keras.models.model_from_json(Path(path).read_text("utf-8"))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-architecture", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def _tiny(units):
    """A network of two dense layers for the tests."""
    first, second = keras.layers.Dense(units, activation="relu"), keras.layers.Dense(3, activation="softmax")
    return keras.Sequential([keras.Input((8,)), first, second])


with tempfile.TemporaryDirectory() as one_folder:
    model, file = _tiny(5), Path(one_folder, "net.json")
    write_architecture(model, file)
    assert file.is_file(), "write_architecture wrote no file at the path it was given."
    written = file.read_text("utf-8")
    copy = read_architecture(file)
    assert copy is not None, "read_architecture returns nothing. Is there a `return`?"
    assert isinstance(copy, keras.Model), f"read_architecture must return a Keras model, not {type(copy).__name__}."
    assert [layer.get_config() for layer in copy.layers] == [layer.get_config() for layer in model.layers], (
        "The layers of the new model are not those of the old one. Is the text written just as to_json gives it?"
    )
    assert copy is not model and not np.array_equal(copy.get_weights()[0], model.get_weights()[0]), (
        "The new model has the old one's weights. A description holds no weights, so they must be new."
    )
    assert not getattr(copy, "compiled", False), "The new model is compiled; only the architecture is wanted."
    ### BEGIN HIDDEN TESTS
    try:
        rebuilt = keras.models.model_from_json(written)
    except Exception as error:
        rebuilt = f"{type(error).__name__}"
    assert isinstance(rebuilt, keras.Model), f"Keras cannot build a model from what you wrote ({rebuilt})."
    inputs = keras.Input((9, 7, 2), name="picture")
    branch = keras.layers.Conv2D(4, 3, padding="same", activation="tanh")(inputs)
    joined = keras.layers.Concatenate()([branch, inputs])
    wide = keras.Model(inputs, keras.layers.Dense(6)(keras.layers.Flatten()(joined)))
    second = Path(one_folder, "second.json")
    second.write_text(wide.to_json(), "utf-8")
    copy = read_architecture(str(second))
    assert isinstance(copy, keras.Model) and copy.count_params() == wide.count_params(), (
        "read_architecture fails for a text that to_json made of a network with a branch."
    )
    assert copy.get_layer("picture") is not None, "The layer names get lost."
    write_architecture(wide, str(file))
    assert read_architecture(file).count_params() == wide.count_params(), "A file that exists is not replaced."
    ### END HIDDEN TESTS

# %% [markdown]
# ### Task 3 · Open the .keras file (2 points)
#
# `model.save("name.keras")` is said to save the whole network. A published lab says, however, that such a file holds
# only the weights. Do not believe either: look. A `.keras` file is a **zip archive**, a folder packed into one file,
# and `config.json` in it is text. This is its structure, shortened:
#
#     {"class_name": "Sequential",
#      "config": {"layers": [{"class_name": "Dense", "config": {...}}, ...], ...},
#      "compile_config": {"optimizer": {"class_name": "Adam", "config": {...}}, "loss": ..., ...}}
#
# In the file of a model that is not compiled, `compile_config` is empty or missing. Write `inside(path)`, which
# returns a dictionary with three entries:
#
# - `"files"`: the names of all files in the archive, a sorted list,
# - `"layers"`: the class names of the layers in `config.json`, a list in their order,
# - `"optimizer"`: the class name of the optimiser, or `None` for a model that is not compiled.
#
# Read the archive itself. Loading the model would fail where it has a layer that your Keras does not know, and the
# test tries such a file.
#
# <details><summary>Hint</summary>
#
# `with zipfile.ZipFile(path) as archive:` opens it; `archive.namelist()` gives the names and `archive.read(name)` the
# bytes of one of them. `json.loads` turns them into dictionaries and lists. With `found.get("key")` a missing key gives
# `None`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "inside", "locked": false, "schema_version": 3, "solution": true, "task": false}
def inside(path):
    """What a .keras file holds: its files, the classes of its layers, and the class of its optimiser or None."""
    ### BEGIN SOLUTION
    with zipfile.ZipFile(path) as archive:
        files = sorted(archive.namelist())
        found = json.loads(archive.read("config.json"))
    settings = found.get("compile_config") or {}
    optimizer = settings.get("optimizer") or {}
    layers = [layer["class_name"] for layer in found["config"]["layers"]]
    return {"files": files, "layers": layers, "optimizer": optimizer.get("class_name")}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-inside", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
with tempfile.TemporaryDirectory() as one_folder:
    file = Path(one_folder, "looked-into.keras")
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    model.compile(optimizer="rmsprop", loss="mse")
    model.save(file)
    found = inside(file)
    assert found is not None, "inside returns nothing. Is there a `return`?"
    assert isinstance(found, dict), f"inside must return a dictionary; it returns {type(found).__name__}."
    assert set(found) >= {"files", "layers", "optimizer"}, f"The dictionary has the keys {sorted(found)}."
    assert list(found["files"]) == ["config.json", "metadata.json", "model.weights.h5"], (
        f"'files' is {found['files']}; it must be the sorted list of the three names in the archive."
    )
    assert list(found["layers"])[-2:] == ["Flatten", "Dense"], (
        f"The layers end with Flatten and Dense; 'layers' is {found['layers']}. Take class_name, in the file's order."
    )
    assert found["optimizer"] == "RMSprop", f"It was compiled with RMSprop; 'optimizer' is {found['optimizer']!r}."
    ### BEGIN HIDDEN TESTS
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2), keras.layers.ReLU()])
    model.save(file)
    found = inside(str(file))
    assert found["optimizer"] is None, f"For a model that is not compiled, 'optimizer' is {found['optimizer']!r}."
    assert list(found["layers"])[-2:] == ["Dense", "ReLU"], f"'layers' is {found['layers']} for Dense and ReLU."
    for compiled in ({}, {"compile_config": None}, {"compile_config": {"optimizer": {"class_name": "Lion"}}}):
        layers = [{"class_name": name, "config": {"name": "x"}} for name in ("InputLayer", "NotInKeras", "Dense")]
        config = {"class_name": "Sequential", "config": {"layers": layers}, **compiled}
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("zebra.txt", "last")
            archive.writestr("config.json", json.dumps(config))
            archive.writestr("assets/a.txt", "first")
        try:
            found = inside(file)
        except Exception as error:
            found = f"{type(error).__name__}: {error}"
        assert isinstance(found, dict), f"inside fails for a file with a layer unknown to Keras: {found}"
        assert list(found["files"]) == ["assets/a.txt", "config.json", "zebra.txt"], f"'files' is {found['files']}."
        assert list(found["layers"]) == ["InputLayer", "NotInKeras", "Dense"], f"'layers' is {found['layers']}."
        expected = "Lion" if compiled.get("compile_config") else None
        assert found["optimizer"] == expected, f"'optimizer' is {found['optimizer']!r}, not {expected!r}."
    ### END HIDDEN TESTS

# %%
trial = small_network()
trial.compile(optimizer=keras.optimizers.Adam(0.01), loss="categorical_crossentropy", metrics=["accuracy"])
trial.fit(X_train[:480], Y_train[:480], batch_size=32, epochs=3, verbose=0)
write_architecture(trial, workspace / "trial.json")
trial.save_weights(workspace / "trial.weights.h5")
trial.save(workspace / "trial.keras")
for file in sorted(workspace.glob("trial*")):
    print(f"{file.name:16} {file.stat().st_size:>9,} bytes")
print(f"weights alone    {trial.count_params() * 4:>9,} bytes ({trial.count_params():,} numbers, 4 bytes each)\n")
print("in trial.keras:", inside(workspace / "trial.keras"))
with h5py.File(workspace / "trial.weights.h5") as weights_file:
    counts = {part: [] for part in weights_file}
    weights_file.visititems(lambda name, item: counts[name.split("/")[0]].append(getattr(item, "size", 0)))
print("in trial.weights.h5:", {part: f"{int(sum(sizes)):,} numbers" for part, sizes in counts.items() if sum(sizes)})

# %% [markdown]
# **What to see.** The `.keras` file holds the architecture and compile settings (`config.json`) *and* the weights:
# the statement that it holds only weights is wrong. Its size, three times that of the weights, gives away one thing
# more: with Adam, two further numbers for each weight, the optimiser's state.
#
# Now the surprise: the `.weights.h5` file is as large. Its name promises weights only, but for a model that was
# compiled and trained it holds the optimiser's state as well. Whether that state is used at loading is another
# matter: a model that is freshly built and compiled has no place for it yet, and Keras leaves it out. What is in a
# file, and what a program takes from it, are two questions.

# %% [markdown]
# ### Task 4 · There and back (2 points)
#
# Whoever loads a `.keras` file needs nothing else. Whoever loads weights must first build the network in which they
# belong: the code for it has to be kept too. Write both ways.
#
# - `save_both(model, folder)` saves the whole model as `model.keras` and its weights as `model.weights.h5` in
#   `folder`. If the folder, or one above it, does not exist, it is made. It returns nothing.
# - `load_both(folder, build)` reads these two files and returns a pair of models: the one loaded from `model.keras`,
#   and one made by calling `build()`, a function such as `build_lenet5`, with the weights of `model.weights.h5`.
#
# `folder` is a string or a `Path`. The second model need not be compiled.
#
# <details><summary>Hint</summary>
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


# %% nbgrader={"grade": true, "grade_id": "test-save-both", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
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


rows = np.random.default_rng(72).normal(size=(9, 8)).astype("float32")
with tempfile.TemporaryDirectory() as one_folder:
    model, place = _trained(5, 1), Path(one_folder, "new")
    expected = np.asarray(model(rows))
    save_both(model, place)
    assert place.is_dir(), "save_both did not make the folder."
    names = sorted(file.name for file in place.iterdir())
    assert names == ["model.keras", "model.weights.h5"], f"The folder must hold the two files; it holds {names}."
    pair = load_both(place, _build)
    assert pair is not None, "load_both returns nothing. Is there a `return`?"
    assert isinstance(pair, (tuple, list)) and len(pair) == 2, "load_both must return a pair of models."
    for one, where in zip(pair, ("model.keras", "model.weights.h5")):
        assert isinstance(one, keras.Model), (
            f"For {where} load_both gives {type(one).__name__}, not a model. (load_weights itself returns nothing.)"
        )
        assert np.allclose(np.asarray(one(rows)), expected, atol=1e-5), (
            f"The model from {where} answers otherwise than the one saved. Were the weights loaded?"
        )
    ### BEGIN HIDDEN TESTS
    whole, rebuilt = pair
    assert whole is not model and rebuilt is not model and whole is not rebuilt, "load_both must make two new models."
    assert getattr(whole, "compiled", False) and int(whole.optimizer.iterations) == 3, (
        "The model from model.keras has lost its compile settings or the state of its optimiser."
    )
    made = []

    def build_noted():
        made.append(_build())
        return made[-1]

    deep = str(Path(one_folder, "a", "b", "c"))
    save_both(_trained(5, 2), deep)
    other = _trained(5, 3)
    save_both(other, deep)
    whole, rebuilt = load_both(deep, build_noted)
    for one, where in ((whole, "model.keras"), (rebuilt, "model.weights.h5")):
        assert np.allclose(np.asarray(one(rows)), np.asarray(other(rows)), atol=1e-5), (
            f"When save_both is called twice for one folder, {where} must hold the second model."
        )
    assert any(rebuilt is one for one in made), "The second model must be one that build() made."
    ### END HIDDEN TESTS

# %%
save_both(trial, workspace / "trial")
whole, rebuilt = load_both(workspace / "trial", small_network)
described = read_architecture(workspace / "trial.json")
for name, network in [
    ("before saving", trial),
    ("model.keras", whole),
    ("model.weights.h5", rebuilt),
    ("trial.json", described),
]:
    print(f"{name:17} test accuracy {accuracy(network, X_test, y_test):.4f}")

# %% [markdown]
# **What to see.** Before and after saving the scores are equal to the last digit, for the whole model and for the
# weights. The network from the description scores about as much as guessing: it has the right layers, and new random
# weights. It has yet to be trained, and that is what you will do with one now.

# %% [markdown]
# ## Part 3 · Checkpoints
#
# A file that is saved *during* training is a **checkpoint**. Keras writes them by a **callback**, an object that `fit`
# calls at certain moments, here at the end of each epoch: `keras.callbacks.ModelCheckpoint`.
#
# ### Task 5 · One file an epoch (2 points)
#
# Write `every_epoch(folder)`. It returns a callback that saves the whole model in `folder` at the end of every epoch,
# whether it has become better or not. The files are called `epoch-01.keras`, `epoch-02.keras` and so on; from epoch
# 100 on the number has three digits. `folder` is a string or a `Path`; it may not exist yet.
#
# <details><summary>Hint</summary>
#
# The file name of `ModelCheckpoint` is a template: Keras puts the number of the epoch, counted from 1, where it finds
# `{epoch}`. Number formats work as in f-strings: `{n:03d}` gives 007 for n = 7. But do not write an f-string: it would
# look for a variable `epoch` of yours, too early.
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
def _watched_fit(folder, first, last):
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
        logs["val_loss"] = float(epoch)  # the callback is told that the model becomes worse

    watch = keras.callbacks.LambdaCallback(on_epoch_end=note)
    x, y = rng.normal(size=(24, 8)), rng.integers(0, 3, 24)
    model.fit(x, y, batch_size=8, epochs=last, initial_epoch=first, verbose=0, callbacks=[watch, callback])
    return "Callback", noted


with tempfile.TemporaryDirectory() as one_folder:
    kind, noted = _watched_fit(one_folder, 0, 3)
    assert kind != "NoneType", "every_epoch returns nothing. Is there a `return`?"
    assert kind == "Callback", f"It must return a callback, not {kind}."
    names = sorted(file.name for file in Path(one_folder).rglob("*") if file.is_file())
    assert names == ["epoch-01.keras", "epoch-02.keras", "epoch-03.keras"], (
        f"After three epochs the folder must hold epoch-01.keras to epoch-03.keras; it holds {names}."
        + (" Is there a slash between the folder and the name?" if not names else "")
    )
    for epoch, (weights, _) in noted.items():
        loaded = keras.models.load_model(Path(one_folder, f"epoch-{epoch:02d}.keras"))
        assert all(np.allclose(one, two, atol=1e-6) for one, two in zip(loaded.get_weights(), weights)), (
            f"epoch-{epoch:02d}.keras does not hold the weights after epoch {epoch}."
        )
    ### BEGIN HIDDEN TESTS
    assert loaded.compiled and int(loaded.optimizer.iterations) == noted[3][1], "The optimiser's state was not saved."
    deep = Path(one_folder, "not", "there")
    _, noted = _watched_fit(deep, 98, 101)
    assert deep.is_dir(), "every_epoch fails if the folder does not exist yet."
    names = sorted(file.name for file in deep.rglob("*") if file.is_file())
    assert names == ["epoch-100.keras", "epoch-101.keras", "epoch-99.keras"], (
        f"Training from epoch 99 to 101 must leave epoch-99, epoch-100 and epoch-101; the folder holds {names}."
    )
    for epoch, (weights, _) in noted.items():
        loaded = keras.models.load_model(deep / f"epoch-{epoch}.keras")
        assert all(np.allclose(one, two, atol=1e-6) for one, two in zip(loaded.get_weights(), weights)), (
            f"epoch-{epoch}.keras does not hold the weights after epoch {epoch}."
        )
    ### END HIDDEN TESTS

# %% [markdown]
# Your functions at work: the architecture of LeNet is written and read, the copy compiled with Adam and trained with
# a checkpoint after every epoch. Then we go back to epoch 2.

# %% tags=["train-lenet"]
write_architecture(build_lenet(), workspace / "lenet.json")
lenet = read_architecture(workspace / "lenet.json")
lenet.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
checkpoints = workspace / "lenet"
lenet_history = lenet.fit(
    X_train,
    Y_train,
    batch_size=128,
    epochs=LENET_EPOCHS,
    validation_split=0.2,
    callbacks=[every_epoch(checkpoints)],
    verbose=0,
)
epoch_2 = keras.models.load_model(checkpoints / "epoch-02.keras")
final_accuracy, epoch_2_accuracy = accuracy(lenet, X_test, y_test), accuracy(epoch_2, X_test, y_test)
print(f"test accuracy after {LENET_EPOCHS} epochs {final_accuracy:.4f}, after 2 epochs {epoch_2_accuracy:.4f}")
megabytes = [file.stat().st_size / 1e6 for file in sorted(checkpoints.iterdir())]
print(f"{len(megabytes)} files of {megabytes[0]:.1f} MB each")

epochs = range(1, LENET_EPOCHS + 1)
figure, axes = plt.subplots(figsize=(5.5, 3.4), layout="constrained")
axes.plot(epochs, lenet_history.history["accuracy"], "o-", color="#0072B2", label="training")
axes.plot(epochs, lenet_history.history["val_accuracy"], "s--", color="#D55E00", label="validation")
axes.plot([2, LENET_EPOCHS], [epoch_2_accuracy, final_accuracy], "k*", markersize=13, label="test")
axes.set(xlabel="epoch", ylabel="accuracy", title="LeNet, with a checkpoint after every epoch")
axes.xaxis.set_major_locator(plt.MaxNLocator(integer=True))
axes.grid(alpha=0.3)
axes.legend()
plt.show()

# %% [markdown]
# **What to see.** The curve of training (solid, circles), that of validation (dashed, squares), and two stars: the
# test accuracy of the last epoch, and that of epoch 2, from a file. A published lab did this with all the digits and
# got 0.9849 for the last epoch and 0.9813 for epoch 2. The price: each file has the weights and Adam's state, 15 MB,
# though the weights alone have 5 MB.

# %% [markdown]
# ### Task 6 · Only the best (2 points)
#
# Often you want one file only: the network as it was in its best epoch. "Best" needs a **monitor**, a number from the
# history, and a direction: a *loss* is better when lower, an *accuracy* when higher. With the direction wrong, Keras
# faithfully keeps the *worst* epoch. With a monitor that `fit` does not report, such as `val_loss` without validation,
# this version of Keras saves after *every* epoch, and the file holds the last one. Neither stops the training; at most
# a warning appears.
#
# Write `keep_best(path, monitor)`. It returns a callback that saves the whole model in the single file `path`, after
# each epoch in which `monitor` is better than in all epochs before. `path` is a string or `Path` that ends with
# `.keras`. `monitor` is one of `"loss"`, `"accuracy"`, `"val_loss"` and `"val_accuracy"`.
#
# <details><summary>Hint</summary>
#
# `ModelCheckpoint` has the arguments `monitor`, `mode` and `save_best_only`. Look up what each is when you leave it
# out. To choose a direction yourself, look at how the monitor's name ends: `monitor.endswith(...)`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "keep-best", "locked": false, "schema_version": 3, "solution": true, "task": false}
def keep_best(path, monitor):
    """A callback that keeps the model of the epoch with the best value of the monitor."""
    ### BEGIN SOLUTION
    mode = "min" if monitor.endswith("loss") else "max"
    return keras.callbacks.ModelCheckpoint(path, monitor=monitor, mode=mode, save_best_only=True)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-keep-best", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from data_utils import beside_answer


@beside_answer
def _fit_with(file, monitor, planned):
    """Train a network whose two weights go through the plan, with what keep_best gave; return the name of its class."""
    x, y = np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]]), np.array([0, 0, 0, 1])
    output = keras.layers.Dense(2, activation="softmax", use_bias=False)
    model = keras.Sequential([keras.Input((2,)), output])
    still = keras.optimizers.SGD(0.0)
    model.compile(still, "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
    guide = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: model.set_weights([planned[epoch]]))
    callback = keep_best(file, monitor)
    if not isinstance(callback, keras.callbacks.Callback):
        return type(callback).__name__
    model.fit(x, 1 - y, epochs=len(planned), validation_data=(x, y), verbose=0, callbacks=[guide, callback])
    return "Callback"


def _kept_epoch(monitor, plan, folder):
    """Which epoch a callback kept, in a training in which the network's two weights go through the plan."""
    planned = [np.diag(pair).astype("float32") for pair in plan]
    file = Path(folder, f"{monitor}.keras")
    kind = _fit_with(file, monitor, planned)
    assert kind != "NoneType", "keep_best returns nothing. Is there a `return`?"
    assert kind == "Callback", f"It must return a callback, not {kind}."
    assert file.is_file(), f"keep_best(path, {monitor!r}) saved no file at the path."
    assert len(list(Path(folder).iterdir())) == 1, "keep_best must write one file only."
    loaded = keras.models.load_model(file)
    assert loaded.compiled, "keep_best must save the whole model."
    kept = loaded.get_weights()[0]
    return next((epoch for epoch, weights in enumerate(planned, 1) if np.allclose(weights, kept)), None)


with tempfile.TemporaryDirectory() as one_folder:
    kept = _kept_epoch("val_loss", [(0.1, 0.1), (2, 2), (4, -3)], one_folder)
    assert kept == 2, f"val_loss was lowest in epoch 2 of 3; keep_best(path, 'val_loss') kept epoch {kept}."
with tempfile.TemporaryDirectory() as one_folder:
    kept = _kept_epoch("val_accuracy", [(-1, 2), (2, 2), (-2, -2)], one_folder)
    assert kept == 2, f"val_accuracy was highest in epoch 2 of 3; keep_best(path, 'val_accuracy') kept epoch {kept}."
### BEGIN HIDDEN TESTS
# In the training data the labels are turned round, so what is good for training is bad for validation.
for monitor, best_epoch in [("val_accuracy", 3), ("val_loss", 4), ("loss", 2), ("accuracy", 2)]:
    with tempfile.TemporaryDirectory() as one_folder:
        kept = _kept_epoch(monitor, [(0.2, -0.1), (-1, -1), (0.1, 0.1), (4, -0.2), (-2, 3)], one_folder)
        assert kept == best_epoch, (
            f"keep_best(path, {monitor!r}) kept epoch {kept} in a training in which {best_epoch} was best."
        )
### END HIDDEN TESTS

# %% [markdown]
# ### Task 7 · Train the LeNet-5, keep the best (2 points)
#
# **SGD**, plain gradient descent, makes steps along the gradient of each batch and remembers nothing. With its
# default learning rate of 0.01 it is slow: the published LeNet-5 was trained for 50 epochs.
#
# Three names must exist afterwards:
#
# - `lenet5`: your network of Task 1, compiled with SGD (default settings), categorical cross-entropy and the metric
#   accuracy, trained on `X_train` and `Y_train` by *one* call of `fit` with `EPOCHS` epochs, `batch_size=32` and
#   `validation_split=0.2`;
# - `history`: what `fit` returns;
# - `best`: the network of the epoch with the lowest `val_loss`, kept by your callback during that training in a file
#   in `workspace`, and loaded from it afterwards. `lenet5` stays what it is after the last epoch.
#
# <details><summary>Hint</summary>
#
# The callback goes into `fit(..., callbacks=[...])`. Load the file after the training, with
# `keras.models.load_model`.
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "train-lenet5", "locked": false, "schema_version": 3, "solution": true, "task": false}
lenet5 = None  # the network after the last epoch
history = None  # what fit returns
best = None  # the network of the best epoch, loaded from its file
### BEGIN SOLUTION
lenet5 = build_lenet5()
lenet5.compile(optimizer="sgd", loss="categorical_crossentropy", metrics=["accuracy"])
history = lenet5.fit(
    X_train,
    Y_train,
    batch_size=32,
    epochs=EPOCHS,
    validation_split=0.2,
    callbacks=[keep_best(workspace / "best.keras", "val_loss")],
    verbose=0,
)
best = keras.models.load_model(workspace / "best.keras")
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-train-lenet5", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
for name, value in (("lenet5", lenet5), ("history", history), ("best", best)):
    assert value is not None, f"Task 7 is not done yet: {name} is still None."
for name, value in (("lenet5", lenet5), ("best", best)):
    assert isinstance(value, keras.Model), f"{name} must be a Keras model; it is a {type(value).__name__}."
    assert tuple(value.input_shape)[1:] == (28, 28, 1), f"{name} must take images of shape (28, 28, 1)."
assert best is not lenet5, "best and lenet5 are the same object. Load best from the file that the callback wrote."
record = getattr(history, "history", history)
assert isinstance(record, dict), f"history must be what fit returns; it is a {type(history).__name__}."
lacking = {"loss", "accuracy", "val_loss", "val_accuracy"} - set(record)
assert not lacking, f"The history lacks {sorted(lacking)}. Check metrics in compile and validation_split in fit."
assert len(record["loss"]) == EPOCHS, f"The history has {len(record['loss'])} epochs, not {EPOCHS}."
(some_images, some_labels), (fresh_images, fresh_labels) = load_mnist(N_TRAIN, N_TEST)
held = int(N_TRAIN * 0.8)
held_images, held_labels = some_images[held:, ..., None].astype("float32") / 255, some_labels[held:]


def _chances(model, images):
    """The model's outputs, 500 images at a time."""
    parts = [np.asarray(model(images[at : at + 500], training=False)) for at in range(0, len(images), 500)]
    return np.concatenate(parts).astype(float)


def _loss(model, images, labels):
    """Mean categorical cross-entropy of a model's probabilities."""
    chances = _chances(model, images)
    return float(-np.log(np.maximum(chances[np.arange(len(labels)), labels], 1e-7)).mean())


kept_loss, lowest = _loss(best, held_images, held_labels), min(record["val_loss"])
assert abs(kept_loss - lowest) < 0.002 + 0.002 * lowest, (
    f"On the validation digits, best has a loss of {kept_loss:.4f}; the lowest val_loss in history is {lowest:.4f}. "
    "Is validation_split 0.2, did the callback watch val_loss, with lower as better, and was best loaded after the "
    "training?"
)
### BEGIN HIDDEN TESTS
assert "sgd" in type(lenet5.optimizer).__name__.lower(), f"The optimiser is {type(lenet5.optimizer).__name__}, not SGD."
steps, batches = int(lenet5.optimizer.iterations), -(-held // 32)
assert steps == batches * EPOCHS, (
    f"Four fifths of the digits in batches of 32 are {batches} steps an epoch, {batches * EPOCHS} in {EPOCHS} epochs; "
    f"the optimiser counted {steps}. Check batch_size, validation_split, and that fit was called once."
)
last_loss = _loss(lenet5, held_images, held_labels)
assert abs(last_loss - record["val_loss"][-1]) < 0.002 + 0.002 * record["val_loss"][-1], (
    f"lenet5 has a validation loss of {last_loss:.4f}, the last one in the history is {record['val_loss'][-1]:.4f}. "
    "lenet5 must be the network after the last epoch, and history that of its training."
)
ready_images = fresh_images[..., None].astype("float32") / 255
reached = float((_chances(best, ready_images).argmax(axis=1) == fresh_labels).mean())
needed = 0.0
for fewest_digits, fewest_steps, share in ((300, 39, 0.35), (500, 120, 0.55), (1_000, 300, 0.78)):
    needed = share if fewest_digits <= N_TRAIN and steps >= fewest_steps else needed
needed = max(0.0, needed - N_TEST**-0.5)  # few test digits, much chance
assert reached >= needed, (
    f"best gets {reached:.1%} of the test digits right; this network reaches {needed:.0%} with these settings."
)
### END HIDDEN TESTS

# %%
test_accuracy = accuracy(best, X_test, y_test)
best_epoch = int(np.argmin(history.history["val_loss"])) + 1
print(f"best epoch {best_epoch} of {EPOCHS}: test accuracy {test_accuracy:.4f}")
print(f"last epoch: test accuracy {accuracy(lenet5, X_test, y_test):.4f}")
figure, grid = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for axes, metric in zip(grid, ("loss", "accuracy")):
    epochs = range(1, EPOCHS + 1)
    axes.plot(epochs, history.history[metric], "o-", color="#0072B2", markersize=4, label="training")
    axes.plot(epochs, history.history[f"val_{metric}"], "s--", color="#D55E00", markersize=4, label="validation")
    axes.axvline(best_epoch, color="0.3", linestyle=":", label="best epoch")
    axes.set(xlabel="epoch", ylabel=metric, title=f"LeNet-5, {metric}")
    axes.xaxis.set_major_locator(plt.MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
plt.show()

# %% [markdown]
# **What to see.** SGD climbs steadily, and after a short training the last epoch is usually the best one as well: the
# file was simply replaced after each epoch. It is in long trainings, when the validation loss rises again, that the
# two part. The test digits had no say in which epoch was kept, so the test accuracy is honest. Published with all the
# digits and 50 epochs: 99.19 %.

# %% [markdown]
# ## Part 4 · After an interruption
#
# The power fails after five of ten epochs. What does it take to go on *as if nothing had happened*? The weights, of
# course. But Adam takes its steps from running means of earlier gradients, and SGD with momentum from its earlier
# steps. Begin with an optimiser that has forgotten these, and the training goes another way.
#
# ### Task 8 · Resume (2 points)
#
# Write `resume(path, x, y, epochs_done, epochs)`. `path` is a `.keras` file of a compiled model, saved after
# `epochs_done` epochs; `x` and `y` are the training data. Load the model and train it until it has had `epochs`
# epochs *in all*, with `batch_size=32`, `shuffle=False` and without output. Return a pair: the model, and what `fit`
# returns. The epochs are numbered on from those done, so with `epochs_done=5, epochs=8` the `epoch` list of the
# history is `[5, 6, 7]` (Keras counts from 0 here). The optimiser goes on from its saved state. The file stays as it
# is.
#
# `shuffle=False` means that the data keep their order in every epoch. Normally `fit` shuffles them. That is better
# for training, but then two trainings never see the same batches, and we could not compare them.
#
# <details><summary>Hint</summary>
#
# `fit` has an argument `initial_epoch`. With it, `epochs` is the number at which the training *ends*, not how many
# epochs are trained. What would compiling the loaded model again do to the optimiser?
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


# %% nbgrader={"grade": true, "grade_id": "test-resume", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def _interrupted(optimizer, seed, done, epochs, file):
    """Data, and the weights after `epochs` epochs in one go; a file is saved after `done` of them."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(100, 6)).astype("float32"), rng.integers(0, 3, 100)
    hidden, output = keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(3, activation="softmax")
    model = keras.Sequential([keras.Input((6,)), hidden, output])
    model.compile(optimizer, "sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(x, y, batch_size=32, epochs=done, shuffle=False, verbose=0)
    model.save(file)
    model.fit(x, y, batch_size=32, epochs=epochs, initial_epoch=done, shuffle=False, verbose=0)
    return x, y, model


def _farthest(one, two):
    """The largest difference between two models' weights."""
    return max(float(np.abs(a - b).max()) for a, b in zip(one.get_weights(), two.get_weights()))


with tempfile.TemporaryDirectory() as one_folder:
    file = Path(one_folder, "stopped.keras")
    x, y, in_one_go = _interrupted(keras.optimizers.Adam(0.02), 74, 2, 5, file)
    pair = resume(file, x.copy(), y.copy(), 2, 5)
    assert pair is not None, "resume returns nothing. Is there a `return`?"
    assert isinstance(pair, (tuple, list)) and len(pair) == 2, "resume must return a pair: the model and the history."
    assert isinstance(pair[0], keras.Model), f"The first of the pair must be a model, not {type(pair[0]).__name__}."
    numbers = [int(epoch) for epoch in getattr(pair[1], "epoch", [])]
    assert numbers == [2, 3, 4], (
        f"resume(path, x, y, 2, 5) must train the epochs [2, 3, 4]; the history's epoch list is {numbers}."
    )
    distance = _farthest(pair[0], in_one_go)
    assert distance < 1e-3, (
        f"After 2 + 3 epochs the weights differ from those after 5 epochs in one go by up to {distance:.3f}. "
        "Is the optimiser's state kept, the batch size 32, and shuffling off?"
    )
    ### BEGIN HIDDEN TESTS
    for optimizer, seed in ((keras.optimizers.SGD(0.1, momentum=0.9), 75), (keras.optimizers.RMSprop(0.01), 76)):
        x, y, in_one_go = _interrupted(optimizer, seed, 3, 4, file)
        content = file.read_bytes()
        model, record = resume(str(file), x, y, epochs_done=3, epochs=4)
        assert [int(epoch) for epoch in record.epoch] == [3], f"resume(path, x, y, 3, 4) trained {record.epoch}."
        distance, name = _farthest(model, in_one_go), type(optimizer).__name__
        assert distance < 1e-3, f"With {name}, a resumed training ends elsewhere than one in one go ({distance:.3f})."
        assert int(model.optimizer.iterations) == 16, "The optimiser does not count its steps on from those before."
        assert file.read_bytes() == content, "resume changes the file."
    ### END HIDDEN TESTS

# %% [markdown]
# Now the comparison. A small network is trained with Adam on 480 digits for ten epochs in one go (A). After five
# epochs it is saved. From there, one training is resumed by your function with all that the file holds (B), another
# with the weights only, in a newly built and compiled network (C). All three see the same batches in the same order.


# %%
def compiled_network():
    """A small network with Adam, new."""
    model = small_network()
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="categorical_crossentropy", metrics=["accuracy"])
    return model


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
axes.axvline(5.5, color="0.3", linestyle=":")
axes.set(xlabel="epoch", ylabel="training loss", yscale="log", title="A training interrupted after epoch 5")
axes.legend(fontsize=8)
plt.show()
for name, network in (("B, with the state", with_state), ("C, weights only", weights_only)):
    pairs = zip(network.get_weights(), straight.get_weights())
    largest = max(float(np.abs(one - two).max()) for one, two in pairs)
    print(f"{name:18} largest difference from A in any weight: {largest:.6f}")

# %% [markdown]
# **What to see.** B lies upon A, to the last digit printed: that is what "as if nothing had happened" means. C leaves
# them at once. In four trials with other random numbers, on the bundled digits, its first epoch after the
# interruption had 1.5 to 2.8 times the loss of A. That C is worse at first is no law; with SGD and momentum, in four
# trials, it was better for a while, since it had lost its swing. It is *another* training, and that is the point. In
# practice batches are shuffled, so not even B would repeat A exactly; but it is a fair continuation.
#
# There is an opposite accident: a training that goes on *unnoticed*. Look what happens when a cell with `fit` is run
# twice in a notebook.

# %%
twice = compiled_network()
for call in (1, 2):
    losses = twice.fit(X_train[:480], Y_train[:480], epochs=5, batch_size=32, verbose=0).history
    shown = "  ".join(f"{number:.3f}" for number in losses["accuracy"])
    print(f"fit, call {call}: epochs 1 to 5, accuracy {shown} (steps so far: {int(twice.optimizer.iterations)})")

# %% [markdown]
# ### Task 9 · A history that begins at 0.9995 (2 points)
#
# Keras numbers the epochs of every call from 1, and its history holds that call only. The published notebook of the
# LeNet-5 prints a history of 50 epochs. In its first epoch the training accuracy is 0.9995; in the end the test
# accuracy is 99.19 %, described as the result of 50 epochs.
#
# How can a reader notice what happened there, and what follows for the published result? Write three to six
# sentences.
#
# **Marking scheme.** 1 point: what happened and how it can be noticed from the printed history, with the value that a
# first epoch should rather have and why. 1 point: what it means for the result (number of epochs, the test accuracy,
# or whether others can repeat it), and how it could have been avoided.

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain-continued", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# The network was trained already when this call of fit began: fit goes on from the weights that it finds, and numbers
# its epochs from 1 again. A new network starts near guessing, about 10 %, and the accuracy of a first epoch is a mean
# over the whole epoch, with the first poor batches in it; with plain SGD it cannot be 0.9995, even with 60,000 digits.
# So the network had more than 50 epochs, nobody knows how many, and the curve lacks the part in which it learned. The
# test accuracy belongs to that network and is not wrong as such, but "50 epochs" is, and who repeats 50 epochs may get
# less. Building and compiling the network in the same cell as fit, or restarting the kernel and running all cells
# before publishing, would have avoided it; counting on with initial_epoch would have made it visible.
# ### END SOLUTION

# %% [markdown]
# ## Part 5 · Damaged files
#
# Disks fill up and jobs are killed while they write. The file is there, but only half of it. Let us make some bad
# files and see what Keras says to each.

# %%
whole_file, weights_file = workspace / "trial.keras", workspace / "trial.weights.h5"
content, content_h5 = whole_file.read_bytes(), weights_file.read_bytes()
half, flipped = len(content) // 2, bytearray(content)
flipped[half] ^= 0x40  # one bit of 5 million
(workspace / "cut.keras").write_bytes(content[:half])
(workspace / "flipped.keras").write_bytes(bytes(flipped))
(workspace / "cut.weights.h5").write_bytes(content_h5[: len(content_h5) // 2])
other_weights = small_network(32)
deeper = keras.Sequential([*small_network().layers[:2], keras.layers.Dense(64), keras.layers.Dense(10)])
deeper.build((None, 28, 28, 1))
before = [weights.copy() for weights in deeper.get_weights()]
shorter = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(64)])
load = keras.models.load_model
cases = [
    ("no such file", lambda: load(workspace / "nowhere.keras")),
    (".keras, half of it", lambda: load(workspace / "cut.keras")),
    (".keras, one bit wrong", lambda: load(workspace / "flipped.keras")),
    (".weights.h5, half of it", lambda: small_network().load_weights(workspace / "cut.weights.h5")),
    ("weights for fewer units", lambda: other_weights.load_weights(weights_file)),
    ("weights for one layer more", lambda: deeper.load_weights(weights_file)),
    ("weights for one layer less", lambda: shorter.load_weights(weights_file)),
]
for name, attempt in cases:
    try:
        attempt()
        print(f"{name:27} NO ERROR")
    except Exception as error:
        text = " ".join(str(error).replace(str(workspace), "…").split())
        print(f"{name:27} {type(error).__name__}: {text[:85]}")
changed = [not np.array_equal(old, new) for old, new in zip(before, deeper.get_weights())]
print(f"\none layer more: {sum(changed)} of {len(changed)} arrays of weights were replaced before the error came")

# %% [markdown]
# **What to see.** There is no one error for bad files: `ValueError`, `OSError` and `BadZipFile` all occur. The message
# for half a `.keras` file is misleading: "File not found", though the file is there. A wrong bit is noticed, because
# zip archives hold **checksums**, numbers computed from the content that change when it changes.
#
# Two cases are worse than an error. The file is accepted in silence by a network of one layer *less*. And for one
# layer *more* the error comes when it is too late: some weights have been replaced already, so the network is neither
# the old nor the new one. After an error, build a new network.

# %% [markdown]
# ### Task 10 · The last good checkpoint (2 points)
#
# Write `last_good(folder, parameters)`. It looks in `folder` at the files `epoch-NUMBER.keras`, as your Task 5 writes
# them, from the highest number down, until it finds a good one. Good is a file that can be loaded whole and whose
# network has exactly `parameters` parameters; others may come from an earlier project. Return three things:
#
# - the loaded model,
# - the path of its file, a `Path`,
# - a dictionary with an entry for each file that was tried before and was not good: its name, such as
#   `"epoch-07.keras"`, and why it was skipped, in a few words for the user (a string of your own).
#
# Other files in the folder are ignored, and none is changed or deleted. If there is no good file, raise a
# `FileNotFoundError` with a message that helps. Never let another exception out: as you saw, damaged files raise many
# kinds.
#
# A trap: sorted as texts, `epoch-100.keras` comes *before* `epoch-99.keras`.
#
# <details><summary>Hint</summary>
#
# `Path(folder).glob("epoch-*.keras")` finds the files. `file.stem` is the name without its ending; cut off "epoch-"
# and make an `int` for `sorted(..., key=...)`. `except Exception as error:` catches every kind of error that a file can
# raise. `model.count_params()` counts.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "last-good", "locked": false, "schema_version": 3, "solution": true, "task": false}
def last_good(folder, parameters):
    """The newest usable checkpoint: the model, its path, and a dictionary of skipped files and reasons."""
    ### BEGIN SOLUTION
    files = Path(folder).glob("epoch-*.keras")
    skipped = {}
    for file in sorted(files, key=lambda file: int(file.stem.removeprefix("epoch-")), reverse=True):
        try:
            model = keras.models.load_model(file)
        except Exception as error:
            skipped[file.name] = f"cannot be loaded ({type(error).__name__}: {error})"
            continue
        if model.count_params() == parameters:
            return model, file, skipped
        skipped[file.name] = f"has {model.count_params():,} parameters, not {parameters:,}: another network"
    raise FileNotFoundError(f"There is no good checkpoint in {folder}. Skipped: {skipped or 'nothing, it has none'}.")
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-last-good", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def _save_dense(folder, epoch, units=2):
    """A checkpoint whose first bias tells its epoch; returns its path and parameters."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units)])
    model.set_weights([np.zeros((3, units)), np.full(units, float(epoch))])
    file = Path(folder, f"epoch-{epoch:02d}.keras")
    model.save(file)
    return file


def _check_found(found, epoch, skipped):
    """Compare what last_good returned with the epoch it should find and the names it should skip."""
    assert found is not None, "last_good returns nothing. Is there a `return`?"
    assert isinstance(found, (tuple, list)) and len(found) == 3, "last_good must return model, path and dictionary."
    model, file, why = found
    assert isinstance(model, keras.Model), f"The first thing returned must be a model, not {type(model).__name__}."
    told = float(model.get_weights()[1][0])
    assert told == epoch, f"The last good checkpoint is that of epoch {epoch}; last_good loaded epoch {told:g}."
    assert Path(file).name == f"epoch-{epoch:02d}.keras", f"The path is {file}, not that of the file of epoch {epoch}."
    assert isinstance(why, dict), f"The third thing returned must be a dictionary, not {type(why).__name__}."
    names = sorted(Path(name).name for name in why)
    assert names == sorted(skipped), f"The skipped files are {sorted(skipped)}; the dictionary names {names}."
    assert all(isinstance(text, str) and text.strip() for text in why.values()), "Give a reason in words for each file."


with tempfile.TemporaryDirectory() as one_folder:
    for epoch in (1, 2, 3):
        file = _save_dense(one_folder, epoch)
    _check_found(last_good(one_folder, 8), 3, [])
    file.write_bytes(file.read_bytes()[:700])
    _check_found(last_good(one_folder, 8), 2, ["epoch-03.keras"])
### BEGIN HIDDEN TESTS
with tempfile.TemporaryDirectory() as one_folder:
    numbers = (103, 98, 102, 9, 101, 100, 99)  # written in another order than that of their numbers
    files = {epoch: _save_dense(one_folder, epoch, 5 if epoch == 101 else 2) for epoch in numbers}
    kept = {file: file.read_bytes() for file in files.values()}
    Path(one_folder, "notes.txt").write_text("epoch-999.keras")
    Path(one_folder, "best.keras").write_text("not a checkpoint")
    _check_found(last_good(Path(one_folder), 8), 103, [])
    _check_found(last_good(one_folder, 20), 101, ["epoch-103.keras", "epoch-102.keras"])
    with zipfile.ZipFile(files[103], "w") as archive:  # a KeyError
        archive.writestr("metadata.json", "{}")
    spoiled = bytearray(kept[files[102]])
    spoiled[-700] ^= 0x40  # zipfile.BadZipFile
    files[102].write_bytes(bytes(spoiled))
    _check_found(last_good(one_folder, 8), 100, ["epoch-103.keras", "epoch-102.keras", "epoch-101.keras"])
    with zipfile.ZipFile(files[100]) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(files[100], "w") as archive:  # an OSError
        for name, part in parts.items():
            archive.writestr(name, part[:2000] if name.endswith(".h5") else part)
    files[99].write_bytes(b"")
    try:
        found = last_good(one_folder, 8)
    except Exception as error:
        found = error
    assert not isinstance(found, Exception), f"last_good lets a damaged file's {type(found).__name__} out."
    _check_found(found, 98, [f"epoch-{epoch}.keras" for epoch in (103, 102, 101, 100, 99)])
    assert files[98].read_bytes() == kept[files[98]] and len(list(Path(one_folder).iterdir())) == 9, (
        "last_good changes or deletes files."
    )
    for place, count in ((one_folder, 77), (Path(one_folder, "nothing-here"), 8)):
        try:
            found = last_good(place, count)
        except FileNotFoundError as error:
            found = error
        except Exception as error:
            found = type(error).__name__
        assert isinstance(found, FileNotFoundError), f"Without any good file, FileNotFoundError is due, not {found}."
### END HIDDEN TESTS

# %%
newest = sorted(checkpoints.iterdir())[-1]
newest.write_bytes(newest.read_bytes()[:1_000_000])  # the disk was full
model, file, skipped = last_good(checkpoints, 1_256_080)
print(f"going on with {file.name}, test accuracy {accuracy(model, X_test, y_test):.4f}")
for name, reason in skipped.items():
    print(f"skipped {name}: {reason.replace(str(workspace), '…')[:100]}")

# %% [markdown]
# **What to see.** The newest checkpoint of LeNet was cut off, and your loader goes back one epoch and says so. Together
# with `resume` it makes a training that survives a night of power cuts: each start asks `last_good` for a model and
# its epoch, and goes on from there. One precaution remains for the writing side: write to another name first and
# rename when it is complete. Then a file with the right name is never half a file.
#
# Clean up: the temporary folder goes. All results are still in memory.

# %%
temporary.cleanup()
print("deleted:", not workspace.exists())

# %% [markdown]
# ## Going further
#
# - `keras.callbacks.BackupAndRestore` does much of this by itself. Interrupt a training with it by an exception after
#   epoch 3, start again, and find out what it stores and when it deletes it.
# - How would shuffling have to be saved for B to equal A with `shuffle=True`? Try a fixed order drawn from a seed that
#   depends on the number of the epoch.
# - Write your own `SafeCheckpoint` callback: it saves to another name, renames, and keeps the last three files only.
# - Another setting takes this LeNet-5 to the published accuracy in a fraction of the time (12 epochs: SGD with
#   Nesterov momentum 0.9, peak rate 0.05 warmed up and decayed by a cosine, batches of 64, standardised pixels,
#   digits shifted by up to a pixel). Try it, and try to beat it.
#
# ## References
#
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: *Gradient-based learning applied to document recognition*. Proc. IEEE
#   86(11), 1998.
# - D. P. Kingma, J. Ba: *Adam: a method for stochastic optimization*. ICLR 2015.
# - I. Sutskever, J. Martens, G. Dahl, G. Hinton: *On the importance of initialization and momentum in deep learning*.
#   ICML 2013.
