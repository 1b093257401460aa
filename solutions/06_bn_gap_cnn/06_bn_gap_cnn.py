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
# A network learns 4,000 digits well, and in the test it guesses. It has not learned them by heart, and nothing is
# wrong with its weights: 480 numbers that no gradient ever touches lag behind. In this lab you build the network,
# compute its layers by hand, and set the 480 numbers right.
#
# ## What you will do
#
# You write batch normalisation, global average pooling, softmax and a loss in NumPy, build a network from these parts,
# train it against the clock, find out why its test accuracy can be near chance, and draw what it confuses.
#
# ## What you will learn
#
# - Compute batch normalisation by hand, in training and in inference, and tell which parameters do not train.
# - Say how long a moving average remembers where it started, and what follows for a short training.
# - Replace the large dense layer by global average pooling.
# - Work with logits, and tell a loss when it is given logits and when probabilities.
# - Time a training honestly, and read a confusion matrix.
#
# ## What you need
#
# Labs 3 and 4 (dense layers, convolutions, training, the count of parameters) and Python functions.

# %% [markdown] tags=["stamp-facts"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/cnn-labs/cnn-labs-students/blob/main/labs/06_bn_gap_cnn/06_bn_gap_cnn.ipynb)
# [![Open in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/cnn-labs/cnn-labs-students/main?urlpath=lab/tree/labs/06_bn_gap_cnn/06_bn_gap_cnn.ipynb)
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
# give the values of the full experiment. `BN_MOMENTUM` is explained in Part 1, and Part 5 shows why it is not the same
# for a short training.

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

from data_utils import load_mnist, plot_images

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
# faster and bear larger learning rates. Its inventors' explanation was that the next layer no longer learns on shifting
# ground, which they called *internal covariate shift*. Later experiments (Santurkar and others, 2018) found little of
# that, and a loss that changes more smoothly with the weights instead. So the benefit is well tested, its cause less so.
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
# ### Task 1 · Normalise (2 points)
#
# Write two functions. `maps` is a float array of shape (n, h, w, c): images, rows, columns, channels.
#
# - `batch_statistics(maps)` returns two arrays of shape (c,): the mean and the variance of each channel. The variance
#   is the mean of the squared distances from the mean (NumPy's default).
# - `normalise(maps, mean, variance, gamma, beta, epsilon=0.001)` returns a new array like `maps`, with the formula
#   above. The other arrays have shape (c,). Use the mean and the variance that are *given*, wherever they come from;
#   Task 2 shows why this matters. `maps` stays unchanged.
#
# <details><summary>Hint</summary>
#
# `axis` may name several axes: `maps.mean(axis=(…))`. Which ones must disappear so that only the channels are left?
# Arrays of shape (c,) fit to the last axis of `maps` without more ado. Epsilon stands under the root.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "normalise", "locked": false, "schema_version": 3, "solution": true, "task": false}
def batch_statistics(maps):
    """Mean and variance of each channel, over images, rows and columns: two arrays of shape (c,)."""
    ### BEGIN SOLUTION
    return maps.mean(axis=(0, 1, 2)), maps.var(axis=(0, 1, 2))
    ### END SOLUTION


def normalise(maps, mean, variance, gamma, beta, epsilon=0.001):
    """Each channel shifted and scaled: gamma * (maps - mean) / sqrt(variance + epsilon) + beta."""
    ### BEGIN SOLUTION
    return gamma * (maps - mean) / np.sqrt(variance + epsilon) + beta
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-normalise", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
two_channels = np.stack([np.arange(8.0).reshape(2, 2, 2), np.full((2, 2, 2), 5.0)], axis=-1)
found = batch_statistics(two_channels.copy())
assert found is not None, "batch_statistics returns nothing. Is there a `return`?"
assert len(found) == 2, f"batch_statistics must return two arrays, mean and variance; it returns {len(found)} things."
assert np.ndim(found[0]) > 0, (
    f"batch_statistics must return two arrays, the means *and* the variances; it returns only {found}."
)
found_mean, found_variance = (np.asarray(part, dtype=float) for part in found)
assert found_mean.shape == (2,), (
    f"Two channels have two means, shape (2,); yours have shape {found_mean.shape}. Take the mean over images, rows "
    "*and* columns."
)
assert np.allclose(found_mean, [3.5, 5]), (
    f"The channels 0, 1 … 7 and 5, 5 … 5 have the means 3.5 and 5; batch_statistics gives {found_mean}."
)
assert not np.allclose(found_variance, np.sqrt([5.25, 0])), (
    "The second array is the standard deviation; the variance is its square."
)
assert found_variance.shape == (2,) and np.allclose(found_variance, [5.25, 0]), (
    f"The variances are 5.25 and 0; batch_statistics gives {found_variance}."
)
found = normalise(
    two_channels.copy(), np.array([3.5, 5.0]), np.array([5.25, 0.0]), np.array([1.0, 2.0]), np.array([0.0, 7.0])
)
assert found is not None, "normalise returns nothing. Is there a `return`?"
found = np.asarray(found, dtype=float)
assert found.shape == (2, 2, 2, 2), f"normalise must keep the shape (2, 2, 2, 2); it gives {found.shape}."
assert np.isfinite(found).all(), "A constant channel gives nan or infinity. What is epsilon for?"
assert np.allclose(found[..., 1], 7), (
    f"A channel that is constant at its mean becomes beta, 7; normalise gives {found[0, 0, 0, 1]:.4g}."
)
assert np.allclose(found[0, 0, 0, 0], -1.527380, atol=1e-5), (
    f"(0 − 3.5) / √(5.25 + 0.001) is −1.52738; normalise gives {found[0, 0, 0, 0]:.6g}. Is epsilon under the root, "
    "with the variance?"
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(21)
for shape, epsilon in [((5, 4, 3, 6), 0.001), ((1, 7, 2, 3), 0.5), ((9, 1, 1, 2), 1e-5)]:
    channels = shape[-1]
    sample = rng.normal(rng.normal(0, 3, channels), rng.uniform(0.1, 4, channels), shape)
    kept = sample.copy()
    found_mean, found_variance = (np.asarray(part, dtype=float) for part in batch_statistics(sample))
    flat = kept.reshape(-1, channels)
    assert found_mean.shape == (channels,) and np.allclose(found_mean, flat.mean(0), atol=1e-4), (
        f"The means are wrong for random maps of shape {shape}."
    )
    assert found_variance.shape == (channels,) and np.allclose(found_variance, flat.var(0), atol=1e-3), (
        f"The variances are wrong for random maps of shape {shape}. They are mean squared distances, not divided by "
        "one less."
    )
    mean, variance, gamma, beta = (
        rng.normal(size=channels),
        rng.uniform(0.1, 2, channels),
        rng.normal(size=channels),
        rng.normal(size=channels),
    )
    found = np.asarray(
        normalise(sample, mean.copy(), variance.copy(), gamma.copy(), beta.copy(), epsilon=epsilon), dtype=float
    )
    expected = np.stack(
        [gamma[c] * (kept[..., c] - mean[c]) / (variance[c] + epsilon) ** 0.5 + beta[c] for c in range(channels)],
        axis=-1,
    )
    assert found.shape == expected.shape and np.allclose(found, expected, atol=1e-3), (
        f"normalise is wrong for random maps of shape {shape} and epsilon {epsilon}. It must use the mean and variance "
        "that it is given."
    )
    assert np.array_equal(sample, kept), "The maps that are given were changed."
layer = keras.layers.BatchNormalization()
sample = rng.normal(2, 3, (8, 5, 5, 4)).astype("float32")
by_keras = np.asarray(layer(sample, training=True), dtype=float)
found = np.asarray(normalise(sample, *batch_statistics(sample), np.ones(4), np.zeros(4)), dtype=float)
assert np.allclose(found, by_keras, atol=1e-3), (
    "Your functions together do not give what Keras's layer gives in training."
)
### END HIDDEN TESTS

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
# **What to see.** The first six of sixteen channels of an untrained convolution, signs left out. Before, the means
# differ and the variances are far below 1, as most of a digit is paper. After, the means are 0 and the variances
# much nearer to 1; where the variance is small itself, epsilon takes its share. Keep the last line in mind: a variance
# of about a hundredth will explain a mystery in Part 5.

# %% [markdown]
# ### Task 2 · A memory that fades (2 points)
#
# In **inference**, when the network is used, there may be a single digit and no batch at all, and an answer must not
# depend on which other digits happen to be near. So the layer needs a fixed mean and variance for each channel. It
# collects them during training: after each batch (a training **step**) it updates two **moving averages**,
#
# > new moving value = momentum · moving value + (1 − momentum) · value of this batch
#
# They begin at 0 for the mean and at 1 for the variance. Keras's default **momentum** is 0.99: a step replaces one
# hundredth of the average. (It has nothing to do with an optimiser's momentum, and PyTorch counts it the other way
# round: its 0.01 is Keras's 0.99.) No gradient reaches the moving averages, and training itself never uses them.
#
# Write three functions; momentum is between 0 and 1, both excluded:
#
# - `update(moving, batch_value, momentum)` returns the new moving value, for arrays of the same shape. The arrays
#   that are given stay unchanged.
# - `remaining(momentum, steps)` returns the share of the *very first* value that is still in the moving average after
#   so many steps, a number between 0 and 1.
# - `steps_needed(momentum, share)` returns the smallest number of steps, an `int`, after which at most this share of
#   the first value remains (0 < share < 1).
#
# <details><summary>Hint</summary>
#
# What is left of the first value after one step? And of that after the next? For `steps_needed` a loop will do; or
# take logarithms and round up.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "moving-average", "locked": false, "schema_version": 3, "solution": true, "task": false}
def update(moving, batch_value, momentum):
    """The moving average after one more batch."""
    ### BEGIN SOLUTION
    return momentum * moving + (1 - momentum) * batch_value
    ### END SOLUTION


def remaining(momentum, steps):
    """Share of the first value that is still in the moving average after so many steps."""
    ### BEGIN SOLUTION
    return momentum**steps
    ### END SOLUTION


def steps_needed(momentum, share):
    """Smallest number of steps after which at most this share of the first value remains."""
    ### BEGIN SOLUTION
    return int(np.ceil(np.log(share) / np.log(momentum)))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-moving-average", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
found = update(np.array([0.0, 1.0]), np.array([10.0, 3.0]), 0.9)
assert found is not None, "update returns nothing. Is there a `return`?"
found = np.asarray(found, dtype=float)
assert not np.allclose(found, [9.0, 2.8]), (
    "The weights are swapped: with momentum 0.9 nine tenths of the *moving* value stay."
)
assert found.shape == (2,) and np.allclose(found, [1.0, 1.2]), (
    f"From 0 and 1, with batch values 10 and 3 and momentum 0.9, come 1.0 and 1.2; update gives {found}."
)
found = remaining(0.9, 2)
assert found is not None, "remaining returns nothing. Is there a `return`?"
assert abs(float(found) - 0.81) < 1e-6, (
    f"With momentum 0.9, 0.9 remains after one step and 0.9 of that after two, 0.81; remaining(0.9, 2) is {found}."
)
found = steps_needed(0.9, 0.85)
assert found is not None, "steps_needed returns nothing. Is there a `return`?"
assert float(found) == 2, (
    f"After one step 0.9 remains, after two 0.81, which is at most 0.85; steps_needed(0.9, 0.85) is {found}, not 2."
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(22)
old, batch_value = rng.normal(size=5), rng.normal(size=5)
kept_old, kept_batch = old.copy(), batch_value.copy()
for momentum in (0.99, 0.5, 0.1):
    found = np.asarray(update(old, batch_value, momentum), dtype=float)
    assert np.allclose(found, kept_batch + momentum * (kept_old - kept_batch), atol=1e-5), (
        f"update is wrong for random arrays and momentum {momentum}."
    )
    assert np.array_equal(old, kept_old) and np.array_equal(batch_value, kept_batch), (
        "update changes the arrays it is given."
    )
for momentum, steps in [(0.99, 0), (0.99, 1), (0.99, 250), (0.9, 40), (0.5, 3), (0.999, 1_875)]:
    share = 1.0
    for _ in range(steps):
        share *= momentum
    found = float(remaining(momentum, steps))
    assert abs(found - share) < 1e-6, f"remaining({momentum}, {steps}) is {found:.4g}, not {share:.4g}."
for momentum, share in [(0.99, 0.5), (0.99, 0.0803), (0.9, 0.002), (0.999, 0.3), (0.5, 0.3), (0.2, 0.9)]:
    count, left_over = 0, 1.0
    while left_over > share:
        count, left_over = count + 1, left_over * momentum
    found = float(steps_needed(momentum, share))
    assert found == count, (
        f"steps_needed({momentum}, {share}) is {found:g}, not {count}: after {count - 1} steps too much remains, after "
        f"{count} no longer."
    )
### END HIDDEN TESTS

# %%
figure, axes = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for momentum, style in [
    (0.99, {"color": "#D55E00", "marker": "s", "linestyle": "--"}),
    (0.9, {"color": "#0072B2", "marker": "o"}),
]:
    moving, course_of_it = 1.0, [1.0]
    for _ in range(500):
        moving = update(moving, 0.02, momentum)
        course_of_it.append(moving)
    axes.plot(course_of_it, markevery=50, label=f"momentum {momentum}", **style)
axes.axhline(0.02, color="0.5", linestyle=":", label="true variance")
axes.set(
    xlabel="step", ylabel="moving variance", yscale="log", ylim=(0.01, 1.2), title="from 1 to a true variance of 0.02"
)
axes.legend()
plt.show()
print(
    f"after 250 steps {remaining(0.99, 250):.1%} of the first value remains with momentum 0.99, "
    f"{remaining(0.9, 250):.0e} with 0.9"
)
print(f"steps until at most 0.1 % remains: {steps_needed(0.99, 0.001)} and {steps_needed(0.9, 0.001)}")

# %% [markdown]
# **What to see.** A moving variance that begins at 1, for a channel whose true variance is 0.02 (mind the logarithmic
# scale). With momentum 0.9 (solid, circles) it arrives within 100 steps. With 0.99 (dashed, squares), 8 % of the first
# value is left after 250 steps. That seems little. But 8 % of 1 is four times the true value, so the average is still
# about five times too large.

# %% [markdown]
# ## Part 2 · The network
#
# The network has four blocks of convolution, batch normalisation and ReLU. Where LeNet has Flatten and a large dense
# layer, this one has **global average pooling**: of each feature map only the mean remains, a single number. 128 maps
# become 128 numbers, whatever their size.
#
# ### Task 3 · Global average pooling (1 point)
#
# Write `global_average(maps)`: for `maps` of shape (n, h, w, c) it returns an array of shape (n, c), with the mean of
# each map of each image.
#
# <details><summary>Hint</summary>
#
# It is one line, much like `batch_statistics`. But now the images must stay apart.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "global-average", "locked": false, "schema_version": 3, "solution": true, "task": false}
def global_average(maps):
    """The mean of each feature map of each image: (n, h, w, c) becomes (n, c)."""
    ### BEGIN SOLUTION
    return maps.mean(axis=(1, 2))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-global-average", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
counted = np.arange(24.0).reshape(2, 2, 3, 2)
found = global_average(counted.copy())
assert found is not None, "global_average returns nothing. Is there a `return`?"
found = np.asarray(found, dtype=float)
assert found.shape == (2, 2), (
    f"Two images with two channels give shape (2, 2); global_average gives {found.shape}. Which axes must go?"
)
assert np.allclose(found, [[5, 6], [17, 18]]), (
    f"The means of the maps are 5 and 6, and 17 and 18; global_average gives\n{found}."
)
### BEGIN HIDDEN TESTS
for shape in [(3, 5, 4, 7), (1, 1, 6, 2), (4, 3, 3, 1), (6, 2, 5, 6)]:
    sample = np.random.default_rng(23).normal(size=shape)
    expected = sample.reshape(shape[0], -1, shape[3]).mean(axis=1)
    found = np.asarray(global_average(sample.copy()), dtype=float)
    assert found.shape == expected.shape and np.allclose(found, expected, atol=1e-5), (
        f"global_average is wrong for random maps of shape {shape}."
    )
### END HIDDEN TESTS

# %% [markdown]
# ### Task 4 · Build it (3 points)
#
# | layers | settings | a 28×28 digit becomes |
# | --- | --- | ---: |
# | convolution, batch normalisation, ReLU | 16 filters, 3×3, valid | 26×26×16 |
# | convolution, batch normalisation, ReLU | 32 filters, 3×3, valid | 24×24×32 |
# | convolution, batch normalisation, ReLU | 64 filters, 3×3, valid | 22×22×64 |
# | convolution, batch normalisation, ReLU | 128 filters, 3×3, valid | 20×20×128 |
# | global average pooling | | 128 |
# | dense, *no* activation | 10 units | 10 |
#
# Write `build_cnn(bn_momentum=0.99, side=28)`, which returns this network as a Keras model, untrained and not
# compiled. `bn_momentum` is the momentum of all four batch normalisations. `side` is the side of the square grey
# images, which have shape (side, side, 1). Each convolution keeps its bias, as is Keras's default.
#
# Old recipes begin with `InputLayer(input_shape=…)`. Keras 3 still takes that argument, with a warning that it is
# deprecated; begin with `keras.Input`.
#
# <details><summary>Hint</summary>
#
# `keras.layers.Conv2D`, `BatchNormalization(momentum=…)`, `ReLU`, `GlobalAveragePooling2D`, `Dense`. A loop over the
# four numbers of filters saves typing: make a list of layers, or use `model.add`. The order within a block matters:
# ReLU comes last.
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


# %% nbgrader={"grade": true, "grade_id": "test-build-cnn", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
checked = build_cnn()
assert checked is not None, "build_cnn returns nothing. Is there a `return`?"
assert isinstance(checked, keras.Model), f"build_cnn must return a Keras model; it returns a {type(checked).__name__}."
assert checked.built, "The network does not know the shape of its input yet. Does it start with keras.Input(shape=...)?"
assert tuple(checked.input_shape) == (None, 28, 28, 1), (
    f"One image has shape (28, 28, 1); the network takes {tuple(checked.input_shape)[1:]}."
)
sides = [layer.output.shape[1] for layer in checked.layers if len(getattr(layer.output, "shape", ())) == 4]
sides = sorted({int(length) for length in sides}, reverse=True)
assert [side for side in sides if side != 28] == [26, 24, 22, 20], (
    f"The feature maps must have the sides 26, 24, 22, 20; yours have {sides}. Check window and padding."
)
trainable, frozen = (
    sum(int(np.prod(w.shape)) for w in part) for part in (checked.trainable_weights, checked.non_trainable_weights)
)
assert (trainable, frozen) == (98_922, 480), (
    f"98,922 parameters must be trainable and 480 not; your network has {trainable:,} and {frozen:,}. Compare "
    "checked.summary() with the table."
)
out = np.asarray(
    checked(np.random.default_rng(24).random((3, 28, 28, 1)).astype("float32"), training=False), dtype=float
)
assert out.shape == (3, 10), (
    f"Three images gave an output of shape {out.shape}; ten numbers for each, (3, 10), are needed."
)
assert not np.allclose(out.sum(axis=1), 1, atol=1e-5), (
    "The outputs are probabilities: the last layer must have no activation."
)
### BEGIN HIDDEN TESTS
for side, momentum in [(28, 0.99), (13, 0.7), (20, 0.25)]:
    rng = np.random.default_rng(25)
    network = build_cnn(bn_momentum=momentum, side=side)
    assert tuple(network.input_shape) == (None, side, side, 1), (
        f"With side={side} the network takes images of shape {tuple(network.input_shape)[1:]}."
    )
    expected_shapes, channels = [], 1
    for filters in (16, 32, 64, 128):
        expected_shapes += [(3, 3, channels, filters), *[(filters,)] * 5]
        channels = filters
    expected_shapes += [(128, 10), (10,)]
    shapes = [tuple(weights.shape) for weights in network.get_weights()]
    assert shapes == expected_shapes, f"For side={side} the weights have the shapes {shapes}, not {expected_shapes}."
    arrays = []
    for place, shape in enumerate(shapes):
        spread = rng.uniform(0.5, 1.5, shape) if len(shape) == 1 and place % 6 in (2, 5) else rng.normal(0, 0.3, shape)
        arrays.append(
            (spread if len(shape) == 1 else rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)).astype("float32")
        )
    network.set_weights(arrays)
    images = rng.random((5, side, side, 1)).astype("float32")
    maps_by_hand, first_mean = images, None
    for block in range(4):
        kernels, biases, gamma, beta, mean, variance = arrays[6 * block : 6 * block + 6]
        maps_by_hand = np.asarray(keras.ops.conv(maps_by_hand, kernels, padding="valid")) + biases
        first_mean = maps_by_hand.mean(axis=(0, 1, 2)) if first_mean is None else first_mean
        maps_by_hand = np.maximum(gamma * (maps_by_hand - mean) / np.sqrt(variance + 0.001) + beta, 0).astype("float32")
    expected = maps_by_hand.mean(axis=(1, 2)) @ arrays[24] + arrays[25]
    out = np.asarray(network(images, training=False), dtype=float)
    assert out.shape == expected.shape and np.allclose(out, expected, atol=1e-2), (
        f"For side={side} the outputs are not those of the table's layers. Check the order within a block, the pooling "
        "and the activations."
    )
    network(images, training=True)
    moved = np.asarray(network.get_weights()[4], dtype=float)
    assert np.allclose(moved, momentum * arrays[4] + (1 - momentum) * first_mean, atol=1e-3), (
        f"build_cnn(bn_momentum={momentum}): the moving averages do not move with that momentum. Is it passed to "
        "BatchNormalization?"
    )
assert build_cnn() is not checked, "Each call of build_cnn must make a new network."
### END HIDDEN TESTS

# %% tags=["nbval-check-output"]
for side in (28, 14):
    network = build_cnn(side=side)
    print(f"digits of {side}×{side}: {network.count_params():,} parameters")
print("the large dense layer of LeNet alone: 1,225,500 parameters")

# %% [markdown]
# ### Task 5 · The parameters that do not train (2 points)
#
# Keras lists 480 parameters as "non-trainable". Find out where they are, by counting.
#
# Write `count_parameters(filters, classes, channels=1)`, which returns a pair of `int`s: the trainable parameters and
# those that do not train. `filters` is a list with the number of filters of each block, such as `[16, 32, 64, 128]`;
# the network is otherwise that of the table, with `classes` units at the end and `channels` channels in the images.
#
# <details><summary>Hint</summary>
#
# In each block: a 3×3 convolution with its biases (lab 4) and four numbers for each channel, of which two learn by
# gradients and two are moving averages. The channels that come into a block are the filters of the block before.
# ReLU and pooling have no parameters.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "count-parameters", "locked": false, "schema_version": 3, "solution": true, "task": false}
def count_parameters(filters, classes, channels=1):
    """Parameters of such a network: (trainable, not trainable)."""
    ### BEGIN SOLUTION
    trainable = frozen = 0
    for count in filters:
        trainable += (9 * channels + 1) * count + 2 * count
        frozen += 2 * count
        channels = count
    return trainable + (channels + 1) * classes, frozen
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-count-parameters", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
found = count_parameters([2], 3)
assert found is not None, "count_parameters returns nothing. Is there a `return`?"
assert np.size(found) == 2, f"count_parameters must return two numbers, trainable and not; it returns {found}."
assert tuple(float(part) for part in found) == (33, 4), (
    "One block of 2 filters on grey images has 20 parameters in the convolution, 4 that train and 4 that do not in "
    "the normalisation; "
    f"3 units on 2 numbers have 9. That makes (33, 4); count_parameters([2], 3) is {tuple(found)}."
)
found = tuple(float(part) for part in count_parameters([16, 32, 64, 128], 10))
assert found == (98_922, 480), (
    f"Keras counts 98,922 trainable parameters and 480 others; count_parameters gives {found}."
)
### BEGIN HIDDEN TESTS
for filters, classes, channels in [
    ([5], 4, 3),
    ([4, 6], 2, 1),
    ([3, 8, 2], 7, 2),
    ([16, 32, 64, 128], 26, 3),
    ([7, 7, 7, 7, 7], 10, 1),
]:
    expected_trainable, expected_frozen, depth = 0, 0, channels
    for count in filters:
        expected_trainable, expected_frozen, depth = (
            expected_trainable + count * (9 * depth + 3),
            expected_frozen + 2 * count,
            count,
        )
    expected_trainable += classes * (depth + 1)
    given = list(filters)
    found = tuple(float(part) for part in count_parameters(given, classes, channels=channels))
    assert found == (expected_trainable, expected_frozen), (
        f"count_parameters({filters}, {classes}, channels={channels}) is {found}, not "
        f"{(expected_trainable, expected_frozen)}."
    )
    assert given == filters, "count_parameters changes the list it is given."
### END HIDDEN TESTS

# %% tags=["nbval-check-output"]
for weights in build_cnn().weights[:6]:
    print(f"{weights.path.split('/')[-1]:16} {weights.shape!s:14} trains: {weights.trainable}")
trains, does_not = count_parameters([16, 32, 64, 128], 10)
print(f"by hand: {trains:,} train, {does_not} do not, {trains + does_not:,} in all")

# %% [markdown]
# **What to see.** The six arrays of the first block. `moving_mean` and `moving_variance` do not train: 2 · (16 + 32 +
# 64 + 128) = 480 numbers, half a per cent of the network. "Non-trainable" does not mean that they stay as they are.
# Every training step changes them, only not by gradients. And as the network is used, everything passes through them.

# %% [markdown]
# ## Part 3 · Logits
#
# The last layer has no activation. Its ten numbers may be negative and do not add up to 1; they are called
# **logits**. **Softmax** makes probabilities of them: e to the power of each logit, divided by the sum of these
# powers. The largest logit becomes the largest probability, so to *name* the digit no softmax is needed.
#
# The loss needs it. The cross-entropy of one image is −log(p), where p is the probability given to its true class. To
# take softmax first and the logarithm afterwards is fragile: e¹⁰⁰⁰ is too large for a float, and a probability that is
# rounded to 0 has no logarithm. If both are done in one formula nothing of this happens, and this is what
# `from_logits=True` stands for: the loss is told that it gets logits and does the softmax itself.
#
# ### Task 6 · Softmax and loss by hand (2 points)
#
# `logits` is a float array of shape (n, k). Write
#
# - `softmax(logits)`, which returns the probabilities, shape (n, k);
# - `loss_from_logits(logits, labels)`, which returns the mean cross-entropy of the n images, a number. `labels` are
#   integers of shape (n,).
#
# Both must work for logits such as 1000 and −1000: no `nan`, no infinity, no warning. For the logits 0 and 1000 and
# the true class 0, the loss is 1000. The arrays that are given stay unchanged.
#
# <details><summary>Hint</summary>
#
# Softmax stays the same if one number is subtracted from all logits of an image. Subtract the largest
# (`keepdims=True` helps): then no power is above 1. For the loss, write log(e^a / (e^a + e^b + …)) as a difference;
# after subtracting, the sum under the logarithm is at least 1.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "softmax-loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def softmax(logits):
    """Probabilities of shape (n, k), for logits of any size."""
    ### BEGIN SOLUTION
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
    ### END SOLUTION


def loss_from_logits(logits, labels):
    """Mean cross-entropy, computed from logits without a detour over probabilities."""
    ### BEGIN SOLUTION
    shifted = logits - logits.max(axis=1, keepdims=True)
    of_true_class = shifted[np.arange(len(labels)), labels]
    return float((np.log(np.exp(shifted).sum(axis=1)) - of_true_class).mean())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-softmax-loss", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
thirds = np.log(np.array([[1.0, 2.0, 1.0], [1.0, 1.0, 8.0]]))
found = softmax(thirds.copy())
assert found is not None, "softmax returns nothing. Is there a `return`?"
found = np.asarray(found, dtype=float)
assert found.shape == (2, 3), f"softmax must keep the shape (2, 3); it gives {found.shape}."
assert np.allclose(found.sum(axis=1), 1), (
    f"The probabilities of each image must add up to 1; yours add up to {found.sum(axis=1)}. Sum over the classes."
)
assert np.allclose(found, [[0.25, 0.5, 0.25], [0.1, 0.1, 0.8]]), (
    f"The logits log 1, log 2, log 1 give 1/4, 1/2, 1/4; softmax gives {found[0]}."
)
found = loss_from_logits(thirds.copy(), np.array([1, 2]))
assert found is not None, "loss_from_logits returns nothing. Is there a `return`?"
assert np.size(found) == 1, f"loss_from_logits must return one number, the mean; it returns {found}."
assert abs(float(found) + (np.log(0.5) + np.log(0.8)) / 2) < 1e-4, (
    "The true classes have probabilities 0.5 and 0.8, so the loss is −(log 0.5 + log 0.8) / 2 = 0.4581; "
    f"loss_from_logits gives {float(found):.4f}."
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(26)
with np.errstate(all="ignore"):
    for size, classes in [(7, 10), (1, 4), (6, 6)]:
        sample, true = rng.normal(0, 4, (size, classes)), rng.integers(0, classes, size)
        kept, kept_true = sample.copy(), true.copy()
        found = np.asarray(softmax(sample), dtype=float)
        expected = np.exp(kept) / np.exp(kept).sum(axis=1)[:, None]
        assert found.shape == expected.shape and np.allclose(found, expected, atol=1e-5), (
            f"softmax is wrong for random logits of shape {kept.shape}."
        )
        right_loss = np.mean([-np.log(expected[i, kept_true[i]]) for i in range(size)])
        found = float(loss_from_logits(sample, true))
        assert abs(found - right_loss) < 1e-3, (
            f"loss_from_logits is {found:.4f} for random logits of shape {kept.shape}, not {right_loss:.4f}."
        )
        assert np.array_equal(sample, kept) and np.array_equal(true, kept_true), (
            "The logits or labels that are given were changed."
        )
    large = np.array([[1000.0, 0.0, -1000.0], [-1000.0, -1000.0, -1000.0]])
    found = np.asarray(softmax(large.copy()), dtype=float)
    assert np.isfinite(found).all(), (
        "softmax gives nan or infinity for logits of 1000 and -1000. Subtract the largest logit of each image first."
    )
    assert np.allclose(found, [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]]), (
        f"softmax is wrong for logits of 1000 and -1000: {found}."
    )
    found = float(loss_from_logits(np.array([[0.0, 1000.0]]), np.array([0])))
    assert np.isfinite(found) and abs(found - 1000) < 0.5, (
        f"For the logits 0 and 1000 and class 0 the loss is 1000; loss_from_logits gives {found}. Take no logarithm of "
        "a probability."
    )
    found = float(loss_from_logits(np.array([[-2000.0, -1000.0], [0.0, 0.0]]), np.array([1, 0])))
    assert np.isfinite(found) and abs(found - np.log(2) / 2) < 1e-3, (
        f"loss_from_logits is wrong for large negative logits: {found}."
    )
### END HIDDEN TESTS

# %%
few, few_labels = halve(X_train[:800]), y_train[:800]
for from_logits in (True, False):
    network = build_cnn(0.9, side=14)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    network.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss, metrics=["accuracy"])
    record = network.fit(few, few_labels, batch_size=16, verbose=0).history
    print(
        f"from_logits={from_logits!s:5}: training accuracy {record['accuracy'][-1]:.1%}, loss by Keras "
        f"{record['loss'][-1]:.3f}"
    )

# %% [markdown]
# **What to see.** The same network, trained twice on 800 digits of 14×14 for one epoch. With `from_logits=False` the
# loss takes the logits for probabilities: it cuts off whatever is below 0 or above 1, and what is cut off gets no
# gradient. There is no error message, only a network that does not learn. (With the bundled digits it had 8 to 14 % in
# ten trials, which is guessing; its twin had 62 to 69 % in five.) The opposite mistake is a softmax layer *and*
# `from_logits=True`. There, this version of Keras recognises the softmax layer, gives a warning and takes the logits
# before it. Do not rely on that; the pair must fit.

# %% [markdown]
# ## Part 4 · Training against the clock
#
# A course notebook elsewhere printed 0.2 seconds for a training of twelve epochs. The start was taken in one cell and
# the end in another, and they were not run together with the training. Cells can be run in any order and days apart.
# A time is honest only if start, training and end are in the *same* cell, with nothing else between them.
#
# ### Task 7 · Train, time, test (3 points)
#
# Five names must exist afterwards:
#
# - `cnn`: your network, with the momentum `BN_MOMENTUM`, compiled with plain SGD (learning rate 0.1), sparse categorical
#   cross-entropy from logits, and the metric accuracy; trained on `X_train` and `y_train` in one call of `fit`, with
#   `EPOCHS` epochs and batches of `BATCH_SIZE`;
# - `history`: what `fit` returns;
# - `seconds`: how long `fit` took, by `time.perf_counter()`, a clock for measuring durations;
# - `test_loss` and `test_accuracy`: what `cnn.evaluate` says about `X_test` and `y_test`.
#
# The test lets `cnn` name test digits and computes loss and accuracy itself.
#
# <details><summary>Hint</summary>
#
# `keras.optimizers.SGD(...)` and `keras.losses.SparseCategoricalCrossentropy(...)` are given to `compile`; "sparse"
# means that labels are integers. Read the clock right before and right after `fit`; the difference is the time.
# `evaluate` returns loss and accuracy in this order. `verbose=2` prints one line an epoch, `verbose=0` nothing.
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "train-cnn", "locked": false, "schema_version": 3, "solution": true, "task": false}
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

# %% nbgrader={"grade": true, "grade_id": "test-train-cnn", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
assert cnn is not None, "Task 7 is not done yet: cnn is still None."
assert isinstance(cnn, keras.Model), f"cnn must be a Keras model; it is a {type(cnn).__name__}."
record = getattr(history, "history", history)
assert isinstance(record, dict) and {"loss", "accuracy"} <= set(record), (
    "`history` must be what fit returns, with loss and accuracy. Check the metrics of compile."
)
assert seconds is not None, "Task 7 is not complete: seconds is still None."
assert test_loss is not None and test_accuracy is not None, (
    "Task 7 is not complete: test_loss or test_accuracy is still None."
)
(_, _), (fresh_images, fresh_labels) = load_mnist(N_TRAIN, N_TEST)
fresh_images = fresh_images[..., None].astype("float32") / 255
answers = np.asarray(cnn.predict(fresh_images, batch_size=100, verbose=0), dtype=float)
assert answers.shape == (len(fresh_labels), 10), (
    f"cnn must give ten logits for each digit; its output has shape {answers.shape}."
)
assert not (answers.min() >= 0 and np.allclose(answers.sum(axis=1), 1, atol=1e-3)), (
    "The outputs of cnn are probabilities; they must be logits."
)
reached = float((answers.argmax(axis=1) == fresh_labels).mean())
assert abs(float(test_accuracy) - reached) < 0.003 + 1e-3 * abs(reached), (
    f"cnn gets {reached:.1%} of the test digits right, but test_accuracy is {test_accuracy}. Is it the second "
    "number of cnn.evaluate(X_test, y_test)?"
)
peaks = answers.max(axis=1)
by_hand = float(
    (
        np.log(np.exp(answers - peaks[:, None]).sum(axis=1)) + peaks - answers[np.arange(len(answers)), fresh_labels]
    ).mean()
)
assert abs(float(test_loss) - by_hand) < 0.01 + 0.01 * by_hand, (
    f"The loss computed from the logits of cnn is {by_hand:.3f}, but test_loss is {test_loss}. Does the loss know that "
    "it gets logits?"
)
### BEGIN HIDDEN TESTS
import psutil

batches = -(-N_TRAIN // BATCH_SIZE)
assert cnn.optimizer is not None and "sgd" in type(cnn.optimizer).__name__.lower(), "The optimiser is not SGD."
assert abs(float(np.asarray(cnn.optimizer.learning_rate)) - 0.1) < 1e-6, "The learning rate is not 0.1."
steps = int(cnn.optimizer.iterations)
assert len(record["loss"]) == EPOCHS and steps == batches * EPOCHS, (
    f"{N_TRAIN:,} digits in batches of {BATCH_SIZE} are {batches} steps an epoch, {batches * EPOCHS} in {EPOCHS}; the "
    f"optimiser counted {steps}. "
    "Check batch_size, epochs and that all digits are used, in one call of fit."
)
momenta = {
    round(float(layer.momentum), 6) for layer in cnn.layers if isinstance(layer, keras.layers.BatchNormalization)
}
assert momenta <= {round(BN_MOMENTUM, 6)}, (
    f"The batch normalisations of cnn have the momentum {momenta}, not BN_MOMENTUM = {BN_MOMENTUM}."
)
kept = cnn.get_weights()
in_batches = [
    np.asarray(cnn(fresh_images[at : at + 100], training=True)).argmax(axis=1)
    for at in range(0, len(fresh_images), 100)
]
cnn.set_weights(kept)
learned = max(reached, float((np.concatenate(in_batches) == fresh_labels).mean()))
needed = (
    0.70 if N_TRAIN * EPOCHS >= 8_000 and steps >= 250 else 0.20 if N_TRAIN * EPOCHS >= 800 and steps >= 100 else 0.0
)
assert learned >= needed, (
    f"cnn gets {learned:.1%} of the test digits right, even with the statistics of the test batches; {needed:.0%} "
    "are reached easily."
)
assert float(seconds) > 1e-4 * steps, (
    f"seconds is {float(seconds):.2g}: no computer takes {steps} steps in that time. Is fit between the two readings?"
)
age = time.time() - psutil.Process().create_time()  # the clock itself has run for longer
assert float(seconds) < age + 1, (
    f"seconds is {float(seconds):.3g}, but this Python has run for {age:.3g} s only. It must be the difference of two "
    "readings."
)
### END HIDDEN TESTS

# %%
print(f"{len(X_train) * EPOCHS:,} digits in {seconds:.0f} s, {1e3 * seconds / (len(X_train) * EPOCHS):.1f} ms a digit")
print(f"training accuracy of the last epoch {history.history['accuracy'][-1]:.4f}")
print(f"test accuracy {test_accuracy:.4f}, test loss {test_loss:.4f}")

# %% [markdown]
# **What to see.** A time that fits to the work done. With 99,402 parameters the network is a twelfth of LeNet, but it
# is not fast: a convolution uses each weight at every place, and there is no pooling between the blocks to make the
# maps smaller. The full experiment, one epoch of all 60,000 digits with momentum 0.99, was published with a training
# accuracy of 91.64 %, a test accuracy of 92.58 % and a test loss of 0.2345.
#
# ## Part 5 · The numbers that lag behind
#
# Take the full experiment's momentum and batches, but only 4,000 digits and three epochs, and the test accuracy may be
# 32 %, as it once was measured, with a training accuracy far higher. Overfitting? Let us look at a network as it
# learns. To save time the digits are halved to 14×14; global average pooling does not mind. Every 25 steps a
# callback, an object that `fit` calls at certain moments, measures the accuracy on the same 500 test digits in two
# ways: in inference, with the moving averages, and with the statistics of the 500 digits themselves, as in training
# (`training=True`).
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
    """Measures every 25 steps; with `both`, also what the moving averages should be."""

    def __init__(self, both):
        super().__init__()
        self.both, self.steps, self.inference, self.by_batch, self.moving, self.true = both, 0, [], [], [], []

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.steps % 25 == 0:
            self.inference.append(accuracy(self.model))
            norm = next(layer for layer in self.model.layers if isinstance(layer, keras.layers.BatchNormalization))
            self.moving.append(float(np.mean(norm.moving_variance)))
            if self.both:
                self.by_batch.append(accuracy(self.model, training=True))
                convolution = next(layer for layer in self.model.layers if isinstance(layer, keras.layers.Conv2D))
                self.true.append(float(np.asarray(convolution(held_images)).var(axis=(0, 1, 2)).mean()))


watched = {}
for momentum in (0.99, 0.9):
    keras.utils.set_random_seed(3)  # the same first weights and the same batches for both
    network, watch = build_cnn(momentum, side=14), Watch(both=momentum == 0.99)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss, metrics=["accuracy"])
    network.fit(few_images, few_labels, batch_size=32, epochs=2, verbose=0, callbacks=[watch])
    watched[momentum] = network, watch

pairs = zip(*(watched[momentum][0].trainable_weights for momentum in (0.99, 0.9)))
largest = max(float(np.abs(np.asarray(one) - np.asarray(other)).max()) for one, other in pairs)
print(f"largest difference between the trained weights of the two networks: {largest:.1e}")

styles = {0.99: {"color": "#D55E00", "marker": "s", "linestyle": "--"}, 0.9: {"color": "#0072B2", "marker": "o"}}
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
at = 25 * np.arange(1, 1 + len(watch.inference))
for momentum, (_, watch) in watched.items():
    left.plot(at, watch.inference, label=f"inference, momentum {momentum}", **styles[momentum])
    right.plot(at, watch.moving, label=f"moving, momentum {momentum}", **styles[momentum])
left.plot(at, watched[0.99][1].by_batch, color="0.3", linestyle="-.", label="with the batch's own statistics")
right.plot(at, watched[0.99][1].true, color="0.3", linestyle="-.", label="true")
left.set(xlabel="step", ylabel="accuracy", ylim=(0, 1), title=f"{len(held_images)} test digits, 14×14")
right.set(
    xlabel="step",
    ylabel="variance (mean of 16 channels)",
    yscale="log",
    ylim=(0.01, 1),
    title="variance behind the first convolution",
)
for axes in (left, right):
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
plt.show()

# %% [markdown]
# **What to see.** The two networks have the same trained weights, as training never uses the moving averages. They
# differ in the 480 numbers alone. With its batch's own statistics (grey, dash-dotted) the network soon names more than
# nine digits in ten. Used as it is meant to be used, with momentum 0.9 (solid, circles) it follows, with ups and downs;
# with 0.99 (dashed, squares) it lags far behind. On the right is why: the moving variance still holds a good part of
# its first value, 1. Every activation is divided by far too large a number.
#
# ### Task 8 · Set the 480 numbers right (2 points)
#
# If this explanation is right, the network needs no more training. It needs statistics that fit to its weights. Write
# `settle(model, images)`. It changes `model` so that the moving mean and variance of *every* batch normalisation are
# those that `images` give with the model's present weights, to within a few per cent. The trained weights and the
# layers' `momentum` are in the end what they were before. `images` are few enough to go through the model in one
# batch. What it returns does not matter.
#
# The first values may be far off, so see to it that next to nothing of them remains (at most a thousandth).
#
# <details><summary>Hint</summary>
#
# `model(images, training=True)` updates all the moving averages without training. Once is not enough; how often is,
# your `steps_needed` knows. Impatient? A layer's `momentum` may be changed for a while: with which value is one call
# enough? Do not forget to put the old one back. `model.layers` lists the layers; `isinstance(layer,
# keras.layers.BatchNormalization)` picks the right ones.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "settle", "locked": false, "schema_version": 3, "solution": true, "task": false}
def settle(model, images):
    """Give every batch normalisation of the model the statistics that these images have under its present weights."""
    ### BEGIN SOLUTION
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0  # the moving value becomes that of the batch at once
    model(images, training=True)
    for layer, momentum in zip(layers, momenta):
        layer.momentum = momentum
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-settle", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def _unsettled(momentum, seed, channels=1):
    """A small network with random weights and moving averages that are far off, and images."""
    rng = np.random.default_rng(seed)
    names = keras.layers
    network = keras.Sequential(
        [
            keras.Input((9, 9, channels)),
            names.BatchNormalization(momentum=momentum),
            names.Conv2D(4, 3),
            names.BatchNormalization(momentum=momentum),
            names.ReLU(),
            names.Conv2D(6, 3),
            names.BatchNormalization(momentum=momentum),
            names.GlobalAveragePooling2D(),
            names.Dense(3),
        ]
    )
    network.set_weights([rng.normal(0, 0.5, w.shape).astype("float32") for w in network.get_weights()])
    for layer in network.layers:
        if isinstance(layer, names.BatchNormalization):
            layer.moving_mean.assign(rng.normal(3, 2, layer.moving_mean.shape))
            layer.moving_variance.assign(rng.uniform(20, 40, layer.moving_variance.shape))
    return network, rng.normal(0.5, 0.3, (60, 9, 9, channels)).astype("float32")


network, images = _unsettled(0.9, seed=31)
weights_before = network.get_weights()
wanted = np.asarray(network(images, training=True), dtype=float)
network.set_weights(weights_before)
trained_before = [np.asarray(w).copy() for w in network.trainable_weights]
settle(network, images.copy())
assert not all(np.array_equal(old, new) for old, new in zip(weights_before, network.get_weights())), (
    "settle changes nothing. Is Task 8 done? The moving averages move only in calls with training=True."
)
assert all(np.array_equal(old, np.asarray(new)) for old, new in zip(trained_before, network.trainable_weights)), (
    "settle changes trained weights; only the moving averages may change. Do not call fit."
)
first_norm = network.layers[0]
found, right_value = float(first_norm.moving_mean[0]), float(images.mean())
assert abs(found - right_value) < 0.05, (
    f"The first moving mean must become the mean of the images, {right_value:.3f}; it is {found:.3f}. How much of the "
    "first value remains?"
)
found, right_value = float(first_norm.moving_variance[0]), float(images.var())
assert abs(found / right_value - 1) < 0.4, (
    f"The first moving variance must become that of the images, {right_value:.4f}; it is {found:.4f}. How much of the "
    "first value remains?"
)
assert {layer.momentum for layer in network.layers if hasattr(layer, "momentum")} == {0.9}, (
    "The layers' momentum must be in the end what it was, 0.9."
)
### BEGIN HIDDEN TESTS
for momentum, seed, channels in [(0.99, 32, 1), (0.5, 33, 2), (0.9, 34, 3)]:
    network, images = _unsettled(momentum, seed, channels)
    weights_before, trained_before, images_before = (
        network.get_weights(),
        [np.asarray(w).copy() for w in network.trainable_weights],
        images.copy(),
    )
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    current, exact = images, []
    for layer in network.layers:
        if layer in norms:
            exact.append((np.asarray(current).mean(axis=(0, 1, 2)), np.asarray(current).var(axis=(0, 1, 2))))
            current = np.asarray(layer.gamma) * (np.asarray(current) - exact[-1][0]) / np.sqrt(
                exact[-1][1] + 0.001
            ) + np.asarray(layer.beta)
        else:
            current = np.asarray(layer(current))
    settle(network, images)
    for place, (layer, (mean, variance)) in enumerate(zip(norms, exact)):
        off = np.abs(np.asarray(layer.moving_mean) - mean) / np.sqrt(variance + 0.001)
        assert off.max() < 0.25, (
            f"With momentum {momentum}, the moving mean of batch normalisation {place + 1} is still off."
        )
        ratio = (np.asarray(layer.moving_variance) + 0.001) / (variance + 0.001)
        assert ratio.min() > 0.7 and ratio.max() < 1.5, (
            f"With momentum {momentum}, the moving variance of batch normalisation {place + 1} is still off."
        )
    assert all(np.array_equal(old, np.asarray(new)) for old, new in zip(trained_before, network.trainable_weights)), (
        "settle changes trained weights."
    )
    assert {layer.momentum for layer in norms} == {momentum}, (
        f"The layers' momentum must be in the end what it was, {momentum}."
    )
    assert np.array_equal(images, images_before), "settle changes the images."
    assert not np.allclose(np.asarray(network(images[:1], training=False)), 0), (
        "After settle the network answers nothing but zeros."
    )
### END HIDDEN TESTS

# %%
lagging = watched[0.99][0]
unsettled, share = lagging.get_weights(), remaining(0.99, 250)
print(f"momentum 0.99 after 250 steps:      test accuracy {accuracy(lagging):.1%}")
for layer in lagging.layers:
    if isinstance(layer, keras.layers.BatchNormalization):  # take the share of the first value, 1 or 0, out again
        layer.moving_variance.assign((np.asarray(layer.moving_variance) - share) / (1 - share))
        layer.moving_mean.assign(np.asarray(layer.moving_mean) / (1 - share))
print(f"the first value taken out:          test accuracy {accuracy(lagging):.1%}")
lagging.set_weights(unsettled)
settle(lagging, few_images[:500])
print(f"settled on 500 *training* digits:   test accuracy {accuracy(lagging):.1%}")

copy_of_cnn = keras.models.clone_model(cnn)
copy_of_cnn.set_weights(cnn.get_weights())
settle(copy_of_cnn, X_train[:200])
settled = float((copy_of_cnn.predict(X_test, batch_size=100, verbose=0).argmax(axis=1) == y_test).mean())
lagging.set_weights(unsettled)
print(f"the cnn of Part 4: {test_accuracy:.1%} as trained, {settled:.1%} settled")

# %% [markdown]
# **What to see.** No weight was trained, and the accuracy jumps. The explanation holds, and it has two parts. One is
# the first value: without its 8 % the network is much better at once. The other is that the averages are of
# the last hundred steps or so, and in these the weights, and the true statistics with them, were still on their way;
# settling mends this too.
#
# In six trials with the bundled digits, the three accuracies of the network with momentum 0.99 were 30 to 61 %, 83 to
# 96 %, and 95 to 97 %.

# %% [markdown]
# ### Task 9 · Explain the 32 % (2 points)
#
# A friend trains the network of this lab on 4,000 digits of 28×28, in batches of 32, for three epochs, with Keras's
# default momentum of 0.99. The training accuracy is high, the test accuracy is 32 %. "Overfitting," says the friend, "I
# will add dropout." Answer in three to six sentences: what is it really, how can your friend make sure, and what helps?
# Use numbers, also to say why the published run with 60,000 digits did not suffer.
#
# **Marking scheme.** 1 point: the cause, with the number of steps and the share of the first values that remains, here
# and in the published run, and why so small a share matters. 1 point: a check that tells it from overfitting, and a
# remedy that follows from the cause.

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain-lag", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# The moving averages lag; the network itself has learned. 3 · 125 = 375 steps leave 0.99³⁷⁵ = 2.3 % of the first
# values. The moving variances begin at 1, while the true variance behind the first convolution is about 0.02, so
# this remnant is as large as the variance itself; besides, the rest is an average over some hundred steps in which the
# statistics still moved. Such errors add up through four blocks. The published run had 60,000 / 32 = 1,875 steps, which
# leave 7 in a thousand million. To make sure, measure the accuracy on test digits with the batch's own statistics
# (`training=True`, and put the weights back), or settle the averages on training digits: if the test accuracy jumps,
# it cannot be overfitting, since no weight has changed. What helps is a smaller momentum such as 0.9, more steps
# (smaller batches or more epochs), or settling after training; dropout does nothing about it.
# ### END SOLUTION

# %% [markdown]
# ## Part 6 · What it confuses
#
# An accuracy says how many digits are named wrongly, not which. A **confusion matrix** does: the number in row i and
# column j says how often a digit that *is* i was *named* j. What is right stands on the diagonal.
#
# ### Task 10 · Confusion matrix (1 point)
#
# Write `confusion_matrix(labels, predictions, n_classes=10)`. `labels` and `predictions` are sequences of integers
# from 0 to `n_classes` − 1, of the same length; other lengths are a `ValueError`. Return an integer array of shape
# (n_classes, n_classes), with a row for each true label and a column for each prediction.
#
# A trap: `matrix[labels, predictions] += 1` counts each pair only once, however often it occurs.
#
# <details><summary>Hint</summary>
#
# Begin with `np.zeros((n_classes, n_classes), dtype=int)` and go through the pairs with `zip`. For the lengths, look
# at `zip(..., strict=True)`, or compare them yourself.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "confusion-matrix", "locked": false, "schema_version": 3, "solution": true, "task": false}
def confusion_matrix(labels, predictions, n_classes=10):
    """How often a digit of class i (row) was named j (column): integers, shape (n_classes, n_classes)."""
    ### BEGIN SOLUTION
    matrix = np.zeros((n_classes, n_classes), dtype=int)
    for label, prediction in zip(labels, predictions, strict=True):
        matrix[label, prediction] += 1
    return matrix
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-confusion-matrix", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
found = confusion_matrix([0, 0, 0, 1, 2], [0, 1, 1, 1, 0], 3)
assert found is not None, "confusion_matrix returns nothing. Is there a `return`?"
found = np.asarray(found)
assert found.shape == (3, 3), f"Three classes make a matrix of shape (3, 3); confusion_matrix gives {found.shape}."
assert found.tolist() != [[1, 0, 1], [2, 1, 0], [0, 0, 0]], (
    "Rows and columns are swapped: a row belongs to a true label."
)
assert found.tolist() == [[1, 2, 0], [0, 1, 0], [1, 0, 0]], (
    "For the labels 0 0 0 1 2 and the predictions 0 1 1 1 0 the matrix is [[1, 2, 0], [0, 1, 0], [1, 0, 0]]; "
    f"confusion_matrix gives {found.tolist()}."
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(27)
for size, classes in [(300, 10), (40, 4), (5, 7)]:
    true, named = rng.integers(0, classes, size), rng.integers(0, max(classes - 2, 1), size)
    expected = [[int(((true == i) & (named == j)).sum()) for j in range(classes)] for i in range(classes)]
    kept = true.copy(), named.copy()
    found = np.asarray(confusion_matrix(true.astype(np.uint8), named, n_classes=classes))
    assert found.shape == (classes, classes), (
        f"With n_classes={classes} the matrix has shape {found.shape}; classes that do not occur need a row or column "
        "too."
    )
    assert found.tolist() == expected, (
        f"confusion_matrix is wrong for {size} random labels and predictions of {classes} classes."
    )
    assert np.issubdtype(found.dtype, np.integer), f"The matrix must hold integers; its dtype is {found.dtype}."
    confusion_matrix(true, named, classes)
    assert np.array_equal(true, kept[0]) and np.array_equal(named, kept[1]), (
        "confusion_matrix changes the labels or predictions."
    )
assert np.asarray(confusion_matrix([9, 3], [3, 3])).shape == (10, 10), "n_classes must be 10 unless it is given."
for labels, predictions in [([1, 2, 3], [1, 2]), ([1], [1, 2])]:
    try:
        found = confusion_matrix(labels, predictions)
    except ValueError:
        found = "ValueError"
    assert isinstance(found, str), f"{len(labels)} labels and {len(predictions)} predictions must raise a ValueError."
### END HIDDEN TESTS

# %%
named = cnn.predict(X_test, batch_size=100, verbose=0).argmax(axis=1)  # the largest logit
plot_images(x_test[:25], y_test[:25], named[:25], columns=5)
plt.show()

# %%
matrix = confusion_matrix(y_test, named)
figure, axes = plt.subplots(figsize=(6.5, 5.4), layout="constrained")
sns.heatmap(
    matrix, annot=True, fmt="d", cmap="viridis", vmin=0, square=True, cbar_kws={"label": "test digits"}, ax=axes
)
axes.set(xlabel="named", ylabel="true label", title="confusion matrix")
plt.show()
off_diagonal = matrix - np.diag(np.diag(matrix))
for place in np.argsort(off_diagonal, axis=None)[::-1][:3]:
    true, wrong = divmod(int(place), 10)
    print(f"{off_diagonal[true, wrong]} times a {true} was named {wrong}")

# %% [markdown]
# **What to see.** Above, the first 25 test digits, each under its prediction; a wrong one is framed and tells what it
# is. Below, all test digits. The errors do not spread evenly. They gather in a few pairs, and often a whole column has
# more than its share: then the network names one digit too readily. Which pairs these are changes from training to
# training. Draw the matrix for the settled copy of the network, `copy_of_cnn`, as well, and see which of the errors
# were the averages'.

# %% [markdown]
# ## Going further
#
# - A bias in front of a batch normalisation has no effect in training: why? Build the network with `use_bias=False` in
#   all convolutions. How many parameters does it save?
# - Put the dense layer's weights on the last feature maps *before* averaging: each place then votes for a digit. Draw
#   these votes for some digits. Their mean is the logit.
# - With `settle`, is a short training with momentum 0.99 as good as one with 0.9? Compare also batches of 2 and of 256.
# - Another setting takes the same network to the published accuracy in a fraction of the time (a quarter of the
#   digits: Adam, peak rate 0.01 warmed up and decayed by a cosine, batches of 64, momentum 0.9 in batch
#   normalisation). Try it, and try to beat it.
#
# ## References
#
# - S. Ioffe, C. Szegedy: *Batch normalization: accelerating deep network training by reducing internal covariate
#   shift*. ICML 2015.
# - S. Santurkar, D. Tsipras, A. Ilyas, A. Mądry: *How does batch normalization help optimization?* NeurIPS 2018.
# - M. Lin, Q. Chen, S. Yan: *Network in network*. ICLR 2014 (global average pooling).
# - I. Goodfellow, Y. Bengio, A. Courville: *Deep learning*. MIT Press 2016 (on softmax in floating point, chapter 4).
