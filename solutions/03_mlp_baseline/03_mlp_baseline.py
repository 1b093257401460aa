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
# # 3 · A baseline: the multilayer perceptron
#
# Before you build a convolutional network you need a number it has to beat. In this lab you build, train and judge a
# plain network of dense layers on the digits. Then you solve a puzzle: a published run of the very same network stopped
# at 37 % accuracy, and its text took that for the network's limit. It is not, and the printed numbers tell why.
#
# ## What you will do
#
# You build the network with Keras and measure it before any training. You work out by hand how a layer learns. Then
# Keras trains the network and keeps the best version, you read its learning curves, and reproduce the published failure
# to find its cause.
#
# ## What you will learn
#
# - Compute the gradient of a loss, check it against measured slopes, and see how steps against it lower the loss.
# - Build, compile and fit a multilayer perceptron with dropout, and check its number of parameters.
# - Keep the best model of a training run, and reload it.
# - Read learning curves: the best epoch, and the gap between training and validation.
# - Diagnose a loss that is stuck, from loss and accuracy together.
#
# ## What you need
#
# Labs 1 and 2 (arrays of digits, scaling, one-hot labels, validation data), Python functions, and what the slope of a
# curve is. No knowledge of neural networks is expected.

# %% [markdown] tags=["stamp-facts"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/cnn-labs/cnn-labs-students/blob/main/labs/03_mlp_baseline/03_mlp_baseline.ipynb)
# [![Open in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/cnn-labs/cnn-labs-students/main?urlpath=lab/tree/labs/03_mlp_baseline/03_mlp_baseline.ipynb)
#
# **20 points** · plan about 100 minutes · *Run All* of the finished lab takes about 0.9 minutes and 0.7 GiB of memory (measured on 2 cores)

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

names_needed = ["explain_errors", "load_mnist", "plot_history", "plot_images"]
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
# the values of the full experiment.

# %% tags=["parameters"]
N_TRAIN = 4_000  # full run: 60_000
N_TEST = 1_000  # full run: 10_000
EPOCHS = 10  # full run: 10

# %% tags=["remove-stderr"]
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # fewer start-up notes; those that remain need no action

import tempfile
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from data_utils import explain_errors, load_mnist, plot_history, plot_images

keras.utils.set_random_seed(1)  # the same random numbers at every run
(x_train, y_train), (x_test, y_test) = load_mnist(N_TRAIN, N_TEST)

# %% [markdown]
# The network gets the digits in the form that you made in lab 1: pixel values between 0 and 1, and labels in one-hot
# form: ten numbers, a 1 at the place of the right digit and 0 elsewhere. Capital letters mark what is ready for the
# network.

# %% tags=["nbval-check-output"]
X_train, X_test = x_train.astype("float32") / 255, x_test.astype("float32") / 255
Y_train, Y_test = np.eye(10, dtype="float32")[y_train], np.eye(10, dtype="float32")[y_test]
print("one image", X_train[0].shape, X_train.dtype, "· one label", Y_train[0].shape, Y_train.dtype)

# %% [markdown]
# ## Part 1 · The network
#
# A **dense** (fully connected) layer takes a list of numbers and returns another: each of its *units* multiplies every
# input by a weight of its own, adds them up, adds one more number, its *bias*, and passes the sum through an
# *activation function*. The network of this lab is a chain of such layers, a **multilayer perceptron** (MLP):
#
# | layer | what it does | numbers out |
# | --- | --- | ---: |
# | Flatten | lays the 28 rows of an image end to end | 784 |
# | Dense, ReLU | 512 units; ReLU replaces a negative sum by 0 | 512 |
# | Dropout 0.2 | in training only: sets about a fifth of the numbers, drawn anew each time, to 0 and multiplies the others by 1.25 | 512 |
# | Dense, ReLU | 512 units | 512 |
# | Dropout 0.2 | as above | 512 |
# | Dense, softmax | 10 units, one for each digit; softmax turns the sums into ten probabilities that add up to 1 | 10 |
#
# Weights and biases are the network's **parameters**: the numbers that training changes. Every unit has one weight for
# each of its inputs, and one bias. So a dense layer has (inputs + 1) · units parameters. The three dense layers of the
# table have (784 + 1) · 512 = 401,920, (512 + 1) · 512 = 262,656 and (512 + 1) · 10 = 5,130 of them, together 669,706.
# If Keras counts another number, the network is not the one you think it is.

# %% [markdown]
# ### Task 1 · Build it (4 points)
#
# Keras builds a chain of layers with `keras.Sequential([...])`: a list that starts with `keras.Input(shape=...)`, the
# shape of *one* example without the number of examples, and goes on with layers from `keras.layers`.
#
# Write `build_mlp()`, which returns a new `Sequential` network at each call, untrained, with the layers of the table
# above. The input is one image of shape (28, 28), not flattened and without a channel axis.
#
# Why dropout? No unit can rely on another that may be missing at any moment, so the network learns several ways to a
# right answer and memorises less.
#
# <details><summary>Hint 1: a nudge</summary>
#
# The table has a row for each layer, and your list will have a line for each, below the line for the input. Which
# rows need a number, and which a word such as `"relu"`? `build_mlp().summary()` prints what you have built.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `keras.Input(shape=(28, 28))` comes first. The layers are `Flatten()`, `Dense(units, activation="...")` and
# `Dropout(rate)`, all from `keras.layers`. The names of the activations are in the table, in small letters.
# `build_mlp().count_params()` must be 669,706.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# Another network, which takes six measurements of today's weather and says how probable rain is tomorrow:
#
# ```python
# rain = keras.Sequential(
#     [
#         keras.Input(shape=(6,)),  # one example: six numbers, and no axis more
#         keras.layers.Dense(20, activation="tanh"),
#         keras.layers.Dropout(0.4),
#         keras.layers.Dense(1, activation="sigmoid"),  # sigmoid makes one number a probability
#     ]
# )
# print(rain.count_params())  # 161 = (6 + 1) · 20 + (20 + 1) · 1
# print(rain.output_shape)  # (None, 1): None stands for any number of examples
# ```
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "build-mlp", "locked": false, "schema_version": 3, "solution": true, "task": false}
def build_mlp():
    """The untrained network: (n, 28, 28) images in, (n, 10) probabilities out."""
    ### BEGIN SOLUTION
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-build-mlp", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
with explain_errors("build_mlp()"):
    checked = build_mlp()
assert checked is not None, "build_mlp() returns nothing. Is there a `return`?"
assert isinstance(checked, keras.Model), (
    "build_mlp must return a Sequential or functional model of Keras, such as keras.Sequential([...]); it returns an "
    f"object of type {type(checked).__name__}."
)
assert checked.built and getattr(checked, "input_shape", None), (
    f"The network, a {type(checked).__name__}, does not know the shape of its input yet. It must be a Sequential model "
    "whose list starts with keras.Input(shape=...), or a functional one."
)
assert tuple(checked.input_shape) == (None, 28, 28), (
    "One image must come in as it is, with shape (28, 28). Keras itself puts None, any number of images, in front: the "
    f"input's shape must become (None, 28, 28); it is {tuple(checked.input_shape)}."
)
assert int(checked.count_params()) == 669_706, (
    f"The network has {checked.count_params():,} parameters, not 669,706. Compare its layers with the table "
    "(`build_mlp().summary()` prints them)."
)
some = np.random.default_rng(5).random((4, 28, 28)).astype("float32")
out = np.asarray(checked(some, training=False), dtype=float)
assert out.shape == (4, 10), (
    f"Four images gave an output of shape {out.shape}; ten numbers for each, (4, 10), are needed."
)
assert np.allclose(out.sum(axis=1), 1, atol=1e-4), (
    f"The ten outputs of an image add up to {out[0].sum():.6g}, not to 1. Which activation makes probabilities?"
)


def layers_of(model):
    """The layers of a model, those of models in it too."""
    inner = [layers_of(layer) if isinstance(layer, keras.Model) else [layer] for layer in model.layers]
    return [layer for layers in inner for layer in layers]


dropouts = [layer for layer in layers_of(checked) if isinstance(layer, keras.layers.Dropout)]
rates = [round(float(layer.rate), 3) for layer in dropouts]
assert rates == [0.2, 0.2], f"There must be two dropout layers of rate 0.2; found rates {rates}."
arrays = [np.asarray(weights, dtype=float) for weights in checked.get_weights()]
assert [weights.shape for weights in arrays] == [(784, 512), (512,), (512, 512), (512,), (512, 10), (10,)], (
    f"The layers do not have the sizes of the table, in its order: {[weights.shape for weights in arrays]}."
)
learned = sum(int(np.prod(weights.shape)) for weights in checked.trainable_weights)
assert learned == 669_706, f"Only {learned:,} of the 669,706 parameters can be trained. Is `trainable=False` set?"
assert min(np.ptp(weights) for weights in arrays[::2]) > 1e-3, (
    "All weights of a layer begin with the same value, so its units would learn the same. Leave Keras's random weights."
)
rng = np.random.default_rng(6)  # weights with which sums are far below 0 and far above it
arrays = [rng.normal(0, size, weights.shape) for size, weights in zip([0.4, 1, 0.1, 1, 0.01, 1], arrays)]
checked.set_weights(arrays)
by_hand = some.reshape(4, 784).astype(float)
for weights, bias in zip(arrays[0:4:2], arrays[1:4:2]):
    by_hand = np.maximum(by_hand @ weights + bias, 0)
by_hand = np.exp(by_hand @ arrays[4] + arrays[5])
by_hand = by_hand / by_hand.sum(axis=1, keepdims=True)
out = np.asarray(checked(some, training=False), dtype=float)
assert np.allclose(out, by_hand, atol=1e-4), (
    "The outputs are not those of two ReLU layers and a softmax layer: with weights of the test, an image gives "
    f"{out[0].round(4).tolist()}, not {by_hand[0].round(4).tolist()}. Check the activation of each "
    "dense layer, and that nothing changes the pixels before them."
)
kinds = [type(layer).__name__ for layer in layers_of(checked)]
main = [kind for kind in kinds if kind in ("Dense", "Dropout")]
assert main == ["Dense", "Dropout", "Dense", "Dropout", "Dense"], (
    "Dropout must follow the first and the second dense layer, and not the last: dropped probabilities make no sense. "
    f"The layers are {kinds}."
)
assert all(layer.noise_shape is None for layer in dropouts), (
    "Dropout must draw for each number of each image by itself; `noise_shape` makes some of them share a draw."
)
### BEGIN HIDDEN TESTS
from data_utils import unasked_settings

training_only = {"GaussianNoise", "GaussianDropout", "AlphaDropout", "SpatialDropout1D", "ActivityRegularization"}
unasked = sorted(kind for kind in set(kinds) if kind in training_only or kind.startswith("Random"))
assert not unasked, f"The table has no such layer as {unasked}."
steps = int(checked.optimizer.iterations) if getattr(checked, "optimizer", None) is not None else 0
assert steps == 0, f"build_mlp must return an untrained network; its optimiser has made {steps} steps already."
extras = unasked_settings(checked)
assert not extras, f"The network has settings that the table does not name: {', '.join(extras)}."
another = build_mlp()
assert another is not checked, "Each call of build_mlp must make a new network; two calls gave the same one."
before = np.array(another.get_weights()[0])
checked.set_weights([weights + 1 for weights in checked.get_weights()])
assert np.array_equal(another.get_weights()[0], before), (
    "Two networks of build_mlp share their weights. Make new layers at each call."
)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 4 points.")

# %% [markdown]
# ## Part 2 · Before training
#
# **Accuracy** is the share of digits that the network gets right. The network answers with ten probabilities; the digit
# it *names* is the one with the largest. An untrained network has random weights, so it should be right about one time
# in ten. Measure that first: if the network is right half the time now, it is not untrained, or the measurement is
# wrong.
#
# `accuracy` below measures it. For each row of an array, `argmax(axis=1)` gives the place of the largest number. In ten
# probabilities this place is the digit named; in a one-hot label it is the right digit.

# %%
def accuracy(model, images, one_hot_labels):
    """Share of the images, shape (n, 28, 28), for which the model's largest output is at the label's 1."""
    named = model.predict(images, verbose=0).argmax(axis=1)
    right = one_hot_labels.argmax(axis=1)
    return float((named == right).mean())  # the mean of True and False is the share of True


keras.utils.set_random_seed(4)  # the same random weights at every run of this cell
untrained = build_mlp()
print(f"accuracy before training: {accuracy(untrained, X_test, Y_test):.1%}")

# %% [markdown]
# Near one digit in ten, as guessing would give. With other random weights we measured from 5 % to 16 %.
#
# ## Part 3 · How a layer learns
#
# Accuracy tells how good a network is, but not how to make it better: change one weight a little, and most often no
# digit gets another name. Training needs a number that feels every small change. That is the **loss**, which says how
# bad the answers are. *Categorical cross-entropy* looks at the probability *p* that the network gave to the right
# digit, takes −log *p* (log is the natural logarithm), and averages over the digits: 0 for a network that is sure and
# right, large for one that is sure and wrong, and −log(1/10) ≈ 2.3 for one that guesses.
#
# For this part we take a single dense layer: ten units with softmax, straight on the 784 pixels. (Softmax takes *e* to
# the power of each of the ten sums, and divides it by the total of these powers.) Its loss depends on 7,850 parameters.
# Which way should each of them go? Measure it: make one weight a little larger, by *h*, and then a little smaller. The
# difference of the two losses, divided by 2*h*, is the **slope** of the loss for this weight. All slopes together are
# the **gradient**.

# %% nbgrader={"grade": false, "grade_id": "given-softmax", "locked": true, "schema_version": 3, "solution": false, "task": false}
def softmax(sums):
    """Probabilities from the sums of the units, one row for each image."""
    powers = np.exp(sums - sums.max(axis=1, keepdims=True))  # without the largest: same result, no overflow
    return powers / powers.sum(axis=1, keepdims=True)


def layer_loss(weights, bias, images, labels):
    """Mean cross-entropy of a dense softmax layer; `labels` are integers."""
    p = softmax(images @ weights + bias)[np.arange(len(labels)), labels]
    return float(-np.log(p).mean())


def measured_slope(weights, bias, place, h=1e-5):
    """Slope of the loss for the weight at `place`, (input, unit), on the first 1,000 training digits."""
    step = np.zeros(weights.shape)
    step[place] = h
    up, down = (layer_loss(moved, bias, flat[:1000], y_train[:1000]) for moved in (weights + step, weights - step))
    return (up - down) / (2 * h)


flat = X_train.reshape(len(X_train), 784)
weights, bias = np.zeros((784, 10)), np.zeros(10)  # all sums are 0: the layer guesses
print(f"loss: {layer_loss(weights, bias, flat[:1000], y_train[:1000]):.4f}")
middle = 14 * 28 + 14  # a pixel in the middle of the image
for unit in (0, 8):
    print(f"slope for the weight of this pixel in unit {unit}: {measured_slope(weights, bias, (middle, unit)):+.4f}")

# %% [markdown]
# ### Task 2 · All slopes at once (5 points)
#
# For unit 0 the slope is positive: a larger weight would make the loss larger, so this weight must become smaller.
# That makes sense, as a zero has no ink in the middle; an eight has, and there the slope is negative. But measuring
# takes two losses for each of 7,850 parameters. A formula gives them all at once. For one image:
#
# - The *error* of unit *k* is its probability; if *k* is the right digit, 1 is subtracted from it. It is the slope of
#   the loss for the unit's *sum*: negative for the right digit, whose sum should grow, and positive for the nine
#   others.
# - A weight is multiplied by its input on the way into the sum. So its slope is that input times the unit's error.
# - A bias goes into the sum as it is. Its slope is the error.
#
# The loss of several images is the mean of their losses. So each slope for several images is the mean of the slopes for
# the single images.
#
# Write `gradient(weights, bias, images, labels)`. It returns two NumPy arrays of floats: the slopes for the weights, in
# the shape of `weights`, and those for the biases, in the shape of `bias`. `weights` has shape (inputs, units), `bias`
# (units,), `images` (n, inputs); `labels` is an array of n integers, from 0 to units − 1 (of type uint8 in this lab). A
# layer may have any number of inputs and units. `softmax` copes with sums in the thousands, and so must your function.
# It changes none of its arguments.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Do one image on paper: its inputs are 1 and 2, there are three units, all parameters are 0, and the right label is 0.
# Which three probabilities come out, and which errors? Fill a table with a row for each input and a column for each
# unit. What changes with a second image?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `softmax(images @ weights + bias)` has a row for each image and a column for each unit. The one-hot form of the labels
# has the same shape, if you make it with the right number of columns: one subtraction gives all errors. A slope of
# a weight is a sum over images, of input times error: that is a matrix product, `@`, with one of the two arrays turned
# by `.T`. The shape of the result tells which one. At last, divide by the number of images.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# Another layer has one unit, no bias and no softmax. It learns prices from what three people paid; its loss is the mean
# of the squared differences. The slope of a square *d*² is 2*d*:
#
# ```python
# bought = np.array([[1.0, 2.0], [3.0, 0.0], [2.0, 2.0]])  # kilos of apples and pears, a row for each person
# paid = np.array([8.0, 6.0, 10.0])
# prices = np.array([1.0, 1.0])  # a guess
# difference = bought @ prices - paid
# print(difference)  # [-5. -3. -6.]: all three would pay too little
# print((2 * bought.T @ difference / 3).round(2))  # [-17.33 -14.67]: the loss falls if the prices rise
# ```
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "gradient", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gradient(weights, bias, images, labels):
    """Slopes of the mean cross-entropy of a dense softmax layer, for its weights and for its biases."""
    ### BEGIN SOLUTION
    errors = softmax(images @ weights + bias) - np.eye(len(bias))[labels]
    return images.T @ errors / len(images), errors.mean(axis=0)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-gradient", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
def slopes_from(weights, bias, images, labels):
    """What gradient returns, which must be two arrays in the shapes of the weights and of the bias."""
    kept = [array.copy() for array in (weights, bias, images, labels)]
    given = f"weights of shape {weights.shape}, a bias of shape {bias.shape} and images of shape {images.shape}"
    with explain_errors(f"For {given} gradient"):
        found = gradient(weights, bias, images, labels)
    assert found is not None, "gradient returns nothing. Is there a `return`?"
    assert isinstance(found, (tuple, list)) and len(found) == 2, (
        "gradient must return two arrays, the slopes for the weights and those for the biases; it returns a "
        f"{type(found).__name__}{f' of length {len(found)}' if isinstance(found, (tuple, list)) else ''}."
    )
    for slopes, like, name in zip(found, (weights, bias), ("weights", "biases")):
        assert isinstance(slopes, np.ndarray) and slopes.dtype.kind == "f", (
            f"The slopes for the {name} must be a NumPy array of floats; they are a {type(slopes).__name__}"
            f"{f' of {slopes.dtype}' if isinstance(slopes, np.ndarray) else ''}."
        )
        assert slopes.shape == like.shape, (
            f"For {given} the slopes for the {name} must have shape {like.shape}; they have {slopes.shape}."
        )
    for array, before, name in zip((weights, bias, images, labels), kept, ("weights", "bias", "images", "labels")):
        assert np.array_equal(array, before), f"gradient changes `{name}`, one of its arguments. Work on a new array."
    return found


def hint_on(slopes, right, n, name):
    """A sentence on the mistake, where the numbers tell which one it is."""
    if not np.isfinite(slopes).all():
        return (
            "Is exp taken of a sum that is too large for it, or log of a probability that is 0, or is something "
            "divided by 0? `softmax` above is safe."
        )
    if np.allclose(slopes, -right, atol=1e-6):
        return "The sign is the other way round."
    if n > 1 and np.allclose(slopes, n * right, atol=1e-6):
        return f"Those are the sums over {n} images, not the means."
    if np.allclose(slopes, 2 * right, atol=1e-6):
        return "Those are twice the slopes. (The 2 in Hint 3 belongs to squares.)"
    largest = f"The largest difference is {np.abs(slopes - right).max():.2g}. "
    if name == "biases":
        return largest + "The slope of a bias is the mean, over the images, of the error of its unit."
    return largest + "The slope of a weight is the mean, over the images, of its input times the error of its unit."


zeros, no_bias = np.zeros((2, 3)), np.zeros(3)  # two inputs, three units: each has a probability of 1/3
one, two = np.array([[1.0, 2.0]]), np.array([[1.0, 2.0], [0.0, 1.0]])
for images, labels, for_weights, for_bias in [
    (one, [0], [[-2 / 3, 1 / 3, 1 / 3], [-4 / 3, 2 / 3, 2 / 3]], [-2 / 3, 1 / 3, 1 / 3]),
    (two, [0, 2], [[-1 / 3, 1 / 6, 1 / 6], [-1 / 2, 1 / 2, 0]], [-1 / 6, 1 / 3, -1 / 6]),
]:
    slopes, bias_slopes = slopes_from(zeros, no_bias, images, np.array(labels, dtype="uint8"))
    for found, right, name in [(slopes, for_weights, "weights"), (bias_slopes, for_bias, "biases")]:
        assert np.allclose(found, right, atol=1e-6), (
            f"With all parameters 0, for the images {images.tolist()} and the labels {labels}, the slopes for the "
            f"{name} are {np.round(right, 4).tolist()}; gradient gives {found.round(4).tolist()}. "
            f"{hint_on(found, np.array(right), len(images), name)}"
        )
_, bias_slopes = slopes_from(zeros, np.log([1.0, 2.0, 5.0]), one, np.array([0], dtype="uint8"))
assert np.allclose(bias_slopes, [-7 / 8, 1 / 4, 5 / 8], atol=1e-6), (
    "With weights of 0 and biases of log 1, log 2 and log 5 the probabilities are 1/8, 1/4 and 5/8; for the label 0 "
    f"the slopes for the biases are -0.875, 0.25 and 0.625. gradient gives {bias_slopes.round(4).tolist()}. Do the "
    "sums include the biases?"
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(11)
for inputs, units, n, size, kind in [
    (5, 4, 7, 0.8, float),
    (4, 4, 4, 0.8, float),
    (3, 12, 2, 0.8, float),
    (6, 2, 1, 0.8, float),
    (784, 10, 40, 0.05, "float32"),
    (3, 5, 6, 2000, float),
]:
    made_up = rng.normal(0, size, (inputs, units)).astype(kind), rng.normal(0, size, units).astype(kind)
    images, labels = rng.random((n, inputs)).astype(kind), rng.integers(0, units, n)
    if n == 2:  # inputs need not lie between 0 and 1
        images = rng.normal(0, 9, (n, inputs))
    slopes, bias_slopes = slopes_from(*made_up, images, labels)
    sums = images.astype(float) @ made_up[0].astype(float) + made_up[1]
    error = np.exp(sums - sums.max(axis=1, keepdims=True))
    error /= error.sum(axis=1, keepdims=True)
    error[np.arange(n), labels] -= 1
    near = {"rtol": 1e-3, "atol": 1e-5} if kind == "float32" else {"atol": 1e-7}
    for found, right, name in [(slopes, images.T @ error / n, "weights"), (bias_slopes, error.mean(axis=0), "biases")]:
        assert np.allclose(found, right, **near), (
            f"For {n} random images of {inputs} inputs, {units} units and parameters of a size near {size}, the slopes "
            f"for the {name} begin with {[float(f'{slope:.4g}') for slope in found.ravel()[:4]]}, not with "
            f"{[float(f'{slope:.4g}') for slope in right.ravel()[:4]]}. {hint_on(found, right, n, name)}"
        )
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 5 points.")

# %%
by_formula, _ = gradient(weights, bias, flat[:1000], y_train[:1000])
for unit in (0, 8):
    print(f"slope for the weight of this pixel in unit {unit}, by formula: {by_formula[middle, unit]:+.4f}")

# %% [markdown]
# These are the slopes that you have seen measured. (If yours are others, Task 2 is not right yet.) Now walk downhill.
# **Gradient descent** makes a step with every parameter, against its slope, and repeats that with the new gradient:
#
# new parameter = parameter − **learning rate** · slope
#
# A step need not look at all digits: the gradient of a **batch**, here 128 digits drawn at random, is close to the
# gradient of all digits, and costs far less work. This is *stochastic gradient descent*, **SGD**. When all training
# digits have had their turn, an **epoch** is over, and the next one takes them in a new order.

# %%
def descend(learning_rate, epochs=2, batch_size=128):
    """SGD from zeros: the weights, the bias, and the loss of each batch before its step."""
    rng, weights, bias, losses = np.random.default_rng(5), np.zeros((784, 10)), np.zeros(10), []
    for _ in range(epochs):
        order = rng.permutation(len(flat))
        for start in range(0, len(flat), batch_size):
            batch = order[start : start + batch_size]
            losses.append(layer_loss(weights, bias, flat[batch], y_train[batch]))
            slopes, bias_slopes = gradient(weights, bias, flat[batch], y_train[batch])
            weights, bias = weights - learning_rate * slopes, bias - learning_rate * bias_slopes
    return weights, bias, losses


figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
for rate, colour, line in [(0.05, "#009E73", "--"), (0.5, "#0072B2", "-"), (5, "#D55E00", "-.")]:
    end_weights, end_bias, losses = descend(rate)
    axes.plot(range(1, len(losses) + 1), losses, color=colour, linestyle=line, label=f"learning rate {rate}")
    share = ((X_test.reshape(-1, 784) @ end_weights + end_bias).argmax(axis=1) == y_test).mean()
    print(f"learning rate {rate:<4}: highest loss of a batch {max(losses):.1f}, test accuracy {share:.1%}")
axes.set(xlabel="step", ylabel="loss of the batch", title="SGD, two epochs", yscale="log")
axes.set_yticks([0.5, 1, 2, 5, 10, 20], ["0.5", "1", "2", "5", "10", "20"])
axes.legend(fontsize=8);

# %% [markdown]
# **What to see.** A rate of 0.05 (dashed) is slow, 0.5 (solid) is fast. A rate of 5 (dash-dotted) first jumps far above
# the 2.3 of guessing and does not settle in these two epochs: slopes hold only nearby, and a long step goes past the
# lowest point. Still, it gets many digits right: a few wrong answers make a high loss if they are very sure. Keep that
# jump in mind for Part 6.
#
# ## Part 4 · Training
#
# A network of several layers learns in the same way. The errors of the last layer give errors for the layer before it,
# and so on to the first: **backpropagation**. Keras does all that. It asks for three choices, made by `model.compile`:
#
# - a **loss**: categorical cross-entropy again;
# - an **optimiser**, which makes a step after each batch. Here it is *RMSprop* with Keras's defaults: SGD that divides
#   each slope by its own usual size in recent batches, so that all parameters move at a similar pace;
# - **metrics** to report beside the loss: accuracy.
#
# With `validation_split=0.2` Keras sets the *last* fifth of the arrays aside, does not train on it, and measures loss
# and accuracy on it after each epoch (`val_loss`, `val_accuracy`). Our digits come in random order, so the last fifth
# is as good as any. The last epoch need not be the best one: a network that goes on memorising gets better on its
# training digits and worse on all others. So the best version is written to a file whenever `val_loss` reaches a new
# low, and reloaded at the end. That is done by a **callback**, an object that Keras calls after each epoch.

# %% [markdown]
# ### Task 3 · Train, and keep the best (5 points)
#
# Write `train_keeping_best(model, images, one_hot_labels, epochs, path)`, which
#
# 1. compiles the model with RMSprop (default settings), categorical cross-entropy and the metric `"accuracy"` (by this
#    name: the figures need it);
# 2. fits it for `epochs` epochs with batches of 128, with the last fifth of the data for validation, and with the
#    callback `keras.callbacks.ModelCheckpoint`, which writes the whole model to `path` each time `val_loss` is lower
#    than ever before;
# 3. returns two things: the history (what `fit` returns, an object; the numbers are in its dictionary
#    `history.history`) and the best model, *loaded from the file*.
#
# `path` is a string that ends in `.keras`.
#
# <details><summary>Hint 1: a nudge</summary>
#
# The task has three numbered steps: one line with `compile`, one with `fit`, one that reads a file. For each,
# underline in the task what has to be handed over. Which model does the task want back: the one you trained, or the
# one in the file?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `compile` takes `optimizer`, `loss` and `metrics`, and accepts names in small letters with underscores, such as
# `"categorical_crossentropy"`. `fit` takes `batch_size`, `epochs`, `validation_split`, `callbacks=[...]` and
# `verbose=0` (to be quiet) or `2` (one line per epoch). `ModelCheckpoint` watches `val_loss` unless told otherwise,
# but writes at *every* epoch unless told otherwise: look for its argument that begins with `save_best`.
# `keras.models.load_model` reads the file.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# Another network is trained with another callback, which stops the training when the loss has not fallen for two
# epochs:
#
# ```python
# numbers = np.random.default_rng(0).random((200, 3)).astype("float32")
# sums = numbers.sum(axis=1)
# adder = keras.Sequential([keras.Input(shape=(3,)), keras.layers.Dense(1)])
# adder.compile(optimizer="sgd", loss="mean_squared_error", metrics=["mean_absolute_error"])
# stop = keras.callbacks.EarlyStopping(monitor="loss", patience=2)  # first make the object ...
# record = adder.fit(numbers, sums, batch_size=50, epochs=4, callbacks=[stop], verbose=0)  # ... then hand it over
# print(sorted(record.history))  # ['loss', 'mean_absolute_error']
# print(len(record.history["loss"]))  # 4: one number for each epoch
# ```
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "train-keeping-best", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_keeping_best(model, images, one_hot_labels, epochs, path):
    """Fit the model; return the history and the model of the epoch with the lowest validation loss."""
    ### BEGIN SOLUTION
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    keep_best = keras.callbacks.ModelCheckpoint(path, monitor="val_loss", save_best_only=True)
    history = model.fit(
        images,
        one_hot_labels,
        batch_size=128,
        epochs=epochs,
        validation_split=0.2,
        callbacks=[keep_best],
        verbose=0,
    )
    return history, keras.models.load_model(path)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-train-keeping-best", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
def small_network():
    """A network that trains in a moment."""
    return keras.Sequential(
        [keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")]
    )


def loss_on(model, images, one_hot_labels):
    """Categorical cross-entropy, by its definition."""
    p = (np.asarray(model(images, training=False), dtype=float) * one_hot_labels).sum(axis=1)
    return float(-np.log(np.clip(p, 1e-7, 1)).mean())


def trained(model, images, one_hot_labels, epochs, path):
    """What train_keeping_best returns; an error in it becomes a sentence."""
    with explain_errors(f"For {len(images)} images and epochs={epochs} train_keeping_best"):
        return train_keeping_best(model, images, one_hot_labels, epochs, path)


# 480 made-up images, each with one bright row that gives away its class. In the last 96 the label is another one: the
# more a network learns from the first 384, the worse it gets on these, so the first epoch is the best.
rows = np.random.default_rng(8).integers(0, 10, 480)
made_up = np.zeros((480, 28, 28), dtype="float32")
made_up[np.arange(480), rows] = 1
their_labels = np.eye(10, dtype="float32")[np.where(np.arange(480) < 384, rows, (rows + 1) % 10)]
with tempfile.TemporaryDirectory() as folder:
    file, fitted = Path(folder, "some_name.keras"), small_network()
    returned = trained(fitted, made_up, their_labels, 4, str(file))
    assert returned is not None, "train_keeping_best returns nothing. Is there a `return`?"
    assert isinstance(returned, (tuple, list)) and len(returned) == 2, (
        f"train_keeping_best must return two things, the history and the best model; it returns a "
        f"{type(returned).__name__}{f' of {len(returned)}' if isinstance(returned, (tuple, list)) else ''}."
    )
    record, best = getattr(returned[0], "history", None), returned[1]
    assert isinstance(record, dict) and isinstance(best, keras.Model), (
        "The history, as fit returns it, must come first and the model second; returned were "
        f"{[type(thing).__name__ for thing in returned]}."
    )
    assert file.exists(), (
        f"There is no file at the path that was given. Found instead: {[f.name for f in Path(folder).iterdir()]}."
    )
    lacking = {"loss", "accuracy", "val_loss", "val_accuracy"} - set(record)
    assert not lacking, (
        f"The history lacks {sorted(lacking)}; it has {sorted(record)}. Check the metrics of compile (the figures "
        'below need the name "accuracy") and the validation_split of fit.'
    )
    assert len(record["loss"]) == 4, f"4 epochs were asked for, the history has {len(record['loss'])}."
    optimiser = getattr(fitted, "optimizer", None)
    assert optimiser is not None, "The model that was given has not been compiled. Was another one fitted in its place?"
    assert int(optimiser.iterations) == 4 * 3, (
        "Of 480 digits the last fifth is for validation; the other 384 in batches of 128 are 3 steps an epoch, 12 in 4 "
        f"epochs. The optimiser counted {int(optimiser.iterations)}. Check batch_size and validation_split."
    )
    lows, measured = [float(value) for value in record["val_loss"]], loss_on(best, made_up[384:], their_labels[384:])
    assert abs(measured - min(lows)) < 2e-3, (
        f"The best model has a loss of {measured:.3f} on the last fifth of the data; the lowest val_loss of the run "
        f"was {min(lows):.3f}, that of the last epoch {lows[-1]:.3f}. "
        + (
            "Is the file written at new lows of val_loss only, and the model loaded from it?"
            if np.isclose(measured, lows, atol=2e-3).any()
            else "No epoch had that loss. Were categorical cross-entropy and the given images and labels used?"
        )
    )
    kind = type(optimiser).__name__
    assert kind == "RMSprop", f"The optimiser must be RMSprop; it is {kind}."
    due, own = keras.optimizers.RMSprop().get_config(), optimiser.get_config()
    both = [(key, own[key], due[key]) for key in due if key != "name"]  # as float32 a rate is not quite the same
    near = [isinstance(one, float) and isinstance(other, float) and np.isclose(one, other) for _, one, other in both]
    changed = [key for (key, one, other), close in zip(both, near) if one != other and not close]
    assert not changed, (
        "RMSprop must have its default settings; it was used with "
        f"{', '.join(f'{key}={own[key]} in place of {due[key]}' for key in changed)}."
    )
    again = keras.models.load_model(file)
    there, here = np.asarray(again(made_up[:9])), np.asarray(best(made_up[:9]))
    assert np.allclose(here, there, atol=1e-5), (
        "The best model returned is not the one in the file: the first output for an image is "
        f"{here[0, 0]:.6g}, that of the file {there[0, 0]:.6g}."
    )
    ### BEGIN HIDDEN TESTS
    assert max(lows) > min(lows) + 0.01, (
        f"The validation losses of this test should differ from epoch to epoch; they are {lows}. "
        "Was the loss categorical cross-entropy?"
    )
# 645 images; the 516 for training are all the same, so that the order does not matter and a twin can follow each step.
# The lowest val_loss comes in the second of 16 epochs, the highest val_accuracy in the fourth.
strengths = np.concatenate([np.ones(516 + 81), np.full(48, 4.0)]).astype("float32")
made_up = np.zeros((645, 28, 28), dtype="float32")
made_up[:, 3] = strengths[:, None]
their_labels = np.eye(10, dtype="float32")[np.where(strengths == 1, 4, 5)]
kernel, bias = np.zeros((784, 10), dtype="float32"), np.zeros(10, dtype="float32")
kernel[84:112, 5], bias[4] = 0.035, -0.4
fitted, twin = small_network(), small_network()
for one in (fitted, twin):
    one.set_weights([kernel, bias])
twin.compile(optimizer=keras.optimizers.RMSprop(), loss="categorical_crossentropy")
due = []
for _ in range(16):
    for _ in range(5):
        twin.train_on_batch(made_up[:128], their_labels[:128])
    due.append(loss_on(twin, made_up[516:], their_labels[516:]))
with tempfile.TemporaryDirectory() as folder:
    returned = trained(fitted, made_up, their_labels, 16, str(Path(folder, "another.keras")))
    counted = int(fitted.optimizer.iterations)
    assert counted == 80, (
        "516 training digits in batches of 128 are 5 steps an epoch, 80 in 16 epochs; the optimiser counted "
        f"{counted}. Check batch_size and validation_split, and that nothing stops the training before its end."
    )
    lows = [float(value) for value in returned[0].history["val_loss"]]
    assert np.allclose(lows, due, rtol=2e-3), (
        f"The val_loss by epoch is {[float(f'{value:.4g}') for value in lows]} where RMSprop with its default "
        f"settings, categorical cross-entropy and batches of 128 give {[float(f'{value:.4g}') for value in due]}."
    )
    measured = loss_on(returned[1], made_up[516:], their_labels[516:])
    assert abs(measured - min(lows)) < 2e-3, (
        f"The best model has a loss of {measured:.4g} on the last fifth of the data; val_loss by epoch was "
        f"{[float(f'{value:.4g}') for value in lows]}. The lowest val_loss decides, not val_accuracy or loss."
    )
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 5 points.")

# %% [markdown]
# ### Task 4 · The baseline (1 point)
#
# Now train the network of Task 1 on the training digits for `EPOCHS` epochs, as in Task 3. Two names must exist
# afterwards: `history`, what `fit` returns, and `best_model`, the reloaded best model. Write the file into `folder`, a
# temporary folder that is made for you. Below the line that sets the seed, make one network and train it once. In
# grading, the same training is done once more with the same random numbers, and must give the same `history`. So make
# no other network below that line: it would use up some of the random numbers.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Which of your functions makes the network, and which one trains it? What does the second one return, and in which
# order?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Look at the `def` line of `train_keeping_best`: what do you hand over for each of its five arguments? It returns two
# things, so write two names on the left of the `=`. The line must stay indented, below `path = ...`, as the folder is
# deleted after the `with` block. If one of your functions does not work yet, you can train here with Keras directly.
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "best-model", "locked": false, "schema_version": 3, "solution": true, "task": false}
history = None  # what fit returns
best_model = None  # the model of the best epoch, loaded from its file
keras.utils.set_random_seed(7)  # the same random numbers at every run of this cell
with tempfile.TemporaryDirectory() as folder:
    path = str(Path(folder, "mlp.keras"))
    ### BEGIN SOLUTION
    history, best_model = train_keeping_best(build_mlp(), X_train, Y_train, EPOCHS, path)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-best-model", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
assert best_model is not None, "Task 4 is not done yet: best_model is still None."
assert isinstance(best_model, keras.Model), (
    f"best_model must be a Sequential or functional model of Keras; its class is {type(best_model).__name__}."
)
record = getattr(history, "history", None)
assert isinstance(record, dict) and {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(record), (
    "`history` must be what fit returns, with losses and accuracies in training and validation; it is a "
    f"{type(history).__name__}{f' with {sorted(record)}' if isinstance(record, dict) else ''}. The figures below "
    "need it."
)
assert len(record["val_loss"]) == EPOCHS, f"{EPOCHS} epochs were to be done; `history` has {len(record['val_loss'])}."
(known_images, known_labels), (fresh_images, fresh_labels) = load_mnist(N_TRAIN, N_TEST)
known_images, fresh_images = (images.astype("float32") / 255 for images in (known_images, fresh_images))
shares = np.asarray(best_model.predict(fresh_images, verbose=0), dtype=float)
assert shares.shape == (len(fresh_labels), 10), (
    f"best_model must give ten numbers for each digit; {len(fresh_labels)} digits gave an array of shape "
    f"{shares.shape}."
)
reached = float((shares.argmax(axis=1) == fresh_labels).mean())
assert reached > 0.5, (
    f"best_model gets {reached:.1%} of the test digits right; even a short training reaches much more. "
    "Was it fitted on X_train and Y_train, and for EPOCHS epochs?"
)
cut = int(len(known_images) * 0.8)
p = np.asarray(best_model.predict(known_images[cut:], verbose=0), dtype=float)
p = p[np.arange(len(p)), known_labels[cut:]] / p.sum(axis=1)
measured, noted = float(-np.log(np.clip(p, 1e-7, 1)).mean()), [float(value) for value in record["val_loss"]]
assert np.isclose(measured, noted, rtol=0.01, atol=2e-3).any(), (
    f"best_model has a loss of {measured:.4g} on the last fifth of the training digits, which is that of no epoch in "
    f"`history` (val_loss: {[float(f'{value:.4g}') for value in noted]}). Was it trained on X_train and Y_train alone, "
    "with their last fifth for validation, and is `history` of the same training?"
)
### BEGIN HIDDEN TESTS
from data_utils import beside_answer, is_untrained


@beside_answer
def _untrained():
    """The network of Task 4 before its training, made by build_mlp right after the seed is set; and the seed then."""
    import tensorflow as tf

    keras.utils.set_random_seed(7)
    return build_mlp(), tf.compat.v1.get_seed(None)[0]


@beside_answer
def _by_own_function(network, images, one_hot_labels, test_images, epochs):
    """How train_keeping_best trains: optimiser, size of batches and seed, and the answers of the network it keeps."""
    import tensorflow as tf

    used, fit = [], network.fit

    def noted(*arguments, **named):
        size = named.get("batch_size", arguments[2] if len(arguments) > 2 else None)
        used.append({"size": size, "seed": tf.compat.v1.get_seed(None)[0]})
        return fit(*arguments, **named)

    network.fit = noted
    keras.utils.set_random_seed(7)
    with tempfile.TemporaryDirectory() as folder:
        _, best = train_keeping_best(network, images, one_hot_labels, epochs, str(Path(folder, "mlp.keras")))
    return network.optimizer, used[-1], np.asarray(best.predict(test_images, verbose=0), dtype=float)


def _of_table():
    """The network of the table in Task 1, with the random numbers that Task 4 gives it; and the seed."""
    dense, dropout = keras.layers.Dense, keras.layers.Dropout
    keras.utils.set_random_seed(7)
    hidden = [dense(512, activation="relu"), dropout(0.2), dense(512, activation="relu"), dropout(0.2)]
    layers = [keras.layers.Flatten(), *hidden, dense(10, activation="softmax")]
    return keras.Sequential([keras.Input((28, 28)), *layers]), 7


def _own():
    """The network of build_mlp and its seed; None if it makes none for these digits, or one that has been trained."""
    try:
        network, seed = _untrained()
        outputs = network.predict(fresh_images, verbose=0).shape[1:]
    except Exception:  # in build_mlp, whose own test tells
        return None
    fits = isinstance(network, keras.Model) and isinstance(seed, int) and outputs == (10,)
    return (network, seed) if fits and (is_untrained(network, 7) or is_untrained(network, seed)) else None


def _trained(network, seed, epochs, optimizer="rmsprop", size=128):
    """The training of Task 4: its record, and the network's answers for the fresh digits after each epoch."""
    answers = []
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: answers.append(network.predict(fresh_images, verbose=0).astype(float))
    )
    network.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy"])
    keras.utils.set_random_seed(seed)
    run = network.fit(known_images, one_hot, size, epochs, validation_split=0.2, callbacks=[note], verbose=0)
    return {key: [float(value) for value in run.history[key]] for key in ("loss", "val_loss")}, answers


def _trainings(epochs):
    """The record of Task 4 and the answers of the networks that may be kept, in all ways that it may have been done.

    What an answer above does wrongly is not counted twice: a network with other layers, or a training in other batches,
    with another optimiser, after which another epoch is kept.
    """
    for made in (_own, _of_table):
        if (network_and_seed := made()) is not None:
            found, by_epoch = _trained(*network_and_seed, epochs)
            lowest = min(found["val_loss"]) + 1e-3
            yield found, [answers for loss, answers in zip(found["val_loss"], by_epoch) if loss <= lowest]
    for made in (_of_table, _own):
        try:
            optimizer, used, kept = _by_own_function(made()[0], known_images, one_hot, fresh_images, epochs)
            settings, size, seed = optimizer.get_config(), used["size"], int(used["seed"])
        except Exception:  # in train_keeping_best, whose own test tells
            continue
        if isinstance(optimizer, keras.optimizers.Optimizer) and isinstance(size, (int, type(None))):
            found, by_epoch = _trained(made()[0], seed, epochs, type(optimizer).from_config(settings), size)
            yield found, [min(by_epoch, key=lambda answers: float(np.abs(answers - kept).mean()))]


needed = 0.88 if N_TRAIN * EPOCHS >= 20_000 else 0.80
assert reached >= needed, (
    f"best_model gets {reached:.1%} of the test digits right; the network of Task 1 reaches {needed:.0%} with the "
    "settings of Task 3. Does build_mlp make the layers of the table, and was the network trained for EPOCHS epochs?"
)
replayed = EPOCHS if N_TRAIN * EPOCHS <= 50_000 else 1
one_hot, tries = np.eye(10, dtype="float32")[known_labels], []
for again, kept_again in _trainings(replayed):
    same_record = all(
        np.allclose(np.asarray(record[key], dtype=float)[:replayed], again[key], rtol=0.02, atol=2e-3) for key in again
    )
    apart = min(float(np.abs(shares - answers).mean()) for answers in kept_again)
    tries.append((same_record and (apart < 3e-3 or replayed < EPOCHS), same_record, again, apart))
    if tries[-1][0]:
        break
fits, same_record, again, apart = max(tries, key=lambda one: one[:2])
assert same_record, (
    f"`history` begins with a loss of {float(record['loss'][0]):.4g} and a val_loss of {noted[0]:.4g}. The training "
    f"that Task 4 describes, done again, gives {again['loss'][0]:.4g} and {again['val_loss'][0]:.4g}. "
    "Check digits, labels, optimiser, batches of 128, the last fifth for validation, and the seed: below it, is "
    "exactly one network made, and trained once?"
)
assert fits, (
    f"The answers of best_model differ by {apart:.4g} on average from those of the network that the training of "
    "Task 4, done again, keeps as the best. Is best_model the network of the epoch with the lowest val_loss, from its "
    "file?"
)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 1 point.")

# %%
print(f"accuracy on the test digits: {accuracy(best_model, X_test, Y_test):.2%}")
named = best_model.predict(X_test, verbose=0).argmax(axis=1)
wrong = np.flatnonzero(named != y_test)[:10]
plot_images(x_test[wrong], y_test[wrong], named[wrong]);

# %% [markdown]
# The accuracy is far above 37 %: with the 4,000 bundled training digits the network reaches more than 90 %. The figure
# has the first test digits, at most ten, that the network gets wrong: the wrong name with ✗ and a frame, followed by
# the true one.
#
# ## Part 5 · Reading the curves
#
# The **learning curves** show each epoch's loss and accuracy on the digits trained on and on those set aside.

# %%
plot_history(history);

# %% [markdown]
# Both training curves (solid, round marks) keep improving. The validation curves (dashed, square marks) improve at
# first and then level off: from there on the network mostly memorises. In the first epoch validation is the better of
# the two: training figures are averages over an epoch in which the network was still learning, with dropout switched
# on.

# %% [markdown]
# ### Task 5 · Best epoch and gap (2 points)
#
# Write two functions that take the dictionary `history.history`, which holds a list of numbers, one per epoch, for each
# of `"loss"`, `"accuracy"`, `"val_loss"` and `"val_accuracy"`.
#
# - `best_epoch(record)` returns the number of the epoch with the lowest validation loss, an `int`. Epochs are
#   counted from 1; of equally good epochs it is the first.
# - `accuracy_gap(record)` returns a list with one number per epoch: training accuracy minus validation accuracy. A gap
#   that grows is the sign of **overfitting**.
#
# <details><summary>Hint 1: a nudge</summary>
#
# If the validation losses are 0.5, 0.3, 0.4, which epoch is the best? At which place of the list does it stand, by
# Python's count? And how many gaps do these three epochs give?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Python counts from 0, this course counts epochs from 1, as Keras prints them. `min` and the list method `index`, or
# `np.argmin`, find the place (the first one, if several are equal). For the gap, go through two of the lists side by
# side with `zip`, or make arrays of them and subtract; which one is subtracted from which?
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "read-curves", "locked": false, "schema_version": 3, "solution": true, "task": false}
def best_epoch(record):
    """Number, from 1, of the first epoch with the lowest validation loss."""
    ### BEGIN SOLUTION
    return int(np.argmin(record["val_loss"])) + 1
    ### END SOLUTION


def accuracy_gap(record):
    """Training accuracy minus validation accuracy, a list with one number per epoch."""
    ### BEGIN SOLUTION
    return [train - validation for train, validation in zip(record["accuracy"], record["val_accuracy"])]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-read-curves", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
record = {
    "loss": [0.9, 0.5, 0.3, 0.2],
    "accuracy": [0.70, 0.85, 0.92, 0.97],
    "val_loss": [0.8, 0.6, 0.4, 0.5],
    "val_accuracy": [0.75, 0.80, 0.86, 0.87],
}


def epoch_of(record):
    """What best_epoch returns, which must be a whole number."""
    with explain_errors(f"For {record} best_epoch"):
        epoch = best_epoch(record)
    assert epoch is not None, "best_epoch returns nothing. Is there a `return`?"
    assert isinstance(epoch, (int, np.integer)), (
        f"best_epoch must return the number of an epoch, an int; it returns a {type(epoch).__name__}, {epoch!r}."
    )
    return int(epoch)


def gaps_of(record):
    """What accuracy_gap returns, which must be numbers, one per epoch."""
    n = len(record["accuracy"])
    with explain_errors(f"For {record} accuracy_gap"):
        gaps = accuracy_gap(record)
    assert gaps is not None, "accuracy_gap returns nothing. Is there a `return`?"
    wanted = f"accuracy_gap must give a list with one number per epoch, {n} here; it gives a {type(gaps).__name__}"
    try:
        values = np.asarray(gaps)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{wanted}, not numbers: {gaps!r}.") from error
    assert values.dtype.kind in "fiu", f"{wanted}, not numbers: {gaps!r}."
    assert values.shape == (n,), f"{wanted} of shape {values.shape}."
    return values.astype(float)


epoch = epoch_of(record)
assert epoch == 3, (
    f"The lowest validation loss, 0.4, is in the third epoch; best_epoch gives {epoch}. "
    "Look for the lowest number in record['val_loss'], and count epochs from 1."
)
gaps = gaps_of(record)
assert np.allclose(gaps, [-0.05, 0.05, 0.06, 0.10]), (
    f"The gaps are -0.05, 0.05, 0.06, 0.10; accuracy_gap gives {[float(f'{gap:.6g}') for gap in gaps]}. It is training "
    "minus validation."
)
### BEGIN HIDDEN TESTS
other = {  # in another order, as after `metrics` of another kind
    "val_accuracy": [0.55, 0.7, 0.65, 0.72, 0.8],
    "accuracy": [0.5, 0.6, 0.7, 0.8, 0.912375],
    "val_loss": [0.9, 0.6, 0.7, 0.6, 0.65],
    "loss": [1.0, 0.7, 0.5, 0.4, 0.3],
}
kept = {key: list(values) for key, values in other.items()}
for losses, right in [
    (other["val_loss"], 2),
    ([0.1, 0.2, 0.3, 0.4, 0.5], 1),
    ([0.5, 0.4, 0.3, 0.2, 0.1], 5),
    ([2.5, 2.25, 2.125, 1.75, 1.875], 4),
    ([0.75, 0.875, 0.5, 0.25, 0.375], 4),
    ([0.5, 0.2804, 0.2801, 0.2803], 3),
    ([14.5, 14.2, 14.4], 2),
]:
    epoch = epoch_of({**{key: values[: len(losses)] for key, values in other.items()}, "val_loss": list(losses)})
    assert epoch == right, (
        f"For the validation losses {losses} best_epoch gives {epoch}, not {right}. Of equally good "
        "epochs it is the first."
    )
gaps = gaps_of(other)
assert np.allclose(gaps, [-0.05, -0.1, 0.05, 0.08, 0.112375], atol=1e-6), (
    f"For the accuracies {other['accuracy']} and {other['val_accuracy']} accuracy_gap gives "
    f"{[float(f'{gap:.6g}') for gap in gaps]}, not -0.05, -0.1, 0.05, 0.08, 0.112375."
)
assert len(gaps_of({key: [0.25] for key in other})) == 1, "accuracy_gap must give one gap for a single epoch."
epoch_of(other)
assert other == kept, "best_epoch or accuracy_gap changes the record that it is given."
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")

# %%
print(f"best epoch: {best_epoch(history.history)} of {len(history.history['loss'])}")
print("gap by epoch:", ", ".join(f"{gap:+.3f}" for gap in accuracy_gap(history.history)))

# %% [markdown]
# ## Part 6 · The puzzle of the stuck loss
#
# A notebook from the repository of a book (*Basic Image Classification with Feedforward NN and LeNet5*, 2021) printed a
# run of exactly this network. Its accuracy before training was 10.42 %. Then, through all ten epochs, the validation
# loss stayed near 11, and the test accuracy at the end was **37.36 %**. The text concluded that a network without
# convolutions can do no better. You have just seen that it can. What happened?
#
# The numbers themselves hold a clue. A network that guesses has a loss of 2.3. A loss of 11 is far worse than guessing,
# although 37 % right is far better than guessing. What must the answers of such a network look like? Make your guess
# before you read on.

# %% [markdown]
# Test one guess: a network that is **certain** of everything it says. It always gives probability 1 to one digit and 0
# to the nine others, whether it is right or wrong. When it is right, its loss is −log 1 = 0. When it is wrong, it would
# be −log 0, infinite; so Keras **clips** probabilities to the range from ε to 1 − ε before it takes the logarithm, with
# ε = 10⁻⁷. A wrong answer then has a loss of −log ε ≈ 16.1, and the mean loss of the network is 16.1 times the share of
# its wrong answers.
#
# With the published accuracy, 62.64 % of the answers are wrong, so such a network has a loss of 0.6264 · 16.1 ≈ 10.1.
# The other way round, a loss of 11 means that 11 / 16.1 ≈ 68 % of the answers are wrong, and 32 % right. The published
# loss was measured on the validation digits, the published accuracy on the test digits, and "near 11" is not an exact
# number. So the two need not fit exactly, but both are near what the guess says. Such a network is called
# **saturated**.
#
# What could make a network certain before it has learned anything? Large sums in front of the softmax; and large sums
# come from large inputs. Pixels that nobody divided by 255 are a suspect. Try it: the same network, fed with raw
# pixels, three times with other random numbers. (A last layer is added here that multiplies by 1. It changes no answer.
# Without it, softmax would be the last layer. Keras on TensorFlow would then compute the loss from the sums in front of
# it, where nothing is clipped.)

# %%
def certain_loss(accuracy):
    """Mean loss of a network that is always certain and gives this share of right answers."""
    return (1 - accuracy) * -np.log(1e-7)


raw_train, raw_test = x_train.astype("float32"), x_test.astype("float32")  # 0 to 255: not scaled
stuck, results = [], []
for seed in (1, 2, 3):
    keras.utils.set_random_seed(seed)
    saturated = keras.Sequential([*build_mlp().layers, keras.layers.Rescaling(1.0)])
    saturated.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    loss_before, _ = saturated.evaluate(raw_test, Y_test, verbose=0)
    p_right = (saturated.predict(raw_test, verbose=0) * Y_test).sum(axis=1)
    run = saturated.fit(raw_train, Y_train, batch_size=128, epochs=EPOCHS, validation_split=0.2, verbose=0)
    stuck.append(run.history)
    loss_after, share = saturated.evaluate(raw_test, Y_test, verbose=0)
    results.append([loss_before, (p_right < 1e-7).mean(), share, loss_after, certain_loss(share)])
columns = ["loss before training", "share clipped", "accuracy after", "loss after", "loss of a certain network"]
pd.DataFrame(results, columns=columns, index=["run 1", "run 2", "run 3"]).style.format(precision=2)

# %%
figure, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
records = {f"pixels 0 to 255, run {number}": record for number, record in enumerate(stuck, start=1)}
records["pixels 0 to 1"] = history.history
for (name, record), colour, mark in zip(records.items(), ["#D55E00", "#CC79A7", "#009E73", "#0072B2"], "s^vo"):
    axes.scatter(record["val_accuracy"], record["val_loss"], color=colour, marker=mark, label=name)
axes.plot([0, 1], [certain_loss(0), certain_loss(1)], color="0.4", linestyle=":", label="certain network")
axes.plot([0.3736, 0.3736], [10, 11], color="black", linewidth=7, alpha=0.4, zorder=0, label="published run")
axes.set(xlabel="validation accuracy", ylabel="validation loss", xlim=(0, 1), ylim=(0, 16.5))
axes.legend(fontsize=8);

# %% [markdown]
# **What to see.** In the table, the loss after training is that of a certain network with the same accuracy. In the
# figure, each point is an epoch of a run. How many digits a raw-pixel run gets right is a matter of luck, but its
# points lie on the dotted line of the certain network. The published run (thick bar; "near 11" is drawn as 10 to 11)
# touches the line with its lower end. The points of the scaled network (round marks) lie at the bottom right.
#
# Why does the loss stay so high? Where the right digit's probability is below ε, the clipped loss stays the same if a
# weight changes a little. So its gradient is zero, and that digit teaches the network nothing. The column "share
# clipped" tells how many test digits were so before training: most of them.
#
# We cannot know what the authors ran: a learning rate that is far too large saturates a network as well. In Part 3, a
# rate of 5 did that to your layer for some steps. The loss *before* training tells the two causes apart: near 2.3 with
# scaled pixels, whatever the learning rate, and far above that with raw ones.

# %% [markdown]
# ### Task 6 · Explain it to the author (3 points)
#
# Write, in three to six sentences, to the author of the published run. What do a loss near 11 *and* an accuracy of 37 %
# tell together? Which change would you try first, and which measurement, made before any training, would have shown the
# mistake, and which value should it have?
#
# **Marking scheme.** 1 point: what the loss says about the network's answers, what the accuracy says, and what follows
# from both together. 1 point: a change that removes a likely cause. 1 point: a measurement before training, with the
# value to expect if all is well.

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain-stuck-loss", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# Guessing costs a loss of −log(1/10) ≈ 2.3. A loss near 11 together with 37 % of right answers is only possible if the
# network gives its wrong answers a probability of nearly 1: with ε = 10⁻⁷ a certain network that is right in 37.36 %
# of the cases has a loss of 10.1. So the network is saturated, and clipped losses have no gradient, which is why
# it does not recover. I would divide the pixels by 255 before anything else. The loss before training would have shown
# it: about 2.3 with scaled pixels, above 10 without.
# ### END SOLUTION

# %% [markdown]
# ## Going further
#
# - **Diagnose a network by its answers.** Averages hide *how* a network is wrong. Write
#   `diagnose(probabilities, labels, certain=0.999)`. It returns a dictionary of three shares of the answers:
#   `"accuracy"`, the right ones; `"certain"`, those whose largest probability is at least `certain`; and
#   `"certain_and_wrong"`, those that are certain but not right. (`max` and `argmax` of each row lead to two arrays of
#   `True` and `False`; `&` is "and", `~` is "not".) Check it on three answers that you make up. Then compare
#   `untrained` and `best_model` on `X_test` with `saturated` on `raw_test`. In one run, the untrained network was
#   never certain, and the trained one in about half of its answers, nearly all of them right. Of the saturated one,
#   nearly all answers were certain, and most of them wrong.
# - **Count by hand.** Write `mlp_parameters(sizes)`. It takes the sizes of a chain of dense layers, inputs first and
#   outputs last, such as `[784, 512, 512, 10]`, and returns the number of all their parameters. Go through the list in
#   pairs of neighbours. `mlp_parameters([3, 2, 1])` must be 11, and for the network of this lab your number must be
#   that of `build_mlp().count_params()`.
# - **A certain network, the other way round.** Write `certain_accuracy(loss, epsilon=1e-7)`: the accuracy that the
#   certain network of Part 6 must have for this mean loss. Put letters for loss and accuracy into the formula of
#   `certain_loss`, and solve it for the accuracy. `certain_accuracy(4.0295)` must be near 0.75, and
#   `certain_accuracy(3.4539, epsilon=1e-3)` near 0.5. What is the accuracy for a loss of 2.3? A network that guesses
#   has this loss too: only loss and accuracy together tell what a network does.
# - In Part 3, make one step from zeros, by the gradient of the first 1,000 digits, with learning rates from 0 to 6.
#   Draw the loss after the step, and the straight line that the slopes promise. Where do they part, and which rate is
#   the best for this one step?
# - Remove both dropout layers and train for 30 epochs, with three seeds each. What happens to the gap of Task 5, the
#   best epoch and the test accuracy? With so few digits the answer is less clear than textbooks say.
# - Feed raw pixels to the network as `build_mlp` makes it, without the layer that Part 6 adds behind the softmax. How
#   far does it get now? With `from_logits=True`, which lab 6 explains, the loss is computed from the sums in front of
#   the softmax; that rescues much, but not all.
# - Set `N_TRAIN` to 1,000 and to 2,000 digits. How does the test accuracy grow with the data? Draw it with a
#   logarithmic axis.
#
# ## References
#
# - H. Robbins, S. Monro: *A stochastic approximation method*. Annals of Mathematical Statistics 22(3), 1951.
# - D. E. Rumelhart, G. E. Hinton, R. J. Williams: *Learning representations by back-propagating errors*. Nature 323,
#   1986.
# - N. Srivastava et al.: *Dropout: a simple way to prevent neural networks from overfitting*. JMLR 15, 2014.
# - *Basic Image Classification with Feedforward NN and LeNet5*. Notebook of a book's repository, 29 September 2021: the
#   published run. The notebook is quoted by its title; it is not known who wrote it.
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: *Gradient-based learning applied to document recognition*. Proc. IEEE
#   86(11), 1998.
