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
# # 6 · Batch normalisation, and a network that knew more than it told
#
# A network learns 4,000 digits well, and fails in the test. It has not learned them by heart, and nothing is
# wrong with its *trained* weights: 480 numbers that no gradient ever touches lag behind. In this lab you build the
# network, compute batch normalisation by hand, and set the 480 numbers right.
#
# ## What you will do
#
# You write batch normalisation in NumPy, build a network with global average pooling, train it and time the training,
# find out why its test accuracy can be so low, and set that right.
#
# ## What you will learn
#
# - Compute batch normalisation by hand, in training and in inference, and tell which parameters do not train.
# - Say how long a moving average remembers where it started, and what follows for a short training.
# - Replace the large dense layer by global average pooling.
# - Work with logits, and tell the loss whether it gets logits or probabilities.
# - Time a training honestly, and read a confusion matrix.
#
# ## What you need
#
# Labs 3 and 4 (dense layers, convolutions, training, the count of parameters) and Python functions.

# %% [markdown] tags=["stamp-facts"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/cnn-labs/cnn-labs-students/blob/main/labs/06_bn_gap_cnn/06_bn_gap_cnn.ipynb)
# [![Open in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/cnn-labs/cnn-labs-students/main?urlpath=lab/tree/labs/06_bn_gap_cnn/06_bn_gap_cnn.ipynb)
#
# **20 points** · plan about 100 minutes · *Run All* of the finished lab takes about 0.9 minutes and 0.8 GiB of memory (measured on 2 cores)

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

names_needed = ["explain_errors", "load_mnist", "plot_images"]
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
# give the values of the full experiment. `BN_MOMENTUM` is explained in Part 1, and Part 5 shows why a short training
# needs another value.

# %% tags=["parameters"]
N_TRAIN = 4_000  # full run: 60_000
N_TEST = 1_000  # full run: 10_000
EPOCHS = 2  # full run: 1
BATCH_SIZE = 16  # full run: 32
BN_MOMENTUM = 0.9  # full run: 0.99

# %% tags=["remove-stderr"]
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # fewer start-up notes; those that remain need no action

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from data_utils import explain_errors, load_mnist, plot_images

keras.utils.set_random_seed(1)  # the same random numbers at every run
(x_train, y_train), (x_test, y_test) = load_mnist(N_TRAIN, N_TEST)

# %% [markdown]
# As in lab 4 the digits get a channel axis and values from 0 to 1. The labels stay integers. `halve` makes digits of
# 14×14 pixels, which some experiments of this lab use to save time.


# %%
def ready(images):
    """Images of shape (n, height, width), 0 to 255, as the network wants them: (n, height, width, 1), 0 to 1."""
    return images.astype("float32")[..., np.newaxis] / 255


def halve(images):
    """Each 2×2 block of pixels replaced by its mean: (n, 28, 28, 1) becomes (n, 14, 14, 1)."""
    return images.reshape(len(images), 14, 2, 14, 2, 1).mean(axis=(2, 4))


X_train, X_test = ready(x_train), ready(x_test)

# %% [markdown]
# ## Part 1 · Batch normalisation by hand
#
# What a convolution delivers may have any mean and any spread, and both move as the weights learn. **Batch
# normalisation** gives each channel a fixed mean and spread, right behind the convolution. Many networks then train
# faster and tolerate larger learning rates. That is well tested. Why it is so is less clear: the inventors' explanation
# (Ioffe and Szegedy, 2015) was doubted by later experiments (Santurkar and others, 2018).
#
# Batch normalisation takes four numbers for each channel:
#
# 1. the *mean* and the *variance* of the channel. During training they are those of the current batch: over all
#    images of the batch and over all places, rows and columns;
# 2. **gamma** (γ) and **beta** (β), which are learned like other weights. They begin at 1 and 0.
#
# Each value x of the channel becomes γ · (x − mean) / √(variance + ε) + β. The small **epsilon** (ε) keeps the
# division from going wrong where a channel is constant; Keras uses 0.001. With γ = 1 and β = 0 the channel then has
# mean 0 and variance (nearly) 1.
#
# ### Task 1 · Normalise (3 points)
#
# Write two functions. `maps` is a float array of shape (n, h, w, c): images, rows, columns, channels.
#
# - `batch_statistics(maps)` returns two arrays of shape (c,): the mean and the variance of each channel. The variance
#   is the mean of the squared distances from the mean (NumPy's default).
# - `normalise(maps, mean, variance, gamma, beta, epsilon=0.001)` returns a new array like `maps`, with the formula
#   above. The other arrays have shape (c,). Use the mean and the variance that are *given*, wherever they come from;
#   the text after this task shows why this matters.
#
# All arrays are NumPy's, and those that are given stay unchanged.
#
# <details><summary>Hint 1: a nudge</summary>
#
# `maps` has four axes. Which ones must disappear so that only the channels are left?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `axis` may name several axes: `maps.mean(axis=(…))`, and `maps.var` takes the same. Arrays of shape (c,) match the
# last axis of `maps` as they are: NumPy uses them at every place of every image, which is called *broadcasting*.
# Epsilon stands under the root (`np.sqrt`), together with the variance. Write `x - y`, which makes a new array;
# `x -= y` would change `x`.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# The same technique for temperatures: two years, three months, two cities. Each city is scaled to the range from 0 (its
# coldest month) to 1 (its warmest).
#
# ```python
# first_year = [[2.0, 20.0], [6.0, 26.0], [8.0, 30.0]]
# second_year = [[-2.0, 24.0], [3.0, 27.0], [7.0, 28.0]]
# degrees = np.array([first_year, second_year])
# coldest = degrees.min(axis=(0, 1))  # over years and months
# warmest = degrees.max(axis=(0, 1))
# print(degrees.shape, coldest.shape)  # (2, 3, 2) (2,)
# print(coldest, warmest)  # [-2. 20.] [ 8. 30.]
# scaled = (degrees - coldest) / (warmest - coldest)
# print(scaled.shape, scaled[0, 0])  # (2, 3, 2) [0.4 0. ]
# ```
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "normalise", "locked": false, "schema_version": 3, "solution": true, "task": false}
def batch_statistics(maps):
    """Mean and variance of each channel, over images, rows and columns: two arrays of shape (c,)."""
    ### BEGIN SOLUTION
    return maps.mean(axis=(0, 1, 2)), maps.var(axis=(0, 1, 2))
    ### END SOLUTION


def normalise(maps, mean, variance, gamma, beta, epsilon=0.001):
    """Each channel shifted and scaled by the formula above, with the mean and the variance that are given."""
    ### BEGIN SOLUTION
    return gamma * (maps - mean) / np.sqrt(variance + epsilon) + beta
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-normalise", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
def _asked(call, function, *given, **options):
    """What an answer's function returns; an error in it, or nothing returned, becomes a sentence."""
    with explain_errors(call):
        result = function(*given, **options)
    assert result is not None, f"{call} returned None. Is there a `return`?"
    return result


def _checked(what, array, shape):
    """An answer's array, which must be one of NumPy's, with this shape."""
    assert isinstance(array, np.ndarray), (
        f"{what} must be a NumPy array of shape {shape}; found {array!r:.80}, of type {type(array).__name__}. "
        "`np.asarray` makes an array of a list or tensor; a mean without `axis` is a single number."
    )
    assert array.shape == shape, (
        f"{what} must have shape {shape}; it has {array.shape}: one number for each channel is needed."
        if len(shape) == 1
        else f"{what} must have shape {shape}; it has {array.shape}."
    )
    return array.astype(float)


def _statistics(maps):
    """What batch_statistics says of maps: two arrays with a number for each channel."""
    call = f"batch_statistics, for maps of shape {maps.shape},"
    found = _asked(call, batch_statistics, maps)
    of_both = isinstance(found, np.ndarray) and found.ndim == 2
    assert (isinstance(found, (tuple, list)) or of_both) and len(found) == 2, (
        "batch_statistics must return two arrays, the means *and* the variances; "
        f"it returns a {type(found).__name__}: {found!r:.80}."
    )
    shape = maps.shape[-1:]
    return _checked("The array of means", found[0], shape), _checked("The array of variances", found[1], shape)


def _normalised(maps, mean, variance, gamma, beta, **options):
    """What normalise makes of maps, with arrays of numbers for the channels; none of them may change."""
    given = [np.array(part, dtype=float) for part in (maps, mean, variance, gamma, beta)]
    found = _asked(f"normalise, for maps of shape {given[0].shape},", normalise, *given, **options)
    found = _checked("What normalise returns", found, given[0].shape)
    for name, now, before in zip(
        ("maps", "mean", "variance", "gamma", "beta"), given, (maps, mean, variance, gamma, beta)
    ):
        assert np.array_equal(now, np.asarray(before, dtype=float)), (
            f"normalise changes the array `{name}` that it is given. `x -= …` changes x itself; `x = x - …` does not."
        )
    return found


two_channels = np.stack([np.arange(8.0).reshape(2, 2, 2), np.full((2, 2, 2), 5.0)], axis=-1)
found_mean, found_variance = _statistics(two_channels.copy())
assert np.allclose(found_mean, [3.5, 5]), (
    f"The channels 0, 1 … 7 and 5, 5 … 5 have the means 3.5 and 5; batch_statistics gives {found_mean}. Take the mean "
    "over images, rows *and* columns, and keep the channels apart."
)
assert not np.allclose(found_variance, np.sqrt([5.25, 0])), (
    f"The second array, {found_variance.round(4)}, is the standard deviation; the variance is its square."
)
assert np.allclose(found_variance, [5.25, 0]), (
    f"The variances are 5.25 and 0; batch_statistics gives {found_variance}. "
    + (
        "The mean of the squared distances divides by their number, not by one less."
        if np.allclose(found_variance, [6, 0])
        else "Take the variance over the same axes as the mean, for each channel."
    )
)
found = _normalised(two_channels, [3.5, 5.0], [5.25, 0.0], [2.0, 3.0], [1.0, 7.0])
assert np.isfinite(found).all(), (
    f"For a constant channel, of variance 0, normalise gives {found[0, 0, 0, 1]}. What is epsilon for?"
)
assert np.allclose(found[..., 1], 7), (
    f"A channel that is constant at its mean becomes beta, 7; normalise gives {found[0, 0, 0, 1]:.6g}."
)
assert np.allclose(found[0, 0, 0, 0], -2.054760, atol=1e-5), (
    f"2 · (0 − 3.5) / √(5.25 + 0.001) + 1 is −2.05476; normalise gives {found[0, 0, 0, 0]:.7g}. Is epsilon under the "
    "root, with the variance, and 0.001 unless another is given?"
)
found = _normalised(np.full((2, 1, 3, 1), 6.0), [2.0], [3.999], [1.0], [0.0])
assert np.allclose(found, 2), (
    f"With the *given* mean 2 and variance 3.999, 6 becomes (6 − 2) / √4 = 2; normalise gives {found[0, 0, 0, 0]:.6g}. "
    "It must not compute mean and variance itself."
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(21)
for shape, epsilon in [((5, 4, 3, 6), 0.001), ((1, 7, 2, 3), 0.5), ((9, 1, 1, 2), 1e-5), ((4, 3, 2, 6), 0)]:
    channels = shape[-1]
    sample = rng.normal(rng.normal(0, 3, channels), rng.uniform(0.1, 4, channels), shape)
    kept = sample.copy()
    found_mean, found_variance = _statistics(sample)
    flat = kept.reshape(-1, channels)
    assert np.allclose(found_mean, flat.mean(0), atol=1e-4), (
        f"For random maps of shape {shape} the means are {flat.mean(0).round(4)}; batch_statistics gives "
        f"{found_mean.round(4)}."
    )
    assert np.allclose(found_variance, flat.var(0), atol=1e-3), (
        f"For random maps of shape {shape} the variances are {flat.var(0).round(3)}; batch_statistics gives "
        f"{found_variance.round(3)}. They are mean squared distances, not divided by one less."
    )
    assert np.array_equal(sample, kept), "batch_statistics changes the maps that it is given."
    mean, variance, gamma, beta = (
        rng.normal(size=channels),
        rng.uniform(0.1, 2, channels),
        rng.normal(size=channels),
        rng.normal(size=channels),
    )
    found = _normalised(sample, mean, variance, gamma, beta, epsilon=epsilon)
    expected = np.stack(
        [gamma[c] * (kept[..., c] - mean[c]) / (variance[c] + epsilon) ** 0.5 + beta[c] for c in range(channels)],
        axis=-1,
    )
    worst = np.unravel_index(np.abs(found - expected).argmax(), shape)
    assert np.allclose(found, expected, atol=1e-3), (
        f"For random maps of shape {shape} and epsilon={epsilon}, normalise gives {found[worst]:.6g} where "
        f"{expected[worst]:.6g} is right. It must use the mean, variance, gamma, beta and epsilon that it is given."
    )
layer = keras.layers.BatchNormalization()
sample = rng.normal(2, 3, (8, 5, 5, 4)).astype("float32")
by_keras = np.asarray(layer(sample, training=True), dtype=float)
call = "normalise, for maps of float32 and what batch_statistics says of them,"
found = _asked(call, normalise, sample, *batch_statistics(sample), np.ones(4), np.zeros(4))
found = _checked("What normalise returns", found, sample.shape)
assert np.allclose(found, by_keras, atol=1e-3), (
    f"For the first value, Keras's layer gives {by_keras.flat[0]:.6g} in training; your functions together give "
    f"{found.flat[0]:.6g}. The largest difference is {np.abs(found - by_keras).max():.4g}."
)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 3 points.")

# %%
convolution = keras.layers.Conv2D(16, 3)  # the first layer of this lab's network, untrained
maps = np.asarray(convolution(X_train[:32]))
mean, variance = batch_statistics(maps)
straight = normalise(maps, mean, variance, np.ones(16), np.zeros(16))
table = pd.DataFrame({"mean": mean, "variance": variance})
table["mean after"], table["variance after"] = batch_statistics(straight)
print(table.head(6).round(4).abs().to_string())
print(f"\nmean variance of the 16 channels: {variance.mean():.4f}")

# %% [markdown]
# **What to see.** The table shows the first six of the sixteen channels of an untrained convolution. Minus signs are
# left out. Before, the means differ and the variances are far below 1: the first weights are small and the pixels lie
# between 0 and 1, so the results are small numbers. After, the means are 0 and the variances much nearer to 1 (not
# quite 1: beside a variance so small, epsilon is no longer negligible). Keep the last line in mind: a variance of about
# a hundredth will explain a mystery in Part 5.

# %% [markdown]
# ### A memory that fades
#
# In **inference**, when the network is used, there may be a single digit and no batch at all, and an answer must not
# depend on the other digits in the batch. So the layer needs a fixed mean and variance for each channel. It collects
# them during training: after each batch (a training **step**) it updates two **moving averages**,
#
# > new moving value = momentum · moving value + (1 − momentum) · value of this batch
#
# They begin at 0 for the mean and at 1 for the variance. Keras's default **momentum** is 0.99: a step replaces one
# hundredth of the average. (It has nothing to do with an optimiser's momentum.) No gradient reaches the moving
# averages, and training itself never uses them.
#
# How long does such an average remember its first value? Each step multiplies what is left of it by the momentum. With
# momentum 0.9, nine tenths are left after one step, 0.9 · 0.9 = 0.81 after two, and **momentum to the power of the
# number of steps** after any number. Guess before you run the next cell: how much is left after 250 steps with 0.99,
# and how much with 0.9?

# %% tags=["nbval-check-output"]
momentum = np.array([0.99, 0.9])
moving = np.array([1.0, 1.0])  # for each momentum a moving variance, which begins at 1
print("for the momenta 0.99 and 0.9:")
for step in range(1, 251):
    moving = momentum * moving + (1 - momentum) * 0.02  # the true variance is 0.02
    if step in (10, 50, 100, 250):
        print(f"after {step:3} steps {(momentum**step).round(3)} of the first value left, variances {moving.round(3)}")

# %% [markdown]
# **What to see.** Two moving variances for a channel whose true variance is 0.02. With momentum 0.9 (the second number
# of each pair) the moving variance arrives within 100 steps. With 0.99, 8 % of the first value is left after 250 steps.
# That seems little. But 8 % of 1 is four times the true value, so the average is still about five times too large.

# %% [markdown]
# ## Part 2 · The network
#
# The network has four blocks of convolution, batch normalisation and ReLU. Where LeNet has Flatten and a large dense
# layer, this one has **global average pooling**: of each feature map only the mean remains, a single number. 128 maps
# become 128 numbers, whatever their size. In NumPy it is one line, `maps.mean(axis=(1, 2))`. It is much like
# `batch_statistics`, but the images stay apart: the mean is taken over rows and columns only.
#
# ### Task 2 · Build it (4 points)
#
# | layers | settings | a 28×28 digit becomes |
# | --- | --- | ---: |
# | convolution, batch normalisation, ReLU | 16 filters, 3×3, valid | 26×26×16 |
# | convolution, batch normalisation, ReLU | 32 filters, 3×3, valid | 24×24×32 |
# | convolution, batch normalisation, ReLU | 64 filters, 3×3, valid | 22×22×64 |
# | convolution, batch normalisation, ReLU | 128 filters, 3×3, valid | 20×20×128 |
# | global average pooling | | 128 |
# | dense, *no* activation (Part 3 says why) | 10 units | 10 |
#
# Write `build_cnn(bn_momentum=0.99, side=28)`, which returns this network as a Keras model, `Sequential` or functional,
# untrained; it need not be compiled. Each call makes a new network. `bn_momentum` is the momentum of all four batch
# normalisations. `side` is the side of the square grey images, which have shape (side, side, 1). Each convolution keeps
# its bias, as is Keras's default. Use Keras's own layers, no `Lambda`. Add nothing that is not in the table: no limits
# or penalties for weights or outputs, no other kind of ReLU, no numbers of lower precision.
#
# Old recipes begin with `InputLayer(input_shape=…)`. Keras 3 still takes that argument, with a warning that it is
# deprecated; begin with `keras.Input`.
#
# <details><summary>Hint 1: a nudge</summary>
#
# The four blocks differ in one number. What can you write once and repeat? And what must come last in each block?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `keras.layers.Conv2D`, `BatchNormalization(momentum=…)`, `ReLU`, `GlobalAveragePooling2D`, `Dense`. A loop over the
# four numbers of filters saves typing: make a list of layers, or use `model.add`. The order within a block matters:
# ReLU comes last. "Valid" is the default of `Conv2D`, and no activation that of `Dense`. `side` belongs in the shape of
# `keras.Input`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "build-cnn", "locked": false, "schema_version": 3, "solution": true, "task": false}
def build_cnn(bn_momentum=0.99, side=28):
    """The untrained network: images of shape (side, side, 1) in, ten logits out."""
    ### BEGIN SOLUTION
    network = keras.Sequential([keras.Input(shape=(side, side, 1))])
    for filters in (16, 32, 64, 128):
        network.add(keras.layers.Conv2D(filters, 3))
        network.add(keras.layers.BatchNormalization(momentum=bn_momentum))
        network.add(keras.layers.ReLU())
    network.add(keras.layers.GlobalAveragePooling2D())
    network.add(keras.layers.Dense(10))
    return network
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-build-cnn", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
def _built(*given, **options):
    """A network of build_cnn; an error in it, or no model returned, becomes a sentence."""
    call = f"build_cnn({', '.join([*map(str, given), *(f'{key}={value}' for key, value in options.items())])})"
    with explain_errors(call):
        network = build_cnn(*given, **options)
    assert network is not None, f"{call} returned None. Is there a `return`?"
    assert isinstance(network, keras.Model), (
        "build_cnn must return a Keras model, Sequential or functional, of Keras's own layers (no Lambda); it returns "
        f"a {type(network).__name__}."
    )
    assert network.built and getattr(network, "input_shape", None), (
        "The network does not know the shape of its input. Begin a Sequential with keras.Input(shape=...), or use the "
        "functional API; a class of your own does not do."
    )
    return call, network


_, checked = _built()
assert tuple(checked.input_shape) == (None, 28, 28, 1), (
    f"One image has shape (28, 28, 1); the network takes {tuple(checked.input_shape)[1:]}."
)
sides = [layer.output.shape[1] for layer in checked.layers if len(getattr(layer.output, "shape", ())) == 4]
sides = sorted({int(length) for length in sides}, reverse=True)
assert [side for side in sides if side not in (28, 1)] == [26, 24, 22, 20], (
    f"Between the digit (28) and the pooling (1) the feature maps must have the sides 26, 24, 22, 20; yours "
    f"have {sides}. Check window, padding and strides of the convolutions, and that nothing else shrinks the maps."
)
trainable, frozen = (
    sum(int(np.prod(w.shape)) for w in part) for part in (checked.trainable_weights, checked.non_trainable_weights)
)
assert (trainable, frozen) == (98_922, 480), (
    f"98,922 parameters must be trainable and 480 not; your network has {trainable:,} and {frozen:,}. Compare "
    "build_cnn().summary() with the table."
)
for layer in checked.layers:
    if isinstance(layer, keras.layers.Conv2D):
        name = getattr(layer.activation, "__name__", str(layer.activation))
        assert name == "linear", (
            f"A convolution has the activation {name}. ReLU comes last in a block, after the batch normalisation."
        )
    assert "Max" not in type(layer).__name__, f"The table has no {type(layer).__name__}; it takes the mean of each map."
    assert type(layer).__name__ != "Lambda", "A Lambda cannot be graded. Keras has a layer for everything in the table."
some_digits = np.random.default_rng(24).random((3, 28, 28, 1)).astype("float32")
out, again = (np.asarray(checked(some_digits, training=True), dtype=float) for _ in range(2))
assert out.shape == (3, 10), (
    f"Three images gave an output of shape {out.shape}; ten numbers for each, (3, 10), are needed."
)
assert np.allclose(out, again, atol=1e-4), (
    f"In training, the same three images gave {out[0, 0]:.4g} first and {again[0, 0]:.4g} then: some layer works by "
    "chance, as dropout does. The table has none."
)
weights = checked.get_weights()
weights[-2], weights[-1] = np.zeros_like(weights[-2]), np.linspace(-5, 4, 10).astype("float32")
checked.set_weights(weights)
out = np.asarray(checked(some_digits, training=False), dtype=float)
assert np.allclose(out[0], np.linspace(-5, 4, 10), atol=1e-5), (
    "The last layer must have no activation: if its weights are 0 and its biases −5, −4 … 4, these are the outputs; "
    f"yours are {out[0].round(4).tolist()}."
)
for weights in checked.trainable_weights:
    if weights.path.endswith(("gamma", "beta")):
        weights.assign(np.full(weights.shape, -1.0 if weights.path.endswith("beta") else 0.0))
    elif weights.path == checked.trainable_weights[-2].path:
        weights.assign(np.ones(weights.shape))
out = np.asarray(checked(some_digits, training=False), dtype=float)
assert np.allclose(out[0], np.linspace(-5, 4, 10), atol=1e-5), (
    "If all batch normalisations deliver −1, ReLU makes 0 of it and so does the pooling; then the last layer adds only "
    f"its biases, −5, −4 … 4. Your network gives {out[0].round(4).tolist()}. Does ReLU come last in each block?"
)
_, network = _built(bn_momentum=0.5)
momenta = [layer.momentum for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
assert set(momenta) <= {0.5}, (
    f"With bn_momentum=0.5 all batch normalisations must have the momentum 0.5; yours have {momenta}."
)
_, network = _built(side=14)
assert tuple(network.input_shape) == (None, 14, 14, 1), (
    f"With side=14 the network must take images of shape (14, 14, 1); it takes {tuple(network.input_shape)[1:]}."
)


### BEGIN HIDDEN TESTS
from data_utils import beside_answer, unasked_settings


@beside_answer
def _share_weights():
    """Whether two networks of build_cnn have weights in common."""
    one, other = build_cnn(), build_cnn()
    before = np.array(other.get_weights()[0])
    one.set_weights([weights + 1 for weights in one.get_weights()])
    return not np.array_equal(np.array(other.get_weights()[0]), before)


def _by_hand(arrays, images, training):
    """The outputs of the table's layers with these weights, and each block's mean and variance before normalising."""
    maps, seen = images, []
    for block in range(4):
        kernels, biases, gamma, beta, mean, variance = arrays[6 * block : 6 * block + 6]
        maps = np.asarray(keras.ops.conv(maps, kernels, padding="valid")) + biases
        seen.append((maps.mean(axis=(0, 1, 2)), maps.var(axis=(0, 1, 2))))
        if training:
            mean, variance = seen[-1]
        maps = np.maximum(gamma * (maps - mean) / np.sqrt(variance + 0.001) + beta, 0).astype("float32")
    return maps.mean(axis=(1, 2)) @ arrays[24] + arrays[25], seen


expected_shapes, channels = [], 1
for filters in (16, 32, 64, 128):
    expected_shapes += [(3, 3, channels, filters), *[(filters,)] * 5]
    channels = filters
expected_shapes += [(128, 10), (10,)]
assert _built()[1] is not checked, "Each call of build_cnn must make a new network; two calls gave the same one."
# The first two have small weights, so that the variances are near epsilon, 0.001.
# In the last, gamma is large, so that ReLU gets large numbers.
for given, options, side, momentum, scale, gain in [
    ((), {}, 28, 0.99, 0.04, 1),
    ((0.25, 16), {}, 16, 0.25, 0.04, 1),
    ((), {"bn_momentum": 0.7, "side": 13}, 13, 0.7, 1.0, 1),
    ((), {"side": 20}, 20, 0.99, 1.0, 1),
    ((), {"side": 10}, 10, 0.99, 1.0, 100),
]:
    rng = np.random.default_rng(25)
    call, network = _built(*given, **options)
    assert tuple(network.input_shape) == (None, side, side, 1), (
        f"{call} takes images of shape {tuple(network.input_shape)[1:]}, not {(side, side, 1)}."
    )
    fresh = network.get_weights()
    shapes = [tuple(weights.shape) for weights in fresh]
    assert shapes == expected_shapes, f"The weights of {call} have the shapes {shapes}, not {expected_shapes}."
    for block in range(4):
        for place, name, begin in [
            (2, "gamma", 1),
            (3, "beta", 0),
            (4, "the moving mean", 0),
            (5, "the moving variance", 1),
        ]:
            values = fresh[6 * block + place]
            assert np.array_equal(values, np.full_like(values, begin)), (
                f"In an untrained network, {name} of batch normalisation {block + 1} is {begin}; yours goes "
                f"from {values.min():.8g} to {values.max():.8g}."
            )
    assert not network.losses, "A layer adds to the loss (a regularizer?); the table asks for none."
    extras = unasked_settings(network)
    assert not extras, f"{call} has layers with settings that the table does not name: {', '.join(extras)}."
    arrays = []
    for place, shape in enumerate(shapes):
        if len(shape) > 1:
            array = rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape) * (scale if len(shape) == 4 else 1)
        elif place < 24 and place % 6 in (2, 5):
            array = rng.uniform(0.5, 1.5, shape) * (scale**2 if place % 6 == 5 else gain)
        else:
            array = rng.normal(0, 0.3, shape) * (scale if place < 24 and place % 6 in (1, 4) else 1)
        arrays.append(array.astype("float32"))
    network.set_weights(arrays)
    images = rng.random((5, side, side, 1)).astype("float32")
    for training in (False, True):
        expected, statistics = _by_hand(arrays, images, training)
        expected = expected.astype(float)
        out = np.asarray(network(images, training=training), dtype=float)
        tolerance = 1e-2 if gain == 1 else 1e-3 * np.abs(expected).max()
        assert out.shape == expected.shape and np.allclose(out, expected, atol=tolerance), (
            f"With weights of the test and {training=}, an image gives {out[0].round(3).tolist()}; with the table's "
            f"layers it is {expected[0].round(3).tolist()}. {call} was asked for. Check the order within a block, the "
            "pooling, the activations (a plain ReLU has no upper limit), epsilon (0.001), and that there are no other "
            "layers."
        )
    moved = network.get_weights()
    for block, (mean, variance) in enumerate(statistics):
        for place, value, size in [(4, mean, scale), (5, variance, scale**2)]:
            old, new = arrays[6 * block + place], moved[6 * block + place]
            due = momentum * old + (1 - momentum) * value
            at = np.abs(new - due).argmax()
            assert np.allclose(new, due, rtol=1e-3, atol=1e-3 * size), (
                f"{call}: batch normalisation {block + 1} has a moving average that was {old[at]:.6g}; a batch of "
                f"{value[at]:.6g} makes it {new[at]:.6g}, not {due[at]:.6g}. Is bn_momentum passed to every "
                "BatchNormalization, and its default 0.99?"
            )
assert not _share_weights(), "Two networks of build_cnn share their weights. Make new layers at each call."
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 4 points.")

# %% tags=["nbval-check-output"]
for side in (28, 14):
    network = build_cnn(side=side)
    print(f"digits of {side}×{side}: {network.count_params():,} parameters")
print("the large dense layer of LeNet alone: 1,225,500 parameters")

# %% [markdown]
# ### The parameters that do not train
#
# Keras lists 480 parameters of this network as "non-trainable". Try to find them before you run the next cell, by
# counting on paper: which two of the four numbers that a batch normalisation has for each channel are learned by
# gradients, and which two are not? How many channels do the four blocks have together?

# %% tags=["nbval-check-output"]
network = build_cnn()
for weights in network.weights[:6]:
    print(f"{weights.path.split('/')[-1]:16} {weights.shape!s:14} trains: {weights.trainable}")
trains = sum(int(np.prod(weights.shape)) for weights in network.trainable_weights)
print(f"of all {network.count_params():,} parameters {trains:,} train, and {network.count_params() - trains} do not")

# %% [markdown]
# **What to see.** The six arrays of the first block. Gamma and beta learn; `moving_mean` and `moving_variance` do not
# train: in all blocks 2 · (16 + 32 + 64 + 128) = 480 numbers, half a per cent of the network. "Non-trainable" does not
# mean that they stay as they are. Every training step changes them, only not by gradients. And whenever the network is
# used, every value is shifted and scaled with them.

# %% [markdown]
# ## Part 3 · Logits
#
# The last layer has no activation. Its ten numbers may be negative and do not add up to 1; they are called
# **logits**. **Softmax** makes probabilities of them: e to the power of each logit, divided by the sum of these
# powers. Three logits 2, 0 and −1 have the powers 7.39, 1 and 0.37, with the sum 8.76. So the probabilities are 0.84,
# 0.11 and 0.04. The largest logit becomes the largest probability, so to *name* the digit no softmax is needed.
#
# The loss needs it. The cross-entropy of one image is −log(p), where p is the probability given to its true class. To
# take softmax first and the logarithm afterwards is fragile: e¹⁰⁰⁰ is too large for a float, and a probability that is
# rounded to 0 has no logarithm. One formula for both avoids these errors. That is what `from_logits=True` stands for:
# the loss is told that it gets logits and does the softmax itself. With `from_logits=False`, which is the default, it
# expects probabilities. What happens if it gets logits all the same?

# %%
few, few_labels = halve(X_train[:800]), y_train[:800]
for from_logits in (True, False):
    network = build_cnn(0.9, side=14)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    network.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss, metrics=["accuracy"])
    record = network.fit(few, few_labels, batch_size=16, verbose=0).history
    print(f"{from_logits=!s:5}: training accuracy {record['accuracy'][-1]:.1%}, loss by Keras {record['loss'][-1]:.3f}")

# %% [markdown]
# **What to see.** The same network, trained twice on 800 digits of 14×14 for one epoch. With `from_logits=False` the
# loss takes the logits for probabilities: it cuts off whatever is below 0 or above 1, and what is cut off gets no
# gradient. There is no error message, only a network that does not learn. (With the bundled digits its accuracy was 8
# to 14 % in ten trials, which is guessing. With `from_logits=True` it was 62 to 69 % in five trials.) The opposite
# mistake is a softmax layer *and* `from_logits=True`. The last layer and the loss must fit together.

# %% [markdown]
# ## Part 4 · Timing a training
#
# A published course notebook (S. Bertsch, 2019) printed 0.2 seconds for a training of twelve epochs. The clock was
# started in one cell and stopped in another, and these cells were not run together with the training. A time is honest
# only if start, training and end are in the *same* cell, with nothing else between them.
#
# ### Task 3 · Train, time, test (5 points)
#
# Five names must exist afterwards:
#
# - `cnn`: your network, with the momentum `BN_MOMENTUM`, compiled with plain SGD (learning rate 0.1), sparse
#   categorical cross-entropy from logits, and the metric accuracy; trained on `X_train` and `y_train` in one call of
#   `fit`, with `EPOCHS` epochs and batches of `BATCH_SIZE`, and without validation data, which would cost time;
# - `history`: what `fit` returns;
# - `seconds`: how long `fit` took, by `time.perf_counter()`, a clock for measuring durations;
# - `test_loss` and `test_accuracy`: what `cnn.evaluate` says about `X_test` and `y_test`.
#
# Build the network right after the line that sets the seed. The test computes loss and accuracy itself, and its hidden
# part does the same training once more, with the same random numbers.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Write down the calls in their order, from the network to the test. Around which of them do you read the clock? And
# how does the loss learn that it gets logits?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `keras.optimizers.SGD(...)` and `keras.losses.SparseCategoricalCrossentropy(...)` are given to `compile`; "sparse"
# means that labels are integers. The loss takes `from_logits` (Part 3). Read the clock right before and right after
# `fit`; the difference is the time. `evaluate` returns loss and accuracy in this order. `verbose=2` prints one line an
# epoch, `verbose=0` nothing.
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "train-cnn", "locked": false, "schema_version": 3, "solution": true, "task": false}
keras.utils.set_random_seed(6)  # the same random numbers at every run of this cell
cnn = None  # the trained network
history = None  # what fit returns
seconds = None  # the duration of fit
test_loss, test_accuracy = None, None  # what evaluate returns
### BEGIN SOLUTION
cnn = build_cnn(BN_MOMENTUM)
cnn.compile(
    optimizer=keras.optimizers.SGD(learning_rate=0.1),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
started = time.perf_counter()
history = cnn.fit(X_train, y_train, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0)
seconds = time.perf_counter() - started
test_loss, test_accuracy = cnn.evaluate(X_test, y_test, verbose=0)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-train-cnn", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
try:
    cnn, history, seconds, test_loss, test_accuracy  # as they are called in Task 3
except NameError as error:
    raise AssertionError(
        f"{error}. After Task 3 these names must exist: cnn, history, seconds, test_loss and test_accuracy."
    ) from error
assert cnn is not None, "Task 3 is not done yet: cnn is still None."
assert isinstance(cnn, keras.Model), (
    "cnn must be a Sequential or functional model of Keras's own layers; its class is "
    f"{type(cnn).__name__}. Does build_cnn pass its test?"
)
record = getattr(history, "history", None)
assert isinstance(record, dict) and "loss" in record, (
    "`history` must be what fit returns, an object with the dictionary `history.history`; it is a "
    f"{type(history).__name__}. The cell below needs it."
)
others = sorted(set(record) - {"loss"})
assert not [key for key in others if key.startswith("val_")], (
    f"The record has {others}: fit was given validation data, and the clock measured them, too."
)
assert len(others) == 1 and "acc" in others[0], (
    f"Beside the loss, the record must have the metric accuracy; it has {others or 'nothing'}. Check the metrics of "
    "compile."
)
for name, value in [("seconds", seconds), ("test_loss", test_loss), ("test_accuracy", test_accuracy)]:
    assert value is not None, f"Task 3 is not complete: {name} is still None."
    assert np.ndim(value) == 0 and not isinstance(value, str), (
        f"{name} must be a number; it is {value!r:.80}, a {type(value).__name__}."
    )
optimizer = getattr(cnn, "optimizer", None)
assert optimizer is not None, "cnn is not compiled, so it cannot have been trained."
settings, kind = optimizer.get_config(), type(optimizer).__name__
assert kind == "SGD" and not settings.get("momentum") and not settings.get("weight_decay"), (
    f"The optimiser must be plain SGD; it is {kind} with the momentum {settings.get('momentum')} and the weight decay "
    f"{settings.get('weight_decay')}."
)
rate = float(np.asarray(optimizer.learning_rate))
assert abs(rate - 0.1) < 1e-6, f"The learning rate must be 0.1; it is {rate:.6g}."
batches, counted = -(-N_TRAIN // BATCH_SIZE), int(optimizer.iterations)
assert len(record["loss"]) == EPOCHS and counted == batches * EPOCHS, (
    f"{N_TRAIN:,} digits in batches of {BATCH_SIZE} are {batches} steps an epoch, {batches * EPOCHS} in {EPOCHS}; the "
    f"optimiser counted {counted}, the record has {len(record['loss'])} epochs. "
    "Check batch_size, epochs and that all digits are used, in one call of fit."
)
momenta = {
    round(float(layer.momentum), 6) for layer in cnn.layers if isinstance(layer, keras.layers.BatchNormalization)
}
assert momenta <= {round(BN_MOMENTUM, 6)}, (
    f"The batch normalisations of cnn have the momentum {momenta}, not BN_MOMENTUM = {BN_MOMENTUM}."
)
(known_images, known_labels), (fresh_images, fresh_labels) = load_mnist(N_TRAIN, N_TEST)
known_images, fresh_images = (images[..., None].astype("float32") / 255 for images in (known_images, fresh_images))
answers = np.asarray(cnn.predict(fresh_images, batch_size=100, verbose=0), dtype=float)
assert answers.shape == (len(fresh_labels), 10), (
    f"cnn must give ten logits for each digit; its output has shape {answers.shape}."
)
assert not (answers.min() >= 0 and np.allclose(answers.sum(axis=1), 1, atol=1e-3)), (
    f"The outputs of cnn are probabilities, {answers[0].round(3).tolist()}; they must be logits."
)
reached = float((answers.argmax(axis=1) == fresh_labels).mean())
assert abs(float(test_accuracy) - reached) < 0.003 + 1e-3 * abs(reached), (
    f"cnn gets {reached:.4f} of the test digits right, but test_accuracy is {float(test_accuracy):.4f}. Is it the "
    "second number of cnn.evaluate(X_test, y_test)? Did anything change cnn after that, such as a call with "
    "training=True, which moves the averages?"
)
losses = keras.losses.sparse_categorical_crossentropy(fresh_labels, answers, from_logits=True)
due = float(np.asarray(losses, dtype=float).mean())
assert abs(float(test_loss) - due) < 0.01 + 0.01 * due, (
    f"The loss computed from the logits of cnn is {due:.4f}, but test_loss is {float(test_loss):.4f}. Does the "
    "loss know that it gets logits? Did anything change cnn after evaluate, such as a call with training=True?"
)


### BEGIN HIDDEN TESTS
from data_utils import beside_answer, is_untrained


@beside_answer
def _untrained():
    """The network of Task 3 before its training, made by build_cnn right after the seed is set; and the seed then."""
    import tensorflow as tf

    keras.utils.set_random_seed(6)
    return build_cnn(BN_MOMENTUM), tf.compat.v1.get_seed(None)[0]


def _own():
    """The network of build_cnn and its seed; None if it is not of Keras's layers for these digits, or was trained."""
    network, seed = _untrained()
    fits = isinstance(network, keras.Model) and isinstance(seed, int) and network.output_shape == (None, 10)
    return (network, seed) if fits and (is_untrained(network, 6) or is_untrained(network, seed)) else None


def _of_table():
    """The network of the table in Task 2, with the random numbers that Task 3 gives it; and the seed."""
    keras.utils.set_random_seed(6)
    network = keras.Sequential([keras.Input((28, 28, 1))])
    for filters in (16, 32, 64, 128):
        network.add(keras.layers.Conv2D(filters, 3))
        network.add(keras.layers.BatchNormalization(momentum=BN_MOMENTUM))
        network.add(keras.layers.ReLU())
    network.add(keras.layers.GlobalAveragePooling2D())
    network.add(keras.layers.Dense(10))
    return network, 6


def _trained(network, seed):
    """The training of Task 3, done here: loss and accuracy by epoch, seconds, outputs for the fresh digits."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss, metrics=["accuracy"])
    keras.utils.set_random_seed(seed)
    start = time.perf_counter()
    run = network.fit(known_images, known_labels, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0).history
    duration = time.perf_counter() - start
    shown = np.asarray(network.predict(fresh_images, batch_size=100, verbose=0), dtype=float)
    return [[float(value) for value in run[key]] for key in ("loss", "accuracy")], duration, shown


import psutil
import tensorflow as tf

kept = cnn.get_weights()
in_batches = [
    np.asarray(cnn(fresh_images[at : at + 100], training=True)).argmax(axis=1)
    for at in range(0, len(fresh_images), 100)
]
cnn.set_weights(kept)
learned = max(reached, float((np.concatenate(in_batches) == fresh_labels).mean()))
needed = (
    0.70
    if N_TRAIN * EPOCHS >= 8_000 and counted >= 250
    else 0.20
    if N_TRAIN * EPOCHS >= 800 and counted >= 100
    else 0.0
)
assert learned >= needed, (
    f"cnn gets {learned:.1%} of the test digits right, even with the statistics of the test batches; {needed:.0%} "
    "are reached easily."
)
assert float(seconds) > 1e-4 * counted, (
    f"seconds is {float(seconds):.2g}: no computer takes {counted} steps in that time. Is fit between the two readings?"
)
age = time.time() - psutil.Process().create_time()  # the clock itself has run for longer
assert float(seconds) < age + 1, (
    f"seconds is {float(seconds):.3g}, but this Python has run for {age:.3g} s only. It must be the difference of two "
    "readings."
)
if N_TRAIN * EPOCHS <= 1_000:  # the same training once more: how long it takes, and what comes of it
    noted = [[float(value) for value in record[key]] for key in ("loss", others[0])]
    # What an answer above does wrongly is not counted twice. TensorFlow rounds in another way if it was told to do all
    # operations in the same order each time, and here the training makes much of it.
    distances = []  # of the outputs, where the record is the same
    for made, in_order in [(_of_table, False), (_own, False), (_of_table, True), (_own, True)]:
        if in_order:
            tf.config.experimental.enable_op_determinism()
        with explain_errors("The training of Task 3, done again with your build_cnn,"):
            network_and_seed = made()
        if network_and_seed is None:
            continue
        again, duration, outputs = _trained(*network_and_seed)
        apart = float(np.abs(answers - outputs).mean())
        same_loss = np.allclose(noted[0], again[0], rtol=0.01, atol=2e-3)
        same_record = same_loss and np.allclose(noted[1], again[1], atol=4.5 / len(known_images))  # four digits
        distances += [apart] * same_record
        if same_record and apart < 0.1:
            break
    assert distances, (
        f"The record begins with a loss of {noted[0][0]:.5g} and an accuracy of {noted[1][0]:.5g}. The training that "
        f"Task 3 describes, done again with your build_cnn, gives {again[0][0]:.5g} and {again[1][0]:.5g}. Check "
        "digits, labels, optimiser, loss, the other arguments of fit, and that the network is built right after the "
        "seed is set."
    )
    assert min(distances) < 0.1, (
        f"The record is right, but the outputs of cnn for the test digits differ by {min(distances):.4g} on average "
        "from those of a network that is trained as Task 3 says. Something may have changed cnn after fit: a call with "
        "training=True moves the averages of its batch normalisations. Or is the record that of another network?"
    )
    assert float(seconds) > duration / 15, (
        f"seconds is {float(seconds):.3g}; the same training, done again, took {duration:.3g} s. Is it in seconds, for "
        "the whole of fit?"
    )
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 5 points.")

# %%
print(f"{len(X_train) * EPOCHS:,} digits in {seconds:.0f} s, {1e3 * seconds / (len(X_train) * EPOCHS):.1f} ms a digit")
print("last epoch of the training:", *(f"{name} {values[-1]:.4f}" for name, values in history.history.items()))
print(f"test accuracy {test_accuracy:.4f}, test loss {test_loss:.4f}")

# %% [markdown]
# **What to see.** A time that fits the work done. With 99,402 parameters the network is a thirteenth of LeNet, but it
# is not fast: a convolution uses each weight at every place, and there is no pooling between the blocks to make the
# maps smaller. The full experiment, one epoch of all 60,000 digits in batches of 32 with momentum 0.99, was published
# with a training accuracy of 91.64 %, a test accuracy of 92.58 % and a test loss of 0.2345.
#
# ## Part 5 · The numbers that lag behind
#
# With the momentum and the batches of the full experiment, but only 4,000 digits and three epochs, the test accuracy
# may be very low: once we measured 32 %, while the training accuracy was far higher. Overfitting? Let us look at a
# smaller case as it learns. Two networks, one with momentum 0.99 and one with 0.9, start from the same weights and
# learn from the same batches for two epochs. To save time the digits are halved to 14×14; global average pooling does
# not mind. Every 25 steps a callback, an object that `fit` calls at certain moments, measures the accuracy on the same
# 500 test digits twice: in inference, with the moving averages, and with the statistics of the 500 digits themselves,
# as in training (`training=True`).
#
# One trap is in the code below. A call with `training=True` also *updates* the moving averages, even if it is only to
# measure. So the weights are kept before and put back afterwards.

# %%
(few_images, few_labels), (held_images, held_labels) = load_mnist(min(4_000, N_TRAIN), min(500, N_TEST))
few_images, held_images = halve(ready(few_images)), halve(ready(held_images))


def accuracy(model, training=False):
    """Share of the held-out digits that the model gets right; the model stays as it is."""
    kept = model.get_weights()
    answers = np.asarray(model(held_images, training=training)).argmax(axis=1)
    model.set_weights(kept)
    return float((answers == held_labels).mean())


class Watch(keras.callbacks.Callback):
    """Every 25 steps: two accuracies, and the first block's variance, moving and true (means of its 16 channels)."""

    def on_train_begin(self, logs=None):
        self.rows = []

    def on_train_batch_end(self, batch, logs=None):
        step = int(self.model.optimizer.iterations)
        if step % 25 == 0:
            weights = self.model.get_weights()
            maps = np.asarray(keras.ops.conv(held_images, weights[0]))  # without biases: they change no variance
            true = maps.var(axis=(0, 1, 2)).mean()
            self.rows.append([step, accuracy(self.model), accuracy(self.model, True), weights[5].mean(), true])


watched = {}
for momentum in (0.99, 0.9):
    keras.utils.set_random_seed(3)  # the same first weights and the same batches for both
    network, watch = build_cnn(momentum, side=14), Watch()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss)
    network.fit(few_images, few_labels, batch_size=32, epochs=2, verbose=0, callbacks=[watch])
    watched[momentum] = network, pd.DataFrame(watch.rows, columns=["step", "inference", "by batch", "moving", "true"])

pairs = zip(*(watched[momentum][0].trainable_weights for momentum in (0.99, 0.9)))
largest = max(float(np.abs(np.asarray(one) - np.asarray(other)).max()) for one, other in pairs)
print(f"largest difference between the trained weights of the two networks: {largest:.1e} (1e-7 is rounding)")

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
for momentum, style, colour in [(0.99, "s--", "#D55E00"), (0.9, "o-", "#0072B2")]:
    seen = watched[momentum][1]
    left.plot(seen["step"], seen["inference"], style, color=colour, label=f"inference, momentum {momentum}")
    right.plot(seen["step"], seen["moving"], style, color=colour, label=f"moving, momentum {momentum}")
left.plot(seen["step"], seen["by batch"], "-.", color="0.3", label="with the batch's own statistics")
right.plot(seen["step"], seen["true"], "-.", color="0.3", label="true")
left.set(xlabel="step", ylabel="accuracy", ylim=(0, 1), title=f"{len(held_images)} test digits, 14×14")
right.set(xlabel="step", ylabel="variance (mean of 16 channels)", yscale="log", ylim=(0.01, 1))
right.set_title("variance behind the first convolution")
left.legend(fontsize=8)
right.legend(fontsize=8)
plt.show()

# %% [markdown]
# **What to see.** The two networks have the same trained weights, as training never uses the moving averages. They
# differ in the 480 numbers alone. With its batch's own statistics (grey, dash-dotted) the network soon names more than
# nine digits in ten. Used as intended, with the moving averages, the network of momentum 0.9 (solid, circles) comes
# close to that, with ups and downs; the one of 0.99 (dashed, squares) stays far below. On the right is why: the moving
# variance still holds a part of its first value, 1. At the end this part is 0.08, about four times the true variance.
# So this block divides its channels, on average, by about twice the right number, and the values come out too small for
# the blocks behind it.
#
# ### Task 4 · Set the 480 numbers right (6 points)
#
# If this explanation is right, the network needs no more training. It needs statistics that fit its weights. Write
# `settle(model, images)`. It changes `model` so that the moving mean and variance of *every* batch normalisation in
# `model.layers` are those that `images` give with the model's present weights, whatever momentum each layer has and
# whatever its name is. The trained weights, the layers' `trainable` and `momentum`, and `images` must be unchanged
# afterwards. `images` are few enough to go through the model in one batch. What it returns does not matter.
#
# The first values may be very far off, so at most a thousandth of them may remain.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Which call updates the moving averages although nothing is trained? The paragraph in Part 5 that begins with "One
# trap" names it. How much of the first values is left after one such call?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `model(images, training=True)` updates all the moving averages without training. Once is not enough: `momentum**calls`
# of the first values is left after so many calls. With momentum 0.99, it takes 688 calls until only a thousandth is
# left; with a larger one, more. It is quicker to change the `momentum` of the layers for a while: with which value is
# one call enough? Do not forget to put the old values back. `model.layers` lists the layers; `isinstance(layer,
# keras.layers.BatchNormalization)` picks the right ones.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# A single layer and two numbers, 6 and 14: their mean is 10, their variance 16. See how the moving averages come
# nearer, call by call.
#
# ```python
# norm = keras.layers.BatchNormalization(momentum=0.5)
# pair = np.array([[6.0], [14.0]], dtype="float32")
# for call in range(1, 4):
#     norm(pair, training=True)
#     print(call, float(norm.moving_mean[0]), float(norm.moving_variance[0]))
# # 1 5.0 8.5
# # 2 7.5 12.25
# # 3 8.75 14.125
# norm(pair, training=False)  # inference uses the averages and leaves them alone
# print(norm.momentum, float(norm.moving_mean[0]))  # 0.5 8.75
# ```
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "settle", "locked": false, "schema_version": 3, "solution": true, "task": false}
def settle(model, images):
    """Give every batch normalisation of the model the statistics that these images have under its present weights."""
    ### BEGIN SOLUTION
    blocks = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in blocks]
    for layer in blocks:
        layer.momentum = 0.0  # the moving value becomes that of the batch at once
    model(images, training=True)
    for layer, momentum in zip(blocks, momenta):
        layer.momentum = momentum
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-settle", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false}
def _unsettled(momenta, seed, channels=1):
    """A small network with random weights and moving averages that are far off; images, the darkest first."""
    rng = np.random.default_rng(seed)
    names = keras.layers
    first, second, third = momenta
    network = keras.Sequential(
        [
            keras.Input((9, 9, channels)),
            names.BatchNormalization(momentum=first),
            names.Conv2D(4, 3),
            names.BatchNormalization(momentum=second, name="of_four_maps"),
            names.ReLU(),
            names.Conv2D(6, 3),
            names.BatchNormalization(momentum=third),
            names.GlobalAveragePooling2D(),
            names.Dense(3),
        ]
    )
    network.set_weights([rng.normal(0, 0.5, w.shape).astype("float32") for w in network.get_weights()])
    for layer in network.layers:
        if isinstance(layer, names.BatchNormalization):
            layer.moving_mean.assign(rng.normal(3, 2, layer.moving_mean.shape))
            layer.moving_variance.assign(rng.uniform(20, 40, layer.moving_variance.shape))
    brightness = np.sort(rng.normal(0.5, 0.3, 60))[:, None, None, None]
    return network, (rng.normal(0, 0.3, (60, 9, 9, channels)) + brightness).astype("float32")


def _settled(network, images):
    """Let settle work on the network, and look at what must not change."""
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta, trained, given = [layer.momentum for layer in norms], len(network.trainable_weights), images.copy()
    before = {w.path: w.numpy().copy() for w in network.weights}
    with explain_errors("settle"):
        settle(network, given)
    changed = [w.path for w in network.weights if not np.array_equal(before[w.path], np.asarray(w))]
    assert changed, (
        "settle changes nothing. The moving averages move only in calls with training=True, and with a momentum of 1 "
        "they keep all that they were."
    )
    changed = [path for path in changed if "/moving_" not in path]
    assert not changed, (
        f"settle changes trained weights, such as {changed[0]}; only the moving averages may change. Do not call fit."
    )
    now = [layer.momentum for layer in norms]
    assert now == momenta, f"The layers' momenta must be in the end what they were, {momenta}; they are {now}."
    assert len(network.trainable_weights) == trained, (
        f"{trained} arrays of weights could be trained before, {len(network.trainable_weights)} after settle."
    )
    assert np.array_equal(given, images), "settle changes the images."
    return norms


network, images = _unsettled((0.9, 0.95, 0.8), seed=31)
weights_before = network.get_weights()
wanted = np.asarray(network(images, training=True), dtype=float)
network.set_weights(weights_before)
first_norm, *_ = _settled(network, images)
found, right_value = float(first_norm.moving_mean[0]), float(images.mean())
assert abs(found - right_value) < 0.05, (
    f"The first moving mean must become the mean of the images, {right_value:.3f}; it is {found:.3f}. How much of the "
    "first value remains, and are all images used?"
)
found, right_value = float(first_norm.moving_variance[0]), float(images.var())
assert abs(found / right_value - 1) < 0.4, (
    f"The first moving variance must become that of the images, {right_value:.4f}; it is {found:.4f}. How much of the "
    "first value remains, and are all images used?"
)
answers = np.asarray(network(images, training=False), dtype=float)
off = np.abs(answers - wanted).max() / wanted.std()
assert off < 0.5, (
    "After settle, the network must answer in inference (training=False) as it does with the images' own statistics "
    f"(training=True); for the first image it gives {answers[0].round(3).tolist()}, not {wanted[0].round(3).tolist()}. "
    "Are all its batch normalisations right?"
)
### BEGIN HIDDEN TESTS
for momenta, seed, channels in [
    ((0.99, 0.99, 0.99), 32, 1),
    ((0.5, 0.9, 0.98), 34, 3),
    ((0.99, 0.6, 0.8), 35, 2),
]:
    network, images = _unsettled(momenta, seed, channels)
    current, exact = images, []
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            exact.append((np.asarray(current).mean(axis=(0, 1, 2)), np.asarray(current).var(axis=(0, 1, 2))))
            current = np.asarray(layer.gamma) * (np.asarray(current) - exact[-1][0]) / np.sqrt(
                exact[-1][1] + 0.001
            ) + np.asarray(layer.beta)
        else:
            current = np.asarray(layer(current))
    norms = _settled(network, images)
    for place, (layer, (mean, variance)) in enumerate(zip(norms, exact)):
        found = np.asarray(layer.moving_mean)
        off = np.abs(found - mean) / np.sqrt(variance + 0.001)
        assert off.max() < 0.25, (
            f"In a network whose batch normalisations have the momenta {momenta}, the moving mean of number "
            f"{place + 1} is {found[off.argmax()]:.4g} after settle; the images' own is {mean[off.argmax()]:.4g}."
        )
        found = np.asarray(layer.moving_variance)
        ratio = (found + 0.001) / (variance + 0.001)
        worst = np.abs(np.log(np.maximum(ratio, 1e-9))).argmax()
        assert ratio.min() > 0.7 and ratio.max() < 1.5, (
            f"In a network whose batch normalisations have the momenta {momenta}, the moving variance of number "
            f"{place + 1} is {found[worst]:.4g} after settle; the images' own is {variance[worst]:.4g}."
        )
    assert not np.allclose(np.asarray(network(images[:1], training=False)), 0), (
        "After settle the network answers nothing but zeros."
    )
slow = keras.Sequential([keras.Input((1, 1, 2)), keras.layers.BatchNormalization(momentum=0.995)])
slow.add(keras.layers.GlobalAveragePooling2D())
slow.add(keras.layers.Dense(3))
pairs = np.random.default_rng(36).normal([0.5, -2.0], [0.4, 1.5], (60, 1, 1, 2)).astype("float32")
slow.layers[0].moving_mean.assign([300.0, -200.0])
slow.layers[0].moving_variance.assign([2000.0, 900.0])
(layer,) = _settled(slow, pairs)
found = np.concatenate([np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)])
exact = np.concatenate([pairs.mean(axis=(0, 1, 2)), pairs.var(axis=(0, 1, 2))])
left_over = (found - exact) / (np.array([300.0, -200.0, 2000.0, 900.0]) - exact)
assert left_over.max() < 0.005, (
    f"In a batch normalisation of momentum 0.995, {left_over.max():.1%} of the first values remain after settle; at "
    "most a thousandth may. With momentum 0.99 it is so after 688 calls; here these leave 3.2 %."
)
assert left_over.min() > -0.005, (
    f"In a batch normalisation of momentum 0.995 the moving means and variances are {found.round(4).tolist()} after "
    f"settle; the images' own are {exact.round(4).tolist()}."
)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 6 points.")

# %%
lagging = watched[0.99][0]
unsettled = lagging.get_weights()
print(f"momentum 0.99 after two epochs:     test accuracy {accuracy(lagging):.1%}")
settle(lagging, few_images[:100])
print(f"settled on 100 *training* digits:   test accuracy {accuracy(lagging):.1%}")
lagging.set_weights(unsettled)  # so that this cell can be run again

copy_of_cnn = keras.models.clone_model(cnn)
copy_of_cnn.set_weights(cnn.get_weights())
settle(copy_of_cnn, X_train[:100])
settled = float((copy_of_cnn.predict(X_test, batch_size=100, verbose=0).argmax(axis=1) == y_test).mean())
print(f"the cnn of Part 4: {test_accuracy:.1%} as trained, {settled:.1%} settled")

# %% [markdown]
# **What to see.** No weight was trained, and the accuracy jumps: the explanation holds. In six trials with the bundled
# digits, the two accuracies of the network with momentum 0.99 were 13 to 47 % and 95 to 97 %.
#
# The first value is not the only thing that is wrong. An average with momentum 0.99 remembers the last hundred steps or
# so. In these steps the weights still changed, and the true statistics with them. `settle` corrects this, too.

# %% [markdown]
# ### Task 5 · Explain the 32 % (2 points)
#
# A friend trains the network of this lab on 4,000 digits of 28×28, in batches of 32, for three epochs, with Keras's
# default momentum of 0.99. The training accuracy is high, the test accuracy is 32 %. "Overfitting," says the friend, "I
# will add dropout." Answer in three to six sentences: what is the real cause, and which of the network's parameters are
# wrong? How can your friend make sure, and what helps? Use numbers, also to say why the published run with 60,000
# digits did not suffer.
#
# **Marking scheme.** 1 point: the cause, with the parameters that are wrong and how they change, the number of steps
# and the share of the first values that remains, here and in the published run, and why so small a share matters.
# 1 point: a check that tells it from overfitting, and a remedy that follows from the cause.

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain-lag", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# The network itself has learned; what lags are 480 of its parameters, the moving means and variances, which no gradient
# trains and of which a step replaces a hundredth. 3 · 125 = 375 steps leave 0.99³⁷⁵ = 2.3 % of the first values.
# The moving variances begin at 1, while the true variance behind the first convolution is about 0.02, so this remnant
# is as large as the variance itself; besides, the rest is an average over some hundred steps in which the statistics
# still moved. Such errors add up through four blocks. The published run had 60,000 / 32 = 1,875 steps, which leave 7 in
# a thousand million. To make sure, measure the accuracy on test digits with the batch's own statistics
# (`training=True`, and put the weights back), or settle the averages on training digits: if the test accuracy jumps, it
# cannot be overfitting, since no weight has changed. What helps is a smaller momentum such as 0.9, more steps (smaller
# batches or more epochs), or settling after training; dropout does nothing about it.
# ### END SOLUTION

# %% [markdown]
# ## Part 6 · What it confuses
#
# An accuracy says how many digits are named wrongly, not which. A **confusion matrix** does: the number in row i and
# column j says how often a digit that *is* i was *named* j. What is right stands on the diagonal.

# %%
named = cnn.predict(X_test, batch_size=100, verbose=0).argmax(axis=1)  # the largest logit
plot_images(x_test[:25], y_test[:25], named[:25], columns=5)
plt.show()

# %%
def confusion_matrix(labels, predictions):
    """How often a digit of class i (row) was named j (column)."""
    matrix = np.zeros((10, 10), dtype=int)
    np.add.at(matrix, (labels, predictions), 1)  # matrix[labels, predictions] += 1 would count each pair only once
    return matrix


matrix = confusion_matrix(y_test, named)
off_diagonal = matrix - np.diag(np.diag(matrix))
figure, axes = plt.subplots(figsize=(6.5, 5.4), layout="constrained")
sns.heatmap(
    off_diagonal, annot=matrix, fmt="d", cmap="Reds", vmin=0, square=True, cbar_kws={"label": "errors"}, ax=axes
)
axes.set(xlabel="named", ylabel="true label", title="confusion matrix (the colour shows the errors alone)")
plt.show()

# %% [markdown]
# **What to see.** The first figure shows the first 25 test digits, each under its prediction; a wrong one is framed and
# tells what it is. The second shows all test digits: the diagonal counts the right answers. It is not coloured;
# otherwise its large numbers would hide the errors. The errors gather in a few pairs, and often a whole column has more
# than its share: then the network names one digit too readily. The pairs change from training to training. Draw the
# matrix for the settled copy of the network, `copy_of_cnn`, as well, and see which errors were caused by the moving
# averages.

# %% [markdown]
# ## Going further
#
# - **A memory that fades.** Write the formula of Part 1 as a function, `update(moving, batch_value, momentum)`, for
#   arrays. Does Keras's layer do the same? Let both see the same twenty batches:
#
#   ```python
#   layer = keras.layers.BatchNormalization(momentum=0.9)
#   moving, rng = [np.zeros(4), np.ones(4)], np.random.default_rng(0)
#   for _ in range(20):
#       batch = rng.normal(2, 3, (32, 5, 5, 4)).astype("float32")
#       layer(batch, training=True)
#       moving = [update(old, new, 0.9) for old, new in zip(moving, batch_statistics(batch))]
#   assert np.allclose(moving, [layer.moving_mean, layer.moving_variance], rtol=1e-3)
#   ```
#
#   After how many steps is at most a thousandth of the first value left? With momentum 0.9 your answer must be 66, with
#   0.99 it must be 688.
# - **Softmax and loss by hand.** Write `softmax(logits)`, for logits of shape (n, k), and `loss_from_logits(logits,
#   labels)`, the mean cross-entropy. Both must work for logits such as 1000, without a warning. So subtract the largest
#   logit of each image first: the softmax stays the same. For the loss, write log(e^a / (e^a + e^b + …)) as a
#   difference, and do not call `softmax`. Check it:
#
#   ```python
#   large = np.array([[1000.0, 0.0, -1000.0], [0.0, 0.0, 0.0]])
#   assert np.allclose(softmax(large), [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]])
#   assert loss_from_logits(np.array([[0.0, 1000.0]]), np.array([0])) == 1000
#   logits, labels = np.random.default_rng(0).normal(0, 4, (20, 10)), np.arange(20) % 10
#   by_keras = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)
#   assert abs(loss_from_logits(logits, labels) - float(by_keras)) < 1e-4
#   ```
#
# - A bias in front of a batch normalisation has no effect in training: why? Build the network with `use_bias=False` in
#   all convolutions. How many parameters does it save?
# - Put the dense layer's weights on the last feature maps *before* averaging: each place then votes for a digit. Draw
#   these votes for some digits. Their mean is the logit. The model `keras.Model(cnn.inputs, cnn.layers[-3].output)`
#   delivers the maps, and `cnn.layers[-1].get_weights()` the weights and biases.
# - With `settle`, is a short training with momentum 0.99 as good as one with 0.9? Compare also batches of 2 and of
#   256. Digits that are halved, such as `few_images`, save time.
# - With all of MNIST, another setting takes the same network to the published accuracy in a fraction of the time (a
#   quarter of the digits: Adam, peak rate 0.01 warmed up and decayed by a cosine, batches of 64, momentum 0.9 in batch
#   normalisation). Try it, and try to beat it. The rate first rises, the *warm-up*, and then falls along a cosine;
#   `keras.optimizers.schedules.CosineDecay` makes such a rate, with its `warmup_target` and `warmup_steps`; Adam takes
#   it as `learning_rate`.
# - Clothes in place of digits, where there is a network: Fashion-MNIST has ten kinds of clothes, in arrays of the same
#   shapes and types as all of MNIST. So your functions take it as it is. It is downloaded once, about 30 MB.
#
#   ```python
#   (clothes, kinds), (new_clothes, new_kinds) = keras.datasets.fashion_mnist.load_data()
#   clothes, kinds = clothes[:N_TRAIN], kinds[:N_TRAIN]
#   new_clothes, new_kinds = new_clothes[:N_TEST], new_kinds[:N_TEST]
#   names = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
#   names += ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
#
#   tailor = build_cnn(BN_MOMENTUM)
#   from_logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
#   tailor.compile(optimizer="adam", loss=from_logits, metrics=["accuracy"])
#   tailor.fit(ready(clothes), kinds, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=2)
#   settle(tailor, ready(clothes[:200]))
#
#   guesses = tailor.predict(ready(new_clothes), batch_size=100, verbose=0).argmax(axis=1)
#   print(f"test accuracy {(guesses == new_kinds).mean():.1%}")
#   confused = confusion_matrix(new_kinds, guesses)
#   print(pd.DataFrame(confused, index=names, columns=names).to_string())
#   ```
#
#   Are clothes harder than digits for this network? Which kinds does it confuse, and would you? Draw some of them with
#   `plot_images`. Leave `settle` out: how much was due to the averages?
#
# ## References
#
# - The published network and its figures: *BTT004 week 7 lab, Implementing a Convolutional Neural Network Using Keras*,
#   assignment, 3 June 2024.
# - The time of 0.2 seconds: S. Bertsch, *Convolutional Neural Networks and some practical techniques for training
#   them*, course notebook, ENGG 192, Winter 2019.
# - S. Ioffe, C. Szegedy: *Batch normalization: accelerating deep network training by reducing internal covariate
#   shift*. ICML 2015.
# - S. Santurkar, D. Tsipras, A. Ilyas, A. Mądry: *How does batch normalization help optimization?* NeurIPS 2018.
# - M. Lin, Q. Chen, S. Yan: *Network in network*. ICLR 2014 (global average pooling).
# - I. Goodfellow, Y. Bengio, A. Courville: *Deep learning*. MIT Press 2016 (on softmax in floating point, chapter 4).
