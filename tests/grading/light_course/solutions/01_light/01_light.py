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
# A network learns whatever is in its data, including what went wrong on the way in. Before you train
# anything, spend an hour with the numbers themselves: what they are, how they are stored, and how to divide
# them so that the accuracy you report later is one you can believe. No network is needed for that yet, only
# NumPy and a few figures.
#
# ## What you will do
#
# Open MNIST, a collection of handwritten digits, and look at it from six sides: as a learning problem, as
# the numbers of a single digit, as ten classes, by the axes and by the numbers that a network expects, and
# as data for training and for checking. On the way you write a small toolbox of functions for the questions
# that come up with every new data set.
#
# ## What you will learn
#
# ## What you need
#
# No earlier lab. You should be at ease with Python functions, and have seen NumPy arrays before: slicing,
# arithmetic on whole arrays, boolean masks.

# %% [markdown] tags=["stamp-facts"]
# Points and minutes.

# %% [markdown]
# ## Set-up
#
# Run this cell first. It makes the helper package of the course available, wherever you have opened the
# notebook.

# %% tags=["stamp-setup"]
# The set-up.

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
from data_utils import load_mnist
import numpy as np

(X_train, y_train), (X_test, y_test) = load_mnist(N_TRAIN, N_TEST)


# %% [markdown]
# ## Part 1 · What is the problem?
#
# A first look costs one line. Always take it: upside-down images, shifted labels or an empty file show at
# once.

# %% [markdown]
# You see fifteen digits in dark ink on light paper, written by different hands. The number above each is
# its label. Compare a few of them with the picture: do they match?
#
# ### Task 1 · Features, labels and their numbers
#
# In *supervised learning* every example has two sides. The **features** are what the model is given: here
# the brightness of each pixel. The **label** is what the model has to find out: here which of the ten
# digits it is. Labels that come from a short list of possibilities are called **classes**, and the problem
# is then one of *classification*.
#
# <details><summary>Hint</summary>
#
# An array's `shape` is a tuple, so you can slice it like one. The features of an image are all of its
# numbers: think of what you have to multiply. For the classes, NumPy has a function that leaves each value
# only once.
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
facts = describe_problem(np.zeros((12, 28, 28), dtype=np.uint8), np.arange(12, dtype=np.uint8) % 10)
assert isinstance(facts, dict), f"describe_problem must return a dictionary, not {facts!r}. Is there a return?"
missing = {"n_examples", "image_shape", "n_features", "n_classes"} - set(facts)
assert not missing, f"The dictionary lacks {sorted(missing)}; its keys are {list(facts)}."
assert facts["n_examples"] == 12, f"There were 12 images, but n_examples is {facts['n_examples']!r}."
assert np.asarray(facts["image_shape"]).tolist() == [28, 28], (
    f"Each image was 28 × 28, but image_shape is {facts['image_shape']!r}. The first axis counts the examples."
)
assert facts["n_features"] == 784, (
    f"n_features is {facts['n_features']!r}. Count all numbers of one 28 × 28 image, and of one image only."
)
assert facts["n_classes"] == 10, f"The labels were 0 to 9, ten classes, but n_classes is {facts['n_classes']!r}."
### BEGIN HIDDEN TESTS
facts = describe_problem(np.ones((5, 4, 6, 3)), np.array([7, 2, 7, 7, 2]))
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
### END HIDDEN TESTS

# %% [markdown]
# The last three values are the ones to remember: each of the 28 × 28 images is 784 numbers, and there are
# ten classes.
#
# ### Task 2 · Four questions for every array
#
# Most errors in preparing data are answered by four questions: *What type of object is it? What shape? What
# dtype? Which range of values?* A label stored as text, an image that lies on its side, pixels that were
# already scaled and are about to be scaled again: each of them shows in one of the answers.
#
# <details><summary>Hint</summary>
#
# Every Python class knows its own name; look at `type([])` and what you can ask it with two underscores on
# either side. Every NumPy scalar has a method that returns the plain Python number of the fitting kind;
# search for "item" in NumPy's documentation.
#
# </details>

# %% [markdown]
# Images and labels agree in their first axis, one label per image. Both are `uint8`, whole numbers from 0 to
# 255 in one byte each: the pixels use the whole range, the labels only 0 to 9. And images have no axis for
# colour: a pixel is a single number.
#
# ## Part 2 · One digit as numbers
#
# Now from the whole collection to one digit. For the computer, the first digit of the training data is the
# table that the next cell prints: 28 rows of 28 numbers. Lean back and half-close your eyes.

# %% [markdown]
# Zeros are paper, large numbers are ink, and the numbers in between, along the rims of the strokes, are
# grey. The digit is there to be read, and so is an empty border around it.
#
# ### Task 3 · The box around the ink
#
# How wide is that border, and is it the same for each digit? If one image were shifted to the edge, a
# network that looks at fixed pixels would see something quite unlike the other examples of its class. Let
# the computer find the smallest box that holds all the ink.
#
# <details><summary>Hint</summary>
#
# Start with a boolean array that says where the ink is. From it you can learn which rows hold any ink by
# looking along one axis, and which columns by looking along the other. NumPy can tell the positions at
# which a boolean array is true; you need only the first and last of them. What does such a list of
# positions look like for a blank image?
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

# %% nbgrader={"grade": true, "grade_id": "test-ink-box", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def checked_box(image):
    """What ink_box returns for an image with ink, as a list of four numbers."""
    box = ink_box(image)
    assert box is not None, "ink_box returned None for an image with ink in it. Is there a return for this case?"
    assert isinstance(box, tuple | list | np.ndarray) and len(box) == 4, (
        f"ink_box must return four numbers, it returned {box!r}."
    )
    assert all(np.ndim(side) == 0 for side in box), (
        f"ink_box must return four single numbers, it returned {box!r}. "
        "Some NumPy functions, np.where among them, return a tuple of arrays: look at yours with print."
    )
    return np.asarray(box).tolist()


def box_of_blank(image):
    """What ink_box returns for an image without ink."""
    try:
        return ink_box(image)
    except (ValueError, IndexError) as error:
        raise AssertionError(
            f"ink_box crashed on a blank image ({error}). "
            "Without ink there is no first row: ask for it before you look for one, and return None."
        ) from error


image = np.zeros((28, 28), dtype=np.uint8)
image[4:22, 9:15] = 200
box = checked_box(image)
assert box == [4, 21, 9, 14], (
    f"With ink in the rows 4 to 21 and the columns 9 to 14, the box is {box}. "
    "The order is (top, bottom, left, right), and the last row and column belong to the box."
)
box = box_of_blank(np.zeros((28, 28), dtype=np.uint8))
assert box is None, f"A blank image has no box: return None, not {box!r}."
### BEGIN HIDDEN TESTS
image = np.zeros((6, 9), dtype=np.uint8)
image[2, 7], image[4, 1], image[3, 3] = 1, 255, 90
before = image.copy()
box = checked_box(image)
assert box == [2, 4, 1, 7], (
    f"With ink of the values 255, 90 and 1 at (4, 1), (3, 3) and (2, 7), the box is {box}; "
    "it must be (2, 4, 1, 7). Faint ink counts too, and rows are the first axis."
)
assert np.array_equal(image, before), "ink_box has changed the image it was given; work on a copy."
image = np.zeros((5, 5), dtype=np.float32)
image[3, 2] = 0.2
box = checked_box(image)
assert box == [3, 3, 2, 2], (
    f"With a single pixel of 0.2 at row 3 and column 2, the box is {box}; it must be (3, 3, 2, 2)."
)
box = checked_box(np.full((3, 4), 9))
assert box == [0, 2, 0, 3], f"With ink all over 3 rows and 4 columns, the box is {box}."
assert box_of_blank(np.zeros((5, 5))) is None, "A blank image of decimals must give None as well."
### END HIDDEN TESTS

# %% [markdown]
# The dashed box should touch the ink on all four sides, with no empty row or column inside its rim. Rows
# are counted from the top down, as in the table of numbers: the vertical axis of an image runs the other
# way than that of a graph.
#
# ## Part 3 · Ten classes, equally many?
#
# ### Task 4 · Count the classes
#
# Suppose that 99 of 100 examples belong to one class. A model that always answers with that class, without
# a glance at its input, is 99 % accurate and good for nothing. So an accuracy means little before you know
# how the examples are spread over the classes, the **class balance**: the share of the largest class is
# what any model has to beat.
#
# <details><summary>Hint</summary>
#
# `np.unique` can count, but it knows nothing of classes that do not occur. NumPy has another function that
# counts small whole numbers into "bins"; look in its documentation for a way to ask for a minimum number of
# them. A loop over the classes is fine as well.
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "class-counts", "locked": false, "schema_version": 3, "solution": true, "task": false}
def class_counts(labels, n_classes=10):
    """Return how often each of the classes 0 to n_classes - 1 occurs, in this order."""
    ### BEGIN SOLUTION
    return np.bincount(labels, minlength=n_classes)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-class-counts", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
labels = np.array([3, 1, 3, 9, 3, 0], dtype=np.uint8)
counts = class_counts(labels)
assert counts is not None, "class_counts returned None. Is there a return?"
assert not isinstance(counts, dict), (
    f"Return an array or list in the order of the classes, not {type(counts).__name__}."
)
assert np.shape(counts) == (10,), (
    f"The result must hold 10 numbers, one per class, but its shape is {np.shape(counts)}. "
    "Classes that do not occur count 0."
)
assert np.asarray(counts, dtype=float).tolist() == [1, 1, 0, 3, 0, 0, 0, 0, 0, 1], (
    f"For the labels 3, 1, 3, 9, 3, 0 the counts are {np.asarray(counts).tolist()}; "
    "entry 0 must be 1, entry 1 must be 1, entry 2 must be 0, entry 3 must be 3, and so on."
)
### BEGIN HIDDEN TESTS
labels = np.array([2, 0, 2, 2], dtype=np.int64)
counts = class_counts(labels, n_classes=4)
assert np.shape(counts) == (4,), f"With n_classes=4 and no label 3 or 1, the shape is {np.shape(counts)}, not (4,)."
assert np.asarray(counts, dtype=float).tolist() == [1, 0, 3, 0], (
    f"For the labels 2, 0, 2, 2 and n_classes=4 the counts are {np.asarray(counts).tolist()}."
)
assert labels.tolist() == [2, 0, 2, 2], (
    "class_counts has changed the labels it was given, for instance by sorting them."
)
labels = np.random.default_rng(1).permutation(np.repeat(np.array([5, 6], dtype=np.uint8), [300, 20]))
counts = class_counts(labels, n_classes=8)
assert np.asarray(counts, dtype=float).tolist() == [0, 0, 0, 0, 0, 300, 20, 0], (
    f"For 300 labels 5 and 20 labels 6 the counts are {np.asarray(counts).tolist()}. "
    "Counts are not shares, and they do not fit into uint8."
)
### END HIDDEN TESTS

# %% [markdown]
# Look at the two columns in percent. All of MNIST is balanced only roughly: of its 60,000 training digits
# 11.2 % are ones and 9.0 % are fives. The smaller set that comes with the helper package was picked so that
# each class has exactly 10 %. Either way, guessing the same digit every time is right in about one case of
# ten. That is the score to beat.
#
# ### Task 5 · The class balance as a bar plot
#
# A table is exact; a figure is quick. In a bar plot the eye compares *lengths*, so a bar must be as long as
# its number is large. It is only if the axis **starts at zero**. Cut off the lower part of the axis and you
# cut the same piece off every bar: small differences grow into large ones, without one wrong number in the
# whole figure. (For a curve, where the eye follows the slope, an axis may start anywhere.)
#
# <details><summary>Hint</summary>
#
# `figure, axes = plt.subplots()` gives you a new figure and an `Axes` on which you can draw and which you can
# return. Many Seaborn functions accept it as `ax=`; without it they draw into the current figure. Do not
# call `plt.show()` inside the function: it puts the finished figure away.
#
# </details>

# %% [markdown]
# Both figures show the same numbers, the counts of all 60,000 training digits of MNIST. What would you have
# said about the first, had you not read its axis? There the bar of the 1 is about twelve times as long as
# that of the 5, as if the fives were almost missing. In the second it is 1.24 times as long, which is the
# truth: 6,742 against 5,421. No class is rare enough to worry about.
#
# ## Part 4 · The axes that a network expects
#
# A colour image has three numbers per pixel, for red, green and blue: its **channels**. Networks for
# images therefore expect an axis for channels, even if there is only one. A stack of *n* grey digits has to
# become one of two things:

# %% [markdown]
# On the right the digit is intact, as on the left. In the middle it is torn: `reshape` took the first third
# of the numbers, all three channels mixed, for the first channel. Both arrays have the shape `(3, 28, 28)`,
# so a look at the shape would not have told them apart.
#
# ### Task 6 · The channel axis
#
# Which of the two formats is taken for granted by Keras, the library of the later labs, is a setting. You can
# ask for it (no need to run this now):
#
# <details><summary>Hint</summary>
#
# There are at least three ways to get a new axis of length 1: `np.newaxis` in an index, `np.expand_dims`,
# and `reshape` (is it safe here? see above). An error is raised, not returned.
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "add-channel-axis", "locked": false, "schema_version": 3, "solution": true, "task": false}
def add_channel_axis(images, data_format="channels_last"):
    """Return grey images with an axis of length 1 for the channel, last or first."""
    ### BEGIN SOLUTION
    if data_format == "channels_last":
        return images[:, :, :, np.newaxis]
    if data_format == "channels_first":
        return images[:, np.newaxis, :, :]
    raise ValueError(f"data_format must be 'channels_last' or 'channels_first', not {data_format!r}")
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-add-channel-axis", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
images = np.arange(3 * 28 * 28, dtype=np.float32).reshape(3, 28, 28)
last = add_channel_axis(images.copy())
assert last is not None, "add_channel_axis returned None. Is there a return?"
assert np.shape(last) == (3, 28, 28, 1), (
    f"Without a data_format, channels come last: the shape must be (3, 28, 28, 1), it is {np.shape(last)}."
)
assert np.array_equal(np.asarray(last)[:, :, :, 0], images), (
    "The shape is right, but pixels have changed their places. Add an axis; do not move or flip the others."
)
first = add_channel_axis(images.copy(), "channels_first")
assert np.shape(first) == (3, 1, 28, 28), (
    f"With channels_first the shape must be (3, 1, 28, 28), it is {np.shape(first)}."
)
assert np.array_equal(np.asarray(first)[:, 0], images), (
    "With channels_first the shape is right, but pixels have changed their places."
)
raised = False
try:
    add_channel_axis(images.copy(), "channels_in_the_middle")
except ValueError:
    raised = True
assert raised, "A data_format of 'channels_in_the_middle' must raise a ValueError. Use raise, not return."
### BEGIN HIDDEN TESTS
images = np.random.default_rng(6).integers(0, 256, size=(28, 28, 28), dtype=np.uint8)
given = images.copy()
last = np.asarray(add_channel_axis(given, data_format="channels_last"))
assert given.shape == (28, 28, 28) and np.array_equal(given, images), (
    "add_channel_axis has changed the array of the caller, its shape or its numbers. Return a new one."
)
assert last.shape == (28, 28, 28, 1), f"For 28 images and channels_last the shape is {last.shape}."
assert np.array_equal(last[..., 0], images), "For 28 images and channels_last, pixels have changed their places."
first = np.asarray(add_channel_axis(given, data_format="channels_first"))
assert given.shape == (28, 28, 28) and np.array_equal(given, images), (
    "With channels_first, add_channel_axis has changed the array of the caller."
)
assert first.shape == (28, 1, 28, 28), f"For 28 images and channels_first the shape is {first.shape}."
assert np.array_equal(first[:, 0], images), "For 28 images and channels_first, pixels have changed their places."
assert np.shape(add_channel_axis(images[:1])) == (1, 28, 28, 1), (
    f"For a single image of shape (1, 28, 28) the result has shape {np.shape(add_channel_axis(images[:1]))}."
)
for wrong in ["last", "channel_first", ""]:
    raised = False
    try:
        add_channel_axis(images[:2], wrong)
    except ValueError:
        raised = True
    assert raised, f"A data_format of {wrong!r} must raise a ValueError."
### END HIDDEN TESTS

# %% [markdown]
# ## Part 5 · The numbers that a network expects
#
# The pixels run from 0 to 255. How are they spread in between?

# %% [markdown]
# On the left almost everything is in one bar: four of five pixels are paper. On the right, without them, you
# see that more than a third of the ink is very dark, above 250, while the rest, the rims of the strokes, is
# spread thinly over all the greys. (Look at the two vertical scales: they differ.)

# %% [markdown]
# Nothing warns you, and five of the numbers in the middle three lines are wrong: 250 + 10 gives 4 and
# 0 − 200 gives 56, since `uint8` has only the numbers from 0 to 255 and begins again where it ends. This is
# the **overflow trap**; it turns sums and differences of images into noise. So change to decimals first and
# calculate afterwards.
#
# ### Task 7 · Scale to the range from 0 to 1
#
# A network multiplies its inputs by numbers called **weights**. They are small and random at the start, and
# are learned in small steps; both work best with inputs of about the size of 1. So the pixels are divided
# by 255.
#
# <details><summary>Hint</summary>
#
# An array's `astype` returns a copy in another dtype. After it, ask yourself which dtype the result of your
# division has. Be careful with operators such as `+=` that write into an array that exists already.
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "scale", "locked": false, "schema_version": 3, "solution": true, "task": false}
def scale(images):
    """Return the images as float32 with values from 0 to 1."""
    ### BEGIN SOLUTION
    return images.astype(np.float32) / np.float32(255)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-scale", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
images = np.array([[[0, 51], [102, 255]]], dtype=np.uint8)
try:
    result = scale(images)
except TypeError as error:
    raise AssertionError(
        f"scale stopped with a TypeError ({error}). "
        "Does it write into the array it was given, as /= does? A uint8 array cannot hold decimals."
    ) from error
assert result is not None, "scale returned None. Is there a return?"
assert isinstance(result, np.ndarray), f"scale must return a NumPy array, not {type(result).__name__}."
assert result.shape == (1, 2, 2), f"The shape must stay (1, 2, 2), it is {result.shape}."
assert result.dtype == np.float32, f"The dtype must be float32, it is {result.dtype}."
assert np.allclose(result, [[[0, 0.2], [0.4, 1]]], atol=1e-6), (
    f"The pixels 0, 51, 102, 255 became {result.ravel().tolist()}; they must become 0, 0.2, 0.4, 1."
)
assert images.ravel().tolist() == [0, 51, 102, 255], "scale has changed the array it was given; return a new one."
### BEGIN HIDDEN TESTS
images = np.array([[[102, 51, 204]]], dtype=np.uint8)
result = scale(images)
assert np.allclose(result, [[[0.4, 0.2, 0.8]]], atol=1e-6), (
    f"Without a pixel of 255 or 0, the pixels 102, 51, 204 became {np.asarray(result).ravel().tolist()}; "
    "they must become 0.4, 0.2, 0.8. Divide by the constant 255, not by the largest value."
)
result = scale(np.zeros((2, 28, 28, 1), dtype=np.uint8))
assert result.shape == (2, 28, 28, 1), f"For shape (2, 28, 28, 1) the result has shape {result.shape}."
assert np.all(result == 0), "Two blank images must stay blank, without a NaN."
images = np.random.default_rng(7).integers(0, 256, size=(4, 28, 28)).astype(np.float32)
given = images.copy()
result = scale(given)
assert np.array_equal(given, images), "For float32 input, scale has changed the array it was given; return a new one."
assert result.dtype == np.float32, f"For float32 input the dtype is {result.dtype}."
assert np.allclose(result, images / 255, atol=1e-6), "For float32 input the values are not divided by 255."
result = scale(images.astype(np.int64))
assert result.dtype == np.float32, f"For int64 input the dtype is {result.dtype}."
assert np.allclose(result, images / 255, atol=1e-6), "For int64 input the values are not divided by 255."
### END HIDDEN TESTS

# %% [markdown]
# ### Task 8 · One-hot labels and back
#
# A network for ten classes has ten outputs, one per class. To compare them with a label such as 3, the label
# can be written as ten numbers too: nine zeros, and a one in place 3. This is a **one-hot** label. It also
# states what an integer hides: the classes have no order, and a 3 is not halfway between a 2 and a 4.
#
# <details><summary>Hint</summary>
#
# The rows of the unit matrix (ones on the diagonal, zeros elsewhere) are all the one-hot labels that there
# are. For the way back, NumPy can find the position of the largest value; decide along which axis, and try
# it on a matrix with 2 rows and 3 columns.
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

# %% nbgrader={"grade": true, "grade_id": "test-one-hot", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
codes = one_hot(np.array([3, 0, 9], dtype=np.uint8))
assert codes is not None, "one_hot returned None. Is there a return?"
codes = np.asarray(codes)
assert codes.shape == (3, 10), f"For 3 labels the shape must be (3, 10), it is {codes.shape}."
assert codes.dtype.kind == "f", f"The dtype must be a float one, it is {codes.dtype}."
assert [np.flatnonzero(row).tolist() for row in codes] == [[3], [0], [9]], (
    f"For the labels 3, 0, 9 the places other than 0 are {[np.flatnonzero(row).tolist() for row in codes]}; "
    "each row needs exactly one, in the place of its label."
)
assert codes.max() == 1, f"The place of the label must hold 1, it holds {codes.max()}."
back = to_integer(np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]))
assert back is not None, "to_integer returned None. Is there a return?"
assert np.shape(back) == (2,), (
    f"For 2 rows to_integer must return shape (2,), it returned {np.shape(back)}. Check the axis."
)
assert np.asarray(back).dtype.kind in "iu", f"to_integer must return integers, it returned {np.asarray(back).dtype}."
assert np.asarray(back).tolist() == [2, 0], (
    f"For ones in the places 2 and 0, to_integer returned {np.asarray(back).tolist()}."
)
### BEGIN HIDDEN TESTS
labels = np.array([1, 0, 1, 2], dtype=np.int64)
codes = np.asarray(one_hot(labels))
assert codes.shape == (4, 10), (
    f"For the labels 1, 0, 1, 2 the shape is {codes.shape}; it must be (4, 10). "
    "The largest label is not the number of classes."
)
assert codes[:, :3].tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]] and not codes[:, 3:].any(), (
    f"For the labels 1, 0, 1, 2 the first columns are {codes[:, :3].tolist()}."
)
assert labels.tolist() == [1, 0, 1, 2], "one_hot has changed the labels it was given."
codes = np.asarray(one_hot(np.array([4], dtype=np.uint8), n_classes=6))
assert codes.tolist() == [[0, 0, 0, 0, 1, 0]], f"For the label 4 of 6 classes one_hot gives {codes.tolist()}."
assert codes.dtype.kind == "f", f"For the label 4 of 6 classes the dtype is {codes.dtype}."
chances = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [0.3, 0.3, 0.4], [0.05, 0.9, 0.05]])
given = chances.copy()
back = np.asarray(to_integer(given))
assert back.shape == (4,), f"For 4 rows of probabilities to_integer returned shape {back.shape}."
assert back.tolist() == [1, 0, 2, 1], (
    f"For probabilities that are highest in the places 1, 0, 2, 1, to_integer returned {back.tolist()}."
)
assert np.array_equal(given, chances), "to_integer has changed the array it was given."
labels = np.random.default_rng(8).integers(0, 10, size=50)
back = np.asarray(to_integer(np.array([[float(k == label) for k in range(10)] for label in labels])))
assert back.tolist() == labels.tolist(), (
    "For 50 one-hot labels of 10 classes, to_integer does not find the labels again."
)
### END HIDDEN TESTS

# %% [markdown]
# Each row holds a single one, in the column that bears the number of the label; the last line repeats the
# labels.
#
# ## Part 6 · Data you may learn from, data you may not
#
# A network can learn its training examples by heart, so how well it does on those says little. What counts
# is how well it does on digits that it has never seen. For that, the data are divided in three:

# %% [markdown]
# The second line says 100 %, and it is worthless: the model found each digit in its own memory. In practice
# leakage is seldom complete, and therefore seldom noticed; the score is just somewhat too good.

# %% [markdown]
# The model would be asked about digits that it has hardly or never met in training, and not about most of
# those that it has learned. So the examples must be shuffled first, and best **stratified**: each class is
# divided on its own, in the same proportion, so that both parts have the class balance of the whole.
#
# ### Task 9 · A leakage-free validation split
#
# Write `split_train_validation(images, labels, validation_fraction=0.2, seed=0)`. `images` has the examples
# along its first axis, and `labels` has shape `(n,)`. Return two pairs, `(X_tr, y_tr), (X_val, y_val)`,
# such that
#
# <details><summary>Hint</summary>
#
# Do not move images about; work with their *positions*, the numbers 0 to n − 1. Collect the positions of
# one class, shuffle them with a random generator that was made from `seed`, and deal them out: so many for
# validation, the rest for training. At the end you have two lists of positions. Shuffle each once more, and
# index images and labels with the same list.
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

# %% nbgrader={"grade": true, "grade_id": "test-split-train-validation", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def numbered_examples(class_sizes):
    """Small images, sorted by class, in which each pixel is the number of the image; and their labels."""
    labels = np.repeat(np.arange(len(class_sizes), dtype=np.uint8), class_sizes)
    return np.repeat(np.arange(len(labels), dtype=np.int32), 4).reshape(-1, 2, 2), labels


def checked_split(class_sizes, fraction, seed):
    """Split such examples, check what one split can show, and return the numbers of both parts, in order."""
    images, labels = numbered_examples(class_sizes)
    given_images, given_labels = images.copy(), labels.copy()
    result = split_train_validation(given_images, given_labels, validation_fraction=fraction, seed=seed)
    assert result is not None, "split_train_validation returned None. Is there a return?"
    assert len(result) == 2 and all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in result), (
        "Return two pairs, (X_tr, y_tr), (X_val, y_val): first training, then validation, images before labels."
    )
    assert np.array_equal(given_images, images) and np.array_equal(given_labels, labels), (
        "The arrays of the caller were changed. Shuffle positions, not the arrays themselves."
    )
    (X_a, y_a), (X_b, y_b) = [[np.asarray(part) for part in pair] for pair in result]
    assert X_a.shape == (len(y_a), 2, 2) and X_b.shape == (len(y_b), 2, 2), (
        f"Images of shapes {X_a.shape} and {X_b.shape} do not go with labels of shapes {y_a.shape} and "
        f"{y_b.shape}. "
        "Each part needs as many labels as images, and the images must keep their shape."
    )
    a, b = X_a[:, 0, 0].tolist(), X_b[:, 0, 0].tolist()
    both = len(set(a) & set(b))
    assert both == 0, f"Leakage: {both} of {len(labels)} examples are in the training and in the validation part."
    assert len(set(a)) == len(a) and len(set(b)) == len(b), "Some examples are more than once in the same part."
    assert len(a) + len(b) == len(labels), f"Of {len(labels)} examples only {len(a) + len(b)} are in one of the parts."
    assert y_a.tolist() == labels[a].tolist() and y_b.tolist() == labels[b].tolist(), (
        "Labels have been parted from their images. Use the same positions, in the same order, for both."
    )
    for label, size in enumerate(class_sizes):
        n = int(np.sum(y_b == label))
        assert abs(n - fraction * size) <= 1 + 1e-9, (
            f"Of class {label} with {size} examples, {n} are in the validation part; "
            f"with validation_fraction={fraction} "
            f"it must be {fraction * size:g}, give or take one. Divide each class on its own."
        )
    assert sorted(y_a.tolist()) != y_a.tolist() and sorted(y_b.tolist()) != y_b.tolist(), (
        "A part is sorted by class. Shuffle both parts after you have put the classes together."
    )
    return a, b


one, again, other = (checked_split([30] * 10, 0.2, seed) for seed in (0, 0, 1))
assert one == again, "The same seed gave two different splits. Make the random generator from seed, in the function."
assert set(one[1]) != set(other[1]), "Another seed gave the same validation examples. Is seed used at all?"
### BEGIN HIDDEN TESTS
cases = [([90, 40, 20], 0.2), ([60, 24, 36, 12], 0.25), ([55, 47, 63, 38], 0.1), ([40, 60], 0.5)]
for sizes, fraction in cases:
    one, again, other = (checked_split(sizes, fraction, seed) for seed in (5, 5, 6))
    assert one == again, f"With seed=5 and validation_fraction={fraction}, two splits differ."
    assert set(one[1]) != set(other[1]), f"With validation_fraction={fraction}, the seeds 5 and 6 give the same split."
images, labels = numbered_examples([50, 50, 50])
(X_a, y_a), (X_b, y_b) = split_train_validation(images, labels)
(X_c, y_c), (X_d, y_d) = split_train_validation(images, labels, 0.2, 0)
assert abs(len(y_b) - 30) <= 3, f"Without a validation_fraction, {len(y_b)} of 150 examples are for validation, not 30."
assert np.array_equal(X_a, X_c) and np.array_equal(X_b, X_d), (
    "Without the last two arguments the split must be the one of 0.2 and seed 0."
)
### END HIDDEN TESTS

# %% [markdown]
# The figure shows ten validation digits with their labels. Such a glance is worth it after each step that
# reorders data: if images and labels had been shuffled apart, most of the titles would be wrong. And the two
# columns of the table should agree, to within what a single example makes up: both parts have the class
# balance of the whole.
#
# ### Question · The best of twenty
#
# A colleague has trained twenty different models. She measured the accuracy of all twenty on the test set,
# took the model with the highest, and reports its accuracy as what it will reach on new digits.
#
# **Marking scheme.** 1 point for the direction, with a reason that also holds for equally good models; 1 point for
# the steps in their order, with the data that each of them uses, and for what is still possible now.

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain-test-set", "locked": false, "points": 6, "schema_version": 3, "solution": true, "task": false}
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
# ## References
