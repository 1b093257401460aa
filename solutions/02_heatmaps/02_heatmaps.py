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
# # 2 · Heatmaps: look before you train
#
# A network will learn from whatever you give it: a mislabelled digit, an image stored upside down, pixels
# that wrapped around past 255. The cheapest way to find such things is to look.
#
# ## What you will do
#
# Draw one digit as a heatmap, write each pixel's value into it, and check its label. Then compute the mean digit of
# each class and the distances between the classes, and build a classifier from the ten means, without any network. At
# the end you see how a colour map can mislead.
#
# ## What you will learn
#
# - Draw digits as heatmaps that can be compared with each other
# - Read the pixels of a digit and judge whether its label matches
# - Compute mean digits and distances without integer overflow, and classify digits by the nearest mean
# - See why the lightness of a colour map matters
#
# ## What you need
#
# Lab 1 (arrays of digits, shapes, dtypes) and Python with a little NumPy: indexing, functions, loops. No
# network is trained here, so TensorFlow is not needed.

# %% [markdown] tags=["stamp-facts"]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/cnn-labs/cnn-labs-students/blob/main/labs/02_heatmaps/02_heatmaps.ipynb)
# [![Open in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/cnn-labs/cnn-labs-students/main?urlpath=lab/tree/labs/02_heatmaps/02_heatmaps.ipynb)
#
# **20 points** · plan about 90 minutes · *Run All* of the finished lab takes about 0.3 minutes and 0.4 GiB of memory (measured on 2 cores)

# %% [markdown]
# ## Set-up
#
# Run these cells first. They make the course's helper module available and load the digits.
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

names_needed = ["beside_answer", "explain_errors", "figure_facts", "load_mnist", "plot_images"]
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
# The next cell sets how many digits are loaded. The small numbers keep *Run All* short; for the full run,
# replace them by the numbers in the comments (this needs the whole of MNIST).

# %% tags=["parameters"]
N_TRAIN = 4_000  # full run: 60_000
N_TEST = 1_000  # full run: 10_000

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from data_utils import explain_errors, load_mnist, plot_images

(X_train, y_train), (X_test, y_test) = load_mnist(N_TRAIN, N_TEST)
chosen = 0  # the test digit that you will study closely

# %% [markdown]
# ## Part 1 · One digit, two displays
#
# ### Task 1 · A digit as a heatmap (2 points)
#
# A **heatmap** draws a table of numbers as coloured cells. An image *is* a table of numbers, so a heatmap shows the
# very numbers that a network learns from: row 0 on top, column 0 on the left, one cell for each pixel. Seaborn's
# `heatmap` draws one in a single call, but three of its habits are wrong for images:
#
# - Cells are stretched to fill the figure. A digit needs **square** cells, or a round 0 becomes an oval.
# - The colour range runs from the smallest to the largest value *of that image*. A faint digit then gets the
#   same colours as a dark one, and two figures cannot be compared. Fix the range at `vmin=0`, `vmax=255`: one
#   colour then means one value, in every figure.
# - It draws into the *current* axes (Matplotlib calls the frame of one picture its *axes*; a figure may hold several).
#   A second call in the same cell would draw on top of the first.
#
# Write `show_digit(image, ax=None)`:
#
# - `image` is a 2-D array of whole numbers from 0 to 255: (28, 28) for a digit, but do not rely on that
#   shape.
# - Draw it with `sns.heatmap`: square cells, colour range 0 to 255, the whole image and its values as they are
#   (nothing scaled or inverted). Leave the array as it is.
# - With `ax`, draw the heatmap into these axes only. Without `ax`, make a **new figure** and draw in it. Leave the
#   figure open, so that the caller can show it.
# - Return the Matplotlib `Axes` that holds the heatmap.
#
# The colour map (the rule that turns values into colours), colour bar and axis labels are your choice. `cmap="gray_r"`
# shows ink dark on light paper; Part 3 explains why that is a safe choice.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Take the three wrong habits one by one, and look at the list of parameters in `help(sns.heatmap)`: which
# parameter changes which habit? And what do you have to draw into if nobody gave you an `ax`?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `sns.heatmap` has parameters `square`, `vmin`, `vmax`, `cmap` and `ax`, and it returns the axes it drew
# into. `plt.subplots()` makes a new figure and gives you the figure and its axes. Test for a missing
# argument with `if ax is None:`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "show-digit", "locked": false, "schema_version": 3, "solution": true, "task": false}
def show_digit(image, ax=None):
    """Draw `image` as a heatmap with square cells and colours from 0 to 255; return the Axes."""
    ### BEGIN SOLUTION
    if ax is None:
        _, ax = plt.subplots(figsize=(5, 4))
    sns.heatmap(image, vmin=0, vmax=255, square=True, cmap="gray_r", ax=ax)
    ax.set(xlabel="column", ylabel="row")
    return ax
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-show-digit", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from unittest.mock import patch

from data_utils import beside_answer, figure_facts


@beside_answer
def _drawn(*images):
    """What show_digit draws for each of these images, each in a figure of its own."""
    plt.close("all")
    kept = [show_digit(image) for image in images]
    found = [figure_facts(axes) for axes in kept]
    plt.close("all")
    return found


@beside_answer
def _drawn_into(image, rows, columns, place):
    """What all axes of a grid show after show_digit got one of them, and whether it returned that one."""
    plt.close("all")
    figure, grid = plt.subplots(rows, columns, squeeze=False)
    with patch.object(plt, "show"):  # where figures are shown below a cell, it closes them as well
        returned = show_digit(image, ax=grid.flat[place])
    found = [figure_facts(axes) for axes in grid.flat], returned is grid.flat[place], len(figure.axes)
    figures = len(plt.get_fignums())
    plt.close("all")
    return *found, figures


def _asked(function, *given):
    """What one of the functions above finds; an error in show_digit becomes a sentence."""
    try:
        with explain_errors(f"For an image of shape {given[0].shape}, show_digit"):
            return function(*given)
    except AssertionError as error:
        if "minvalue" not in str(error):
            raise
        raise AssertionError(f"{error}. These are vmin and vmax, which seem to be exchanged.") from error.__cause__


def _check_figures(number):
    """Whether there is still only the figure in which show_digit was given axes."""
    assert number > 0, (
        "show_digit closed the figure in which it was given axes. Leave it open, so that the caller can show it."
    )
    assert number == 1, (
        f"show_digit was given axes, and made {number - 1} more figure(s), which stay empty. Call plt.subplots() only "
        "when ax is None."
    )


def _check_heatmap(seen, image):
    """Compare what the axes show, as the eye sees it, with the image."""
    assert seen["type"] == "Axes", (
        f"show_digit returned {seen['type']}, not Axes. Does it end with a return of the axes it drew into?"
    )
    assert len(seen["meshes"]) == 1, (
        f"The returned axes hold {len(seen['meshes'])} heatmaps; there must be one. Use sns.heatmap once, with ax=ax, "
        "and make a new figure by plt.subplots() when ax is None."
    )
    values = seen["meshes"][0]["values"]
    assert values.shape == image.shape, (
        f"The heatmap has {values.shape[0]} × {values.shape[1]} cells, the image {image.shape[0]} × {image.shape[1]} "
        "pixels."
    )
    assert values[0].tolist() == image[0].tolist(), (
        f"The top row of the heatmap shows {values[0].tolist()}, row 0 of the image is {image[0].tolist()}. "
        "Draw the image as it is: not scaled, inverted, turned or mirrored (nan is a cell left blank)."
    )
    wrong = [tuple(place) for place in np.argwhere(values != image).tolist()]
    assert not wrong, (
        f"The top row is right, but the cell in row {wrong[0][0]}, column {wrong[0][1]} shows {values[wrong[0]]:g}; "
        f"the pixel is {image[wrong[0]]}."
    )
    low, high = seen["meshes"][0]["limits"]
    exchanged = ", which seem to be exchanged" if (low, high) in ((255.0, 0.0), (-0.1, 255.0)) else ""
    assert (low, high) == (0.0, 255.0), (
        f"The colours run from {low:g} to {high:g}; they must run from 0 to 255 whatever the image. Look at "
        f"vmin and vmax{exchanged}."
    )
    assert seen["square"], "The cells are not square: look at the parameter square of sns.heatmap."
    for name, length in {"x": image.shape[1], "y": image.shape[0]}.items():
        first, last = sorted(seen[f"{name}lim"])
        assert first <= 0 and last >= length, (
            f"For an image of shape {image.shape}, the {name} axis runs from {first:g} to {last:g} only: a part of the "
            "image is not seen."
        )


_image = np.array([[20, 90, 30, 40], [50, 60, 70, 80], [25, 35, 45, 120]], dtype=np.uint8)
_stroke = np.array([[0, 255], [0, 64]], dtype=np.uint8)
_first, _second = _asked(_drawn, _image.copy(), _stroke.copy())
_check_heatmap(_first, _image)
assert _second["type"] == "Axes" and _second["figure"] != _first["figure"], (
    "Two calls without ax drew into the same figure. When ax is None, make a new figure with plt.subplots()."
)
_check_heatmap(_second, _stroke)
(_left, _right), _returned_it, _, _figures = _asked(_drawn_into, _image.copy(), 1, 2, 0)
assert not _right["meshes"] and not _right["images"], (
    "show_digit was given the left axes but drew into the right ones. Pass ax on to sns.heatmap."
)
assert _returned_it, "show_digit must return the axes it was given as ax."
_check_heatmap(_left, _image)
_check_figures(_figures)
### BEGIN HIDDEN TESTS
_image = np.random.default_rng(20).integers(3, 180, size=(28, 28)).astype(np.uint8)
_given = _image.copy()
_check_heatmap(_asked(_drawn, _given)[0], _image)
assert _given.tolist() == _image.tolist(), "show_digit changed the image it was given. Draw it, but leave it as it is."
_image = np.random.default_rng(21).integers(0, 256, size=(6, 2))
_grid, _returned_it, _number, _figures = _asked(_drawn_into, _image.copy(), 2, 2, 1)
_check_heatmap(_grid[1], _image)
assert _returned_it and _number <= 5 and not any(_grid[_place]["meshes"] for _place in (0, 2, 3)), (
    "show_digit drew into axes other than those it was given."
)
_check_figures(_figures)
_faint = np.random.default_rng(25).integers(0, 2, size=(30, 33)).astype(np.uint8)  # more than 28, none above 1
_grey = np.array([[120, 100], [110, 105]], dtype=np.uint8)
for _image, _seen in zip((_faint, _grey), _asked(_drawn, _faint.copy(), _grey.copy())):
    _check_heatmap(_seen, _image)
_image = np.zeros((4, 3), dtype=np.int64)
_image[0, 2] = 255
_check_heatmap(_asked(_drawn, _image.copy())[0], _image)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 2 points.")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
show_digit(X_test[chosen], ax=left)
left.set_title("the digit as it is")
show_digit(X_test[chosen] // 3, ax=right)
right.set_title("the same digit with a third of its ink")
plt.show()

# %% [markdown]
# **What to see.** With `cmap="gray_r"` the ink is dark on the left and pale on the right; both pictures have the range
# 0 to 255. Had each heatmap chosen its own range, the two pictures would look the same and only the numbers at the
# colour bar would tell them apart.

# %% [markdown]
# ### Task 2 · Every pixel with its value (4 points)
#
# Colours are good for shapes and poor for numbers: nobody can tell 250 from 255 by eye. For a close look,
# write each value into its cell. `sns.heatmap` does so with `annot=True`, but its standard format `".2g"`
# keeps two significant digits: 253 becomes `2.5e+02`, which does not even fit into the cell.
#
# Write `show_digit_values(image)`:
#
# - `image` is a 2-D array of whole numbers from 0 to 255, of any shape.
# - Make a new figure and draw a heatmap in it, with the settings of Task 1: square cells, colour range 0 to
#   255, values as they are.
# - Write into **every** cell its pixel's value as a whole number: `0`, `64`, `253`. Also the zeros, so that
#   "no ink" can be told from "not drawn"; a digit then holds 28 × 28 = 784 numbers.
# - Make it readable: each number stands in its cell and differs in colour from it (black on black says nothing). In an
#   image of 28 × 28 pixels, no number may be wider or higher than its cell; other shapes need no other font size.
# - Leave the array as it is.
# - Return the `Axes`.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Start from the call of `sns.heatmap` in Task 1, and look at what comes out for a whole digit once the
# numbers are switched on. How many inches of the figure are left for one of 28 columns?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `annot=True` switches the numbers on. `fmt` sets their format; `"d"` stands for a whole number.
# `annot_kws={"size": …}` sets the size of the letters in points (72 points are an inch); a number of
# three digits, such as 255, is about twice as wide as this size. A figure of 10 × 10 inches, made with
# `plt.subplots(figsize=(10, 10))`, leaves about a quarter of an inch for each of 28 columns. A colour bar
# takes space away from the cells.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "show-digit-values", "locked": false, "schema_version": 3, "solution": true, "task": false}
def show_digit_values(image):
    """Draw `image` as a heatmap with each pixel's value written in its cell; return the Axes."""
    ### BEGIN SOLUTION
    _, ax = plt.subplots(figsize=(12, 12))
    sns.heatmap(
        image,
        vmin=0,
        vmax=255,
        square=True,
        cmap="gray_r",
        cbar=False,
        annot=True,
        fmt="d",
        annot_kws={"size": 8},
        ax=ax,
    )
    ax.set(xlabel="column", ylabel="row")
    return ax
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-show-digit-values", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
from data_utils import beside_answer, figure_facts


@beside_answer
def _drawn(*images):
    """What show_digit_values draws for each of these images."""
    plt.close("all")
    kept = [show_digit_values(image) for image in images]
    found = [figure_facts(axes) for axes in kept]
    found = [seen | {"numbers": _numbers(axes) if seen.get("meshes") else []} for seen, axes in zip(found, kept)]
    plt.close("all")
    return found


@beside_answer
def _numbers(axes):
    """Each number that is seen: its box in units of cells, and how its colour differs from that of the cell below."""
    from matplotlib.collections import QuadMesh
    from matplotlib.colors import to_rgba

    mesh = next(one for one in axes.collections if isinstance(one, QuadMesh))
    rows, columns = (length - 1 for length in mesh.get_coordinates().shape[:2])
    faces, found = mesh.get_facecolors().reshape(rows, columns, 4), []
    for text in axes.texts:
        *colour, opacity = to_rgba(text.get_color(), text.get_alpha())
        if text.get_visible() and opacity and text.get_text().strip():
            corners = axes.transData.inverted().transform(text.get_window_extent())
            (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
            row, column = int(np.floor((top + bottom) / 2)), int(np.floor((left + right) / 2))
            inside = 0 <= row < rows and 0 <= column < columns
            if not (inside or text.get_text().strip().isdigit()):
                continue  # a caption beside the heatmap
            contrast = opacity * float(np.abs(colour - faces[row, column, :3]).max()) if inside else 1.0
            found.append({"text": text.get_text().strip(), "box": [top, bottom, left, right], "contrast": contrast})
    return found


def _asked(*images):
    """The same; an error in show_digit_values becomes a sentence."""
    shapes = " and ".join(str(image.shape) for image in images)
    with explain_errors(f"For images of shape {shapes}, show_digit_values"):
        return _drawn(*images)


def _check_values(seen, image):
    """Compare colours and numbers of the axes, as the eye sees them, with the image."""
    assert seen["type"] == "Axes", (
        f"show_digit_values returned {seen['type']}, not Axes. Does it end with a return of the axes it drew into?"
    )
    assert len(seen["meshes"]) == 1, (
        f"The returned axes hold {len(seen['meshes'])} heatmaps; there must be one, in a new figure. Use sns.heatmap "
        "once."
    )
    values = seen["meshes"][0]["values"]
    assert values.shape == image.shape, f"For an image of shape {image.shape} the heatmap has shape {values.shape}."
    wrong = [tuple(place) for place in np.argwhere(values != image).tolist()]
    assert not wrong, (
        f"The colour in row {wrong[0][0]}, column {wrong[0][1]} stands for {values[wrong[0]]:g}; the pixel is "
        f"{image[wrong[0]]}. Draw the image as it is, row 0 on top (nan is a cell left blank)."
    )
    limits, square = tuple(seen["meshes"][0]["limits"]), seen["square"]
    assert limits == (0.0, 255.0) and square, (
        f"The colours run from {limits[0]:g} to {limits[1]:g} and the cells are "
        f"{'' if square else 'not '}square; "
        "the settings of Task 1 are 0 to 255 and square cells."
    )
    numbers = seen["numbers"]
    assert len(numbers) == image.size, (
        f"{len(numbers)} numbers are seen in the heatmap of {image.size} pixels; every pixel needs one, "
        "also a 0. Look at annot."
    )
    written = np.full(image.shape, -1)
    rows, columns = image.shape
    for number in numbers:
        word, (top, bottom, left, right) = number["text"], number["box"]
        assert word.isdigit() and word == str(int(word)), (
            f"A cell says {word!r}; values must be written as whole numbers, such as 0, 64 or 253. Look at fmt."
        )
        y, x = int(np.floor((top + bottom) / 2)), int(np.floor((left + right) / 2))
        for name, place, first, last in (("rows", y, top, bottom), ("columns", x, left, right)):
            beyond = max(0, (last - first - 1) / 2) + 0.05  # a number larger than its cell must stand in its middle
            assert place - beyond <= first and last <= place + 1 + beyond, (
                f"The number {word} does not stand in one cell: it reaches from {first:.2f} to {last:.2f}, counted in "
                f"{name}. Look at the place of the text and at its alignment."
            )
        row, column = rows - 1 - y if not seen["y_inverted"] else y, columns - 1 - x if seen["x_inverted"] else x
        assert 0 <= row < rows and 0 <= column < columns, f"The number {word} is written outside the heatmap."
        written[row, column] = int(word)
    wrong = np.argwhere(written != image)
    assert len(wrong) == 0, (
        f"{len(wrong)} cells say a wrong number; the first is row {wrong[0][0]}, column {wrong[0][1]}: "
        f"it says {written[tuple(wrong[0])]}, the pixel is {image[tuple(wrong[0])]}."
    )
    pale = [number["text"] for number in numbers if number["contrast"] < 0.2]
    assert not pale, (
        f"{len(pale)} number(s), such as a {pale[0]}, almost have the colour of their cells and cannot be read. Choose "
        "another colour; sns.heatmap chooses dark or light by itself."
    )


def _check_readable(seen):
    """Compare the drawn numbers with the drawn cells."""
    boxes = np.array([number["box"] for number in seen["numbers"]])  # top, bottom, left, right
    height, width = (boxes[:, [1, 3]] - boxes[:, [0, 2]]).max(axis=0)
    assert width <= 1 and height <= 1, (
        f"The largest number is {width:.1f} cells wide and {height:.1f} cells high, so numbers run into each "
        "other. Make the figure larger or the letters smaller."
    )


_small = np.array([[0, 7, 100, 255], [30, 0, 203, 64], [128, 191, 0, 9]], dtype=np.uint8)
_image = np.random.default_rng(22).choice([3, 9, 64, 128, 191, 253, 254], size=(28, 28)).astype(np.uint8)  # no 0
_first, _second = _asked(_small.copy(), _image.copy())
_check_values(_first, _small)
assert _second["type"] == "Axes" and _second["figure"] != _first["figure"], (
    "Two calls drew into the same figure. Make a new one with plt.subplots()."
)
_check_values(_second, _image)
_check_readable(_second)
### BEGIN HIDDEN TESTS
_image = np.random.default_rng(23).integers(0, 256, size=(5, 2))
_image[3, 1] = 0
_given = _image.copy()
_check_values(_asked(_given)[0], _image)
assert _given.tolist() == _image.tolist(), "show_digit_values changed the image it was given."
_image = np.random.default_rng(24).integers(2, 99, size=(9, 12)).astype(np.uint8)
_check_values(_asked(_image.copy())[0], _image)
_image[0, :] = 0
_check_values(_asked(_image.copy())[0], _image)
_tall = np.random.default_rng(26).integers(0, 256, size=(31, 3)).astype(np.uint8)
for _image, _seen in zip((_tall, _tall.T), _asked(_tall.copy(), _tall.T.copy())):
    _check_values(_seen, _image)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 4 points.")

# %%
show_digit_values(X_test[chosen])
plt.show()

# %% [markdown]
# **What to see.** The paper is exactly 0 and the middle of the strokes is at or close to 255. The grey values
# in between lie only at the edges of the strokes: they come from the smoothing when the digit was scaled down
# to its present size.

# %% [markdown]
# ### Task 3 · Does the label match? (2 points, written)
#
# Labels are made by people, and people slip: Northcutt, Athalye and Mueller (2021) found labels in the MNIST test set
# that most readers reject. A wrong label teaches a network something wrong, or counts its right answer as wrong.
#
# Decide from the two displays above which digit you see before you read on: the next cell prints its label.

# %%
print(f"Test digit {chosen} has the label {y_test[chosen]}.")

# %% [markdown]
# Below are 40 test digits under their labels. Change `start` to look at others.

# %%
start = 0
plot_images(X_test[start : start + 40], y_test[start : start + 40], columns=10, vmax=255)
plt.show()

# %% [markdown]
# **What to see.** Most digits are plain at first sight; a few make you hesitate. Ten digits stand in a row,
# so a digit's **position** in the test set is `start` + 10 × row + column, with both counted from 0.
#
# **The question.** In about five sentences:
#
# 1. Which digit does test digit `chosen` show, and does its label match? Name the pixels (rows and columns,
#    with some of their values) that speak for your reading, and what speaks against it, if anything.
# 2. Name one digit of the set, by its position, that is hard to read or whose label is doubtful. Which other digit
#    could it be, and which stroke makes it doubtful?
#
# **Marking scheme.** 1 point for a reading of the chosen digit, compared with its label and supported by strokes
# at stated rows and columns that can be found in the display. 1 point for a digit named by its position, a
# plausible second reading, and the stroke that causes the doubt. Which digits appear depends on where the
# data came from (see the message of `load_mnist`), so the argument counts, not the position.

# %% [markdown] nbgrader={"grade": true, "grade_id": "explain-label", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# (For the bundled digits; with another source of data the digits are others and the argument goes the same
# way.)
#
# Test digit 0 is a 2, and its label 2 matches. The best evidence is the foot: rows 20 to 22 are 255
# throughout from column 4 to column 17, a long bar at the bottom, which a 9 does not have. The right-hand
# stroke comes down in columns 20 and 21 and from row 16 on swings to the left (row 19 has its 255s in columns
# 15 to 18) until it runs into that bar, as in a 2. Against it speaks the head: rows 9 and 10 are 255 from
# column 8 to column 17, so that the stroke curls back almost to a closed loop, and without the foot I would
# read a 9. Column 18 shows that the loop was not quite closed: it is 0 in rows 8 and 11, and only 191 in rows
# 9 and 10.
#
# Test digit 868 is labelled 7, but I would have said 1: its stem is upright (columns 14 to 16 from row 10 to
# row 24), and in place of the bar of a 7 there is only a short flag that falls off to the left, from row 8,
# column 12, to row 12, column 8. The flag is what makes it doubtful: drawn level and a little longer, it
# would be a plain 7.
# ### END SOLUTION

# %% [markdown]
# ## Part 2 · The mean digit and the distance between classes
#
# ### Task 4 · The mean digit of each class (3 points)
#
# What does a typical 3 look like? Average all 3s, pixel by pixel: where most writers put ink, the mean is
# dark, and where they differ, it is grey. The mean digits show at a glance how much a class varies.
#
# Two things go wrong easily. The entries of the result must be in the order of the *labels* (entry 3 is the mean 3),
# not in the order in which the classes first appear. And the overflow trap of lab 1 is back: in `uint8` arrays, 200 +
# 100 gives 44, without a warning. NumPy's own `sum` and `mean` use a wider type. A total of your own in `uint8`, or
# Python's built-in `sum`, overflows. Nor can a count in `uint8` go beyond 255, and a class has about 400 digits here.
#
# Write `mean_digits(images, labels, n_classes=10)`:
#
# - `images` has shape (n, height, width) and dtype uint8; `labels` holds n integers from 0 to `n_classes` −
#   1, in any order. Every class occurs at least once. Leave the arrays as they are.
# - Return a NumPy array of floats of shape (n_classes, height, width), for our digits (10, 28, 28): entry `c` is the
#   mean of all images with label `c`. Do not round.
#
# <details><summary>Hint 1: a nudge</summary>
#
# Take one class, say the 3s. How do you get all images with the label 3, and no others? Together they are one array
# with three axes: which axis must disappear so that a single image is left?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `images[labels == c]` picks the images of class `c`. Take the mean over the axis that counts images
# (`mean` has an argument `axis`), and put the means of the classes, in the order 0, 1, 2 …, on top of
# each other with `np.stack`, which takes a list of arrays of the same shape.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "mean-digits", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mean_digits(images, labels, n_classes=10):
    """Return the mean image of each class, shape (n_classes, height, width), as floats."""
    ### BEGIN SOLUTION
    return np.stack([images[labels == c].mean(axis=0) for c in range(n_classes)])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-mean-digits", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
_images = np.array([[[200, 0, 9]], [[10, 20, 30]], [[100, 1, 0]], [[250, 2, 0]], [[12, 20, 33]]], dtype=np.uint8)
_labels = np.array([1, 0, 1, 1, 0], dtype=np.uint8)
with explain_errors(
    "For 5 images of shape (1, 3) and n_classes=2 mean_digits",
    lambda error: (
        "Take the mean over axis 0, which counts the images of a class."
        if "same shape" in str(error)
        else "Let the totals be floats: whole numbers cannot hold a mean."
        if "Cannot cast" in str(error)
        else "Use n_classes in place of 10, and images.shape in place of 28 × 28."
    ),
):
    _means = mean_digits(_images.copy(), _labels.copy(), n_classes=2)
assert _means is not None, "mean_digits returned None. Does it end with return?"
assert isinstance(_means, np.ndarray), (
    f"mean_digits returned a {type(_means).__name__}, not a NumPy array. np.stack puts the means on top of each other."
)
assert _means.shape == (2, 1, 3), (
    f"For 5 images of shape (1, 3) and n_classes=2 the result has shape {_means.shape}, not (2, 1, 3). "
    "Loop over range(n_classes), not range(10), and take the mean over the axis that counts images."
)
assert _means.dtype.kind == "f", f"The result has dtype {_means.dtype}; means are floats. Do not round or convert them."
assert np.allclose(_means[0], [[11, 20, 31.5]]), (
    "The mean of [10 20 30] and [12 20 33], both of class 0, is [11 20 31.5]; entry 0 is "
    f"{_means[0].tolist()}. "
    "Entry c must belong to label c, and only images of that class count."
)
assert np.allclose(_means[1], [[550 / 3, 1, 3]], rtol=1e-6, atol=1e-5), (
    "The mean of [200 0 9], [100 1 0] and [250 2 0], all of class 1, is [183.333333 1 3]; entry 1 is "
    f"{_means[1].tolist()}. "
    "A first value that is much too small means that the sum wrapped around in uint8. Do not round."
)
_images = np.array([[[255, 3]]] * 300 + [[[55, 3]]] * 100 + [[[255, 3]]], dtype=np.uint8)
_means = mean_digits(_images, np.array([0] * 400 + [1], dtype=np.uint8), n_classes=2)
assert np.allclose(_means, [[[205, 3]], [[255, 3]]]), (
    "300 images [255 3] and 100 images [55 3], all of class 0, have the mean [205 3], and one image [255 3] of class 1 "
    f"has the mean [255 3]; the means are {np.asarray(_means).tolist()}. Neither a total of 82000 nor a count of 400 "
    "fits into every type, and equal images count as often as they occur."
)
### BEGIN HIDDEN TESTS
_rng = np.random.default_rng(40)
for _n_classes, _shape, _n in ((10, (28, 28), 300), (4, (3, 5), 41), (2, (3, 2), 1_500)):
    _labels = np.concatenate([np.arange(_n_classes)[::-1], _rng.integers(0, _n_classes, _n - _n_classes)])
    _images = _rng.integers(0, 256, size=(_n, *_shape)).astype(np.uint8)
    _given_images, _given_labels = _images.copy(), _labels.astype(np.uint8)
    if _n_classes == 10:
        _means = np.asarray(mean_digits(_given_images, _given_labels))
    else:
        _means = np.asarray(mean_digits(_given_images, _given_labels, _n_classes))
    assert _means.shape == (_n_classes, *_shape), (
        f"For {_n_classes} classes and images of shape {_shape} the result has shape {_means.shape}."
    )
    _expected = np.zeros((_n_classes, *_shape))
    for _c in range(_n_classes):
        _expected[_c] = _images[_labels == _c].astype(float).sum(axis=0) / int((_labels == _c).sum())
    _worst = np.unravel_index(np.abs(_means - _expected).argmax(), _expected.shape)
    assert np.allclose(_means, _expected, rtol=1e-6, atol=1e-4), (
        f"For {_n} random images in {_n_classes} classes, entry {[int(_place) for _place in _worst]} of the means is "
        f"{_means[_worst]:.9g}; it must be {_expected[_worst]:.9g}."
    )
    assert _given_images.tolist() == _images.tolist(), "mean_digits changed the images it was given."
    assert _given_labels.tolist() == _labels.tolist(), "mean_digits changed the labels it was given."
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 3 points.")

# %%
means = mean_digits(X_train, y_train)
plot_images(means, range(10), columns=10, vmax=255)
plt.show()

# %% [markdown]
# **What to see.** All ten can be read. The hole of the mean 0 is clear, since hardly anybody writes there.
# The mean 1 fans out at its ends, since some writers lean it and others do not, but where they all meet in
# the middle it is nearly as dark as a real stroke.

# %% [markdown]
# ### Task 5 · Distances between the classes (4 points)
#
# Which classes will a classifier mix up? A first guess: those whose typical digits look alike. (Task 6 shows
# how far that holds.) "Alike" becomes a number if you think of an image with $28 \times 28 = 784$ pixels as a
# point in a space of 784 dimensions. The **Euclidean distance** between two images $a$ and $b$ is then
#
# $$d(a, b) = \sqrt{\sum_{i} (a_i - b_i)^2}$$
#
# with the sum over all pixels. Differences fall into the overflow trap even more easily than sums:

# %% tags=["nbval-check-output"]
a = np.array([10, 200], dtype=np.uint8)
b = np.array([12, 100], dtype=np.uint8)
print("uint8: a - b is", a - b, "and its square is", (a - b) ** 2)
print("int:   a - b is", a.astype(int) - b, "and its square is", (a.astype(int) - b) ** 2)

# %% [markdown]
# **What to see.** In `uint8`, 10 − 12 gives 254, and the square of 100 gives 16 instead of 10,000. So convert *before*
# you subtract; in this task, to float.
#
# Write `class_distances(means)`:
#
# - `means` has shape (n_classes, height, width), any numeric dtype, **also uint8**. Leave it as it is.
# - Return a float array of shape (n_classes, n_classes): entry `[i, j]` is the Euclidean distance between
#   image `i` and image `j`. The array is symmetric and its diagonal is 0.
#
# <details><summary>Hint 1: a nudge</summary>
#
# How would you work out the distance between just two images, `means[4]` and `means[9]`? Write this down
# first. What goes wrong in your line if both are `uint8`?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Convert to float and make each image a row of pixels with `reshape(len(means), -1)`. Two loops over the
# classes are fine: there are only 100 pairs. `np.linalg.norm` of a 1-D array is the square root of its
# sum of squares. Write the distances into an array of zeros, or build a list of lists and make an array
# of it.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "class-distances", "locked": false, "schema_version": 3, "solution": true, "task": false}
def class_distances(means):
    """Return the Euclidean distances between all pairs of images, shape (n_classes, n_classes)."""
    ### BEGIN SOLUTION
    points = np.asarray(means, dtype=float).reshape(len(means), -1)
    return np.array([[np.linalg.norm(a - b) for b in points] for a in points])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-class-distances", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
def _table(result):
    """The result as an array of numbers."""
    assert result is not None, "class_distances returned None. Does it end with return?"
    try:
        return np.asarray(result, dtype=float)
    except (TypeError, ValueError) as error:
        kind = type(result).__name__
        raise AssertionError(f"class_distances must return an array of numbers; it returned a {kind}.") from error


_images = np.array([[[0.0, 0.0]], [[3.0, 4.0]], [[3.0, 0.0]]])
with explain_errors(
    "For 3 images of shape (1, 2) class_distances",
    "The number of classes is len(means), not always 10, and images need not be 28 × 28.",
):
    _result = class_distances(_images.copy())
_distances = _table(_result)
assert _distances.shape == (3, 3), (
    f"For 3 images the result has shape {_distances.shape}; it must be (3, 3), one number for each pair. The number of "
    "classes is len(means), and each sum goes over all pixels of an image, its rows and its columns."
)
assert np.allclose(np.diag(_distances), 0, atol=1e-3), (
    f"The diagonal is {np.diag(_distances).tolist()}; each image has distance 0 from itself."
)
assert np.allclose(_distances[0], [0, 5, 3], atol=1e-3), (
    f"[0 0] has the distances 0, 5 and 3 from [0 0], [3 4] and [3 0]; row 0 is {_distances[0].tolist()}. "
    "Square the differences, add them up, and take the root."
)
assert np.allclose(_distances, _distances.T, atol=1e-3), (
    f"The distance from i to j must equal that from j to i, but the result is {_distances.tolist()}."
)


def _check_pair(pair, apart):
    """Compare the distances between two images of one pixel."""
    with explain_errors(f"For two images of one pixel, of dtype {pair.dtype}, class_distances"):
        result = class_distances(pair.reshape(2, 1, 1))
    distances = _table(result)
    advice = "Convert to float before you subtract." if pair.dtype.kind in "iu" else "Convert to float, not to int."
    advice = "Convert to a wider float: float16 ends at 65504." if pair.dtype == np.float16 else advice
    assert distances.shape == (2, 2) and np.allclose(distances, [[0, apart], [apart, 0]], atol=1e-3), (
        f"The images [{pair[0]}] and [{pair[1]}], of dtype {pair.dtype}, are {apart} apart in both directions; the "
        f"result is {distances.tolist()}. {advice}"
    )


_check_pair(np.array([10, 250], dtype=np.uint8), 240)
_check_pair(np.array([0.25, 1.5]), 1.25)
_many = np.random.default_rng(51).random((40, 28, 28)) * 100
_distances = _table(class_distances(_many))
assert _distances.shape == (40, 40), f"For 40 images the result has shape {_distances.shape}; it must be (40, 40)."
_blanks = int(np.isnan(_distances).sum())
assert not _blanks, (
    f"Of the distances between 40 random images, {_blanks} are nan. Rounding can take a sum of squares minus twice a "
    "product to just below 0, which has no root: cut it off at 0, or square the differences themselves."
)
### BEGIN HIDDEN TESTS
_rng = np.random.default_rng(50)
for _dtype in (np.float64, np.uint8):
    _images = (_rng.random((6, 7, 5)) * 255).astype(_dtype)
    _given = _images.copy()
    _distances = _table(class_distances(_given))
    assert _distances.shape == (6, 6), f"For 6 images the result has shape {_distances.shape}; it must be (6, 6)."
    _expected = np.zeros((6, 6))
    for _i in range(6):
        for _j in range(6):
            _expected[_i, _j] = (
                sum((float(_p) - float(_q)) ** 2 for _p, _q in zip(_images[_i].flat, _images[_j].flat)) ** 0.5
            )
    _i, _j = (int(_place) for _place in np.unravel_index(np.abs(_distances - _expected).argmax(), (6, 6)))
    assert np.allclose(_distances, _expected, atol=1e-3), (
        f"For 6 random images of dtype {_images.dtype} the distance between images {_i} and {_j} is "
        f"{_expected[_i, _j]:.6g}, not {_distances[_i, _j]:.6g}."
        f"{' Convert to float before you subtract.' if _dtype == np.uint8 else ''}"
    )
    assert _given.tolist() == _images.tolist(), "class_distances changed the images it was given."
_check_pair(np.array([-30_000, 30_000], dtype=np.int16), 60_000)
_check_pair(np.array([10, 60_000], dtype=np.uint16), 59_990)
_check_pair(np.array([-100, 100], dtype=np.int8), 200)
_check_pair(np.array([1_000, -1_000], dtype=np.float16), 2_000)
_distances = _table(class_distances(np.array([[[7, 200]], [[8, 80]]], dtype=np.uint8)))
assert np.allclose(_distances[0], [0, 14401**0.5], atol=1e-3), (
    f"The uint8 images [7 200] and [8 80] are 120.004 apart; the result is {_distances.tolist()}."
)
_many = _rng.random((30, 28, 28)) * 120
_many = np.concatenate([_many, _many[:20]])  # twins have distance 0
_distances = _table(class_distances(_many.copy()))
assert _distances.shape == (50, 50), f"For 50 images the result has shape {_distances.shape}; it must be (50, 50)."
_blanks = int(np.isnan(_distances).sum())
assert not _blanks, f"Of the distances between 50 images, 20 of them twins of others, {_blanks} are nan."
_expected = np.array([np.sqrt(((_many - _one) ** 2).sum(axis=(1, 2))) for _one in _many])
assert np.allclose(_distances, _expected, atol=1e-3), (
    f"A distance between images of 28 × 28 pixels is off by {np.abs(_distances - _expected).max():.3g}."
)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 4 points.")

# %%
distances = class_distances(mean_digits(X_train, y_train))
figure, axes = plt.subplots(figsize=(7.5, 6), layout="constrained")
sns.heatmap(distances, vmin=0, annot=True, fmt=".0f", square=True, cmap="viridis", ax=axes)
axes.set(xlabel="class", ylabel="class", title="Euclidean distance between mean digits")
plt.show()

# %% [markdown]
# **What to see.** Dark cells are near pairs. 4 and 9 are nearest (680 with the bundled digits; the exact
# numbers depend on the source of the data). Then follow 7 and 9, 5 and 8, 3 and 5, 3 and 8: pairs that share
# most of their strokes. 0 and 1 are farthest apart (2,005): the 1 has its ink in the middle, just where the 0
# has its hole.

# %% [markdown]
# ### Task 6 · A classifier of ten images: the nearest mean (5 points)
#
# You now have all you need to read a digit: compare it with the ten mean digits and name the class of the nearest. The
# model of lab 1, which keeps every training digit, is more accurate (0.934 with all 4,000 bundled training digits,
# against 0.801). But this one keeps only ten images. Its accuracy is a **baseline**: a value that each network of the
# coming labs has to beat clearly.
#
# Write `nearest_mean(images, means)`:
#
# - `images` has shape (n, height, width), `means` has shape (n_classes, height, width); either may be float or
#   **uint8**. Leave the arrays as they are. There may be more or fewer than ten means.
# - Return an integer array of shape (n,): for each image the index of the mean with the smallest Euclidean
#   distance. (No test contains a tie.)
#
# <details><summary>Hint 1: a nudge</summary>
#
# Suppose that you have a table with a row for each image and a column for each class, and in it all the
# distances. How do you read the answers off it? So the work is to fill the table: in which direction is
# that quick, image by image (as many steps as images) or mean by mean (10 steps)?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Loop over the means, not over the images: for one mean, all n distances come from one array operation,
# as NumPy subtracts one row of pixels from every row of a 2-D array, and `np.linalg.norm` takes an
# `axis`. Collect them as an array of shape (n, n_classes) and use `argmin` along the right axis. One
# array of all differences at once would need over 600 MB for 10,000 images. And remember what `uint8`
# does to differences.
#
# </details>
#
# <details><summary>Hint 3: an example on other data</summary>
#
# Three houses and two wells. All streets run north or east, so the way to a well is the km east plus the km north,
# without squares or a root:
#
# ```python
# houses = np.array([[1.0, 1.0], [8.0, 2.0], [4.0, 6.0]])  # a row for each house: km east, km north
# well = np.array([2.0, 5.0])
# steps = np.abs(houses - well)  # shape (3, 2): the well is subtracted from every row
# print(steps.sum(axis=1).tolist())  # [5.0, 9.0, 3.0]: one way for each house
#
# ways = np.stack([[5.0, 9.0, 3.0], [7.0, 2.0, 8.0]])  # a row for each well, shape (2, 3)
# print(ways.argmin(axis=0).tolist())  # [0, 1, 0]: for each house (column) the number of the nearest well
# print(np.stack([[5.0, 9.0, 3.0], [7.0, 2.0, 8.0]], axis=1).shape)  # (3, 2): now a row for each house
# ```
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "nearest-mean", "locked": false, "schema_version": 3, "solution": true, "task": false}
def nearest_mean(images, means):
    """Return for each image the index of the nearest mean, an integer array of shape (n,)."""
    ### BEGIN SOLUTION
    pixels = np.asarray(images, dtype=float).reshape(len(images), -1)
    centres = np.asarray(means, dtype=float).reshape(len(means), -1)
    distances = np.stack([np.linalg.norm(pixels - centre, axis=1) for centre in centres], axis=1)
    return distances.argmin(axis=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-nearest-mean", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
_means = np.array([[[0.0, 0.0]], [[100.0, 0.0]], [[90.0, 200.0]]])
_images = np.array([[[95, 10]], [[10, 20]], [[60, 180]], [[255, 30]]], dtype=np.uint8)
with explain_errors(
    "For 4 images and 3 means, all of shape (1, 2), nearest_mean",
    lambda error: (
        "Look at the axis, and at the shape of your array of distances."
        if isinstance(error, np.exceptions.AxisError)
        else "Subtract one mean at a time, or give the arrays axes that fit."
        if "operands could not be broadcast" in str(error)
        else "The number of means is len(means), not always 10, and images need not be 28 × 28."
    ),
):
    _result = nearest_mean(_images.copy(), _means.copy())
assert _result is not None, "nearest_mean returned None. Does it end with return?"
_predicted = np.asarray(_result)
assert _predicted.shape == (4,), (
    f"For 4 images the result has shape {_predicted.shape}; it must be (4,), one class per image."
)
assert _predicted.dtype.kind in "iu", f"The result has dtype {_predicted.dtype}; classes are integers. Look at argmin."
assert _predicted.tolist() == [1, 0, 2, 1], (
    "The images [95 10], [10 20], [60 180], [255 30] are nearest to the means 1, 0, 2, 1 of [0 0], [100 0], "
    f"[90 200]; the result is {_predicted.tolist()}."
)
for _image, _pair, _advice in (
    ([250], np.array([[60], [100]], dtype=np.uint8), "Convert both arrays to float before you subtract."),
    ([90], np.array([[40], [100]], dtype=np.uint8), "Convert both arrays to float before you subtract."),
    ([11], np.array([[11.9], [10.6]]), "Convert both arrays to float, not to whole numbers."),
    ([0, 0], np.array([[0.0, 100.0], [60.0, 60.0]]), "Square the differences, and add them up."),
):
    _predicted = np.asarray(nearest_mean(np.array([[_image]], dtype=np.uint8), _pair[:, None].copy()))
    assert _predicted.tolist() == [1], (
        f"Of the means {_pair.tolist()}, of dtype {_pair.dtype}, the second is nearest to the image {_image}, so the "
        f"result must be [1]; it is {_predicted.tolist()}. {_advice}"
    )
### BEGIN HIDDEN TESTS
_rng = np.random.default_rng(60)
for _image_type, _mean_type in ((np.uint8, np.float64), (np.uint8, np.uint8), (np.float64, np.float64)):
    _images = (_rng.random((60, 3, 2)) * 255).astype(_image_type)
    _means = (_rng.random((5, 3, 2)) * 255).astype(_mean_type)
    _expected = []
    for _image in _images:
        _squares = [sum((float(_p) - float(_q)) ** 2 for _p, _q in zip(_image.flat, _mean.flat)) for _mean in _means]
        _expected.append(_squares.index(min(_squares)))
    _given = _images.copy(), _means.copy()
    _predicted = [int(_c) for _c in np.asarray(nearest_mean(*_given)).ravel()]
    _wrong = sum(_p != _e for _p, _e in zip(_predicted, _expected)) if len(_predicted) == 60 else 60
    assert _predicted == _expected, (
        f"{_wrong} of 60 random images ({_images.dtype}) get another class than that of the nearest mean "
        f"({_means.dtype}): the classes begin with {_expected[:8]}, the result with {_predicted[:8]}. Use the "
        "Euclidean distance, in float."
    )
    assert _given[0].tolist() == _images.tolist() and _given[1].tolist() == _means.tolist(), (
        "nearest_mean changed an array it was given."
    )
_predicted = np.asarray(
    nearest_mean(np.full((1, 28, 28), 200, dtype=np.uint8), np.stack([np.full((28, 28), v) for v in (9.0, 180.0)]))
)
assert _predicted.shape == (1,) and int(_predicted[0]) == 1, (
    "A single image of 200s is nearest to the mean of 180s, class 1, not to that of 9s; the result is "
    f"{_predicted.tolist()}."
)
_predicted = np.asarray(nearest_mean(np.array([[[20.2]], [[21.3]]]), np.array([[[20.9]], [[20.1]], [[21.2]]])))
assert _predicted.tolist() == [1, 2], (
    "The images [20.2] and [21.3] are nearest to the means 1 and 2 of [20.9], [20.1], [21.2]; the result is "
    f"{_predicted.tolist()}."
)
_predicted = np.asarray(nearest_mean(np.array([[[199.2]], [[130.1]], [[11.9]]]), np.arange(200.0).reshape(200, 1, 1)))
assert _predicted.tolist() == [199, 130, 12], (
    "Of 200 means [0], [1], [2] … the nearest to [199.2], [130.1], [11.9] are 199, 130, 12; the result is "
    f"{_predicted.tolist()}, of dtype {_predicted.dtype}. Look at all means; int8 ends at 127."
)
_images = np.tile([[[3.0]], [[8.0]]], (600, 1, 1))
_predicted = np.asarray(nearest_mean(_images, np.array([[[2.0]], [[9.0]]])))
assert _predicted.tolist() == [0, 1] * 600, (
    f"1200 images [3], [8], [3] … are nearest to the means [2], [9], [2] …, but of the result, of shape "
    f"{_predicted.shape}, the last eight are {_predicted[-8:].tolist()}."
)
### END HIDDEN TESTS
print("All tests shown here pass. With the hidden tests of grading, this task gives 5 points.")

# %%
means = mean_digits(X_train, y_train)  # training digits only: the test digits must be new to the classifier
predicted = nearest_mean(X_test, means)
print(f"Accuracy of the nearest mean on {len(y_test):,} test digits: {np.mean(predicted == y_test):.3f}")

table = pd.crosstab(pd.Series(y_test, name="label"), pd.Series(predicted, name="prediction"))
table = table.reindex(index=range(10), columns=range(10), fill_value=0)
mistakes = table - np.diag(np.diag(table))  # right answers lie on the diagonal and get no colour
figure, axes = plt.subplots(figsize=(7.5, 6), layout="constrained")
sns.heatmap(mistakes, annot=table, fmt="d", square=True, cmap="Blues", cbar_kws={"label": "mistakes"}, ax=axes)
axes.set_title("How often each label got each prediction")
plt.show()

# %% [markdown]
# **What to see.** About four digits in five are right (0.801 with the bundled digits, 0.820 in the full run); guessing
# would get one in ten. Right answers are the numbers on the diagonal; colour shows mistakes. With the bundled digits
# the most common is a 5 read as a 3 (23 times), and near pairs from Task 5 such as 4 and 9 show up, too. But column 1
# holds more mistakes than any other, 42 of 199, though the mean 1 is far from most other means. The reason: it has the
# least ink of all means, so a digit with little ink is not far from it. So two things decide: how alike the
# shapes are, and how much ink there is. Write your accuracy down for the coming labs.

# %% [markdown]
# ## Part 3 · Colour maps that mislead
#
# In this part there is nothing to write: read, run and look.
#
# A **colour map** turns a value into a colour. The eye finds shapes mostly by **lightness**, much less by **hue**
# (whether it is red, green or blue). A map whose lightness goes one way only, from dark to light or back, keeps the
# order of the values: lighter always means more (or always less). What do we see if it goes up and down?
#
# The next cell computes the lightness $L^*$ of colours, from 0 (black) to 100 (white), in three steps. Screens code
# red, green and blue non-linearly; step 1 undoes this. Step 2 adds the three up, green with the largest weight, since
# the eye is most sensitive to it. Step 3 turns the sum into the lightness, so that equal differences look equal.


# %%
def lightness_profile(name, n=256):
    """Return the lightness L* (0 to 100) at n evenly spaced positions of a colour map, shape (n,)."""
    colours = plt.get_cmap(name)(np.linspace(0, 1, n))[:, :3]  # red, green, blue, each from 0 to 1
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(luminance <= (6 / 29) ** 3, (29 / 3) ** 3 * luminance, 116 * np.cbrt(luminance) - 16)


# %% [markdown]
# The figure shows one mean 0 in three colour maps: in colour, and below it in the lightness of these colours alone. The
# curve at the bottom is the lightness of the map. In which map do you see edges that nobody wrote?

# %%
smooth = X_train[y_train == 0].mean(axis=0)  # a mean 0: its slopes are gentle
smooth = smooth / smooth.max()  # 0 to 1, so that each map is used from end to end
quiet = {"square": True, "cbar": False, "xticklabels": False, "yticklabels": False}
figure, grid = plt.subplots(3, 3, figsize=(9, 8.2), layout="constrained", height_ratios=(3, 3, 2))
for (top, middle, bottom), name in zip(grid.T, ["jet", "viridis", "gray_r"]):
    profile = lightness_profile(name)
    sns.heatmap(smooth, cmap=name, vmin=0, vmax=1, ax=top, **quiet)
    top.set_title(f"{name}, in colour")
    sns.heatmap(profile[(smooth * 255).astype(int)], cmap="gray", vmin=0, vmax=100, ax=middle, **quiet)
    middle.set_title(f"{name}, lightness alone")
    bottom.plot(np.linspace(0, 1, len(profile)), profile, color="black")
    bottom.set(xlabel="position in the colour map", ylabel="lightness L*", ylim=(0, 105))
plt.show()

# %% [markdown]
# **What to see.** For `viridis` and `gray_r` the curve goes one way, and the picture in lightness alone keeps the ring,
# smooth from edge to middle. For `jet` the curve climbs, wavers near the top and falls, so the ring breaks into bright
# bands with dark bands between them. So we see edges that are not in the data (Borland and Taylor, 2007). Both ends of
# `jet` are dark, so in black and white the strongest ink is hard to tell from paper. And it fails readers who cannot
# tell red from green (Crameri, Shephard and Heron, 2020).

# %% [markdown]
# ## Going further
#
# - **A grid that names its digits.** In Task 3 you had to count to name a digit. Write `show_grid(images, labels,
#   columns=5)`: it makes a new figure, draws all images row by row, in the colour range 0 to 255, and gives each
#   the title `position: label`, such as `12: 7`, so that anyone can look up a digit that you report. It returns
#   the figure. Home-made grids break in two places: a last row that is not full (no empty frame may be left
#   there), and a grid of a single row or column. So try it with 7 images in 3 columns, with 2 images, and with
#   1 column.
#
#   <details><summary>Hint</summary>
#
#   `plt.subplots(rows, columns, squeeze=False)` gives a 2-D array of axes, also for one row; its `.flat` runs
#   through them in reading order. Divide and round *up* for the rows: `-(-20 // 6)` is 4. `axes.set_axis_off()`
#   hides a frame.
#
#   </details>
# - **Which colour maps go one way?** Write `is_monotonic(values)`: it returns `True` if `values`, a list or a float
#   array, never goes down or never goes up, else `False`. Equal neighbours are allowed. `np.diff` gives the steps from
#   each value to the next. Check it:
#
#   ```python
#   assert is_monotonic([1, 2, 2, 5]) and is_monotonic([3, 2, 1]) and not is_monotonic([1, 4, 2, 5])
#   ```
#
#   Then judge two maps by `is_monotonic(lightness_profile(name))`: `turbo`, made as a better `jet`, and `cividis`.
#   Which would you trust with a heatmap? (`turbo` goes up and down, `cividis` goes one way.)
# - Replace the mean in Task 4 by the median of each pixel. The digits become sharper; does the classifier
#   become better?
# - Draw the test digits that lie farthest from the mean of their own class. How many of them would you have
#   labelled otherwise?
# - Take several means per class, for example one for leaning and one for upright 1s, and let the nearest
#   decide. How much accuracy does each additional mean bring?
#
# ## References
#
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998). Gradient-based learning applied to document
#   recognition. *Proceedings of the IEEE* 86(11). The paper that introduced MNIST.
# - C. G. Northcutt, A. Athalye, J. Mueller (2021). Pervasive label errors in test sets destabilize machine
#   learning benchmarks. *NeurIPS Datasets and Benchmarks*.
# - D. Borland, R. M. Taylor II (2007). Rainbow color map (still) considered harmful. *IEEE Computer Graphics
#   and Applications* 27(2).
# - F. Crameri, G. E. Shephard, P. J. Heron (2020). The misuse of colour in science communication. *Nature
#   Communications* 11, 5444.
# - M. L. Waskom (2021). seaborn: statistical data visualization. *Journal of Open Source Software* 6(60),
#   3021.
# - J. D. Hunter (2007). Matplotlib: a 2D graphics environment. *Computing in Science & Engineering* 9(3).
# - IEC 61966-2-1:1999 (sRGB), Recommendation ITU-R BT.709, and CIE 15 *Colorimetry* (the formulas of Part 3).
