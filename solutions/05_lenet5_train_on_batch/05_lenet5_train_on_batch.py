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
# # 5 · LeNet-5, one step at a time
#
# So far `fit` trained your networks behind a closed door. Here you open it: you draw the batches, take every training
# step yourself, and keep the record. On the way you find out what the numbers in such a record mean, and what a
# published recipe (see the references) really did when it trained "300 epochs".
#
# ## What you will do
#
# You give the digits a border, build LeNet-5 with named layers, and write a training loop around `train_on_batch`. Then
# you train, read the curves and look into the recipe's claims.
#
# ## What you will learn
#
# - Build a network with Keras's functional API, and name its layers.
# - Draw random batches in which every image keeps its label.
# - Write a training loop, and tell what `train_on_batch` returns.
# - Tell steps from epochs, and say how far an accuracy on 500 digits can be off by chance.
#
# ## What you need
#
# Lab 3 (batches, epochs, loss) and lab 4 (convolution, pooling, counting parameters).

# %% [markdown] tags=["stamp-facts"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/cnn-labs/cnn-labs-students/blob/main/labs/05_lenet5_train_on_batch/05_lenet5_train_on_batch.ipynb)
# [![Open in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/cnn-labs/cnn-labs-students/main?urlpath=lab/tree/labs/05_lenet5_train_on_batch/05_lenet5_train_on_batch.ipynb)
#
# **20 points** · plan about 100 minutes · *Run All* of the finished lab takes about 0.4 minutes and 0.7 GiB of memory (measured on 2 cores)

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

names_needed = ["beside_answer", "explain_errors", "load_mnist", "plot_images"]
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
# These numbers set how much data and time the lab takes. They are small, so that *Run All* is quick; the comments give
# the values of the full experiment: more digits, but the same number of steps.

# %% tags=["parameters"]
N_TRAIN = 4_000  # full run: 60_000
N_TEST = 1_000  # full run: 10_000
STEPS = 300  # full run: 300
EVERY = 5  # full run: 5

# %% tags=["remove-stderr"]
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # fewer start-up notes; those that remain need no action

import keras
import matplotlib.pyplot as plt
import numpy as np

from data_utils import explain_errors, load_mnist, plot_images

keras.utils.set_random_seed(1)  # the same random numbers at every run
(x_train, y_train), (x_test, y_test) = load_mnist(N_TRAIN, N_TEST)

# %% [markdown]
# ## Part 1 · Digits for LeNet-5
#
# LeNet-5 was made for images of 32×32 pixels, yet the digits have 28×28. Why the larger ones? Its convolutions use no
# padding, so the middle of a 5×5 window never comes nearer to the edge than two pixels. With a border of two pixels on
# each side, every pixel of the digit can be the middle of a window.
#
# ### Task 1 · Give them a border (2 points)
#
# Write `prepare(images)`. `images` is a NumPy array of shape (n, 28, 28), dtype uint8, 0 (paper) to 255 (ink). Return
# an array of shape (n, 32, 32, 1), dtype float32: every digit in the middle, with a border of 2 pixels of paper on
# each side, the values divided by 255, and one channel at the end. `images` stays unchanged.
#
# <details><summary>Hint 1: a nudge</summary>
#
# The array has three axes. Which of them must grow, and by how much at each end? Which one must keep its length?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `np.pad(array, widths)` returns a new array with zeros around the old one. `widths` has a pair (before, after) for
# *each* axis, and the first axis counts the images: it must not grow. A single number would mean all axes.
# `[..., np.newaxis]` adds an axis of length 1 at the end. Integers divided by 255 become float64; `astype("float32")`
# makes float32 of them.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "prepare", "locked": false, "schema_version": 3, "solution": true, "task": false}
def prepare(images):
    """Digits as LeNet-5 wants them: shape (n, 32, 32, 1), float32, 0 to 1, paper around."""
    ### BEGIN SOLUTION
    bordered = np.pad(images, ((0, 0), (2, 2), (2, 2)))
    return bordered[..., np.newaxis].astype("float32") / 255
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-prepare", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def prepared(images):
    """What prepare returns, once shape and dtype are in order; an error in it becomes a sentence."""
    n = len(images)
    with explain_errors(f"For {n} digits prepare"):
        found = prepare(images)
    assert found is not None, "prepare returns nothing. Is there a `return`?"
    assert isinstance(found, np.ndarray), (
        f"prepare must return a NumPy array; it returns a {type(found).__name__}. `np.asarray` makes one."
    )
    assert found.shape == (n, 32, 32, 1), (
        f"{n} digits must become an array of shape ({n}, 32, 32, 1); prepare gives {found.shape}."
    )
    assert found.dtype == np.float32, f"The dtype must be float32; it is {found.dtype}."
    return found


all_ink = np.full((3, 28, 28), 255, dtype=np.uint8)
found = prepared(all_ink.copy())
assert np.isclose(found.max(), 1), f"Ink, 255, must become 1.0; the largest value is {found.max():.6g}."
assert np.allclose(found[:, 2:30, 2:30], 1), (
    "The digit must begin two pixels from each edge. Here the images are full of ink, so all values there must be 1; "
    f"the smallest is {found[:, 2:30, 2:30].min():.6g}."
)
assert np.isclose(found.sum(), 3 * 28 * 28, rtol=1e-4), (
    f"The border must be paper, 0, on all four sides; the sum of three images of ink is {found.sum():.6g}, not 2352."
)
found = prepared(np.full((1, 28, 28), 51, dtype=np.uint8))
assert np.isclose(found.max(), 0.2), (
    f"Faint ink, 51, must become 0.2, also in an image without darker ink; the largest value is {found.max():.6g}. "
    "Divide by 255, whatever is there."
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(21)
for n, top in [(1, 200), (4, 256), (7, 30)]:
    sample = rng.integers(0, top, (n, 28, 28)).astype(np.uint8)
    kept = sample.copy()
    found = prepared(sample)
    inside = found[:, 2:30, 2:30, 0]
    worst = np.unravel_index(np.abs(inside - kept / 255).argmax(), inside.shape)
    assert np.allclose(inside, kept / 255, atol=1e-6), (
        f"The digits' pixels are not in the middle, divided by 255: {kept[worst]} became {inside[worst]:.6g}, not "
        f"{kept[worst] / 255:.6g}."
    )
    assert np.isclose(float(found.sum(dtype=float)), float(inside.sum(dtype=float)), rtol=1e-5), (
        "The border must be 0, whatever the digits' edges hold."
    )
    assert np.array_equal(sample, kept), "prepare changes the images it is given."
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")

# %%
X_train, X_test = prepare(x_train), prepare(x_test)
figure, grid = plt.subplots(1, 2, figsize=(6.4, 3.3), layout="constrained")
for axes, digit, name in [(grid[0], x_test[0], "as it came, 28×28"), (grid[1], X_test[0, :, :, 0], "prepared, 32×32")]:
    axes.imshow(digit, cmap="gray_r")
    axes.set(xlabel="column", ylabel="row", title=name)
grid[1].add_patch(plt.Rectangle((1.5, 1.5), 28, 28, fill=False, color="#0072B2", linestyle="--"))
plt.show()

# %% [markdown]
# **What to see.** The same digit twice. The dashed square shows where the 28×28 pixels lie in the new image.

# %% [markdown]
# ## Part 2 · LeNet-5, layer by layer
#
# `Sequential` takes a list of layers. The **functional API** is more general: you make an input with `keras.Input`,
# then call each layer on what came before, as in `x = keras.layers.Flatten()(x)`, and at last say where the network
# begins and ends, with `keras.Model(inputs, outputs)`. Such a network may have branches or several inputs. Here there
# is just one path, but every layer gets a **name**, by which you find it again in summaries and error messages.
#
# | name | layer | output |
# | --- | --- | ---: |
# | `INPUT` | input | 32×32×1 |
# | `C1` | convolution, 6 filters, 5×5, valid, ReLU | 28×28×6 |
# | `S1` | max pooling, 2×2, stride 2 | 14×14×6 |
# | `C3` | convolution, 16 filters, 5×5, valid, ReLU | 10×10×16 |
# | `S4` | max pooling, 2×2, stride 2 | 5×5×16 |
# | `FLATTEN` | flatten | 400 |
# | `F5` | dense, 120 units, ReLU | 120 |
# | `F6` | dense, 84 units, ReLU | 84 |
# | `OUTPUT` | dense, 10 units, softmax | 10 |
#
# The names are the recipe's. The padding of the poolings is free: their inputs have 28 and 10 rows and columns, even
# numbers, so "same" and "valid" lead to the same network.
#
# ### Task 2 · Build it (4 points)
#
# Write `build_lenet5()`, without arguments. It returns the network of the table as a Keras model, made with the
# functional API, with exactly these nine layers and names in this order (the input counts as a layer there). It is not
# trained and need not be compiled. Every call makes a new network.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Go through the table from top to bottom: each row is one line of code. What does each line take from the line before?
# Which two things does `keras.Model` need at the end?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Begin with `keras.Input(shape=…, name=…)`; the shape is that of *one* image. Call each layer on what came before.
# Every layer takes `name="..."`. The activations are arguments of their layers, not layers of their own. "Valid" is the
# default of a convolution's padding, and a pooling window moves by its own length unless you say otherwise.
# `build_lenet5().summary()` prints a table to compare.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# A network for other data: a signal of 50 numbers in a row goes in, one number comes out. `Conv1D` and `MaxPooling1D`
# work along a single axis.
#
# ```python
# signal = keras.Input(shape=(50, 1), name="SIGNAL")
# flow = keras.layers.Conv1D(4, 3, activation="tanh", name="WAVES")(signal)
# flow = keras.layers.MaxPooling1D(2, name="HALF")(flow)
# flow = keras.layers.Flatten(name="ROW")(flow)
# price = keras.layers.Dense(1, name="PRICE")(flow)
# forecast = keras.Model(signal, price)
# for layer in forecast.layers:
#     print(layer.name, tuple(layer.output.shape)[1:])
# # SIGNAL (50, 1)
# # WAVES (48, 4)
# # HALF (24, 4)
# # ROW (96,)
# # PRICE (1,)
# ```
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "lenet5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def build_lenet5():
    """LeNet-5 for images of shape (32, 32, 1): one probability for each of ten digits."""
    ### BEGIN SOLUTION
    layers = keras.layers
    inputs = keras.Input(shape=(32, 32, 1), name="INPUT")
    x = layers.Conv2D(6, 5, activation="relu", name="C1")(inputs)
    x = layers.MaxPooling2D(2, name="S1")(x)
    x = layers.Conv2D(16, 5, activation="relu", name="C3")(x)
    x = layers.MaxPooling2D(2, name="S4")(x)
    x = layers.Flatten(name="FLATTEN")(x)
    x = layers.Dense(120, activation="relu", name="F5")(x)
    x = layers.Dense(84, activation="relu", name="F6")(x)
    outputs = layers.Dense(10, activation="softmax", name="OUTPUT")(x)
    return keras.Model(inputs, outputs)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-lenet5", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
def built():
    """What build_lenet5 returns; an error in it, or no network, becomes a sentence."""
    with explain_errors("build_lenet5()"):
        network = build_lenet5()
    assert network is not None, "build_lenet5 returns nothing. Is there a `return`?"
    assert isinstance(network, keras.Model), (
        f"build_lenet5 must return a functional model of Keras; it returns a {type(network).__name__}."
    )
    return network


checked = built()
names = [layer.name for layer in checked.layers]
assert names == ["INPUT", "C1", "S1", "C3", "S4", "FLATTEN", "F5", "F6", "OUTPUT"], (
    f"The layers' names are {names}. Compare them with the table. If one is missing: is each layer called on the one "
    "before, and is it no Sequential, which does not count its input?"
)
assert tuple(checked.input_shape) == (None, 32, 32, 1), (
    f"One image has shape (32, 32, 1); the network takes {tuple(checked.input_shape)[1:]}."
)
assert int(checked.count_params()) == 61_706, (
    f"The network has {checked.count_params():,} parameters, not 61,706. Compare `build_lenet5().summary()` with the "
    "table."
)
sums_of_ten = np.asarray(
    checked(np.random.default_rng(20).random((4, 32, 32, 1)).astype("float32"), training=False), dtype=float
).sum(axis=1)
assert np.allclose(sums_of_ten, 1, atol=1e-4), (
    f"The ten outputs of an image add up to {sums_of_ten[0]:.6g}, not to 1. Which activation makes probabilities?"
)
assert not checked.losses, (
    f"The network adds {len(checked.losses)} penalties to the loss, which the table does not have. Leave out "
    "regularisers."
)
shapes = [tuple(layer.output.shape)[1:] for layer in checked.layers]
expected = [(32, 32, 1), (28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16), (400,), (120,), (84,), (10,)]
for name, shape, right_shape in zip(names, shapes, expected):
    assert shape == right_shape, f"The output of {name} has shape {shape}, not {right_shape}."
learned = sum(int(np.prod(weights.shape)) for weights in checked.trainable_weights)
assert learned == 61_706, f"Only {learned:,} of the 61,706 parameters can be trained. Is a layer's `trainable` set?"
rng = np.random.default_rng(22)
arrays = []
for weights in checked.get_weights():
    spread = 0.3 if weights.ndim == 1 else np.sqrt(2 / np.prod(weights.shape[:-1]))
    arrays.append(rng.normal(0, spread, weights.shape).astype("float32"))
checked.set_weights(arrays)
maps = rng.normal(size=(3, 32, 32, 1)).astype("float32")
out = np.asarray(checked(maps, training=False), dtype=float)
for kernels, biases in (arrays[0:2], arrays[2:4]):
    maps = keras.ops.relu(keras.ops.conv(maps, kernels, padding="valid") + biases)
    maps = keras.ops.max_pool(maps, 2, 2, padding="valid")
hidden = np.asarray(maps, dtype=float).reshape(3, -1)
for kernel, biases in (arrays[4:6], arrays[6:8]):
    hidden = np.maximum(hidden @ kernel + biases, 0)
sums = np.exp(hidden @ arrays[8] + arrays[9])
shares = sums / sums.sum(axis=1, keepdims=True)
assert np.allclose(out, shares, atol=1e-3), (
    "The outputs are not those of the table's layers: with weights of the test, an image gives "
    f"{out[0].round(4).tolist()}, not {shares[0].round(4).tolist()}. Check the activations "
    "of all five layers with weights, and the kind of pooling."
)
### BEGIN HIDDEN TESTS
from data_utils import unasked_settings

another = built()
assert another is not checked, "Each call of build_lenet5 must make a new network."
assert not np.array_equal(another.get_weights()[0], arrays[0]), "A new network shares its weights with the one before."
equal = [tuple(weights.shape) for weights in another.get_weights() if weights.ndim > 1 and np.ptp(weights) < 1e-3]
assert not equal, (
    f"The weights of shape {equal[0]} are all the same, so they would learn the same. Let Keras draw them."
)
extras = unasked_settings(another)
assert not extras, f"The network has settings that the table does not name: {', '.join(extras)}."
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 4 points.")

# %% tags=["nbval-check-output"]
network = build_lenet5()
for layer in network.layers:
    shape = "×".join(str(side) for side in layer.output.shape[1:])
    print(f"{layer.name:8} {shape:>8} {layer.count_params():7,}")
print(f"{'together':17} {network.count_params():7,}")

# %% [markdown]
# **What to see.** Each layer, its output and its parameters. Those of `C3` are (5 · 5 · 6 + 1) · 16 = 2,416, counted as
# in lab 4. All together are 61,706, a twentieth of the LeNet of lab 4. More than three quarters sit in `F5`, where
# every one of 400 numbers meets every one of 120 units.

# %% [markdown]
# ## Part 3 · One step
#
# A **step** changes the weights once: the network sees one batch, the loss is computed, and the optimiser changes all
# weights a little. `fit` walks through the whole data again and again. The recipe does something simpler: at each step
# it draws 100 digits at random.
#
# ### Task 3 · Draw a batch (2 points)
#
# A batch is made of images *and* their labels, and here lies a trap: if images and labels are drawn separately, a
# picture of a 2 may get the label 7. No error is raised; the network just cannot learn. And do not take digits that are
# neighbours in the array: many data sets are sorted.
#
# Write `random_batch(rng, images, labels, size)`. `rng` is a NumPy random generator, as `np.random.default_rng(98)`
# makes one; take all random numbers from it, so that the same seed gives the same batches. `images` has shape (n, …)
# and `labels` shape (n,). Return two arrays, the images and the labels of `size` digits drawn at random: each image
# with its own label, no digit twice in a batch, and all sets of digits equally likely. `size` is at most n. Each of the
# two keeps the dtype of the array that it was drawn from, and `images` and `labels` stay unchanged.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Draw *places*, not digits: numbers from 0 to n − 1. How do you make sure that each image keeps its own label?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Draw the places once and use them twice, for the images and for the labels. An array of places in square brackets
# picks several items at once: `names[np.array([2, 0])]` is the third name and the first. `rng.choice` has an argument
# that says whether a number may come twice; look up its default. `rng.permutation` is another way.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "random-batch", "locked": false, "schema_version": 3, "solution": true, "task": false}
def random_batch(rng, images, labels, size):
    """Images and labels of `size` different digits, drawn at random."""
    ### BEGIN SOLUTION
    places = rng.choice(len(images), size, replace=False)
    return images[places], labels[places]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-random-batch", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def batch_of(rng, images, labels, size):
    """The images and labels that random_batch returns, once both have their shape; an error becomes a sentence."""
    with explain_errors(f"For a batch of {size} of {len(images)} digits random_batch"):
        drawn = random_batch(rng, images, labels, size)
    assert drawn is not None, "random_batch returns nothing. Is there a `return`?"
    assert isinstance(drawn, (tuple, list)) and len(drawn) == 2, (
        f"random_batch must return two arrays, images and labels; it returns a {type(drawn).__name__}."
    )
    some, their = drawn
    assert isinstance(some, np.ndarray) and isinstance(their, np.ndarray), (
        f"Images and labels must be NumPy arrays; they are a {type(some).__name__} and a {type(their).__name__}."
    )
    assert some.shape == (size, *images.shape[1:]), (
        f"A batch of {size} from images of shape {images.shape[1:]} has shape {(size, *images.shape[1:])}; it has "
        f"{some.shape}."
    )
    assert their.shape == (size,), f"The labels of a batch of {size} have shape ({size},); they have {their.shape}."
    for name, drawn_ones, given in (("images", some, images), ("labels", their, labels)):
        assert drawn_ones.dtype == given.dtype, (
            f"The {name} of a batch are some of those given, of dtype {given.dtype}, unchanged; here they are "
            f"{drawn_ones.dtype}."
        )
    return some, their


mixed = np.array([3, 0, 7, 1, 9, 4, 2, 8, 6, 5])
marked = np.ones((10, 2, 3, 1), dtype="float32") * mixed.reshape(10, 1, 1, 1).astype("float32")  # full of one number
tens = mixed * 10  # and its label is ten times that
given_labels = tens.copy()
some, their = batch_of(np.random.default_rng(1), marked.copy(), given_labels, 4)
assert np.array_equal(given_labels, tens), (
    f"random_batch changes the labels that it is given: {tens.tolist()} became {given_labels.tolist()}. Neither sort "
    "nor shuffle them in place."
)
assert np.array_equal(some[:, 0, 0, 0] * 10, their), (
    f"Images {some[:, 0, 0, 0].astype(int).tolist()} must come with the labels "
    f"{(some[:, 0, 0, 0] * 10).astype(int).tolist()}; "
    f"they come with {their.tolist()}. Use the same places for both."
)
all_ten = sorted(batch_of(np.random.default_rng(1), marked.copy(), tens.copy(), 10)[1].tolist())
assert all_ten == sorted(tens.tolist()), (
    f"A batch of 10 of 10 digits must hold each once; its labels are {all_ten}. Draw without replacement."
)


def _is_pair(some, their):
    """Whether every image, full of its place, has its label, 7 · place + 3."""
    return np.array_equal(np.asarray(some)[:, 0] * 7 + 3, np.asarray(their))


twelve = np.arange(12) * 5 % 12  # the numbers 0 to 11, mixed
columns, codes = np.repeat(twelve[:, None], 2, axis=1), twelve * 7 + 3
kept_columns, kept_codes = columns.copy(), codes.copy()
rng, counts, sets = np.random.default_rng(2), np.zeros(12, dtype=int), set()
for _ in range(200):
    some, their = batch_of(rng, columns, codes, 4)
    assert np.array_equal(columns, kept_columns) and np.array_equal(codes, kept_codes), (
        "random_batch changes the images or labels it is given."
    )
    assert _is_pair(some, their), "In a batch of 4 of 12 images, the labels are not those of the images."
    assert len(set(np.asarray(their).tolist())) == 4, "A digit comes twice in a batch. Draw without replacement."
    counts[np.asarray(some)[:, 0]] += 1
    sets.add(tuple(sorted(np.asarray(some)[:, 0].tolist())))
assert counts.min() > 0, (
    f"In 200 batches of 4, the digits {np.flatnonzero(counts == 0).tolist()} of 12 never came. Draw from all places, "
    "with the rng that is given."
)
assert counts.max() < 110, (
    f"In 200 batches of 4 of 12, one digit came {counts.max()} times; about 67 are to be expected."
)
assert len(sets) > 120, (  # of 495; 160 or so are to be expected
    f"200 batches of 4 of 12 were only {len(sets)} different sets of digits. Any four digits may come together, not "
    "only neighbours, or one of each quarter."
)
many, numbers = np.repeat(np.arange(500)[:, None], 2, axis=1), np.arange(500) * 7 + 3
first, same, other = (batch_of(np.random.default_rng(seed), many, numbers, 20)[1].tolist() for seed in (4, 4, 5))
assert first == same, (
    "Two generators with the same seed must give the same batch. Take the random numbers from rng only."
)
assert first != other, "Generators with different seeds give the same batch. Take the random numbers from rng."
### BEGIN HIDDEN TESTS
six, left_out = np.arange(6), np.zeros(6, dtype=int)
for _ in range(200):  # each is left out in about 33 of 200 batches of 5 of 6
    left_out[list(set(range(6)) - set(batch_of(rng, six[:, None], six, 5)[1].tolist()))] += 1
assert left_out.max() < 60, (
    f"In 200 batches of 5 of 6, the digits were left out {left_out.tolist()} times; all should be left out equally "
    "often, about 33 times. Draw with rng.choice(…, replace=False), or take the beginning of rng.permutation."
)
one_rare = np.array([0] * 11 + [1])  # a label that one of twelve digits has
found = sum(int(batch_of(rng, columns, one_rare, 1)[1][0]) for _ in range(60))
assert found < 20, (
    f"Of 12 digits one has the label 1, so it should come in about 5 of 60 batches of one; it came in {found}. Draw "
    "among the digits, not among the labels."
)
some, their = batch_of(np.random.default_rng(3), columns, codes, 12)
assert sorted(np.asarray(their).tolist()) == sorted(codes.tolist()) and _is_pair(some, their), (
    "A batch of all 12 digits must hold each of them once."
)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")

# %%
batch_images, batch_labels = random_batch(np.random.default_rng(98), X_train, y_train, 10)
plot_images(batch_images, batch_labels, columns=10)
plt.show()

# %% [markdown]
# **What to see.** A batch of ten training digits, each below its label. Always look at a batch before you train on it:
# a wrong pair shows at a glance here, and nowhere in the code.

# %% [markdown]
# ### What `train_on_batch` returns
#
# `model.train_on_batch(images, labels)` takes one step and returns a list with the loss and the metrics, here
# `[loss, accuracy]`. Do they describe this batch alone, or are they the mean of all batches so far, as in the lines
# that `fit` prints? Do not guess: measure. In the cell below, the network predicts each batch before the step, so its
# accuracy on that batch is known. The loss `sparse_categorical_crossentropy` is that of lab 3, but takes the labels as
# they are, 0 to 9, without one-hot coding.

# %%
trial = build_lenet5()
trial.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
rng, shares = np.random.default_rng(98), []
print(f"Keras {keras.__version__}\n      this batch, before the step   returned   mean of the batches so far")
for step in range(1, 7):
    some_images, some_labels = random_batch(rng, X_train, y_train, 100)
    shares.append((np.asarray(trial(some_images, training=False)).argmax(axis=1) == some_labels).mean())
    returned = trial.train_on_batch(some_images, some_labels)
    print(f"step {step} {shares[-1]:26.3f} {float(returned[1]):10.3f} {np.mean(shares):28.3f}")

# %% [markdown]
# **What to see.** Compare the column of what was returned with the other two. From Keras 3.15 on it equals the first:
# `train_on_batch` resets the metrics at each call, so you get the value of this single batch. In Keras 3.0 to 3.14 it
# equals the third: the metrics went on adding up. Call `model.reset_metrics()` right before the step, and every version
# returns the value of the single batch.
#
# Two things follow. The values belong to the network *before* the step. And if you want an average over several
# batches, it is your job. Take care when the batches are not equally large: an accuracy of 0.5 on 90 digits and one of
# 1.0 on 10 digits are 45 + 10 = 55 right answers for 100 digits, so 0.55. The plain mean, 0.75, gives the ten digits
# too much weight.

# %% [markdown]
# ## Part 4 · The training loop
#
# ### Task 4 · Write it (6 points)
#
# Write `train(model, images, labels, test_images, test_labels, steps, batch_size, every, rng)`. `model` is compiled,
# with accuracy as its only metric; do not compile it again. `images` are prepared already. The function trains the
# model for `steps` steps, numbered from 1:
#
# - At *every* step it draws a new random batch of `batch_size` from all training digits, takes one step with
#   `train_on_batch`, and notes the loss and the accuracy of this single batch (call `model.reset_metrics()` first, see
#   Part 3).
# - After each step whose number is a multiple of `every`, it draws a new random batch of 500 test digits (all of them,
#   if there are fewer than 500) and notes the model's loss and accuracy on these. The model must *never* train on them:
#   `test_on_batch`, the sister of `train_on_batch`, computes the same two numbers but leaves the weights alone. Call
#   `model.reset_metrics()` before it, too.
#
# After the last step the weights stay as that step left them. All random numbers come from `rng`. Return the record, a
# dictionary of five lists of numbers: `"loss"` and `"accuracy"`, with one number for each step; `"test_step"`, the
# numbers of the steps after which you tested; and `"test_loss"` and `"test_accuracy"`, with one number for each of
# these.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Forget the test at first: what happens at *every* step, and what is noted? Then add the test: how can you tell from
# the number of a step that it is a multiple of `every`?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Start with a dictionary of five empty lists, and let `step` run over `range(1, steps + 1)`. The remainder
# `step % every` is 0 at the multiples only. `train_on_batch` and `test_on_batch` return the loss first, then the
# accuracy; call `model.reset_metrics()` right before each of them. Your `random_batch` draws test digits as well as
# training digits; `min` helps when there are fewer than 500.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# A record of another kind: a die is thrown twelve times, and after every fourth throw the mean so far is noted.
#
# ```python
# die, diary = np.random.default_rng(5), {"eyes": [], "noted_at": [], "mean": []}
# for throw in range(1, 13):
#     diary["eyes"].append(int(die.integers(1, 7)))  # at every throw
#     if throw % 4 == 0:  # now and then
#         diary["noted_at"].append(throw)
#         diary["mean"].append(float(np.mean(diary["eyes"])))
# print(len(diary["eyes"]), diary["noted_at"], len(diary["mean"]))  # 12 [4, 8, 12] 3
# ```
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "train", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train(model, images, labels, test_images, test_labels, steps, batch_size, every, rng):
    """Train on random batches, test now and then, and return the record of losses and accuracies."""
    ### BEGIN SOLUTION
    record = {"loss": [], "accuracy": [], "test_step": [], "test_loss": [], "test_accuracy": []}
    for step in range(1, steps + 1):
        model.reset_metrics()
        loss, accuracy = model.train_on_batch(*random_batch(rng, images, labels, batch_size))
        record["loss"].append(float(loss))
        record["accuracy"].append(float(accuracy))
        if step % every == 0:
            model.reset_metrics()
            some = random_batch(rng, test_images, test_labels, min(500, len(test_images)))
            loss, accuracy = model.test_on_batch(*some)
            record["test_step"].append(step)
            record["test_loss"].append(float(loss))
            record["test_accuracy"].append(float(accuracy))
    return record
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-train", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false}
from data_utils import beside_answer


@beside_answer
def _train_with(drawing, *arguments):
    """Let train work with another function in place of random_batch; note how often it calls train_on_batch."""
    import sys

    names, model, calls = vars(sys.modules["__main__"]), arguments[0], []
    kept, take_step = names.get("random_batch"), model.train_on_batch

    def noted(*given, **named):
        calls.append(len(given))
        return take_step(*given, **named)

    names["random_batch"], model.train_on_batch = drawing, noted
    try:
        found = train(*arguments)
    finally:
        names["random_batch"] = kept
        del model.train_on_batch
    return found | {"calls": len(calls)} if isinstance(found, dict) else found


def _tiny_model(rate):
    """A small network for images of shape (3, 3, 1) and three classes, trained by plain gradient steps."""
    layers = [keras.Input((3, 3, 1)), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    model = keras.Sequential(layers)
    loss = "sparse_categorical_crossentropy"
    model.compile(optimizer=keras.optimizers.SGD(rate), loss=loss, metrics=["accuracy"], run_eagerly=True)
    rng = np.random.default_rng(23)
    model.set_weights([rng.normal(size=(9, 3)).astype("float32"), rng.normal(size=3).astype("float32")])
    return model


def _tiny_digits(n, seed):
    """Random images of shape (3, 3, 1) with labels 0 to 2."""
    rng = np.random.default_rng(seed)
    return rng.random((n, 3, 3, 1)).astype("float32"), rng.integers(0, 3, n).astype("uint8")


five_keys = ["loss", "accuracy", "test_step", "test_loss", "test_accuracy"]


def _record_of(way, *arguments):
    """The record that train returns, once it is one; an error in it becomes a sentence."""
    steps, batch_size, every = arguments[-4:-1]
    with explain_errors(f"With a small model, steps={steps}, batch_size={batch_size} and every={every} train"):
        found = way(*arguments)
    assert found is not None, "train returns nothing. Is there a `return`?"
    assert isinstance(found, dict), f"train must return the record, a dictionary; it returns a {type(found).__name__}."
    assert all(key in found for key in five_keys), f"The record must have the keys {five_keys}; it has {list(found)}."
    for key in five_keys:
        try:
            numbers = np.asarray(found[key], dtype=float)
        except (TypeError, ValueError):
            numbers = None
        assert numbers is not None and numbers.ndim == 1, (
            f"record[{key!r}] must be a list of numbers; it is {str(found[key])[:80]}. train_on_batch and "
            "test_on_batch return two numbers each, the loss and the accuracy."
        )
    return found


model_a = _tiny_model(0.1)
found = _record_of(train, model_a, *_tiny_digits(24, 1), *_tiny_digits(510, 2), 7, 6, 3, np.random.default_rng(3))
assert len(found["loss"]) == len(found["accuracy"]) == 7, (
    f"7 steps give 7 losses and 7 accuracies; the record has {len(found['loss'])} and {len(found['accuracy'])}. With "
    "too few: do the steps go from 1 to steps, and does `return` stand behind the loop? With too many: is the record "
    "made inside the function, so that it holds nothing of an earlier call?"
)
tested = [int(number) for number in found["test_step"]]
assert tested == [3, 6], f"In 7 steps with every = 3, the tests come after the steps 3 and 6; test_step is {tested}."
assert len(found["test_loss"]) == len(found["test_accuracy"]) == 2, (
    f"Two tests give two losses and two accuracies; the record has {len(found['test_loss'])} and "
    f"{len(found['test_accuracy'])}."
)
counted = int(model_a.optimizer.iterations)
assert counted == 7, (
    f"train(…, steps=7, …) must take 7 steps with the model it is given; the model's optimiser counted {counted}."
    + (" Is it trained on test digits, too? They belong to test_on_batch." if counted == 9 else "")
    + (" One call of train_on_batch is one step: it returns loss and accuracy together." if counted == 14 else "")
)
right_answers = np.asarray(found["accuracy"], dtype=float) * 6
assert right_answers.max() < 6.01, (
    f"An accuracy is at most 1; the record has {np.round(right_answers / 6, 3).tolist()}. train_on_batch returns the "
    "loss first."
)
assert np.allclose(right_answers, np.round(right_answers), atol=1e-3), (
    f"A batch of 6 has an accuracy of 0/6, 1/6 … 6/6; the record has {np.round(right_answers / 6, 3).tolist()}. "
    "Note the value of the single batch; before Keras 3.15, call model.reset_metrics() first."
)


def _stretch(rng, images, labels, size):
    """Digits that stand together, from a random place on: enough for this test, but not what Task 3 asks for."""
    start = int(rng.integers(0, len(images) - size + 1))
    return images[start : start + size], labels[start : start + size]


# A learning rate of 0: the model stays as it is, so all that varies are the digits drawn.
model_c, first_weights = _tiny_model(0.0), _tiny_model(0.0).get_weights()
given = (_train_with, _stretch, model_c, *_tiny_digits(90, 7), *_tiny_digits(700, 8), 24, 5, 3)
*records, other = (_record_of(*given, np.random.default_rng(seed)) for seed in (9, 9, 10))
assert records[0]["calls"] == 24, (
    f"In 24 steps train calls train_on_batch {records[0]['calls']} times. Take each step with one call of it, without "
    "fit."
)
counts = [len(one["loss"]) for one in (*records, other)]
assert counts == [24, 24, 24], (
    f"Three calls of 24 steps give records of {counts} losses. Is the record made inside the function, so that it "
    "holds nothing of an earlier call?"
)
kind, rate = type(model_c.optimizer).__name__, float(np.asarray(model_c.optimizer.learning_rate))
assert (kind, rate) == ("SGD", 0), (
    f"The model was given with the optimiser SGD and a learning rate of 0; now it has {kind} and {rate:g}. train takes "
    "the model as it is compiled, and does not compile it."
)
for key, what in [("loss", "training"), ("test_loss", "test")]:
    assert not np.allclose(records[0][key], other[key], atol=1e-5), (
        f"Generators with the seeds 9 and 10 draw the same {what} digits. Take all random numbers from the rng that "
        "train is given, and make none yourself."
    )
losses, test_losses = ({round(float(value), 5) for value in records[0][key]} for key in ("loss", "test_loss"))
assert len(losses) > 15, "The batches of training digits are the same at each step. Draw a new one at every step."
assert len(test_losses) > 5, "The test digits are the same at each test. Draw 500 of them anew, at random, each time."
shares = np.asarray(records[0]["test_accuracy"], dtype=float)
for size in (500, 100):
    whole = np.allclose(shares * size, np.round(shares * size), atol=1e-2)
    assert whole == (size == 500), (
        f"The accuracies on test digits, {shares[:3].round(4).tolist()} …, are not those of 500 digits. "
        "Draw 500 of them, not batch_size."
    )
fifths = np.asarray(records[0]["accuracy"], dtype=float) * 5
assert np.allclose(fifths, np.round(fifths), atol=1e-3), (
    "With batch_size = 5, the noted accuracies are not those of single batches of 5 digits."
)
assert all(np.allclose(records[0][key], records[1][key], atol=1e-4) for key in five_keys), (
    "The same model, digits and seed gave two different records. Take all random numbers from rng."
)
assert all(np.array_equal(old, new) for old, new in zip(first_weights, model_c.get_weights())), (
    "train changes the weights although the learning rate is 0. Does it set weights, or build another network?"
)


### BEGIN HIDDEN TESTS
asked = []


def _right_batch(rng, images, labels, size):
    """A batch drawn rightly, so that this test does not depend on Task 3; what was asked for is noted."""
    asked.append((int(size), len(images)))
    order = rng.permutation(len(images))[:size]
    return images[order], labels[order]


def _loss_and_gradients(weights, images, labels):
    """Mean cross-entropy, accuracy, and the gradients for both arrays of weights, by NumPy."""
    flat = images.reshape(len(images), -1).astype(float)
    scores = np.exp(flat @ weights[0] + weights[1])
    shares = scores / scores.sum(axis=1, keepdims=True)
    excess = shares - np.eye(3)[labels]
    loss = -np.log(shares[np.arange(len(labels)), labels]).mean()
    return loss, (shares.argmax(axis=1) == labels).mean(), [flat.T @ excess / len(labels), excess.mean(axis=0)]


# Batches of all the digits: then chance has no part in it, and NumPy can follow step by step. `fit` would cut batches
# of 45 in two.
(digits, codes), (test_digits, test_codes) = _tiny_digits(45, 4), _tiny_digits(40, 5)
test_digits[:], test_codes[:] = digits[5:], (codes[5:] + 1) % 3  # so the test gets worse with each step
kept = [array.copy() for array in (digits, codes, test_digits, test_codes)]
model_b = _tiny_model(0.5)
followed, expected = [array.astype(float) for array in model_b.get_weights()], {key: [] for key in five_keys}
for step in range(1, 9):
    loss, share, gradients = _loss_and_gradients(followed, digits, codes)
    expected["loss"].append(loss)
    expected["accuracy"].append(share)
    followed = [array - 0.5 * gradient for array, gradient in zip(followed, gradients)]
    if step % 2 == 0:
        loss, share, _ = _loss_and_gradients(followed, test_digits, test_codes)
        for key, value in [("test_step", step), ("test_loss", loss), ("test_accuracy", share)]:
            expected[key].append(value)
found = _record_of(
    _train_with, _right_batch, model_b, digits, codes, test_digits, test_codes, 8, 45, 2, np.random.default_rng(6)
)
too_many = [f"{size} of {n}" for size, n in asked if size > n]
assert not too_many, (
    f"train asks random_batch for {too_many[0]} digits. Test on all of them if there are fewer than 500."
)
assert found["calls"] == 8, (
    f"In 8 steps train calls train_on_batch {found['calls']} times. Take each step with one call of it, without fit."
)
counted = int(model_b.optimizer.iterations)
assert counted == 8, f"8 steps with batches of 45 must be 8 changes of the weights; the optimiser counted {counted}."
assert np.allclose(np.asarray(model_b.get_weights()[0]), followed[0], atol=1e-3), (
    "After 8 steps on all the digits, the weights are not those that 8 steps of the given optimiser on the training "
    f"digits lead to; the first is {float(model_b.get_weights()[0][0, 0]):.6g}, not {followed[0][0, 0]:.6g}. "
    "Does the model train on test digits, is it compiled again, may a digit come twice in a batch, or are other "
    "weights put back at the end?"
)
for key in five_keys:
    seen = np.asarray(found[key], dtype=float)
    assert seen.shape == np.shape(expected[key]), (
        f"record[{key!r}] has {len(seen)} numbers, not {len(expected[key])}. Is the record made inside the function, "
        "so that it holds nothing of an earlier call?"
    )
    assert np.allclose(seen, expected[key], atol=2e-3), (
        f"record[{key!r}] is {seen.round(3).tolist()}; with batches of all the digits it must be "
        f"{np.round(expected[key], 3).tolist()}. "
        "Training values are what train_on_batch returns; tests come after the step, on test digits."
    )
unchanged = all(np.array_equal(old, new) for old, new in zip(kept, (digits, codes, test_digits, test_codes)))
assert unchanged, "train changes the images or labels it is given."
all_digits, all_codes = _tiny_digits(90, 7)
loss_of_all = _loss_and_gradients([array.astype(float) for array in first_weights], all_digits, all_codes)[0]
assert abs(np.mean(records[0]["loss"][:18]) - loss_of_all) > 2e-6, (
    "In 18 steps with 5 of 90 digits, each digit came exactly once. At every step, draw from all training digits anew."
)

model_d = _tiny_model(0.1)
found = _record_of(
    _train_with, _right_batch, model_d, *_tiny_digits(10, 10), *_tiny_digits(12, 11), 2, 3, 5, np.random.default_rng(12)
)
assert len(found["loss"]) == 2 and len(found["test_step"]) == 0, (
    "With 2 steps and every = 5, there is no test; the record has some."
)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 6 points.")

# %% [markdown]
# ### Task 5 · Train LeNet-5 (4 points)
#
# Three names must exist afterwards:
#
# - `lenet5`, a network from your `build_lenet5`, compiled with Adam (default settings),
#   `sparse_categorical_crossentropy` and the metric accuracy, and trained with your `train` on all the digits of
#   `x_train`, prepared, for `STEPS` steps with batches of 100, tested every `EVERY` steps. Use
#   a new `np.random.default_rng(98)`, and call `keras.utils.set_random_seed(98)` right before you build the network.
# - `record`, what `train` returns.
# - `test_accuracy`, the share of *all* the digits of `x_test` that `lenet5` gets right, a number from 0 to 1: let
#   the network predict the whole test set, once, after the training.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Your functions of Tasks 2 and 4 do the work. In which order must these four come: the training, the seed, the
# compiling, the network?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `"adam"` means Adam with its default settings. `X_train` and `X_test` exist since Task 1: the digits must be prepared
# for the test as for the training. `lenet5.predict(..., verbose=0)` returns ten probabilities for each digit, an array
# of shape (n, 10); `argmax(axis=1)` finds the place of the largest. The mean of an array of `True` and `False` is the
# share of `True`.
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "train-lenet5", "locked": false, "schema_version": 3, "solution": true, "task": false}
lenet5 = None  # the trained network
record = None  # what train returns
test_accuracy = None  # the share of the whole test set that it gets right
### BEGIN SOLUTION
keras.utils.set_random_seed(98)
lenet5 = build_lenet5()
lenet5.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
digits, test_digits = prepare(x_train), prepare(x_test)
record = train(lenet5, digits, y_train, test_digits, y_test, STEPS, 100, EVERY, np.random.default_rng(98))
predicted = lenet5.predict(test_digits, batch_size=250, verbose=0).argmax(axis=1)
test_accuracy = float((predicted == y_test).mean())
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-train-lenet5", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
assert lenet5 is not None, "Task 5 is not done yet: lenet5 is still None."
assert isinstance(lenet5, keras.Model), (
    f"lenet5 must be a Sequential or functional model of Keras; its class is {type(lenet5).__name__}."
)
taken = tuple(getattr(lenet5, "input_shape", None) or (None, 32, 32, 1))[1:]
assert taken == (32, 32, 1), f"lenet5 must take images of shape (32, 32, 1); it takes {taken}."
assert isinstance(record, dict), f"`record` must be the dictionary that train returns; it is a {type(record).__name__}."
assert test_accuracy is not None, "test_accuracy is still None."
assert isinstance(test_accuracy, (float, int, np.number)), (
    f"test_accuracy must be a number; it is a {type(test_accuracy).__name__}."
)
assert getattr(lenet5, "optimizer", None) is not None, "lenet5 is not compiled, so it cannot have been trained."
counted = int(lenet5.optimizer.iterations)
assert counted == STEPS, f"lenet5 was to be trained for {STEPS} steps; its optimiser counted {counted}."
kind = type(lenet5.optimizer).__name__
assert kind == "Adam", f"The optimiser must be Adam; it is {kind}."
rate = float(np.asarray(lenet5.optimizer.learning_rate))
assert np.isclose(rate, 0.001), f"Adam's learning rate must be the default, 0.001; it is {rate:.6g}."
assert len(record.get("loss", [])) == STEPS, (
    f"record['loss'] must have {STEPS} numbers, one for each step; it has {len(record.get('loss', []))}."
)
(_, _), (fresh_images, fresh_labels) = load_mnist(N_TRAIN, N_TEST)
shares = lenet5.predict(np.asarray(prepare(fresh_images)), batch_size=250, verbose=0)
assert shares.shape == (len(fresh_labels), 10), (
    f"lenet5 must give ten numbers for each digit; for {len(fresh_labels)} digits its output has shape {shares.shape}."
)
assert np.allclose(shares.sum(axis=1), 1, atol=1e-3), (
    f"The ten outputs of lenet5 add up to {shares[0].sum():.6g} for a digit, not to 1. See Task 2."
)
answers = shares.argmax(axis=1)
reached = float((answers == fresh_labels).mean())
assert reached > (0.3 if STEPS >= 30 else 0.0), (
    f"lenet5 gets {reached:.1%} of the test digits right; even a short training reaches more. Was it trained, on "
    "images with their own labels?"
)
assert abs(float(test_accuracy) - reached) < 1.5e-4, (
    f"lenet5 gets {reached:.4f} of the {len(fresh_labels):,} test digits right, but test_accuracy is "
    f"{float(test_accuracy):.4f}. "
    "Count on the whole test set, after the training."
)


### BEGIN HIDDEN TESTS
from data_utils import beside_answer, is_untrained


@beside_answer
def _untrained():
    """The network of Task 5 before its training, made by build_lenet5 after the seed is set; and the seed then."""
    import tensorflow as tf

    keras.utils.set_random_seed(98)
    return build_lenet5(), tf.compat.v1.get_seed(None)[0]


@beside_answer
def _followed(train_digits, test_digits, steps):
    """What train does with such a network: its record, and for each step which digits and labels it takes.

    The digits come as numbers, with -1 for what is none of the training digits.
    """
    keras.utils.set_random_seed(98)
    model = build_lenet5()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    known, new = prepare(train_digits[0]), prepare(test_digits[0])
    numbers = {np.asarray(image, dtype="float32").tobytes(): number for number, image in enumerate(known)}
    batches, take_step = [], model.train_on_batch

    def noted(x, y=None, *arguments, **named):
        digits = [numbers.get(image.tobytes(), -1) for image in np.asarray(x, dtype="float32")]
        batches.append((digits, np.array(y)))
        return take_step(x, y, *arguments, **named)

    model.train_on_batch = noted
    found = train(model, known, train_digits[1], new, test_digits[1], steps, 100, EVERY, np.random.default_rng(98))
    return {key: [float(value) for value in found[key]] for key in ("loss", "test_loss")}, batches


def _difference(key, noted, due):
    """What to say of a record that is not that of the training done again."""
    advice = "Check digits, labels, loss, batches of 100, every = EVERY and both seeds."
    if noted.shape != due.shape:
        return f"record[{key!r}] has {len(noted)} numbers where the training of Task 5 gives {len(due)}. {advice}"
    place = int(np.flatnonzero(~np.isclose(noted, due, atol=3e-3))[0])
    return (
        f"record[{key!r}][{place}] is {noted[place]:.4f}. The training that Task 5 describes, done again with your "
        f"functions, gives {due[place]:.4f}. {advice}"
    )


needed = 0.75 if STEPS >= 150 else 0.6 if STEPS >= 75 else 0.4 if STEPS >= 30 else 0.0
assert reached >= needed, (
    f"lenet5 gets {reached:.1%} of the test digits right; this network reaches {needed:.0%} in {STEPS} steps."
)
replayed = min(STEPS, 40)
(known_images, known_labels), _ = load_mnist(N_TRAIN, N_TEST)
with explain_errors("The training that Task 5 describes, done again with your functions of Tasks 1, 2 and 4,"):
    network, seed = _untrained()
    known, new = (np.asarray(prepare(images)) for images in (known_images, fresh_images))
    copies = [array.copy() for array in (known_images, known_labels, fresh_images, fresh_labels)]
    again, batches = _followed(copies[:2], copies[2:], replayed)
for key in ("loss", "test_loss"):
    noted, due = (np.asarray(one.get(key, []), dtype=float).ravel() for one in (record, again))
    noted = noted[: len(due)]
    first = EVERY if key == "loss" else 1  # rounding errors grow from step to step
    assert (
        noted.shape == due.shape
        and np.allclose(noted[:first], due[:first], atol=3e-3)
        and np.allclose(noted, due, rtol=0.02, atol=0.02)
    ), _difference(key, noted, due)
assert isinstance(network, keras.Model) and network.output_shape == (None, 10), (
    f"build_lenet5 must return a network of Keras's own layers with ten outputs; it returns {network!r:.80}."
)
assert isinstance(seed, int) and (is_untrained(network, 98) or is_untrained(network, seed)), (
    "The network that build_lenet5 makes has weights that its layers have not drawn. It must make a new, untrained one "
    "at every call."
)
assert len(batches) == replayed, f"In {replayed} steps, train calls train_on_batch {len(batches)} times."
taken = np.unique([number for digits, _ in batches for number in digits])
assert len(taken) and taken.min() >= 0, "train hands digits to train_on_batch that are none of the training digits."
assert known.shape == (len(known_images), 32, 32, 1), f"prepare makes digits of shape {known.shape}."
# A digit and what prepare makes of it are alike, wherever in the frame it puts it.
alike, raw = np.full(len(taken), -1.0), known_images[taken].reshape(len(taken), -1).astype(float)
raw -= raw.mean(axis=1, keepdims=True)
for down, right in np.ndindex(5, 5):
    part = known[taken, down : down + 28, right : right + 28, 0].reshape(len(taken), -1).astype(float)
    part -= part.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(part, axis=1) * np.linalg.norm(raw, axis=1)
    alike = np.maximum(alike, (part * raw).sum(axis=1) / np.maximum(lengths, 1e-9))  # their correlation
assert alike.min() > 0.8, "prepare does not give the digits back that it was given, with a border, in their order."
network.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
for step, (digits, labels) in enumerate(batches, start=1):
    assert len(digits) == min(100, N_TRAIN), f"In step {step}, train takes {len(digits)} digits in place of 100."
    own = np.array_equal(known_labels[digits], np.asarray(labels).ravel())
    assert own, f"In step {step}, train does not take the digits with their own labels."
    network.train_on_batch(known[digits], known_labels[digits])
if replayed == STEPS:
    agreed = float((answers == np.asarray(network(new)).argmax(axis=1)).mean())
    assert agreed >= 0.95, (
        "The training that Task 5 describes, done again with your functions, leads to a network that agrees with "
        f"lenet5 on only {agreed:.1%} of the test digits. Is `record` that of lenet5?"
    )
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 4 points.")

# %%
figure, both = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for axes, name in zip(both, ["loss", "accuracy"]):
    axes.plot(range(1, STEPS + 1), record[name], "o", color="#0072B2", markersize=2.5, label="training, batches of 100")
    tested = record["test_step"], record[f"test_{name}"]
    axes.plot(*tested, "s--", color="#D55E00", markersize=4, label="test, 500 random digits")
    axes.set(xlabel="step", ylabel=name, ylim=(0, None))
    axes.grid(alpha=0.3)
both[1].axhline(test_accuracy, color="black", linestyle=":", label="the whole test set, after the last step")
both[1].legend()
plt.show()
print(f"on the whole test set, after the last step: {test_accuracy:.4f}")

# %% [markdown]
# **What to see.** Loss and accuracy by step. Both change steeply up to about step 50, and slowly later. The training
# values (dots) jump up and down: each is measured on another 100 digits, so it jumps even when the network hardly
# changes. The test values (squares, dashed) are calmer, as each takes 500 digits, but they jump, too.
#
# The recipe reported an accuracy of 96 to 97 % after the training, with all of MNIST. With the 4,000 bundled digits it
# is mostly a little less: in eight trials with different random numbers it was 94.6 to 96.1 % on the whole test set of
# 1,000.

# %% [markdown]
# ## Part 5 · How long, and how sure?
#
# The recipe speaks of "300 epochs" of training. Its loop took 300 steps, each with 100 of 60,000 digits. Is that the
# same? In lab 3 an **epoch** was one pass through all the training digits. An example with other numbers, 4,000 digits
# in batches of 32, shows how steps and epochs belong together:
#
# - An epoch is 4,000 / 32 = 125 steps. If there is a remainder, the digits left over make one smaller batch, so round
#   up: in batches of 128, an epoch is 32 steps, as 4,000 / 128 = 31.25.
# - 50 steps show 50 · 32 = 1,600 digits. That is 1,600 / 4,000 = 0.4 epochs. Here you do not round.
#
# How many epochs was your own run? Work it out before you run the next cell.

# %%
print(f"{STEPS} steps of 100 out of {N_TRAIN:,} digits are {STEPS * 100 / N_TRAIN:g} epochs")

# %% [markdown]
# **What to see.** The more digits there are, the more steps an epoch takes. So the recipe's 300 steps need not be as
# many epochs as yours. In Task 6 you work out how many they are.
#
# ### How far can 500 digits be off?
#
# If a network gets a share $p$ of all digits right, the accuracy on $m$ random ones scatters around $p$ with a standard
# deviation (the typical distance from the mean) of about $\sqrt{p (1 - p) / m}$, the **standard error**. About 95 % of
# the values lie within two of these. Try it with your network: draw 500 test digits 2,000 times, while nothing is
# trained. (The same digit may come twice in a draw.)

# %%
right = lenet5.predict(X_test, batch_size=250, verbose=0).argmax(axis=1) == y_test
rng = np.random.default_rng(98)
draws = np.array([rng.choice(right, 500).mean() for _ in range(2_000)])
standard_error = np.sqrt(test_accuracy * (1 - test_accuracy) / 500)
print(f"the whole test set: {test_accuracy:.4f}; the draws reach from {draws.min():.3f} to {draws.max():.3f}")
print(f"standard deviation of the draws {draws.std():.4f}; standard error {standard_error:.4f}")

# %% [markdown]
# **What to see.** It is always the same network, yet the accuracies differ by several points between the luckiest and
# the unluckiest draw. They scatter as much as the standard error says.

# %% [markdown]
# ### Task 6 · What would you have written? (2 points)
#
# The recipe trained on 60,000 digits. It sums up: 300 epochs of training, after which the accuracy is 96 to 97 %, as
# the last of its tests on 500 random digits say. What is wrong with "300 epochs", and how many steps would 300 epochs
# take? And suppose that two of these tests, five steps apart, show 96 % and 97 %: has the network improved? Write three
# to six sentences, with numbers, and say what you would have reported instead.
#
# **Marking scheme.** 1 point: what the 300 counts, how many epochs it is, by arithmetic, and what a true 300 epochs
# would take. 1 point: how far chance moves an accuracy on 500 digits, computed, what follows for the two tests, and a
# better number to report.

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain-epochs-and-noise", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# The 300 are steps. Each shows one batch of 100 digits, so all of them show 30,000 digits, half of the 60,000: half an
# epoch. One epoch is 600 steps, and 300 epochs would be 180,000.
# On 500 digits the standard error for p = 0.97 is √(0.97 · 0.03 / 500) ≈ 0.008, and the difference of two such tests
# scatters by about 0.011. A step from 96 to 97 % is thus well within chance and does not show that the network
# improved. I would have reported "300 steps with batches of 100, half an epoch" and the accuracy on all the 10,000
# test digits, whose standard error is about 0.002.
# ### END SOLUTION

# %% [markdown]
# ## Going further
#
# - **Average over batches.** Write `mean_over_batches(values, sizes)`. `values` holds the accuracy of each batch and
#   `sizes` its number of digits; the result is the accuracy on all the digits. If the two are not equally long, raise a
#   `ValueError`. Take care: `zip` just drops what is left over of the longer list. Check it:
#
#   ```python
#   assert np.isclose(mean_over_batches([0.5, 1.0], [90, 10]), 0.55)
#   values, sizes = [], []
#   for start in range(0, len(X_test), 450):
#       part = X_test[start : start + 450]
#       named = lenet5.predict(part, verbose=0).argmax(axis=1)
#       values.append((named == y_test[start : start + 450]).mean())
#       sizes.append(len(part))
#   assert np.isclose(mean_over_batches(values, sizes), test_accuracy)
#   ```
#
# - **Steps and epochs.** Write `steps_per_epoch(n, batch_size)`, the steps that `fit` needs to show each of `n` digits
#   once, and `epochs_done(steps, batch_size, n)`, the epochs that so many steps with full batches are worth. Check
#   both:
#
#   ```python
#   assert steps_per_epoch(10, 5) == 2 and steps_per_epoch(10, 4) == 3 and steps_per_epoch(60_000, 128) == 469
#   assert epochs_done(4, 5, 10) == 2 and epochs_done(1, 2, 8) == 0.25
#   ```
#
# - **A calmer curve.** To see where a noisy curve goes, average over the last few values: with a window of 20, the
#   **running mean** at a step is the mean of this value and the 19 before it. It must not look ahead: at step 50 nobody
#   knows the batch of step 51. At the beginning there are fewer than 20 values, and it is the mean of those. Write
#   `running_mean(values, window)`, which returns an array as long as `values`; for `[1, 2, 6, 7]` and a window of 2 it
#   holds 1, 1.5, 4 and 6.5. Draw it over the training accuracies. Where these rise quickly, the line lags behind: why?
#
#   <details><summary>Hint</summary>
#
#   At place i take the mean of `values[max(0, i + 1 - window) : i + 1]`. Without the `max`, the beginning of an early
#   slice would be negative, and a negative index counts from the end.
#
#   </details>
# - Draw the batches so that each digit comes once before any comes twice: shuffle all the places, then cut them into
#   batches. Is the network better after the same number of steps? With batches drawn anew, about $e^{-E}$ of the digits
#   never come in $E$ epochs. Count it with your `random_batch`.
# - Give `train` a stop: end it when the running mean of the loss has reached no new low for 50 steps. Why would it be a
#   mistake to use the test digits for this decision?
# - Leave the border out: build the network for 28×28 digits. How many parameters are left, and what does it cost?
# - With all of MNIST, another setting takes the same network to the published accuracy in a fraction of the time (210
#   steps of 32 digits by `fit` in place of 300 of 100 by the loop: standardised pixels, Adam, peak rate 0.006 warmed up
#   and decayed by a cosine, 30 steps an execution, no metrics on the way). Try it, and try to beat it. With the 4,000
#   bundled digits, 250 such steps are two epochs. The rate first rises, the *warm-up*, and then falls along a cosine;
#   `keras.optimizers.schedules.CosineDecay` makes such a rate, with its `warmup_target` and `warmup_steps`; Adam takes
#   it as `learning_rate`, and `compile` takes `steps_per_execution`.
#
# ## References
#
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: *Gradient-based learning applied to document recognition*. Proc. IEEE
#   86(11), 1998.
# - D. P. Kingma, J. Ba: *Adam: a method for stochastic optimization*. ICLR 2015.
# - The recipe: *Implementing a simple CNN*, in A. Audevart, K. Banachewicz, L. Massaron, *Machine Learning Using
#   TensorFlow Cookbook*, 2021.
# - L. Bottou, F. E. Curtis, J. Nocedal: *Optimization methods for large-scale machine learning*. SIAM Review 60(2),
#   2018.
