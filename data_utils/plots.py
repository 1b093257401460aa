"""Figures that more than one lab draws. Matplotlib is imported when the first one is drawn."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Two colours of the palette of Okabe and Ito (2008), told apart with every common kind of colour vision.
BLUE, ORANGE = "#0072B2", "#D55E00"


def plot_images(
    images: ArrayLike,
    labels: ArrayLike | None = None,
    predictions: ArrayLike | None = None,
    columns: int = 5,
    vmax: float | None = None,
) -> "Figure":
    """Draw a grid of digits, ink dark on a light ground, each under its label.

    Parameters
    ----------
    images
        Shape (n, 28, 28) or (n, 28, 28, 1), n at least 1; any numeric dtype.
    labels, predictions
        Integers, shape (n,). With both, a right prediction is titled "7 ✓" and a wrong one "1 ✗ is 7", in another
        colour, in bold and inside a frame.
    columns
        Digits in a row.
    vmax
        The value drawn as black; the largest value of all images if not given.

    Raises
    ------
    ValueError
        Wrong shape of images, or labels or predictions of another length.
    """
    import matplotlib.pyplot as plt

    pixels = np.asarray(images)
    if pixels.ndim == 4 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    if pixels.ndim != 3 or len(pixels) == 0:
        raise ValueError(f"images must have shape (n, 28, 28) or (n, 28, 28, 1), not {np.shape(images)}")
    titles = [_title(label, guess) for label, guess in zip(*_texts(len(pixels), labels, predictions), strict=True)]
    rows = -(-len(pixels) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(1.5 * columns, 1.75 * rows), squeeze=False, layout="constrained"
    )
    top = vmax if vmax is not None else max(float(pixels.max()), 1e-12)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, image, (title, wrong) in zip(grid.flat, pixels, titles, strict=False):
        axes.imshow(image, cmap="gray_r", vmin=0, vmax=top)
        axes.set_title(title, color=ORANGE if wrong else "black", fontweight="bold" if wrong else "normal", fontsize=11)
        if wrong:
            _frame(axes)
    return figure


def plot_history(history: Any, metrics: Sequence[str] = ("loss", "accuracy")) -> "Figure":
    """Draw how each metric went from epoch to epoch, training and validation in one panel a metric.

    Parameters
    ----------
    history
        What ``model.fit`` returns, or its ``history`` dictionary: metric name to one number an epoch. Validation
        curves are the ones Keras names ``val_…``; they are drawn if they are there.
    metrics
        Names of the metrics, a panel each.

    Raises
    ------
    ValueError
        A metric is not in the history.
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    curves: Mapping[str, Sequence[float]] = getattr(history, "history", history)
    absent = [metric for metric in metrics if metric not in curves]
    if absent:
        raise ValueError(f"the history has no {', '.join(absent)}; it has {', '.join(curves)}")
    figure, grid = plt.subplots(1, len(metrics), figsize=(4.8 * len(metrics), 3.4), squeeze=False, layout="constrained")
    for axes, metric in zip(grid.flat, metrics, strict=True):
        epochs = range(1, len(curves[metric]) + 1)
        axes.plot(epochs, curves[metric], color=BLUE, marker="o", markersize=4, label="training")
        if f"val_{metric}" in curves:
            values = curves[f"val_{metric}"]
            axes.plot(epochs, values, color=ORANGE, marker="s", markersize=4, linestyle="--", label="validation")
        axes.set(xlabel="epoch", ylabel=metric, title=metric)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def _texts(n: int, *columns: ArrayLike | None) -> list[list[str | None]]:
    texts: list[list[str | None]] = []
    for name, column in zip(("labels", "predictions"), columns, strict=True):
        values: list[str | None] = [None] * n if column is None else [str(int(v)) for v in np.asarray(column).ravel()]
        if len(values) != n:
            raise ValueError(f"there are {n} images but {len(values)} {name}")
        texts.append(values)
    return texts


def _title(label: str | None, guess: str | None) -> tuple[str, bool]:
    """The title of one digit, and whether it is marked as wrong."""
    if label is None or guess is None:
        return label or guess or "", False
    return (f"{guess} ✓", False) if guess == label else (f"{guess} ✗ is {label}", True)


def _frame(axes: "Axes") -> None:
    axes.set_axis_on()
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(color=ORANGE, linewidth=2.5)
