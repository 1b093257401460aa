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
# # 4 · LeNet, and a network that was not what it seemed
#
# A convolutional network looks at a digit through small windows and uses the same weights at every place. In this lab
# you build one, a LeNet. You also unmask a published LeNet, which ran without an error, reached 98.7 %, and never saw a
# digit as a picture. One printed number gives it away.
#
# ## What you will do
#
# You compute convolutions by hand, build the network, count its parameters, solve the mystery of the 219,580
# parameters, train the network, and look inside it.
#
# ## What you will learn
#
# - Compute a convolution and the size of its output by hand.
# - Build a LeNet for any input shape, and check it by its parameter count.
# - Explain what a wrong input shape does to a convolution, even when there is no error.
# - Train the network, and tell a validation curve from a test curve.
# - Look at what the network has learned: its filters and feature maps.
#
# ## What you need
#
# Lab 3 (dense layers, their parameters, training, validation) and Python functions.

# %% [markdown] tags=["stamp-facts"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/cnn-labs/cnn-labs-students/blob/main/labs/04_lecun_lenet/04_lecun_lenet.ipynb)
# [![Open in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/cnn-labs/cnn-labs-students/main?urlpath=lab/tree/labs/04_lecun_lenet/04_lecun_lenet.ipynb)
#
# **20 points** · plan about 110 minutes · *Run All* of the finished lab takes about 0.7 minutes and 0.7 GiB of memory (measured on 2 cores)

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

names_needed = ["beside_answer", "explain_errors", "load_mnist", "plot_history"]
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
N_TRAIN = 4_000  # full run: 60_000
N_TEST = 1_000  # full run: 10_000
EPOCHS = 3  # full run: 20

# %% tags=["remove-stderr"]
import logging
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # fewer start-up notes; those that remain need no action

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import ndimage

from data_utils import explain_errors, load_mnist, plot_history

logging.getLogger("tensorflow").setLevel(logging.ERROR)  # no notes on speed, which look like faults
keras.utils.set_random_seed(1)  # the same random numbers at every run
(x_train, y_train), (x_test, y_test) = load_mnist(N_TRAIN, N_TEST)

# %% [markdown]
# A convolutional layer wants to know how many numbers each pixel has: one for grey, three for colour. These are the
# image's **channels**, and Keras expects them *last* unless it is told otherwise. So a grey digit has the shape (28,
# 28, 1): rows, columns, channels. `ready` makes it so, with values between 0 and 1.


# %%
def ready(images):
    """Images of shape (n, height, width), 0 to 255, as the network wants them: (n, height, width, 1), 0 to 1."""
    return images.astype("float32")[..., np.newaxis] / 255


X_train, X_test = ready(x_train), ready(x_test)
Y_train, Y_test = np.eye(10, dtype="float32")[y_train], np.eye(10, dtype="float32")[y_test]

# %% tags=["nbval-check-output"]
print("one image", X_train[0].shape, X_train.dtype, "· one label", Y_train[0].shape, Y_train.dtype)

# %% [markdown]
# ## Part 1 · Convolution by hand
#
# The dense layers of lab 3 had a weight for every pixel. They must learn a stroke anew at each place where it can
# occur. A **convolution** has a small table of weights instead, the **kernel**, often 5×5. It is laid upon the image
# as a window; each weight is multiplied by the pixel beneath it, and the products are added up. That sum is one
# number of the output. Then the window moves on. The weights are the same at every place: they are **shared**. The
# output is called a **feature map**, because it shows where in the image the kernel's pattern is found.
#
# Two settings say where the window goes. The **stride** is the number of pixels by which it moves. The **padding**
# says what happens at the edges. With `"valid"` the window stays inside the image, so the output is smaller. With
# `"same"` zeros are put around the image, so that with stride 1 the output is as large as the image.
#
# ### Task 1 · The size of the output (3 points)
#
# A published text says that a 5×5 window that moves over a 28×28 image with stride 1 gives 23×23 numbers. Is that
# right?
#
# Write `output_size(n, kernel, stride=1, padding="valid")`, which returns the length of the output along one side, a
# whole number. `n` is the length of the image along that side, `kernel` that of the window. With `"valid"`, count the
# places at which the whole window fits (`kernel` is at most `n`). With `"same"`, the output has n / stride numbers,
# rounded up. For any other padding, raise a `ValueError`.
#
# <details><summary>Hint 1: a nudge</summary>
#
# On a strip of 5 pixels, where can a window of 3 begin? Write the places down for strides 1 and 2, and do the same
# for a strip of 6.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# For `"valid"`: the last place at which the whole window fits is n − kernel, the first is 0, and from there you go
# on in steps of the stride. Find a formula with `//`, which rounds down, and do not forget the first place.
# Rounding up without floats: `-(-a // b)`. An error is raised with `raise ValueError("...")`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "output-size", "locked": false, "schema_version": 3, "solution": true, "task": false}
def output_size(n, kernel, stride=1, padding="valid"):
    """Numbers along one side of the output of a convolution or pooling."""
    ### BEGIN SOLUTION
    if padding == "valid":
        return (n - kernel) // stride + 1
    if padding == "same":
        return -(-n // stride)
    raise ValueError(f"padding must be 'valid' or 'same', not {padding!r}")
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-output-size", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
def size_of(*arguments, **named):
    """What output_size returns; an error in it, or no number, becomes a sentence."""
    given = ", ".join([*map(repr, arguments), *(f"{name}={value!r}" for name, value in named.items())])
    with explain_errors(f"output_size({given})"):
        found = output_size(*arguments, **named)
    assert found is not None, f"output_size({given}) returns nothing. Is there a `return` for this padding?"
    assert isinstance(found, (int, float, np.number)), (
        f"output_size must return a number; output_size({given}) returns a {type(found).__name__}, {found!r}."
    )
    return found


for arguments, right_size in [
    ((5, 3), 3),
    ((5, 3, 2), 2),
    ((6, 3, 2), 2),
    ((5, 3, 1, "same"), 5),
    ((5, 3, 2, "same"), 3),
    ((8, 3, 3, "same"), 3),
]:
    found = size_of(*arguments)
    advice = (
        "With 'same', divide n by the stride and round up."
        if "same" in arguments
        else f"Draw the strip of {arguments[0]} pixels and count the windows."
    )
    assert found == right_size, f"output_size{arguments} is {found}, not {right_size}. {advice}"
try:
    found = f"returned {output_size(5, 3, padding='full')!r}"
except ValueError:
    found = ""
except Exception as error:
    found = f"raised a {type(error).__name__}"
assert not found, f"Any other padding must raise a ValueError; for padding='full' output_size {found}."
### BEGIN HIDDEN TESTS
for n in (7, 12, 27, 28):
    for kernel in (1, 2, 5, 7):
        for stride in (1, 2, 3, 30):
            places = len(range(0, n - kernel + 1, stride))
            found = size_of(n, kernel, stride=stride)
            assert found == places, f"output_size({n}, {kernel}, {stride}, 'valid') is {found}, not {places}."
            places = len(range(0, n, stride))
            found = size_of(n, kernel, stride=stride, padding="same")
            assert found == places, f"output_size({n}, {kernel}, {stride}, 'same') is {found}, not {places}."
for padding in ("half", "valid ", "val", ""):
    try:
        found = f"returned {output_size(28, 5, 2, padding)!r}"
    except ValueError:
        found = ""
    except Exception as error:
        found = f"raised a {type(error).__name__}"
    assert not found, f"An unknown padding must raise a ValueError; for {padding!r} output_size {found}."
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 3 points.")

# %% tags=["nbval-check-output"]
print("kernel, stride and padding on 28×28 pixels")
for settings in [(5, 1, "valid"), (5, 1, "same"), (5, 2, "valid"), (2, 2, "same")]:
    by_keras = keras.layers.Conv2D(1, *settings).compute_output_shape((None, 28, 28, 1))[1]
    print(f"{settings}: {output_size(28, *settings)}, by Keras {by_keras}")

# %% [markdown]
# So the side is 24, not 23: the window begins at the places 0 to 23, and these are 24 places.

# %% [markdown]
# ### Task 2 · Slide the window (3 points)
#
# Write `convolve(image, kernel)`, with stride 1 and no padding. `image` has shape (h, w) and `kernel` shape (a, b),
# and the kernel fits into the image. Both are NumPy arrays and need not be square. The kernel holds floats, the image
# may hold whole numbers. Return an array of shape (h − a + 1, w − b + 1): at place (i, j) is the sum of the products
# of the kernel and the part of the image whose upper left corner is at (i, j). Loops are welcome.
#
# In mathematics a convolution turns the kernel by 180° first. Neural networks do not, and neither should you.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Lay a 2×3 kernel upon a 5×6 image, on squared paper. How many rows down can its upper left corner go, and how many
# columns to the right? What do you do at each of these places?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Make the result with `np.zeros` first, of the shape that the task gives. Two loops, over the rows i and the columns j
# of the *result*, go through all places. Cut out the part of the image that lies under the window. Multiply two arrays
# of the same shape with `*` and add up all elements with `.sum()`.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# A window of three slides along a strip, and of each three numbers the largest is kept:
#
# ```python
# strip = np.array([3, 8, 1, 4, 9])
# largest = np.zeros(len(strip) - 3 + 1)  # the window fits at 3 places
# for i in range(len(largest)):
#     largest[i] = strip[i : i + 3].max()
# print(largest.tolist())  # [8.0, 8.0, 9.0]
#
# table = np.arange(12).reshape(3, 4)
# print(table[1:3, 0:2].tolist())  # [[4, 5], [8, 9]]: rows 1 and 2, columns 0 and 1
# whole = np.zeros_like(strip)  # takes over the dtype of strip, whole numbers
# whole[0] = 2.75
# print(whole[0])  # 2: the decimals are lost
# ```
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "convolve", "locked": false, "schema_version": 3, "solution": true, "task": false}
def convolve(image, kernel):
    """The kernel laid on every place of the image where it fits: the sums of products, (h - a + 1, w - b + 1)."""
    ### BEGIN SOLUTION
    (h, w), (a, b) = image.shape, kernel.shape
    result = np.zeros((h - a + 1, w - b + 1))
    for i in range(h - a + 1):
        for j in range(w - b + 1):
            result[i, j] = (image[i : i + a, j : j + b] * kernel).sum()
    return result
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-convolve", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
def slid(image, kernel):
    """What convolve returns, as an array of floats; an error in it, or another shape, becomes a sentence."""
    (h, w), (a, b) = image.shape, kernel.shape
    with explain_errors(f"For a {a}×{b} kernel on a {h}×{w} image convolve"):
        found = convolve(image, kernel)
    assert found is not None, "convolve returns nothing. Is there a `return`?"
    assert isinstance(found, (list, tuple)) or hasattr(found, "shape"), (
        f"convolve must return an array; it returns a {type(found).__name__}, {found!r}."
    )
    try:
        found = np.asarray(found, dtype=float)
    except (TypeError, ValueError) as error:
        raise AssertionError(
            f"convolve must return an array of numbers, with rows of one length; NumPy says: {error}"
        ) from error
    assert found.shape == (h - a + 1, w - b + 1), (
        f"A {a}×{b} kernel on a {h}×{w} image gives shape {(h - a + 1, w - b + 1)}; convolve gives {found.shape}."
    )
    return found


one_dot = np.zeros((5, 6))
one_dot[2, 3] = 1.0
counting = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
found = slid(one_dot.copy(), counting.copy())
expected = np.zeros((4, 4))
expected[1:3, 1:4] = counting[::-1, ::-1]
assert not np.allclose(found[1:3, 1:4], counting), (
    "For an image with a single 1, convolve gives the kernel itself: your kernel is turned round. Lay it on as it is."
)
assert np.allclose(found, expected), (
    f"A 1 in row 2 and column 3, all else 0, with the kernel\n{counting}\nmust give\n{expected}\n(the kernel's last "
    f"number meets the 1 first); convolve gives\n{found}"
)
found = slid(np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0]]), np.array([[1.0, -1.0]]))
assert np.allclose(found, [[-1, 2], [-1, -2]]), (
    "The image [[1, 2, 0], [0, 1, 3]] and the kernel [[1, -1]] must give [[-1, 2], [-1, -2]]: each number less its "
    f"right neighbour. convolve gives {found.tolist()}."
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(11)
for (h, w), (a, b) in [((9, 7), (3, 3)), ((6, 11), (2, 5)), ((4, 4), (4, 4)), ((5, 5), (1, 1))]:
    some_image, some_kernel = rng.normal(size=(h, w)), rng.normal(size=(a, b))
    kept_image, kept_kernel = some_image.copy(), some_kernel.copy()
    found = slid(some_image, some_kernel)
    windows = np.lib.stride_tricks.sliding_window_view(kept_image, (a, b))
    expected = np.einsum("ijab,ab->ij", windows, kept_kernel)
    place = np.unravel_index(np.abs(found - expected).argmax(), found.shape)
    assert np.allclose(found, expected, atol=1e-4), (
        f"For a random {a}×{b} kernel on a random {h}×{w} image, convolve gives {found[place]:.6g} at row {place[0]} "
        f"and column {place[1]}, not {expected[place]:.6g}."
    )
    assert np.array_equal(some_image, kept_image) and np.array_equal(some_kernel, kept_kernel), (
        "convolve changes the image or the kernel."
    )
grey = np.array([[200, 100, 250], [50, 255, 130]], dtype=np.uint8)
found = slid(grey.copy(), np.array([[0.5, -0.25]]))
assert np.allclose(found, [[75.0, -12.5], [-38.75, 95.0]]), (
    f"On an image of whole numbers (uint8), {grey.tolist()}, the kernel [[0.5, -0.25]] must give [[75, -12.5], "
    f"[-38.75, 95]]; convolve gives {found.tolist()}. Which dtype has your result?"
)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 3 points.")

# %%
shown = np.flatnonzero(y_test == 4)[0]  # the place of the first 4, which has vertical and horizontal strokes
four = X_test[shown, :, :, 0]
upright = np.outer(np.ones(5), [-1, 0, 2, 0, -1])  # responds to vertical strokes
vertical, horizontal = (np.maximum(convolve(four, kernel), 0) for kernel in (upright, upright.T))
figure, grid = plt.subplots(1, 3, figsize=(8.5, 3), layout="constrained")
titles = ["a 4, 28×28", "vertical strokes, 24×24", "horizontal strokes, 24×24"]
for axes, picture, title in zip(grid, (four, vertical, horizontal), titles):
    axes.imshow(picture, cmap="gray_r")
    axes.set(title=title, xlabel="column", ylabel="row")
plt.show()

# %% [markdown]
# **What to see.** Two kernels made by hand, and where they find their pattern (dark). The first kernel responds to
# vertical strokes, the second to horizontal ones. A convolutional network has many such kernels, and nobody writes
# them: it learns them.

# %% [markdown]
# ## Part 2 · LeNet
#
# A convolutional layer has several kernels, called **filters**, and each makes a feature map of its own. The next layer
# takes all these maps as the channels of its input, so its kernels have a depth: 5×5×20 weights on 20 maps, and one
# bias for each filter. Between them, **max pooling** moves a 2×2 window with stride 2 and keeps only the largest
# number: half the rows, half the columns, and it matters less which of the four places held the pattern. This is the
# network, a larger relative of LeCun's LeNet of 1998:
#
# | layer | settings | a 28×28 digit becomes |
# | --- | --- | ---: |
# | convolution, ReLU | 20 filters, 5×5, same | 28×28×20 |
# | max pooling | 2×2, stride 2, same | 14×14×20 |
# | convolution, ReLU | 50 filters, 5×5, same | 14×14×50 |
# | max pooling | 2×2, stride 2, same | 7×7×50 |
# | flatten | | 2,450 |
# | dense, ReLU | 500 units | 500 |
# | dense, softmax | a unit for each class | 10 |
#
# ### Task 3 · Build it (5 points)
#
# A network that is needed for several input shapes belongs in a function. Here it is a *static method*: a function
# that lives in a class and needs no object of it. It is called as `LeNet.build((28, 28, 1), 10)`.
#
# Write `build(input_shape, classes)`. `input_shape` is the shape of one image, such as `(28, 28, 1)`. Return the
# network of the table as a Keras model made with `keras.Sequential` (or with the functional API, which lab 5 explains),
# new and untrained at each call. It must work for other shapes and numbers of classes too.
#
# <details><summary>Hint 1: a nudge</summary>
#
# As in lab 3, write one line for each row of the table. Some settings in the table are not what Keras takes by default:
# which? `LeNet.build((28, 28, 1), 10).summary()` prints the shape after each layer; compare it with the last column.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `keras.layers.Conv2D(filters, size, padding=..., activation=...)` and `MaxPooling2D(size, strides=...,
# padding=...)`, in a `keras.Sequential` as in lab 3. The padding of both is `"valid"` unless you say otherwise. The
# input's shape and the number of classes are the two arguments of `build`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "lenet", "locked": false, "schema_version": 3, "solution": true, "task": false}
class LeNet:
    @staticmethod
    def build(input_shape, classes):
        """The untrained network: images of this shape in, one probability for each class out."""
        ### BEGIN SOLUTION
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input(shape=input_shape),
                layers.Conv2D(20, 5, padding="same", activation="relu"),
                layers.MaxPooling2D(2, strides=2, padding="same"),
                layers.Conv2D(50, 5, padding="same", activation="relu"),
                layers.MaxPooling2D(2, strides=2, padding="same"),
                layers.Flatten(),
                layers.Dense(500, activation="relu"),
                layers.Dense(classes, activation="softmax"),
            ]
        )
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-lenet", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
from data_utils import beside_answer


@beside_answer
def _knows_its_layers():
    """Whether the network has a known input, as sequential and functional models have."""
    return hasattr(LeNet.build((28, 28, 1), 10), "input_shape")


def built(input_shape, classes):
    """What LeNet.build returns; an error in it, or no network, becomes a sentence."""
    with explain_errors(f"LeNet.build({input_shape}, {classes})"):
        network = LeNet.build(input_shape, classes)
    assert network is not None, "LeNet.build returns nothing. Is there a `return`?"
    assert isinstance(network, keras.Model), (
        "LeNet.build must return a Sequential or functional model of Keras, such as keras.Sequential([...]); it "
        f"returns a {type(network).__name__}."
    )
    assert network.built, (
        "The network does not know the shape of its input yet. Does the list start with keras.Input(shape=...)?"
    )
    return network


checked = built((28, 28, 1), 10)
assert _knows_its_layers(), (
    "LeNet.build must return a sequential or functional model; it returns one of a class of your own, whose layers do "
    "not know their outputs."
)
assert tuple(checked.input_shape) == (None, 28, 28, 1), (
    f"One image has shape (28, 28, 1); the network takes {tuple(checked.input_shape)[1:]}. Is input_shape passed on as "
    "it is?"
)
assert int(checked.count_params()) == 1_256_080, (
    f"The network has {checked.count_params():,} parameters, not 1,256,080. Compare its layers with the table "
    "(`LeNet.build((28, 28, 1), 10).summary()` prints them)."
)
some = np.random.default_rng(12).random((4, 28, 28, 1)).astype("float32")
out = np.asarray(checked(some, training=False), dtype=float)
assert out.shape == (4, 10), (
    f"Four images gave an output of shape {out.shape}; ten numbers for each, (4, 10), are needed."
)
assert np.allclose(out.sum(axis=1), 1, atol=1e-4), (
    f"The ten outputs of an image add up to {out[0].sum():.6g}, not to 1. Which activation makes probabilities?"
)
assert len(checked.trainable_weights) == 8, (
    f"Of the 8 arrays of weights and biases, training would change {len(checked.trainable_weights)}. Leave `trainable` "
    "as it is."
)
assert not checked.losses, (
    f"The network adds {len(checked.losses)} penalties to the loss, which the table does not have. Leave out "
    "regularisers."
)
shaken = np.asarray(checked(some, training=True), dtype=float)
assert np.allclose(shaken, out, atol=1e-4), (
    f"In training an image gives {shaken[0, :3].round(4).tolist()} …, afterwards {out[0, :3].round(4).tolist()} …: the "
    "network has a layer that the table does not have, such as Dropout."
)
for place, name in [(0, "first convolution"), (2, "second convolution"), (4, "dense layer of 500 units")]:
    blocked = [np.abs(weights) if weights.ndim > 1 else weights * 0 for weights in checked.get_weights()]
    blocked[place] = -blocked[place]  # ReLU lets nothing through
    blocked[place + 2] = -blocked[place + 2]  # without that ReLU, this makes all sums positive again
    network = built((28, 28, 1), 10)
    network.set_weights(blocked)
    out = np.asarray(network(some, training=False), dtype=float)
    assert np.allclose(out, 0.1, atol=1e-4), (
        f"Where all weights of the {name} are negative, ReLU lets nothing through, and each class gets a share of 0.1; "
        f"here the shares are {out[0, :3].round(4).tolist()} … Check the activation here and after it."
    )
count = built((21, 24, 2), 7).count_params()
assert int(count) == 930_077, (
    f"For images of shape (21, 24, 2) and 7 classes the network has {count:,} parameters, not 930,077. Are both "
    "arguments used, and is all padding 'same'?"
)
for shape, classes, flat in [((28, 28, 1), 10, 2450), ((30, 26, 3), 4, 8 * 7 * 50), ((21, 24, 2), 7, 6 * 6 * 50)]:
    rng = np.random.default_rng(13)
    network = built(shape, classes)
    shapes = [tuple(weights.shape) for weights in network.get_weights()]
    expected = [(5, 5, shape[2], 20), (20,), (5, 5, 20, 50), (50,), (flat, 500), (500,), (500, classes), (classes,)]
    assert shapes == expected, (
        f"For input {shape} and {classes} classes the weights have the shapes {shapes}, not {expected}. Are both "
        "arguments used, and is all padding 'same'?"
    )
    arrays = [
        rng.normal(0, 0.3 if len(size) == 1 else np.sqrt(2 / np.prod(size[:-1])), size).astype("float32")
        for size in shapes
    ]
    network.set_weights(arrays)
    images = rng.normal(size=(3, *shape)).astype("float32")
    maps = images
    for kernels, biases in (arrays[0:2], arrays[2:4]):
        maps = keras.ops.relu(keras.ops.conv(maps, kernels, padding="same") + biases)
        maps = keras.ops.max_pool(maps, 2, 2, padding="same")
    hidden = np.maximum(np.asarray(maps, dtype=float).reshape(3, -1) @ arrays[4] + arrays[5], 0)
    sums = np.exp(hidden @ arrays[6] + arrays[7])
    out = np.asarray(network(images, training=False), dtype=float)
    due = sums / sums.sum(axis=1, keepdims=True)
    place = np.unravel_index(np.abs(out - due).argmax(), due.shape)
    assert np.allclose(out, due, atol=1e-3), (
        f"For input {shape} and random weights the table's layers give a class the share {due[place]:.6g}, yours "
        f"{out[place]:.6g}. Check activations, kind of pooling, and settings that the table does not name."
    )
### BEGIN HIDDEN TESTS
from data_utils import unasked_settings

again = built((28, 28, 1), 10)
assert again is not checked, "Each call of LeNet.build must make a new network."
biases = [float(np.abs(weights).max()) for weights in again.get_weights() if weights.ndim == 1]
assert max(biases) == 0, (
    f"LeNet.build must return a new, untrained network, whose biases are 0; the largest is {max(biases):.6g}."
)
equal = [tuple(weights.shape) for weights in again.get_weights() if weights.ndim > 1 and np.ptp(weights) < 1e-3]
assert not equal, (
    f"The weights of shape {equal[0]} are all the same, so they would learn the same. Let Keras draw them."
)
extras = unasked_settings(again)
assert not extras, f"The network has settings that the table does not name: {', '.join(extras)}."
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 5 points.")

# %% [markdown]
# ### Task 4 · Count its parameters (3 points)
#
# Now work out what Keras has just counted. You will need it soon.
#
# - `conv_parameters(kernel, channels_in, filters)` returns the number of parameters of one convolutional layer with
#   square kernels of side `kernel`.
# - `lenet_parameters(input_shape, classes)` returns the number of parameters of the whole network in the table.
#   `input_shape` is (height, width, channels), whatever their values. Pooling and flatten have none.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Write the table of the network again, with a column for the parameters. Which layers have any? For each of them,
# how many numbers does one of its filters or units look at?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Each filter has a weight for every place of its window *and* for every channel, and one bias: that is all, however
# large the image is. How many numbers does Flatten deliver? Halve both sides twice, and round up, as "same" does: 7
# becomes 4, and a side of 1 stays as it is. A dense layer has (inputs + 1) · units.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "lenet-parameters", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv_parameters(kernel, channels_in, filters):
    """Parameters of a convolutional layer with kernel × kernel windows."""
    ### BEGIN SOLUTION
    return (kernel * kernel * channels_in + 1) * filters
    ### END SOLUTION


def lenet_parameters(input_shape, classes):
    """Parameters of the network that LeNet.build makes for this input shape, (height, width, channels)."""
    ### BEGIN SOLUTION
    height, width, channels = input_shape
    flat = -(-height // 4) * -(-width // 4) * 50
    convolutions = conv_parameters(5, channels, 20) + conv_parameters(5, 20, 50)
    return convolutions + (flat + 1) * 500 + (500 + 1) * classes
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-lenet-parameters", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
def counted(name, function, *arguments):
    """What one of the two functions returns; an error in it, or no number, becomes a sentence."""
    with explain_errors(f"{name}{arguments}"):
        found = function(*arguments)
    assert found is not None, f"{name} returns nothing. Is there a `return`?"
    assert isinstance(found, (int, float, np.number)), (
        f"{name} must return a number; {name}{arguments} returns a {type(found).__name__}, {found!r}."
    )
    return found


for arguments, right_count, advice in [
    ((3, 1, 2), 20, "Two 3×3 filters on one channel have 9 weights and a bias each."),
    ((2, 3, 1), 13, "One 2×2 filter on three channels has 12 weights and a bias."),
]:
    found = counted("conv_parameters", conv_parameters, *arguments)
    assert found == right_count, f"conv_parameters{arguments} is {found}, not {right_count}. {advice}"
for arguments, right_count, advice in [
    (((28, 28, 1), 10), 1_256_080, "Keras counts so many; compare `LeNet.build((28, 28, 1), 10).summary()`."),
    (((30, 25, 1), 7), 1_429_577, "The first pooling makes 15×13 of 30×25, the second 8×7."),
]:
    found = counted("lenet_parameters", lenet_parameters, *arguments)
    assert found == right_count, f"lenet_parameters{arguments} is {found}, not {right_count}. {advice}"
### BEGIN HIDDEN TESTS
for kernel, channels, filters, right_count in [
    (5, 1, 20, 520),
    (5, 20, 50, 25_050),
    (5, 28, 20, 14_020),
    (1, 8, 3, 27),
]:
    found = counted("conv_parameters", conv_parameters, kernel, channels, filters)
    assert found == right_count, f"conv_parameters({kernel}, {channels}, {filters}) is {found}, not {right_count}."
for shape, classes, flat in [
    ((1, 28, 28), 10, 350),
    ((32, 32, 3), 4, 3200),
    ((30, 21, 2), 7, 8 * 6 * 50),
    ((7, 3, 1), 5, 2 * 1 * 50),
    ((28, 28, 1), 26, 2450),
]:
    right_count = (25 * shape[2] + 1) * 20 + 25_050 + (flat + 1) * 500 + 501 * classes
    found = counted("lenet_parameters", lenet_parameters, shape, classes)
    assert found == right_count, f"lenet_parameters({shape}, {classes}) is {found}, not {right_count}."
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 3 points.")

# %% [markdown]
# ### The mystery of 219,580 parameters
#
# A university lab of 2025 published this very network (see the references) and printed Keras's summary of it:
# **219,580** parameters. Your count and that of Keras are 1,256,080. The code has no error message, all layers have the
# settings of the table, and the test accuracy was 98.68 %. Where did a million parameters go?
#
# The only thing left to differ is the input shape. The authors gave `(1, 28, 28)`, channels *first*. Keras reads
# shapes with channels last:

# %% tags=["nbval-check-output"]
right_way, published = LeNet.build((28, 28, 1), 10), LeNet.build((1, 28, 28), 10)
kinds = [type(layer).__name__ for layer in right_way.layers]
table = pd.DataFrame({"layer": kinds})
for name, network in [("(28, 28, 1)", right_way), ("(1, 28, 28)", published)]:
    table[f"output for {name}"] = [str(tuple(layer.output.shape)[1:]) for layer in network.layers]
    table[f"params {name}"] = [f"{layer.count_params():,}" for layer in network.layers]
print(table.to_string(index=False))
print(f"\ntotal: {right_way.count_params():,} and {published.count_params():,}; ", end="")
print(f"by hand {lenet_parameters((28, 28, 1), 10):,} and {lenet_parameters((1, 28, 28), 10):,}")

# %% [markdown]
# **What to see.** The second network reads a digit as a strip of 28 pixels, *one* row high, each with 28 channels. What
# were the columns of the digit are now channels, so each kernel has a depth of 28, and the first layer has 14,020
# parameters where it should have 520. But only 350 numbers reach the dense layer, not 2,450, and that is where the
# million parameters are missing. Each pixel of the strip is a whole row of the digit. The window slides along the strip
# only: it covers five rows of the digit with all their columns, and each column has weights of its own. Nothing is
# shared between left and right.

# %% [markdown]
# ## Part 3 · Training
#
# The **Adam** optimiser adapts the size of its steps to each parameter and often works well with its default settings.
#
# ### Task 5 · Train a network (2 points)
#
# You will compare your LeNet with its published version. That is fair only if both are trained in the same way, so
# the training is one function.
#
# Write `train(network, images, labels, epochs)`. `network` is a Keras model that is not compiled yet, `images` have
# the shape that it asks for, and `labels` are one-hot. Compile the network with Adam (default settings), categorical
# cross-entropy and the metric accuracy. Train it with one call of `fit`, with `epochs` epochs, `batch_size=128` and
# `validation_split=0.2`, and return what `fit` returns. Train `network` itself, not another one in its place.
#
# <details><summary>Hint 1: a nudge</summary>
#
# You have done these steps in lab 3. What is different now about the optimiser, and about what is returned? Which of
# the steps gives you the history?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Two steps: `network.compile(optimizer=..., loss=..., metrics=[...])`, then `network.fit(...)`, whose result you
# return. Adam with its default settings can be given by its name, `"adam"`. `verbose=2` prints one line an epoch,
# `verbose=0` nothing.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "train", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train(network, images, labels, epochs):
    """Compile the network and train it, the last fifth of the images for validation; return what fit returns."""
    ### BEGIN SOLUTION
    network.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return network.fit(images, labels, batch_size=128, epochs=epochs, validation_split=0.2, verbose=0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-train", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def tiny_network(*shape):
    """A network that trains in a moment, with the same first weights at every call."""
    network = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])
    rng = np.random.default_rng(18)
    network.set_weights([rng.normal(0, 0.2, weights.shape) for weights in network.get_weights()])
    return network


def made_up(number, *shape):
    """Images of random numbers, and random labels, one-hot."""
    rng = np.random.default_rng(19)
    return rng.random((number, *shape)).astype("float32"), np.eye(10, dtype="float32")[rng.integers(0, 10, number)]


def trained(network, images, labels, epochs):
    """Let train train the network; return the dictionary of its history. What is wrong becomes a sentence."""
    with explain_errors(f"For a small network, {len(images)} images and epochs={epochs} train"):
        history = train(network, images, labels, epochs)
    assert history is not None, "train returns nothing. Is there a `return`?"
    assert not isinstance(history, dict), (
        "train must return what fit returns; it returns a dictionary. Leave out `.history`."
    )
    record = getattr(history, "history", None)
    assert isinstance(record, dict), f"train must return what fit returns; it returns a {type(history).__name__}."
    assert getattr(network, "optimizer", None) is not None, (
        "The network that was given is not compiled, so it was not trained. Was another one trained in its place?"
    )
    kind = type(network.optimizer).__name__
    assert kind == "Adam", f"The optimiser must be Adam; it is {kind}."
    settings, defaults = network.optimizer.get_config(), keras.optimizers.Adam().get_config()
    settings["learning_rate"] = float(np.asarray(network.optimizer.learning_rate))
    for key, default in defaults.items():
        found = settings.get(key)
        if isinstance(default, float) and isinstance(found, float):
            default, found = round(default, 9), round(found, 9)  # as float32 the rate is 0.0010000000475
        assert found == default or key == "name", (
            f"Adam was to keep its default settings; {key} is {found}, not {default}."
        )
    lacking = {"loss", "accuracy", "val_loss", "val_accuracy"} - set(record)
    assert not lacking, (
        f"The history has {sorted(record)}; {sorted(lacking)} is missing. Check the metrics of compile, and epochs "
        "and validation_split of fit."
    )
    assert len(record["loss"]) == epochs, (
        f"The history holds {len(record['loss'])} epochs; {epochs} were asked for, in one call of fit."
    )
    kept = int(len(images) * 0.8)  # the images before this place train, those from here on validate
    steps, batches = int(network.optimizer.iterations), -(-kept // 128)
    assert steps == batches * epochs, (
        f"Four fifths of {len(images)} images, {kept}, in batches of 128 make {batches * epochs} steps in {epochs} "
        f"epochs; the optimiser counted {steps}. Check batch_size and validation_split, and call fit once."
    )
    shares, answers = np.asarray(network(images[kept:]), dtype=float), labels[kept:].argmax(axis=1)
    due, noted = float((shares.argmax(axis=1) == answers).mean()), float(record["val_accuracy"][-1])
    assert abs(noted - due) < 4e-3, (
        f"The network gets {due:.4f} of the last fifth of the images right, but by the history the last val_accuracy "
        f"is {noted:.4f}. Is validation_split=0.2, and is this the history of this network?"
    )
    due = float(-np.log(np.clip(shares[np.arange(len(shares)), answers], 1e-7, 1)).mean())
    noted = float(record["val_loss"][-1])
    assert abs(noted - due) < 2e-3 + 2e-3 * due, (
        f"On the last fifth of the images the network has a cross-entropy of {due:.5f}; by the history the last "
        f"val_loss is {noted:.5f}. Check the loss, and what fit is given."
    )
    return record


for number in (160, 162, 330):  # four fifths are 128, 129 and 264: a batch, a batch and one more, two and some more
    trained(tiny_network(28, 28, 1), *made_up(number, 28, 28, 1), 2)
### BEGIN HIDDEN TESTS
from data_utils import beside_answer


@beside_answer
def _weights_after(seed, images, labels):
    """The weights of a small network, 0 at first, that train has trained with random numbers of this seed."""
    keras.utils.set_random_seed(seed)
    dense = keras.layers.Dense(10, "softmax", kernel_initializer="zeros")
    network = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), dense])
    train(network, images, labels, 1)
    return network.get_weights()[0]


three_batches = made_up(330, 28, 28, 1)
assert not np.array_equal(_weights_after(1, *three_batches), _weights_after(2, *three_batches)), (
    "Trained twice with other random numbers, a network ended with the very same weights. fit shuffles the images "
    "before each epoch, so that each batch is another mixture: leave `shuffle` as it is."
)
for shape, number, epochs in [((5, 7, 2), 150, 13), ((28, 28, 1), 100, 4)]:  # a batch an epoch, so no order matters
    (images, labels), network, twin = made_up(number, *shape), tiny_network(*shape), tiny_network(*shape)
    kept = int(number * 0.8)  # classes 5 to 9 come in the last fifth alone, so the validation loss only rises
    labels = np.eye(10, dtype="float32")[np.arange(number) % 5 + np.where(np.arange(number) < kept, 0, 5)]
    record = trained(network, images, labels, epochs)
    twin.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    due = twin.fit(images, labels, batch_size=128, epochs=epochs, validation_split=0.2, verbose=0).history
    found = [float(loss) for loss in record["loss"]]
    assert np.allclose(found, due["loss"], atol=1e-3), (
        f"In {epochs} epochs on {number} images a new network has the losses {np.round(due['loss'], 4).tolist()}; "
        f"here they are {np.round(found, 4).tolist()}. Check the loss, and that nothing was trained before."
    )
    assert all(np.allclose(one, other, atol=1e-3) for one, other in zip(network.get_weights(), twin.get_weights())), (
        f"After {epochs} epochs on {number} images the network has other weights than such a training gives it."
    )
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")

# %% tags=["train-lenet"]
lenet = LeNet.build((28, 28, 1), 10)
history = train(lenet, X_train, Y_train, EPOCHS)

# %% [markdown]
# ### Curves with the right names
#
# The published lab also drew training curves, and labelled the second one "test". But that curve came from the
# history's values whose names begin with `val_`, and so from training digits that were set aside. The test digits had
# no part in it. The difference matters. You may choose the number of epochs by a validation curve, as the test digits
# remain unseen. If you chose it by a test curve, no honest test would be left.

# %%
plot_history(history);

# %% [markdown]
# **What to see.** The loss falls and the accuracy rises, in training (solid, circles) and in validation (dashed,
# squares).
#
# ### What the wrong shape costs
#
# Now train the published version the same way, with the digits in the shape it asks for, and keep a copy of its first
# weights:

# %% tags=["train-published-form"]
before = published.get_weights()
strips_train, strips_test = X_train.reshape(-1, 1, 28, 28), X_test.reshape(-1, 1, 28, 28)
train(published, strips_train, Y_train, EPOCHS)


def accuracy(model, images):
    """Share of the test digits that the model gets right; `images` holds them in their order."""
    return float((model.predict(images, batch_size=250, verbose=0).argmax(axis=1) == y_test).mean())


right_share, published_share = accuracy(lenet, X_test), accuracy(published, strips_test)
print(f"test accuracy: {right_share:.1%} for (28, 28, 1), {published_share:.1%} for (1, 28, 28)")
for number, place in [(1, 0), (2, 2)]:
    same = (before[place] == published.get_weights()[place])[[0, 1, 3, 4]]  # all rows of the kernels but the middle one
    print(f"convolution {number}: of {same.size:,} weights off the middle row, {same.sum():,} never changed")

# %% [markdown]
# **What to see.** The published version is several points worse after a short training. In thirteen trials, each with
# other random numbers, it reached 87 to 91 % and the right one 93 to 96 % (with the 4,000 bundled digits and 3 epochs).
# With all the digits and 20 epochs it was published with 98.68 %, and nobody suspects a network with such a number.
#
# The other two lines tell more. A kernel has five rows of weights, but the strip has only one row. So four of the five
# always lie on the padding, on zeros. They get no gradient and stay what they were by chance: dead weight, four fifths
# of both layers. A good accuracy is no proof that the network is the one you meant.

# %% [markdown]
# ## Part 4 · What it has learned

# %%
kernels = lenet.get_weights()[0][:, :, 0]  # rows, columns, filters
limit = np.abs(kernels).max()
figure, grid = plt.subplots(2, 10, figsize=(10, 2.4), layout="constrained")
for number, axes in enumerate(grid.flat):
    picture = axes.imshow(kernels[:, :, number], cmap="PuOr", vmin=-limit, vmax=limit)
    axes.set(xticks=[], yticks=[], title=number)
figure.colorbar(picture, ax=grid, label="weight");

# %% [markdown]
# **What to see.** The 20 kernels of the first layer: purple for positive weights, orange for negative ones. Most look
# like noise: after a short training they still resemble the random numbers they began with. In some you may find a
# corner or a side of one colour; such a kernel answers to an edge or to ink.

# %% [markdown]
# ### Task 6 · Feature maps (2 points)
#
# A kernel is easier to understand by what it responds to. Write `feature_maps(model, layer, images)`, which returns
# what one layer delivers for these images. `layer` is the layer's place in `model.layers`, counted from 0; `images` has
# the shape the model asks for. Return a NumPy array; for a convolutional layer its shape is (n, height, width,
# filters). The model stays as it is: its weights, its layers, and how it was compiled.
#
# <details><summary>Hint 1: a nudge</summary>
#
# A model is a chain of layers. If you could cut it off after one of them, what would the short model return? Look
# for a way to make a second model from the beginning of the first, so that the first stays whole.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Every layer of a built model knows its `output`. `keras.Model(inputs, outputs)` makes a second model that shares
# the layers, and their weights, with the first; `model.inputs[0]` is its input. Call it like a function, and
# `np.asarray` turns what it returns into an array.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "feature-maps", "locked": false, "schema_version": 3, "solution": true, "task": false}
def feature_maps(model, layer, images):
    """What model.layers[layer] delivers for these images, as an array with the images first."""
    ### BEGIN SOLUTION
    part = keras.Model(model.inputs[0], model.layers[layer].output)
    return np.asarray(part(images))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-feature-maps", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def maps_of(model, layer, images):
    """What feature_maps returns; an error in it, or no array, becomes a sentence."""
    ask_inputs = "`model.inputs[0]` is known also where `model.input` is not."
    with explain_errors(
        f"For layer {layer} and {len(images)} images feature_maps",
        lambda error: ask_inputs if "never been called" in str(error) else "",
    ):
        found = feature_maps(model, layer, images)
    assert found is not None, "feature_maps returns nothing. Is there a `return`?"
    assert isinstance(found, np.ndarray), (
        f"feature_maps must return a NumPy array; it returns a {type(found).__name__}. `np.asarray` makes one."
    )
    return found


layers_of_small = [
    keras.layers.Conv2D(3, 3, padding="same", activation="relu", bias_initializer="random_normal"),
    keras.layers.MaxPooling2D(2),
    keras.layers.Conv2D(4, 3, activation="relu", bias_initializer="random_normal"),
    keras.layers.Flatten(),
    keras.layers.Dense(5, activation="softmax"),
]
small = keras.Sequential([keras.Input((12, 10, 1)), *layers_of_small])
pictures = np.random.default_rng(15).random((6, 12, 10, 1)).astype("float32")
arrays = small.get_weights()
first = keras.ops.relu(keras.ops.conv(pictures, arrays[0], padding="same") + arrays[1])
second = keras.ops.relu(keras.ops.conv(keras.ops.max_pool(first, 2), arrays[2]) + arrays[3])
first, second = np.asarray(first), np.asarray(second)
found = maps_of(small, 0, pictures.copy())
assert np.shape(found) == (6, 12, 10, 3), (
    f"Layer 0 makes 3 maps of 12×10 for each of 6 images, shape (6, 12, 10, 3); feature_maps gives {np.shape(found)}."
)
worst = np.unravel_index(np.abs(found - first).argmax(), found.shape)
assert np.allclose(found, first, atol=1e-4), (
    f"The numbers are not those that layer 0 delivers: one is {found[worst]:.6g}, not {first[worst]:.6g}. Does your "
    "second model share the layers, and so the weights, of the first?"
)
assert len(small.layers) == 5, (
    f"feature_maps changes the model it is given: of 5 layers it has {len(small.layers)} now. Make a second model."
)
found = maps_of(small, 2, pictures[:4].copy())
assert found.shape == (4, 4, 3, 4), (
    f"Layer 2 makes 4 maps of 4×3 for each of 4 images, shape (4, 4, 3, 4); feature_maps gives {found.shape}."
)
worst = np.unravel_index(np.abs(found - second[:4]).argmax(), found.shape)
assert np.allclose(found, second[:4], atol=1e-4), (
    f"For layer 2, feature_maps gives {found[worst]:.6g} where the layer delivers {second[worst]:.6g}."
)
assert len(small.trainable_weights) == 6, (
    f"feature_maps freezes the model it is given: of 6 arrays of weights, {len(small.trainable_weights)} could still "
    "be trained. Set nothing in the model."
)
assert getattr(small, "optimizer", None) is None, (
    "feature_maps compiles the model it is given. `predict` needs no `compile`."
)
### BEGIN HIDDEN TESTS
layers_of_other = [
    keras.layers.Conv2D(2, (3, 5), strides=(1, 2), bias_initializer="random_normal"),
    keras.layers.BatchNormalization(),
    keras.layers.ReLU(),
    keras.layers.Dropout(0.5),
    keras.layers.Flatten(),
    keras.layers.Dense(3),
]
other = keras.Sequential([keras.Input((7, 9, 2)), *layers_of_other])
other.compile(keras.optimizers.SGD(0.3), "mse")
rng = np.random.default_rng(17)
other.set_weights([rng.uniform(0.1, 0.9, weights.shape) for weights in other.get_weights()])
before_call = [weights.copy() for weights in other.get_weights()]
for number in (1, 40):
    some = rng.normal(size=(number, 7, 9, 2)).astype("float32")
    due = some
    for layer, one_layer in enumerate(layers_of_other):
        due = np.asarray(one_layer(due, training=False))
        found = maps_of(other, layer, some.copy())
        where = f"For layer {layer} of another network ({type(one_layer).__name__}) and {number} images, feature_maps"
        assert found.shape == due.shape, f"{where} has shape {found.shape}, not {due.shape}."
        worst = np.unravel_index(np.abs(found - due).argmax(), due.shape)
        assert np.allclose(found, due, atol=1e-4), (
            f"{where} gives {found[worst]:.6g}, where the layer delivers {due[worst]:.6g}."
        )
unchanged = len(before_call) == len(other.get_weights()) and all(
    np.array_equal(old, new) for old, new in zip(before_call, other.get_weights())
)
assert unchanged and len(other.layers) == 6, "feature_maps changes the weights or layers of the model it is given."
kind = type(other.optimizer).__name__
assert kind == "SGD", f"feature_maps compiles the model it is given anew: its optimiser was SGD and is {kind} now."
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")

# %%
figure, grid = plt.subplots(2, 10, figsize=(10, 2.6), layout="constrained")
convolutions = [place for place, layer in enumerate(lenet.layers) if isinstance(layer, keras.layers.Conv2D)]
for place, row in zip(convolutions, grid):
    maps = feature_maps(lenet, place, X_test[[shown]])[0]
    for number, axes in enumerate(row):
        axes.imshow(maps[:, :, number], cmap="viridis", vmin=0, vmax=maps.max())
        axes.set(xticks=[], yticks=[], title=number)
    row[0].set_ylabel(f"{len(maps)}×{len(maps)}")
plt.show()

# %% [markdown]
# **What to see.** The first ten maps of each convolution, for the 4 of Part 1 (bright is a strong answer). In most maps
# of the first convolution, above, the digit is easy to see; which strokes or edges are bright differs. A map may also
# stay dark. In those of the second, below, the answers are coarser.
#
# **What one number sees.** The square of pixels that a number depends on is its **receptive field**. A number of the
# first convolution sees 5×5 pixels. Pooling takes 2×2 such numbers together, so a number behind it sees 6×6. What its
# neighbour sees begins 2 pixels further on, as the stride is 2. The window of the second convolution is 5 such numbers
# wide. The first number sees 6 pixels across, and each of the other four adds 2: together 6 + 4 · 2 = 14. So a number
# of the second convolution sees 14×14 pixels, a quarter of the image. Only the dense layer takes all places together.
#
# ### Digits out of place
#
# It is often said that convolutional networks do not mind *where* a digit is. Move the test digits to the right, with
# zeros in the empty columns:

# %%
for pixels in range(5):
    moved = ndimage.shift(x_test, (0, 0, pixels), order=0)  # the axes are images, rows and columns
    print(f"moved by {pixels}: accuracy {accuracy(lenet, ready(moved)):.1%}")

# %% [markdown]
# LeNet does mind. A feature map moves along with the digit, but after Flatten the dense layer has a weight for each
# *place* in the maps. Pooling forgives only a pixel or two.

# %% [markdown]
# ## Part 5 · The published network again
#
# ### Task 7 · What could they have noticed? (2 points)
#
# The authors of the published network printed the summary of Keras with the output shape and the number of parameters
# of every layer, and the accuracy after each epoch. Which of the printed numbers show the wrong input shape? Why did
# the network run and score well all the same? Write three to six sentences.
#
# **Marking scheme.** 1 point: a printed number or shape that shows the mistake, with the value to expect instead and
# how to derive it. 1 point: why the network ran and scored well in spite of it, and hence what a good accuracy does not
# prove.

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain-input-shape", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# The summary gives 14,020 parameters for the first layer. Twenty 5×5 filters on a grey image have 20 · (25 + 1) =
# 520; 14,020 is 20 · (25 · 28 + 1), so the layer takes 28 channels. The output shape (None, 1, 28, 20) says the same:
# a padded convolution of a digit must give (None, 28, 28, 20). Keras raised no error, because (1, 28, 28) is a legal
# shape, an image one row high with 28 channels. All the pixels still reach the network, and dense layers can make
# good use of them, so it scores nearly as well as the intended network. A good accuracy proves that the network found
# some solution, not that it is the network one meant to build.
# ### END SOLUTION

# %% [markdown]
# ## Going further
#
# - **What one number sees.** Write `receptive_field(layers)`. `layers` is a list of pairs `(kernel, stride)` for
#   convolutions and poolings, from the first layer to the last. Return the side of the receptive field of a number in
#   the last layer. Keep two numbers, which both start at 1 pixel: the *field*, and the *step*, which is the distance
#   between neighbouring numbers of a layer. Each layer first makes the field larger, by (kernel − 1) steps. Then it
#   makes the step longer, stride times. Check it:
#
#   ```python
#   assert receptive_field([(5, 1), (2, 2), (5, 1)]) == 14  # the second convolution of this lab
#   assert receptive_field([(3, 1), (3, 1)]) == 5
#   assert receptive_field([(2, 3), (2, 3), (2, 1)]) == 14
#   ```
#
#   How many 3×3 convolutions with stride 1, without pooling, does it take until a number sees all 28 pixels of a row?
#   (It takes 14; for these your function must return 29.)
# - **Digits out of place.** Do networks without convolutions mind a shift more? Write your own `shift(images, dy, dx)`,
#   which returns new images, moved down by `dy` pixels and to the right by `dx`, with 0 in the empty places. (With
#   `np.roll`, what leaves on one side comes in again on the other.) Check it on a 3×3 image of the numbers 1 to 9, and
#   against `ndimage.shift`. Then draw `accuracy(lenet, ready(shift(x_test, 0, dx)))` for `dx` from −6 to 6, beside that
#   of a network of Flatten, one dense layer of 842 units with ReLU, and the softmax layer (about as many parameters as
#   the network of lab 3), trained by `train`. We measured about 94 % for LeNet and 92 % for the dense network on digits
#   that were not moved, and 52 and 30 % on digits moved by three pixels (mean of four directions): LeNet loses much,
#   but less than the other. Does that hold for digits that `ndimage.rotate` has turned?
# - Train LeNet on digits that are shifted at random by up to three pixels (by your `shift`, or by `ndimage.shift` with
#   `order=0`). How much of the lost accuracy comes back, and what does it cost on digits that were not moved?
# - Replace Flatten and the dense layer of 500 units by `GlobalAveragePooling2D`. It forgets the place altogether. How
#   does the curve of accuracy for `dx` from −6 to 6, drawn in "Digits out of place", change? Give it more epochs; lab 6
#   builds such a network.
# - Give the published version its picture back, without changing the shape of the data: look for `data_format` in the
#   documentation of `Conv2D`. On which machines does it run?
# - Another setting takes the same network to the published accuracy in a fraction of the time (one epoch: Adam, peak
#   rate 0.002 warmed up and decayed by a cosine, batches of 64, all 60,000 digits). Try it, and try to beat it. The
#   rate first rises, the *warm-up*, and then falls along a cosine; `keras.optimizers.schedules.CosineDecay` makes such
#   a rate.
# - **Other digits.** scikit-learn, which is installed with this course, comes with 1,797 digits from another
#   collection; no network connection is needed. They are smaller, and their values end at 16. There are two ways to
#   make digits and network fit: make the digits larger, or build the network for small ones.
#
#   ```python
#   from sklearn.datasets import load_digits
#
#   little = load_digits()
#   print(little.images.shape, little.images.dtype, little.images.max())  # (1797, 8, 8) float64 16.0
#
#   # 1. Larger digits, for the network that you have trained: 8×8 becomes 20×20, in the middle of 28×28.
#   large = ndimage.zoom(little.images * (255 / 16), (1, 2.5, 2.5), order=1)
#   large = np.pad(large, ((0, 0), (4, 4), (4, 4)))
#   guesses = lenet.predict(ready(large), verbose=0).argmax(axis=1)
#   print(f"trained on MNIST: {(guesses == little.target).mean():.1%}")
#
#   # 2. The same network for small digits, trained on 1,400 of them and measured on the other 397.
#   X_little, Y_little = little.images[..., np.newaxis] / 16, np.eye(10)[little.target]
#   places = np.random.default_rng(0).permutation(len(X_little))
#   learn, new = places[:1400], places[1400:]
#   small_lenet = LeNet.build((8, 8, 1), 10)
#   small_lenet.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
#   small_lenet.fit(X_little[learn], Y_little[learn], batch_size=32, epochs=10, verbose=0)
#   print(f"trained on small digits: {small_lenet.evaluate(X_little[new], Y_little[new], verbose=0)[1]:.1%}")
#   ```
#
#   In three trials with the bundled digits and 3 epochs, the network from MNIST got 55 to 62 % right, the one for
#   small digits 97 to 99 %. A network knows the digits that were prepared like those it has learned from. What is
#   different here? Draw some of both side by side. Then let `places` be `np.arange(len(X_little))`: the second
#   network reached only 91 to 93 %. What does that tell about the order of the digits in the file?
#
# ## References
#
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: *Gradient-based learning applied to document recognition*. Proc. IEEE
#   86(11), 1998.
# - D. P. Kingma, J. Ba: *Adam: a method for stochastic optimization*. ICLR 2015.
# - A. Cangelosi, with updates by G. Masala: *COMP6685 Lab 6a, Keras CNN MNIST*, 2025, after A. Gulli, S. Pal: *Deep
#   learning with Keras*, 2017. The published network of Parts 2, 3 and 5.
# - M. D. Zeiler, R. Fergus: *Visualizing and understanding convolutional networks*. ECCV 2014.
