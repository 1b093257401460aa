"""Figures as pictures in the page: Matplotlib's SVG as a data URI, which no page can make run anything."""

import base64
import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axis import Axis
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from course.grading.report.blocks import Figure

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text, in a font of the reader's machine, which has more letters than ours
    "svg.hashsalt": "course",  # the same ids at each run
    "text.parse_math": False,  # a student's name may hold a dollar sign
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.linewidth": 0.6,
}
# Okabe and Ito's colours, told apart by all; they differ in lightness, too.
BLUE, ORANGE, GREY, INK = "#0072B2", "#E69F00", "#E4E6EA", "#1c2027"


@contextmanager
def course_style() -> Iterator[None]:
    """The looks of all figures; letters that Matplotlib's own font lacks are drawn by the reader's."""
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def draw(
    paint: Callable[[Canvas], Any], alt: str, width: float = 8.0, height: float = 3.0, wide: bool = False
) -> Figure:
    """A figure of this size in inches, painted by the function."""
    with course_style():
        canvas = Canvas(figsize=(width, height), layout="constrained")
        paint(canvas)
        file = io.BytesIO()
        canvas.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    image = f"data:image/svg+xml;base64,{base64.b64encode(file.getvalue()).decode()}"
    return Figure(image, alt, round(width * 96), round(height * 96), wide)


def whole_numbers(axis: Axis) -> None:
    """Name only whole numbers on an axis."""
    axis.set_major_locator(MaxNLocator(integer=True))
