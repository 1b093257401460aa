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
# # 1 · Know your data before you train
#
# A network learns whatever is in its data, including what went wrong on the way in. Before you train anything, look at
# the numbers themselves: what they are and how they are stored. Then divide them so that the accuracy (the share of
# right answers) that you report later is one you can believe. No network is needed for that yet, only NumPy and a few
# figures.
#
# ## What you will do
#
# Open MNIST, a collection of handwritten digits, and look at it in six steps: the learning problem, one digit
# as numbers, the ten classes, the axes and the value range that a network expects, and the division into
# training and validation data.
#
# ## What you will learn
#
# - Tell labels from features, and read type, shape, dtype and value range off any array
# - Check the class balance, and see how a bar plot of it can mislead
# - Know where a network expects the channel axis, and give pixels the scale that it expects
# - Turn integer labels into one-hot labels and back
# - Split off validation data without leakage, and say what the test set is for
#
# ## What you need
#
# No earlier lab. You should be at ease with Python functions, and have seen NumPy arrays before: slicing,
# arithmetic on whole arrays, boolean masks.

# %% [markdown] tags=["stamp-facts"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/cnn-labs/cnn-labs-students/blob/main/labs/01_data_inspection/01_data_inspection.ipynb)
# [![Open in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/cnn-labs/cnn-labs-students/main?urlpath=lab/tree/labs/01_data_inspection/01_data_inspection.ipynb)
#
# **20 points** · plan about 110 minutes · *Run All* of the finished lab takes about 0.1 minutes and 0.3 GiB of memory (measured on 2 cores)

# %% [markdown]
# ## Set-up
#
# Run this cell first. It makes the helper package of the course available, wherever you have opened the
# notebook.
#
# Below each answer there is a test cell. It also has hidden tests, which are run with other data when the lab is
# graded. So do what the text of the task asks for; passing the test that you see may not be enough.

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
# The next cell sets how many digits you work with. The values there keep everything quick; put in the ones
# from the comments when you want all of MNIST.

# %% tags=["parameters"]
N_TRAIN = 4_000  # full run: 60_000
N_TEST = 1_000  # full run: 10_000

# %% [markdown]
# `load_mnist` hands over the digits in two portions: one for training, one for the final test. It also
# prints where it got them: the whole of MNIST has 60,000 and 10,000 digits, but without a network
# connection the helper package falls back on a smaller set of 4,000 and 1,000 real MNIST digits.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from data_utils import explain_errors, load_mnist, plot_images

BLUE, ORANGE, *_ = sns.color_palette("colorblind")

(X_train, y_train), (X_test, y_test) = load_mnist(N_TRAIN, N_TEST)

# %% [markdown]
# ## Part 1 · What is the problem?
#
# A first look costs one line. Always take it: upside-down images, shifted labels or an empty file show at
# once.

# %%
plot_images(X_train[:15], y_train[:15]);

# %% [markdown]
# You see fifteen digits in dark ink on light paper, written by different hands. The number above each is
# its label. Compare a few of them with the picture: do they match?
#
# ### Task 1 · Features, labels and their numbers (2 points)
#
# In *supervised learning* every example has two sides. The **features** are what the model is given: here
# the brightness of each pixel. The **label** is what the model has to find out: here which of the ten
# digits it is. Labels that come from a short list of possibilities are called **classes**, and the problem
# is then one of *classification*.
#
# The number of features decides how many numbers go into a network, the number of classes how many come out.
#
# Write `describe_problem(images, labels)`. `images` is an array whose first axis counts the examples, and
# `labels` has shape `(n,)`. Return a dictionary with these four keys:
#
# | key | value |
# | --- | --- |
# | `"n_examples"` | how many examples there are, an int |
# | `"image_shape"` | the shape of a single image, a tuple of ints |
# | `"n_features"` | how many numbers describe one example, an int |
# | `"n_classes"` | how many *different* labels occur in `labels`, an int |
#
# Take everything from the arguments, and leave the arrays as they are. The function must also be right for other
# data, say for colour images of shape `(n, 32, 32, 3)`, for labels of which only a few occur, or for labels above 9.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Print `X_train.shape` and `X_train[0].shape`, and compare the two. What does the first number of the
# longer one count? And how would you find out, from the rest, how many pixels one image has?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# An array's `shape` is a tuple, so you can slice it like one. The features of an image are all of its
# numbers: multiply the lengths of its axes (`np.prod` multiplies all the numbers of a sequence and gives
# a NumPy number; `int` turns it into a plain one). For the classes, `np.unique` takes an array and returns
# each value once.
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "describe-problem", "locked": false, "schema_version": 3, "solution": true, "task": false}
def describe_problem(images, labels):
    """Return the number of examples, the shape of an image, and the numbers of features and classes."""
    ### BEGIN SOLUTION
    image_shape = images.shape[1:]
    return {
        "n_examples": len(images),
        "image_shape": image_shape,
        "n_features": int(np.prod(image_shape)),
        "n_classes": len(np.unique(labels)),
    }
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-describe-problem", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def described(images, labels):
    """What describe_problem returns, once its keys and ints are in order; an error in it becomes a sentence."""
    with explain_errors(f"For images of shape {images.shape} describe_problem"):
        facts = describe_problem(images, labels)
    assert isinstance(facts, dict), f"describe_problem must return a dictionary, not {facts!r}. Is there a return?"
    missing = {"n_examples", "image_shape", "n_features", "n_classes"} - set(facts)
    assert not missing, f"The dictionary lacks {sorted(missing)}; its keys are {list(facts)}."
    for key in ("n_examples", "n_features", "n_classes"):
        assert isinstance(facts[key], int | np.integer), (
            f"For images of shape {images.shape}, {key} must be an int; it is {facts[key]!r}."
        )
    return facts


facts = described(np.zeros((12, 28, 28), dtype=np.uint8), np.array([4, 1, 8] * 4, dtype=np.uint8))
assert facts["n_examples"] == 12, f"There were 12 images, but n_examples is {facts['n_examples']!r}."
assert np.asarray(facts["image_shape"]).tolist() == [28, 28], (
    f"Each image was 28 × 28, but image_shape is {facts['image_shape']!r}. The first axis counts the examples."
)
assert facts["n_features"] == 784, (
    f"n_features is {facts['n_features']!r}. Count all numbers of one 28 × 28 image, and of one image only."
)
assert facts["n_classes"] == 3, (
    f"The labels were 4, 1 and 8, four times each: 3 classes, but n_classes is {facts['n_classes']!r}."
)
facts = described(np.linspace(0, 1, 360).reshape(5, 4, 6, 3), np.array([7, 2, 7, 7, 2]))
assert facts["n_examples"] == 5, f"For 5 other images, n_examples is {facts['n_examples']!r}."
assert np.asarray(facts["image_shape"]).tolist() == [4, 6, 3], (
    f"For colour images of 4 × 6 pixels, image_shape is {facts['image_shape']!r}; it must be (4, 6, 3)."
)
assert facts["n_features"] == 72, (
    f"For images of shape (4, 6, 3), n_features is {facts['n_features']!r}; it must be 4 · 6 · 3 = 72."
)
assert facts["n_classes"] == 2, (
    f"For the labels 7, 2, 7, 7, 2, n_classes is {facts['n_classes']!r}. Count the different labels that occur: 2."
)
### BEGIN HIDDEN TESTS
labels = np.array([300, 0, 44, 0])
facts = described(np.zeros((4, 5, 8)), labels)
assert facts["n_features"] == 40, (
    f"For grey images of 5 × 8 pixels, n_features is {facts['n_features']!r}; it must be 40."
)
assert facts["n_classes"] == 3, (
    f"For the labels 300, 0, 44, 0, n_classes is {facts['n_classes']!r}. Count whatever labels occur, 0 and large ones "
    "as well: 3."
)
assert labels.tolist() == [300, 0, 44, 0], (
    f"describe_problem has changed the labels 300, 0, 44, 0 into {labels.tolist()}. Sorted in place, they no longer "
    "belong to their images."
)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")

# %% tags=["nbval-check-output"]
describe_problem(X_train, y_train)

# %% [markdown]
# The last three values are the ones to remember: each image has 28 × 28 = 784 numbers, and there are ten classes.
#
# ### Four questions for every array
#
# Many mistakes in preparing data show up when you ask four questions: *What type of object is it? What shape? What
# dtype? Which range of values?* (The dtype is the type of the numbers, such as `uint8`.) Labels stored as text, an
# image that is not square and lies on its side, pixels that were scaled twice: each of these mistakes shows in one of
# the answers.
#
# The function `inspect_array` in the next cell answers the questions for any array. It avoids a small trap: the largest
# value of `X_train` is not the Python number 255 but a NumPy one, `np.uint8(255)`, which keeps the dtype of its array.
# The dtype `uint8` has 8 bits and ends at 255, so that 1 more is not 256 but 0. The method `item` turns a NumPy number
# into a plain Python one, with which you can calculate safely.
#
# The cell inspects five arrays. The pixels of the last one, `twice`, were divided by 255 two times. Which of the
# answers shows this mistake?

# %% tags=["nbval-check-output"]
def inspect_array(array):
    """Return type, shape, dtype, smallest and largest value of an array."""
    return {
        "type": type(array).__name__,
        "shape": array.shape,
        "dtype": str(array.dtype),
        "min": array.min().item(),
        "max": array.max().item(),
    }


twice = X_train[:100] / 255 / 255
named = {"X_train": X_train, "y_train": y_train, "X_test": X_test, "y_test": y_test, "twice": twice}
for name, array in named.items():
    print(f"{name:8}{inspect_array(array)}")

# %% [markdown]
# Images and labels agree in their first axis, one label per image. Both are `uint8`, whole numbers from 0 to
# 255 in one byte each: the pixels use the whole range, the labels only 0 to 9. And images have no axis for
# colour: a pixel is a single number.
#
# In the last line, the largest value shows the mistake: it is 0.0039, and after one division it would be 1. A picture
# of these pixels could look right, since `plot_images` draws the largest value in black, however small it is.
#
# ## Part 2 · One digit as numbers
#
# Now from the whole collection to one digit. For the computer, the first digit of the training data is the
# table that the next cell prints: 28 rows of 28 numbers. Lean back and half-close your eyes.

# %%
print("label:", y_train[0])
for row in X_train[0]:
    print("".join(f"{value:4d}" for value in row))

# %% [markdown]
# Zeros are paper, large numbers are ink, and the numbers in between, along the rims of the strokes, are
# grey. You can make out the digit, and an empty border around it.
#
# ### Task 2 · The box around the ink (3 points)
#
# How wide is that border, and is it the same for each digit? If one image were shifted to the edge, a
# network that looks at fixed pixels would see something quite unlike the other examples of its class. Let
# the computer find the smallest box that holds all the ink.
#
# Write `ink_box(image)`. `image` has shape `(height, width)` and can hold whole numbers or decimals, none below
# 0; every value above 0 is ink, however faint. Return the tuple `(top, bottom, left, right)` of ints: the first and
# the last *row* with ink, then the first and the last *column* with ink, all counted from 0 and all
# **inclusive**. An image without any ink has no box: return `None`. Leave `image` as it is.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Imagine that you look at the image from the left, along the rows: which rows have any ink? Then look
# from above, along the columns. What do you see if the image is blank?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Start with a boolean array that says where the ink is (a comparison makes one). Its method
# `any(axis=...)` looks along one axis and tells you which rows, or which columns, hold any ink.
# `np.flatnonzero` gives the positions at which a 1-D boolean array is true; you need only the first and
# last of them. For a blank image this list of positions is empty: ask for that first.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# Four people, three days, and the hours that each has worked. Who has worked more than 4 hours on any of
# the days?
#
# ```python
# hours = np.array([[0, 3, 0], [8, 2, 5], [4, 0, 0], [0, 6, 0]])  # a row for each person, a column for each day
# long_day = hours > 4  # the same shape, (4, 3), of True and False
# people = long_day.any(axis=1)  # looks along each row: one answer for each person
# print(people.tolist())  # [False, True, False, True]
# print(np.flatnonzero(people).tolist())  # [1, 3]
# print(np.flatnonzero(hours[0] > 4).tolist())  # []: nothing found, so there is no first position
# ```
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "ink-box", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ink_box(image):
    """Return (top, bottom, left, right) of the ink, inclusive, or None for a blank image."""
    ### BEGIN SOLUTION
    rows, columns = np.nonzero(image > 0)
    if len(rows) == 0:
        return None
    return int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max())
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-ink-box", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
def checked_box(image):
    """What ink_box returns for an image with ink, as a list of four numbers."""
    given = image.copy()
    empty = "If it asks whether a list of positions is empty: look at its length."
    with explain_errors(
        f"For an image of shape {image.shape} and dtype {image.dtype} ink_box",
        lambda error: empty if "truth value" in str(error) or "broadcast" in str(error) else "",
    ):
        box = ink_box(given)
    assert np.array_equal(given, image), (
        f"ink_box has changed the image of dtype {image.dtype} that it was given, from values up to {image.max():g} to "
        f"values up to {given.max():g}. Work on a copy."
    )
    assert box is not None, (
        f"ink_box returned None for an image of shape {image.shape} and dtype {image.dtype} with ink of values up to "
        f"{image.max():g}. Is there a return for this case, and is all ink seen? A list of positions that holds only 0 "
        "is not empty: look at its length, not at any or the sum."
    )
    assert isinstance(box, tuple | list | np.ndarray) and len(box) == 4, (
        f"ink_box must return four numbers, it returned {box!r}."
    )
    assert all(np.ndim(side) == 0 for side in box), (
        f"ink_box must return four single numbers, it returned {box!r}. "
        "Some NumPy functions, np.where among them, return a tuple of arrays: look at yours with print."
    )
    assert all(isinstance(side, int | np.integer | np.ndarray) for side in box), (
        f"The four numbers must be ints, positions of rows and columns; ink_box returned {box!r}."
    )
    return np.asarray(box).tolist()


def box_of_blank(image):
    """What ink_box returns for an image without ink."""
    advice = "Without ink there is no first row: ask for it before you look for one, and return None."
    with explain_errors("On a blank image ink_box", advice):
        return ink_box(image)


image = np.zeros((28, 28), dtype=np.uint8)
image[4:22, 9:15] = 200
image[4] //= 200
box = checked_box(image)
assert box == [4, 21, 9, 14], (
    f"With ink in the rows 4 (faint, of the value 1) to 21 and the columns 9 to 14, the box is {box}. "
    "The order is (top, bottom, left, right), and the last row and column belong to the box."
)
box = box_of_blank(np.zeros((28, 28), dtype=np.uint8))
assert box is None, f"A blank image has no box: return None, not {box!r}."
for row, column in ((0, 3), (2, 0)):
    image = np.zeros((4, 5), dtype=np.uint8)
    image[row, column] = 7
    box = checked_box(image)
    assert box == [row, row, column, column], (
        f"With a single pixel of ink, in row {row} and column {column}, the box is {box}; it must be "
        f"({row}, {row}, {column}, {column})."
    )
image = np.zeros((12, 12), dtype=np.uint8)
image[2:10, 3:11], image[5, 5] = 32, 33
box = checked_box(image)
assert box == [2, 9, 3, 10], (
    f"With eight pixels of 32 in each row from 2 to 9 and each column from 3 to 10, the box is {box}; it must be "
    "(2, 9, 3, 10). Does Python's `sum` add up values of uint8? 8 · 32 = 256 becomes 0 there."
)
### BEGIN HIDDEN TESTS
image = np.zeros((8, 9), dtype=np.uint8)
image[2, 7], image[6, 1], image[3, 3] = 1, 255, 90
box = checked_box(image)
assert box == [2, 6, 1, 7], (
    f"With ink of the values 255, 90 and 1 at (6, 1), (3, 3) and (2, 7), the box is {box}; "
    "it must be (2, 6, 1, 7). Faint ink counts too, rows are the first axis, and a row between may be empty."
)
image = np.zeros((5, 5), dtype=np.float32)
image[3, 2] = 0.001
box = checked_box(image)
assert box == [3, 3, 2, 2], (
    f"With a single pixel of 0.001 at row 3 and column 2, the box is {box}; it must be (3, 3, 2, 2)."
)
box = checked_box(np.full((3, 4), 9))
assert box == [0, 2, 0, 3], f"With ink all over 3 rows and 4 columns, the box is {box}; it must be (0, 2, 0, 3)."
box = box_of_blank(np.zeros((5, 5)))
assert box is None, f"A blank image of decimals must give None as well, not {box!r}."
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 3 points.")

# %%
top, bottom, left, right = ink_box(X_train[0])
figure, axes = plt.subplots(figsize=(4, 4), layout="constrained")
axes.imshow(X_train[0], cmap="gray_r")
corner, width, height = (left - 0.5, top - 0.5), right - left + 1, bottom - top + 1
box_style = {"fill": False, "edgecolor": ORANGE, "linewidth": 2.5, "linestyle": "--"}
axes.add_patch(plt.Rectangle(corner, width, height, **box_style))
axes.set(xlabel="column", ylabel="row", title=f"rows {top} to {bottom}, columns {left} to {right}")
plt.show()

boxes = np.array([ink_box(image) for image in X_train[:1000]])
heights = boxes[:, 1] - boxes[:, 0] + 1
widths = boxes[:, 3] - boxes[:, 2] + 1
print(f"height: {heights.min()} to {heights.max()} pixels, width: {widths.min()} to {widths.max()} pixels")

# %% [markdown]
# The dashed box should touch the ink on all four sides. Rows are counted from the top down, as in the table of numbers.
#
# The line below the figure measures a thousand digits: none is taller or wider than 20 pixels. That is no
# accident: whoever prepared MNIST scaled each digit to fit into a box of 20 × 20 and placed its centre of
# mass in the middle of the 28 × 28 image. A network trained on MNIST has only ever seen digits like these.
#
# ## Part 3 · Ten classes, equally many?
#
# ### Task 3 · Count the classes (2 points)
#
# Suppose that 99 of 100 examples belong to one class. A model that always answers with that class, without
# a glance at its input, is 99 % accurate and good for nothing. So an accuracy means little before you know
# how the examples are spread over the classes, the **class balance**: the share of the largest class is
# what any model has to beat.
#
# Write `class_counts(labels, n_classes=10)`. `labels` is an array of shape `(n,)` with integers from 0 to
# `n_classes - 1`. Return an array or list of `n_classes` numbers, in the order of the classes: entry `k`
# says how often the label `k` occurs. A class that does not occur counts 0. It must not be left out, or
# every class after it would move into another one's place. Leave `labels` as it is.
#
# <details><summary>Hint 1: a nudge</summary>
#
# How often does each of the labels 0 to 4 occur in `[3, 1, 3]`? Write the five counts down in their
# order. Now count with `np.unique(..., return_counts=True)`: which of your five counts are missing?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `np.unique` knows nothing of classes that do not occur. `np.bincount` counts small whole numbers into
# "bins", one for each number from 0 to the largest that occurs; one of its arguments asks for more bins
# than that. A loop over the classes is fine as well: how many labels are equal to this one?
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "class-counts", "locked": false, "schema_version": 3, "solution": true, "task": false}
def class_counts(labels, n_classes=10):
    """Return how often each of the classes 0 to n_classes - 1 occurs, in this order."""
    ### BEGIN SOLUTION
    return np.bincount(labels, minlength=n_classes)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-class-counts", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def counted(labels, length, **named):
    """What class_counts returns for so many classes, as an array; an error in it becomes a sentence."""
    with explain_errors(f"For {len(labels)} labels of {length} classes class_counts"):
        counts = class_counts(labels, **named)
    assert counts is not None, "class_counts returned None. Is there a return?"
    assert isinstance(counts, np.ndarray | list | tuple) or hasattr(counts, "to_numpy"), (
        f"Return an array or list in the order of the classes, not {type(counts).__name__}."
    )
    try:
        counts = np.asarray(counts)
    except ValueError as error:
        raise AssertionError(f"Return one number for each class; you returned {counts!r}.") from error
    assert counts.shape == (length,), (
        f"For {length} classes the result must hold {length} numbers, one per class, but its shape is "
        f"{counts.shape}. Classes that do not occur count 0."
    )
    assert counts.dtype.kind in "iuf", f"The counts must be numbers; they are {counts[:10].tolist()}."
    return counts


labels = np.array([3, 1, 3, 8, 3, 0], dtype=np.uint8)
counts = counted(labels, 10)
assert counts.tolist() == [1, 1, 0, 3, 0, 0, 0, 0, 1, 0], (
    f"For the labels 3, 1, 3, 8, 3, 0 the counts are {counts.tolist()}; "
    "they must be [1, 1, 0, 3, 0, 0, 0, 0, 1, 0]: entry k says how often the label k occurs."
)
labels = np.random.default_rng(1).permutation(np.repeat(np.array([5, 6], dtype=np.uint8), [33_000, 20]))
counts = counted(labels, 8, n_classes=8)
assert counts.tolist() == [0, 0, 0, 0, 0, 33_000, 20, 0], (
    f"For 33000 labels 5 and 20 labels 6 of 8 classes the counts are {counts.tolist()}, not "
    "[0, 0, 0, 0, 0, 33000, 20, 0]. Counts are not shares, and they do not fit into uint8 or int16."
)
### BEGIN HIDDEN TESTS
labels = np.array([2, 0, 2, 2], dtype=np.int64)
counts = counted(labels, 4, n_classes=4)
assert counts.tolist() == [1, 0, 3, 0], (
    f"For the labels 2, 0, 2, 2 and n_classes=4 the counts are {counts.tolist()}, not [1, 0, 3, 0]."
)
assert labels.tolist() == [2, 0, 2, 2], (
    "class_counts has changed the labels it was given, for instance by sorting them."
)
counts = counted(np.array([299, 43, 299]), 300, n_classes=300)
assert np.flatnonzero(counts).tolist() == [43, 299] and counts[[43, 299]].tolist() == [1, 2], (
    f"For the labels 299, 43, 299 of 300 classes, the counts other than 0 are {counts[counts != 0].tolist()} in the "
    f"places {np.flatnonzero(counts).tolist()}; they must be 1 and 2 in the places 43 and 299."
)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")

# %%
balance = pd.DataFrame({"train": class_counts(y_train), "test": class_counts(y_test)})
balance.index.name = "digit"
balance["train, %"] = (100 * balance["train"] / balance["train"].sum()).round(1)
balance["test, %"] = (100 * balance["test"] / balance["test"].sum()).round(1)
balance

# %% [markdown]
# Look at the two columns in percent. All of MNIST is balanced only roughly: of its 60,000 training digits
# 11.2 % are ones and 9.0 % are fives. In the smaller set of the helper package each class has exactly 10 %.
# Either way, guessing the same digit every time is right in about one case of ten. That is the score to beat.
#
# A figure is quick to read, but it can mislead. In a bar plot the eye compares *lengths*. So the length of a bar must
# be proportional to its number, and that holds only if the axis **starts at zero**. The next cell draws the same
# numbers twice, the counts of all 60,000 training digits of MNIST.

# %%
all_of_mnist = np.array([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
figure, panels = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
titles = ["axis cut off at 5,300: do not do this", "axis from zero"]
for axes, title, lowest in zip(panels, titles, [5300, 0], strict=True):
    axes.bar(np.arange(10), all_of_mnist, color=BLUE)
    axes.set(title=title, xlabel="class", ylabel="number of examples", xticks=np.arange(10), ylim=(lowest, 6850))
plt.show()

# %% [markdown]
# On the left the bar of the 1 is about twelve times as long as that of the 5, as if the fives were almost
# missing. On the right it is 1.24 times as long, which is the truth: 6,742 against 5,421. No class is rare
# enough to worry about.
#
# ## Part 4 · The axes that a network expects
#
# A colour image has three numbers per pixel, for red, green and blue: its **channels**. Networks for
# images therefore expect an axis for channels, even if there is only one. A stack of *n* grey digits has to
# become one of two things:
#
# | data format | shape | read as |
# | --- | --- | --- |
# | `"channels_last"` | `(n, 28, 28, 1)` | examples, rows, columns, channels |
# | `"channels_first"` | `(n, 1, 28, 28)` | examples, channels, rows, columns |
#
# For grey digits a new axis of length 1 is enough: it adds no number and moves none. Colour images have a trap.
# `reshape` keeps all numbers in the order in which they lie in memory and only draws new borders between them.
# But in channels-last the three numbers of a pixel lie side by side, in channels-first they are far apart. So
# the axes have to be *moved*, by `np.moveaxis` or `np.transpose`. The next cell makes a colour image of a digit
# (with three equal channels, so it is still grey), takes it to channels-first in both ways, and draws the first
# channel.

# %%
colour = np.stack([X_train[0]] * 3, axis=-1)
reshaped, moved = colour.reshape(3, 28, 28), np.moveaxis(colour, -1, 0)
figure, panels = plt.subplots(1, 3, figsize=(8, 3.3), layout="constrained")
titles = ["channels last", "after reshape", "after moveaxis"]
for axes, channel, title in zip(panels, [colour[..., 0], reshaped[0], moved[0]], titles, strict=True):
    axes.imshow(channel, cmap="gray_r")
    axes.set(title=title, xlabel="column", ylabel="row")
figure.suptitle("the first channel")
plt.show()

# %% [markdown]
# On the right the digit is intact, as on the left. In the middle it is torn: `reshape` took the first third of all
# numbers as the first channel, and in that third all three channels are mixed. Both arrays have the shape
# `(3, 28, 28)`, so a look at the shape would not tell them apart.
#
# Keras, the library of the later labs, expects channels last, unless its settings say otherwise. Often nothing crashes
# if you are wrong. A published lab (Cangelosi and Masala 2025) gave its network images of shape `(1, 28, 28)` while
# Keras was set to channels-last. Keras read each digit as *one row* of 28 pixels with 28 *channels*. The network
# trained without complaint, and its test accuracy was 98.7 %, so that nobody noticed. You will meet it again in lab 4.
#
# ## Part 5 · The numbers that a network expects
#
# The pixels are whole numbers from 0 to 255, of dtype `uint8`. Before you change them, see what happens when you
# calculate with `uint8`:

# %% tags=["nbval-check-output"]
grey = np.array([0, 100, 200, 250], dtype=np.uint8)
print("grey      ", grey)
print("grey + 10 ", grey + 10)
print("grey - 200", grey - 200)
print("grey * 2  ", grey * 2)
print("grey / 255", (grey / 255).round(2), (grey / 255).dtype)

# %% [markdown]
# For arrays nothing warns you, and five of the numbers in the middle three lines are wrong: 250 + 10 gives 4 and
# 0 − 200 gives 56, since `uint8` has only the numbers from 0 to 255 and begins again where it ends. This is
# the **overflow trap**; it turns sums and differences of images into noise. So change to decimals first and
# calculate afterwards.
#
# ### Task 4 · Scale to the range from 0 to 1 (2 points)
#
# A network multiplies its inputs by numbers called **weights**. At the start they are small random numbers, and
# training changes them in small steps. Such a start and such steps work best when the inputs are about 1 in size. So
# the pixels are divided by 255.
#
# Division by `/` changes to decimals by itself, but it gives `float64`, eight bytes per number. Networks
# calculate in `float32`, which is precise enough and needs half of that.
#
# Write `scale(images)`. `images` is an array of any shape and of any dtype, with values from 0 to 255; in a
# float dtype they may be decimals, as in the mean of several digits. Return an array of the same shape and of
# dtype `float32` in which each value is divided by the constant 255.
#
# - Divide by 255, not by the largest value that happens to be in `images`. A faint digit must stay faint,
#   and the training data, the test data and a single new digit must all be measured with the same ruler.
# - Leave the array of the caller as it is, for `float32` input too. A second call with the same array must give the
#   same result.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Which dtype has `X_train[:5] / 255`? Print it. Then think of a caller who hands over a `float32` array:
# what has happened to this array after your function has run?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# An array's `astype` takes a dtype and returns a copy in it, even if the dtype is the same. After it, ask
# yourself which dtype the result of your division has: a `float32` array divided by a Python number stays
# `float32`. Be careful with operators such as `+=` that write into an array that exists already.
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "scale", "locked": false, "schema_version": 3, "solution": true, "task": false}
def scale(images):
    """Return the images as float32 with values from 0 to 1."""
    ### BEGIN SOLUTION
    return images.astype(np.float32) / np.float32(255)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-scale", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def scaled(images):
    """What scale returns, an array of the same shape; an error in it becomes a sentence."""
    advice = "Does it write into the array it was given, as /= does? A uint8 array cannot hold decimals."
    with explain_errors(
        f"For {images.dtype} input scale", lambda error: advice if isinstance(error, TypeError) else ""
    ):
        result = scale(images)
    assert result is not None, "scale returned None. Is there a return?"
    assert isinstance(result, np.ndarray), f"scale must return a NumPy array, not {type(result).__name__}."
    assert result.shape == images.shape, (
        f"For {images.dtype} input of shape {images.shape} the shape is {result.shape}; it must stay."
    )
    return result


images = np.array([[[0, 51], [102, 204]]], dtype=np.uint8)
result = scaled(images)
assert result.dtype == np.float32, f"The dtype must be float32, it is {result.dtype}."
assert np.allclose(result, [[[0, 0.2], [0.4, 0.8]]], atol=1e-6), (
    f"The pixels 0, 51, 102, 204 became {result.ravel().tolist()}; they must become 0, 0.2, 0.4, 0.8. "
    "Divide by the constant 255, with / (// cuts the decimals off)."
)
assert images.ravel().tolist() == [0, 51, 102, 204], "scale has changed the array it was given; return a new one."
for dtype in ("float32", "float64", "int64"):
    images = (np.random.default_rng(7).random((4, 28, 28)) * 255).astype(dtype)  # decimals in the first two
    given = images.copy()
    result = scaled(given)
    assert np.array_equal(given, images), f"For {dtype} input, scale has changed the array it was given."
    assert result.dtype == np.float32, f"For {dtype} input the dtype is {result.dtype}; it must be float32."
    worst = np.unravel_index(np.nanargmax(np.abs(result - images / 255)), images.shape)
    assert np.allclose(result, images / 255, atol=1e-6), (
        f"For {dtype} input {images[worst]:.8g} became {result[worst]:.8g}, not {images[worst] / 255:.8g}. Divide each "
        "value as it is; whole-number dtypes cut decimals off."
    )
### BEGIN HIDDEN TESTS
images = np.array([[[102, 51, 153]]], dtype=np.uint8)
result = scaled(images)
assert np.allclose(result, [[[0.4, 0.2, 0.6]]], atol=1e-6), (
    f"Without a pixel of 255 or 0, the pixels 102, 51, 153 became {np.asarray(result).ravel().tolist()}; "
    "they must become 0.4, 0.2, 0.6. Divide by the constant 255, not by the largest value."
)
result = scaled(np.array([[0, 1, 1]], dtype=np.uint8))
assert np.allclose(result, [[0, 1 / 255, 1 / 255]], atol=1e-6), (
    f"In a very faint image, the pixels 0, 1, 1 became {np.asarray(result).ravel().tolist()}; "
    "they must become 0, 1/255, 1/255. Divide always, whatever the largest value is."
)
result = scaled(np.zeros((2, 28, 28, 1), dtype=np.uint8))
assert np.all(result == 0), f"Two blank images must stay blank; a value became {result[result != 0][0]}."
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")


# %% [markdown]
# ### Task 5 · One-hot labels and back (4 points)
#
# A network for ten classes has ten outputs, one per class. To compare them with a label such as 3, the label can be
# written as ten numbers too: nine zeros, and a one at position 3, counted from 0. This is a **one-hot** label. It also
# states what an integer hides: the classes have no order, and a 3 is not halfway between a 2 and a 4.
#
# Both kinds will come up in the next labs. The **loss function** measures the error that training makes smaller. It has
# to fit the kind of label: in Keras *categorical cross-entropy* wants one-hot labels, *sparse categorical
# cross-entropy* wants integers. Mix them up and, at best, you get an error.
#
# Write two functions:
#
# - `one_hot(labels, n_classes=10)` takes integers of shape `(n,)` and returns an array of shape `(n, n_classes)` in a
#   float dtype, with 1 at the position of the label and 0 elsewhere. The width is `n_classes`, not what happens to be
#   the largest label: a few labels without a nine still need ten columns, or they will not fit the network.
# - `to_integer(one_hot_labels)` takes an array of shape `(n, n_classes)`, with any number of classes, and returns
#   integers of shape `(n,)`: for each row, the position of its largest number. So it also turns the *probabilities*
#   that a network gives for the classes, such as `[0.1, 0.7, 0.2]`, into the class with the highest one.
#
# Both leave the array that they are given as it is.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Print `np.eye(4)`. What would be the one-hot label of class 2, if there are four classes? And if you had
# only the one-hot label, how would you find the class?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# The rows of the identity matrix (ones on the diagonal, zeros elsewhere; `np.eye` takes its size and makes floats) are
# all the one-hot labels that there are. You need one row for each label. For the way back, `np.argmax` finds the
# position of the largest value; decide along which axis, and try it on a matrix with 2 rows and 3 columns.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# An array of whole numbers as an index, and positions along an axis:
#
# ```python
# names = np.array(["tea", "coffee", "milk"])
# print(names[np.array([1, 1, 2, 0])].tolist())  # ['coffee', 'coffee', 'milk', 'tea']: one entry for each number
# contents = np.array([[99, 0], [97, 1], [88, 5]])  # a row for each drink: % of water, % of sugar
# print(contents[np.array([2, 0, 2])].tolist())  # [[88, 5], [99, 0], [88, 5]]: whole rows are picked
#
# night = np.array([[4.0, 9.0, 7.0], [6.0, 3.0, 8.0]])  # degrees in two towns (rows), in three nights (columns)
# print(night.argmin(axis=0).tolist())  # [0, 1, 0]: one answer for each column, the row of its smallest number
# ```
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "one-hot", "locked": false, "schema_version": 3, "solution": true, "task": false}
def one_hot(labels, n_classes=10):
    """Return one row per label: 1.0 in the place of its class, 0.0 elsewhere."""
    ### BEGIN SOLUTION
    return np.eye(n_classes, dtype=np.float32)[labels]
    ### END SOLUTION


def to_integer(one_hot_labels):
    """Return, for each row, the place of its largest number."""
    ### BEGIN SOLUTION
    return np.argmax(one_hot_labels, axis=1)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-one-hot", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
def result_of(name, function, given, **named):
    """What one of the two functions returns, as an array; an error in it becomes a sentence."""
    shown = f"{name} of {np.asarray(given)[:4].tolist()}{' ...' if len(given) > 4 else ''}"
    with explain_errors(shown):
        result = function(given, **named)
    assert result is not None, f"{name} returned None. Is there a return?"
    try:
        return np.asarray(result)
    except ValueError as error:
        raise AssertionError(f"{shown} is no array, since its rows differ in length: {result!r}.") from error


def coded(labels, width, **named):
    """What one_hot returns, once its shape and dtype are in order."""
    codes = result_of("one_hot", one_hot, labels, **named)
    advice = " The largest label is not the width." if codes.shape[1:] == (int(labels.max()) + 1,) else ""
    assert codes.shape == (len(labels), width), (
        f"For {len(labels)} labels of {width} classes the shape must be {(len(labels), width)}, it is {codes.shape}."
        f"{advice}"
    )
    assert codes.dtype.kind == "f", f"The dtype must be a float one, it is {codes.dtype}."
    return codes


codes = coded(np.array([3, 0, 7], dtype=np.uint8), 10)
assert [np.flatnonzero(row).tolist() for row in codes] == [[3], [0], [7]], (
    f"For the labels 3, 0, 7 the places other than 0 are {[np.flatnonzero(row).tolist() for row in codes]}; "
    "each row needs exactly one, in the place of its label."
)
wrong = codes[(codes != 0) & (codes != 1)]
assert wrong.size == 0, f"The place of the label must hold 1, it holds {wrong[0]}."
back = result_of("to_integer", to_integer, np.array([[0.0, 0.0, 1.0], [0.6, 0.1, 0.3]]))
assert back.shape == (2,), (
    f"For the 2 rows 0, 0, 1 and 0.6, 0.1, 0.3, to_integer must return shape (2,), it returned {back.shape}. "
    "Check the axis, and look for the largest number of each row, not for ones."
)
assert back.dtype.kind in "iu", (
    f"For the rows 0, 0, 1 and 0.6, 0.1, 0.3, to_integer returned {back.tolist()}, of dtype {back.dtype}. It must "
    "return whole numbers: the place of the largest number in each row, not the number itself."
)
assert back.tolist() == [2, 0], (
    f"For the rows 0, 0, 1 and 0.6, 0.1, 0.3, to_integer returned {back.tolist()}; it must be [2, 0]."
)
row = np.zeros((1, 300))
row[0, 299] = 0.8
back = result_of("to_integer", to_integer, row)
assert back.tolist() == [299], (
    f"For a row of 300 numbers, whose last is the largest, to_integer returned {back.tolist()}, of dtype {back.dtype}; "
    "it must be [299]. A uint8 ends at 255."
)
codes = coded(np.array([4], dtype=np.uint8), 6, n_classes=6)
assert codes.tolist() == [[0, 0, 0, 0, 1, 0]], f"For the label 4 of 6 classes one_hot gives {codes.tolist()}."
### BEGIN HIDDEN TESTS
labels = np.array([1, 0, 1, 2], dtype=np.int64)
codes = coded(labels, 10)
assert codes[:, :3].tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]] and not codes[:, 3:].any(), (
    f"For the labels 1, 0, 1, 2 the first columns are {codes[:, :3].tolist()}."
)
assert labels.tolist() == [1, 0, 1, 2], "one_hot has changed the labels it was given."
codes = coded(np.array([299, 2]), 300, n_classes=300)
assert [np.flatnonzero(row).tolist() for row in codes] == [[299], [2]], (
    f"For the labels 299, 2 of 300 classes, the ones are in {[np.flatnonzero(row).tolist() for row in codes]}."
)
codes = coded(np.array([1, 0, 1]), 2, n_classes=2)
assert codes.tolist() == [[0, 1], [1, 0], [0, 1]], (
    f"For the labels 1, 0, 1 of 2 classes, the rows are {codes.tolist()}."
)
chances = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [0.3, 0.3, 0.4], [0.05, 0.9, 0.05]])
given = chances.copy()
back = result_of("to_integer", to_integer, given)
assert back.shape == (4,), f"For 4 rows of probabilities to_integer returned shape {back.shape}."
assert back.tolist() == [1, 0, 2, 1], (
    f"For probabilities that are highest in the places 1, 0, 2, 1, to_integer returned {back.tolist()}."
)
assert np.array_equal(given, chances), "to_integer has changed the array it was given."
back = result_of("to_integer", to_integer, np.array([[-3.0, -1.0, -2.0], [-4.0, 0.5, 3.0]]))
assert back.tolist() == [1, 2], (
    f"For the rows -3, -1, -2 and -4, 0.5, 3, to_integer returned {back.tolist()}. The largest number of a row may be "
    "negative, or larger than 1."
)
labels = np.random.default_rng(8).integers(0, 10, size=50)
given = np.array([[float(k == label) for k in range(10)] for label in labels])
back = result_of("to_integer", to_integer, given)
assert back.tolist() == labels.tolist(), (
    f"From 50 one-hot labels that begin with {labels[:8].tolist()}, to_integer makes {back[:8].tolist()} ..."
)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 4 points.")

# %%
codes = np.asarray(one_hot(y_train[:8]))
print(pd.DataFrame(codes.astype(int), index=pd.Index(y_train[:8], name="label")))
print("and back:", to_integer(codes))

# %% [markdown]
# Each row holds a single one, in the column that bears the number of the label; the last line repeats the
# labels.
#
# ## Part 6 · Data you may learn from, data you may not
#
# A network can learn its training examples by heart, so how well it does on those says little. What counts
# is how well it does on digits that it has never seen. For that, the data are divided in three:
#
# - **training data**, from which the weights of the network are learned;
# - **validation data**, by which *you* choose: how large a network, how long to train, which of two models
#   is better;
# - **test data**, on which the chosen model is measured once, at the very end.
#
# Why not choose by the test data, and do without the validation part? Because choosing is learning, too. The model that
# you choose fits these examples a little better than new ones. So after the choice, its score on them is too good on
# average.
#
# **Leakage** is what happens if validation or test data influence the training, or test data the choice. The plainest
# form is the same example in two parts. To see what it does, here is a model that really only learns by heart: it keeps
# all training digits and answers with the label of the training digit that is most similar to the new one.

# %%
def label_of_most_alike(known, known_labels, unknown):
    """For each unknown image, return the label of the known image with the smallest squared differences."""
    a = known.reshape(len(known), -1) / 255
    b = unknown.reshape(len(unknown), -1) / 255
    # For speed, (b - a)² is calculated as b² - 2ab + a²: the middle part is a single matrix product.
    distances = (b**2).sum(axis=1)[:, np.newaxis] - 2 * b @ a.T + (a**2).sum(axis=1)
    return np.array([known_labels[np.argmin(row)] for row in distances])


unseen, unseen_labels = X_train[:200], y_train[:200]
clean = label_of_most_alike(X_train[200:1200], y_train[200:1200], unseen)
leaky = label_of_most_alike(X_train[:1200], y_train[:1200], unseen)
print(f"validation digits kept out of training:    {np.mean(clean == unseen_labels):.1%} right")
print(f"validation digits among the training ones: {np.mean(leaky == unseen_labels):.1%} right")

# %% [markdown]
# The second line says 100 %, and it is worthless: the model found each digit in its own memory. In practice
# leakage is seldom complete, and therefore seldom noticed; the score is just somewhat too good.
#
# A second mistake needs no double examples: taking *the last 20 %* for validation. Many data sets are
# sorted by class, by date or by the person who collected them. See what the last 20 % are if our digits are
# sorted by class:

# %%
by_class = np.sort(y_train, kind="stable")
first_part, last_part = np.split(by_class, [int(0.8 * len(by_class))])
print("classes in the training part:  ", np.unique(first_part))
print("classes in the validation part:", np.unique(last_part))

# %% [markdown]
# The model would be tested (almost) only on classes that it has never seen, and hardly on those that it has learned. So
# the examples must be shuffled first, and best **stratified**: each class is divided on its own, in the same
# proportion, so that both parts have the class balance of the whole.
#
# ### Task 6 · A leakage-free validation split (5 points)
#
# Write `split_train_validation(images, labels, validation_fraction=0.2, seed=0)`. `images` has the examples
# along its first axis, and `labels` has shape `(n,)`; the labels that occur need not be 0, 1, 2 and so on.
# Return two pairs of NumPy arrays, `(X_tr, y_tr), (X_val, y_val)`, such that
#
# - every example is in exactly one of the two parts, together with its own label;
# - of each class, `validation_fraction` of the examples are in the validation part (one more or one less is allowed).
#   This holds for small classes, too;
# - the validation examples are drawn at random, and both parts are in random order, not grouped by class;
# - the same `seed` (the number from which a random generator starts) gives the same split again, and another `seed`
#   gives another one;
# - the arrays of the caller stay as they are.
#
# NumPy is enough. You may also import scikit-learn in the answer cell; it is installed.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Try it with cards: you have 20 red and 10 blue ones, each with a number on its back, and a fifth of each
# colour is to go into another pile, at random. What do you do first, second, third? Which part of that do
# you repeat for each colour?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Do not move images about; work with their *positions*, the numbers 0 to n − 1. Collect the positions of
# one class (`np.flatnonzero` of a comparison), shuffle them with a random generator that was made from
# `seed` (`np.random.default_rng(seed)`; its method `permutation` returns a shuffled copy), and deal them
# out: so many for validation, the rest for training. At the end you have two lists of positions. Shuffle
# each once more, and index images and labels with the same list.
#
# If you would rather use scikit-learn, look for `train_test_split`. Which of its arguments keeps the
# class balance, and which makes the split the same every time? By itself it does neither.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# The pieces, without the classes: positions are found, shuffled, cut in two, and used as an index.
#
# ```python
# names = np.array(["Ada", "Ben", "Cem", "Dia", "Eva"])
# ages = np.array([31, 25, 40, 22, 35])
# rng = np.random.default_rng(3)  # the same numbers at every run
#
# order = rng.permutation(len(names))  # the positions 0 to 4, shuffled
# print(names[order].tolist(), ages[order].tolist())  # shuffled alike: each name keeps its age
#
# adults = np.flatnonzero(ages > 30)  # [0 2 4]
# first, others = adults[:1], adults[1:]  # cut in two: no position is in both
# both = [*first, *others]  # lists can grow, and be an index in the end
# print(names[both].tolist())  # ['Ada', 'Cem', 'Eva']
# ```
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "split-train-validation", "locked": false, "schema_version": 3, "solution": true, "task": false}
def split_train_validation(images, labels, validation_fraction=0.2, seed=0):
    """Return (X_tr, y_tr), (X_val, y_val): a random split, stratified by class."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    training, validation = [], []
    for label in np.unique(labels):
        positions = rng.permutation(np.flatnonzero(labels == label))
        n_validation = round(validation_fraction * len(positions))
        validation.extend(positions[:n_validation])
        training.extend(positions[n_validation:])
    training, validation = rng.permutation(training), rng.permutation(validation)
    return (images[training], labels[training]), (images[validation], labels[validation])
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-split-train-validation", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
def numbered_examples(class_sizes, classes=None, shuffled=False):
    """Small images, sorted by class or shuffled, whose pixels tell the number of the image; and their labels."""
    classes = np.arange(len(class_sizes)) if classes is None else np.array(classes)
    labels = np.repeat(classes.astype(np.uint8), class_sizes)
    if shuffled:
        labels = np.random.default_rng(12).permutation(labels)
    return 1000 + np.arange(4 * len(labels), dtype=np.int32).reshape(-1, 2, 2), labels


def split_of(images, labels, *more, **named):
    """What split_train_validation returns, once it is two pairs of arrays; an error in it becomes a sentence."""
    order = "The order of the arguments is: images, labels, validation_fraction, seed." if more else ""
    called = f"For {len(labels)} examples of the classes {np.unique(labels).tolist()} split_train_validation"
    with explain_errors(called, order):
        result = split_train_validation(images, labels, *more, **named)
    assert result is not None, "split_train_validation returned None. Is there a return?"
    assert isinstance(result, tuple | list) and len(result) == 2, (
        "Return two pairs, (X_tr, y_tr), (X_val, y_val), first training, then validation; split_train_validation "
        f"returned a {type(result).__name__}{f' of {len(result)}' if isinstance(result, tuple | list) else ''}."
    )
    assert all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in result), (
        "Return two pairs, (X_tr, y_tr), (X_val, y_val): first training, then validation, images before labels."
    )
    kinds = [type(part).__name__ for pair in result for part in pair if not isinstance(part, np.ndarray)]
    assert not kinds, f"Images and labels of both parts must be NumPy arrays; one is a {kinds[0]}."
    return result


def checked_split(class_sizes, fraction, seed, **how):
    """Split such examples, check what one split can show, and return the numbers of both parts, in order."""
    images, labels = numbered_examples(class_sizes, **how)
    given_images, given_labels = images.copy(), labels.copy()
    result = split_of(given_images, given_labels, validation_fraction=fraction, seed=seed)
    assert np.array_equal(given_images, images) and np.array_equal(given_labels, labels), (
        "The arrays of the caller were changed. Shuffle positions, not the arrays themselves."
    )
    (X_a, y_a), (X_b, y_b) = result
    assert X_a.shape == (*y_a.shape, 2, 2) and X_b.shape == (*y_b.shape, 2, 2), (
        f"Images of shapes {X_a.shape} and {X_b.shape} do not go with labels of shapes {y_a.shape} and "
        f"{y_b.shape}. "
        "Each part needs as many labels as images, and the images must keep their shape."
    )
    whole = {tuple(image.ravel().tolist()): number for number, image in enumerate(images)}
    a, b = [[whole.get(tuple(image.ravel().tolist())) for image in part] for part in (X_a, X_b)]
    assert None not in a + b, (
        f"{(a + b).count(None)} images of the two parts are none of those given: their pixels were changed or mixed."
    )
    both = len(set(a) & set(b))
    assert both == 0, f"Leakage: {both} of {len(labels)} examples are in the training and in the validation part."
    assert len(set(a)) == len(a) and len(set(b)) == len(b), "Some examples are more than once in the same part."
    lost, gone = np.unique(np.delete(labels, a + b)).tolist(), set(labels.tolist()) - set(labels[a + b].tolist())
    assert not lost, (
        f"Of {len(labels)} examples only {len(a) + len(b)} are in one of the parts; examples of the classes {lost} are "
        "lost. "
        + ("Labels need not be 0 to 9: go through those that occur." if gone else "Check where you cut each class.")
    )
    apart = [(old, new) for old, new in zip(labels[a + b].tolist(), [*y_a.tolist(), *y_b.tolist()]) if old != new]
    assert not apart, (
        f"Labels have been changed or parted from their images: an image with the label {apart[0][0]} now has the "
        f"label {apart[0][1]}. Use the same positions, in the same order, for both."
    )
    for label, size in zip(*np.unique(labels, return_counts=True)):
        n = int(np.sum(y_b == label))
        assert abs(n - fraction * size) <= 1 + 1e-9, (
            f"Of class {label} with {size} examples, {n} are in the validation part; "
            f"with validation_fraction={fraction} "
            f"it must be {fraction * size:g}, give or take one. "
            "Divide each class on its own, by `validation_fraction`, and return training first."
        )
    for name, part in {"training": y_a, "validation": y_b}.items():
        assert np.count_nonzero(np.diff(part.astype(int))) >= len(class_sizes), (
            f"In the {name} part, the examples of a class stand together: its labels are {part[:6].tolist()} ... "
            f"{part[-6:].tolist()}. Shuffle both parts after you have put the classes together."
        )
    return a, b


one, again, other = (checked_split([30] * 10, 0.2, seed) for seed in (0, 0, 1))
assert one == again, "The same seed gave two different splits. Make the random generator from seed, in the function."
assert set(one[1]) != set(other[1]), (
    "Another seed gave the same validation examples, at most in another order. Draw those of each class at random, "
    "with a generator made from seed, before you divide the class."
)
checked_split([60, 24, 36, 12], 0.25, 5, classes=[9, 4, 12, 7])
### BEGIN HIDDEN TESTS
cases = [
    ([90, 40, 20], 0.2, {}),
    ([60, 24, 36, 12], 0.25, {"shuffled": True}),
    ([55, 47, 63, 38], 0.1, {"classes": [9, 4, 12, 7]}),
    ([40, 60], 0.5, {"classes": [3, 5]}),
    ([50, 30, 70], 0.3, {"shuffled": True}),
    ([400, 3, 80, 47], 0.125, {"classes": [255, 12, 4, 7]}),
]
for sizes, fraction, how in cases:
    one, again, other = (checked_split(sizes, fraction, seed, **how) for seed in (5, 5, 6))
    assert one == again, f"With seed=5 and validation_fraction={fraction}, two splits differ."
    assert set(one[1]) != set(other[1]), f"With validation_fraction={fraction}, the seeds 5 and 6 give the same split."
# Of ten equal classes in random order, one in ten neighbours is of the same class.
positions, held_out = checked_split([60] * 10, 0.2, 7)
training = numbered_examples([60] * 10)[1][positions]
assert np.any(training[1:] == training[:-1]), (
    f"The classes take turns in the training part: {training[:12].tolist()} ... That is no random order."
)
first_class = sorted(position for position in held_out if position < 60)
assert len(set(np.diff(first_class).tolist())) > 1, (
    f"Of the 60 examples of a class, those at the positions {first_class} are for validation: they are not drawn at "
    "random."
)
images, labels = numbered_examples([50, 50, 50])
(X_a, y_a), (X_b, y_b) = split_of(images, labels)
(X_c, y_c), (X_d, y_d) = split_of(images, labels, 0.2, 0)
assert abs(len(y_b) - 30) <= 3, f"Without a validation_fraction, {len(y_b)} of 150 examples are for validation, not 30."
assert abs(len(y_d) - 30) <= 3, (
    f"split_train_validation(images, labels, 0.2, 0) takes {len(y_d)} of 150 examples for validation, not 30. "
    "validation_fraction is the third argument, seed the fourth."
)
assert np.array_equal(X_a, X_c) and np.array_equal(X_b, X_d), (
    "Without the last two arguments the split must be the one of 0.2 and seed 0."
)
images = np.repeat(np.arange(48).reshape(12, 2, 2), 5, axis=0)  # of each image, five copies
(X_a, y_a), (X_b, y_b) = split_of(images, np.repeat([3, 8], 30))
assert len(X_a) + len(X_b) == len(y_a) + len(y_b) == 60, (
    f"Of 60 examples, many with equal images, {len(X_a) + len(X_b)} are in the two parts. Equal images are examples of "
    "their own: keep them all."
)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 5 points.")

# %%
(X_tr, y_tr), (X_val, y_val) = split_train_validation(X_train, y_train)
plot_images(X_val[:10], y_val[:10])
plt.show()

print("training:", y_tr.shape, "validation:", y_val.shape)
digits = pd.Series(np.concatenate([y_tr, y_val]), name="digit")
part = pd.Series(np.repeat(["training", "validation"], [len(y_tr), len(y_val)]), name="part, %")
(100 * pd.crosstab(digits, part, normalize="columns")).round(1)

# %% [markdown]
# The figure shows ten validation digits with their labels. If images and labels had been shuffled separately, most of
# the labels would be wrong. The two columns of the table should agree, up to the effect of a single example: both parts
# have the class balance of the whole.
#
# ### Task 7 · The best of twenty (2 points)
#
# A colleague has trained twenty different models. She measured the accuracy of all twenty on the test set, took the
# model with the highest, and reports that accuracy as the one to expect on new digits.
#
# **Is the accuracy that she reports more likely too high or too low, and how would that come about even if
# all twenty models were equally good? What should she have done, step by step, and what can she do now?**
# Write four to eight sentences.
#
# **Marking scheme.** 1 point for the direction, with a reason that also holds for equally good models; 1 point for
# the steps in their order, with the data that each of them uses, and for what is still possible now.

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain-test-set", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# It is more likely too high. An accuracy measured on a limited number of digits has some luck in it, good for
# some models and bad for others. Twenty equally good models would therefore score differently, and the
# highest score is that of the luckiest one: above the accuracy that all of them share. With new digits the
# luck will not come again. (1 point)
#
# Step by step: split validation data off the training data, stratified, and leave the test set alone; train
# all twenty models on the remaining training data; compare them on the validation data (or by
# cross-validation) and choose one; measure only this one on the test set, once, and report that accuracy.
# Now that she has chosen by this test set, it can no longer give the final accuracy: it has served as
# validation data. She needs new test digits that had no part in the choice, or must say how she chose.
# (1 point)
# ### END SOLUTION

# %% [markdown]
# ## Going further
#
# - **How much luck is in the best of twenty?** Simulate it: twenty models that are all right in exactly
#   90 % of cases, each tested on 1,000 digits (`rng.binomial(1000, 0.9, size=20) / 1000`, with
#   `rng = np.random.default_rng(0)`). Repeat it a thousand times and draw a histogram of the highest
#   accuracy. How does it change with 10,000 digits, or with a hundred models?
# - **Draw the class balance.** A table of counts is soon too long to read; a bar plot shows a rare class at once.
#   Write `plot_class_balance(counts)` for any number of classes. It makes a new figure at each call, draws one bar
#   for each class in their order, lets the vertical axis start at zero, labels both axes, and returns the
#   Matplotlib `Axes`. Try it with `class_counts(y_train)`, and with twelve counts of which one is 0 and one is
#   9,000. Is the empty class still in its place? Can every bar be seen whole? Do two calls give two figures?
# - **The channel axis.** Both data formats of Part 4 are in use, and a word that is misspelt should stop the program
#   rather than choose one of them. Write `add_channel_axis(images, data_format="channels_last")`: it takes images
#   of shape `(n, 28, 28)` to `(n, 28, 28, 1)`, or to `(n, 1, 28, 28)` for `"channels_first"`. Any other word
#   raises a `ValueError` that names the two that are allowed. Check that the pixels are still in their places: the
#   result without its new axis must equal `images` (`np.array_equal`), and `images` must have kept its shape.
#
#   <details><summary>Hint</summary>
#
#   `np.newaxis` in an index, between or behind the colons of the other axes, makes a new axis of length 1; so does
#   `np.expand_dims`, which wants the array and the place of the new axis. An error is raised, not returned:
#   `raise ValueError("...")`.
#
#   </details>
# - **A fifth question.** Damaged data can hold NaN, "not a number", for instance where 0 was divided by 0. What does
#   `inspect_array` say of `np.array([1.0, np.nan])`? Write `count_nan(array)`, which counts the NaN in an array of any
#   shape and returns a plain `int`. An array of whole numbers cannot hold any and gives 0. Check it:
#
#   ```python
#   assert count_nan(np.array([[1.0, np.nan], [np.nan, 0.0]])) == 2 and count_nan(X_train) == 0
#   assert type(count_nan(X_train)) is int
#   ```
#
# - **Paper, ink and the greys between.** What share of the pixels is 0? Draw a histogram of the others,
#   `X_train[X_train > 0]`, with 32 bins from 0 to 256. You should find that four of five pixels are paper, and that
#   more than a third of the ink is very dark, above 250.
# - **Unbalance the digits.** Keep only one in fifty of the nines, and redo the table and the split. Which
#   accuracy does a model reach that never answers "9"? Which other measure would have shown it?
# - **Same hand, two parts.** MNIST's training and test digits come from different writers. Your validation
#   split does not know about writers, so that digits by the same hand are in both of its parts. Is that
#   leakage? QMNIST (below) tells who wrote each digit: think about how a split by writer would have to
#   work.
# - **Your own handwriting.** Write a digit with a thick pen on plain white paper, take a picture of it from
#   above, in even light (or draw it with a paint program), and put the file beside this notebook; in Colab,
#   upload it with the folder symbol on the left. The recipe prepares it much as MNIST's digits were
#   prepared. It uses your `ink_box` and, in the last line, the model that learns by heart:
#
#   ```python
#   from PIL import Image, ImageOps
#
#
#   def digit_from_picture(path):
#       """The digit in a picture of dark ink on light paper: (28, 28), uint8, 0 for paper."""
#       picture = ImageOps.exif_transpose(Image.open(path))  # rotated as a phone shows it
#       dark = 255 - np.asarray(picture.convert("L"), dtype=np.float32)  # grey, and inverted: ink is large
#       paper = np.median(dark)  # most pixels are paper
#       ink = (dark - paper) / (dark.max() - paper)  # about 0 for paper, 1 for the darkest ink
#       ink[ink < 0.4] = 0  # the grain of the paper, and weak shadows
#       top, bottom, left, right = ink_box(ink)
#       box = Image.fromarray((255 * ink[top : bottom + 1, left : right + 1]).astype(np.uint8))
#       width, height = (max(1, round(20 * side / max(box.size))) for side in box.size)
#       small = np.asarray(box.resize((width, height)))  # the longer side has 20 pixels now
#       rows, columns = np.indices(small.shape)
#       down = round(13.5 - np.average(rows, weights=small))  # takes the centre of mass to the middle
#       along = round(13.5 - np.average(columns, weights=small))
#       down, along = np.clip([down, along], 0, [28 - height, 28 - width])  # but not beyond the edge
#       digit = np.zeros((28, 28), dtype=np.uint8)
#       digit[down : down + height, along : along + width] = small
#       return digit
#
#
#   mine = digit_from_picture("my_digit.jpg")
#   print(inspect_array(mine), ink_box(mine))
#   plot_images(mine[np.newaxis], label_of_most_alike(X_train, y_train, mine[np.newaxis]));
#   ```
#
#   Look at the figure before you believe the answer. A shadow is ink for this recipe if it is more than 0.4 of the way
#   from paper to the darkest ink. The box is then far too large, and the digit a small spot in it. The same happens if
#   lines, a finger or the edge of the table are in the picture. A thin pen leaves pale, broken strokes when hundreds of
#   pixels become 20. We tried the recipe on pictures made from 120 test digits, each on a large sheet of light grey
#   paper: the model classified 93 % of them correctly (94 % of the original digits), but only 16 % with a strong
#   shadow. Very thin strokes hurt, too.
#
# ## References
#
# - Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998). Gradient-based learning applied to document
#   recognition. *Proceedings of the IEEE* 86(11), 2278–2324. Describes MNIST and how its digits were
#   prepared.
# - C. Yadav and L. Bottou (2019). Cold case: the lost MNIST digits. *Advances in Neural Information
#   Processing Systems* 32. QMNIST, with the writer of each digit.
# - S. Kaufman, S. Rosset, C. Perlich and O. Stitelman (2012). Leakage in data mining: formulation,
#   detection, and avoidance. *ACM Transactions on Knowledge Discovery from Data* 6(4).
# - S. Kapoor and A. Narayanan (2023). Leakage and the reproducibility crisis in machine-learning-based
#   science. *Patterns* 4(9).
# - A. Cangelosi, with updates by G. Masala (2025). *COMP6685 Lab 6a, Keras CNN MNIST*. The lab with images of
#   shape (1, 28, 28).
# - E. R. Tufte (1983). *The Visual Display of Quantitative Information*. Graphics Press.
