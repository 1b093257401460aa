"""What a figure shows, as plain data, and a mark for functions of tests that look at figures."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.patches import Rectangle
    from matplotlib.text import Text

Function = TypeVar("Function", bound=Callable[..., Any])


def beside_answer(function: Function) -> Function:
    """Mark a function of a test that does something with what an answer returns; in a notebook it changes nothing.

    Graded, such a function runs where the answer does, and the rest of the test elsewhere. It must return plain data:
    numbers, texts, arrays, lists, dictionaries. It finds out; what is right is asserted outside of it.
    """
    return function


def figure_facts(drawing: object) -> dict[str, Any]:
    """What an Axes or a Figure shows, as numbers and texts.

    The key "type" is "Axes", "Figure", or, for anything else, the name of its class, and then there are no other keys.
    "figure" is a number that tells figures apart. A Figure has its "axes", a list; an Axes has

    - "axes", a number that tells them apart; "title", "xlabel", "ylabel", "label"; "xlim", "ylim"; "position" in the
      figure (left, bottom, width, height, from 0 to 1); "x_inverted", "y_inverted"; "square", whether cells of an image
      or heatmap are; "visible"; "frame", whether a frame is seen;
    - "bars": from left to right, with "x", "width" and "height";
    - "lines": with "x", "y", "label" and "color"; "legend": None, or entries with "text" and "color";
    - "meshes" (heatmaps) and "images": "values", an array as the eye sees it, the top row first, and the colours'
      "limits";
    - "texts": with "text", "x" and "y", "width" and "height", in the units of the axes.
    """
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    if isinstance(drawing, Figure):
        drawing.draw_without_rendering()
        return {"type": "Figure", "figure": id(drawing), "axes": [_axes_facts(axes) for axes in drawing.axes]}
    if isinstance(drawing, Axes):
        whole: Any = drawing.get_figure(root=True)
        whole.draw_without_rendering()
        return _axes_facts(drawing)
    return {"type": type(drawing).__name__}


def _axes_facts(axes: "Axes") -> dict[str, Any]:
    from matplotlib.collections import QuadMesh
    from matplotlib.patches import Rectangle

    meshes = [mesh for mesh in axes.collections if isinstance(mesh, QuadMesh)]
    # A band across the axes (axhspan) is a rectangle, too, but not in data coordinates alone.
    rectangles = [one for one in axes.patches if isinstance(one, Rectangle) and one.get_width() > 0]
    bars = [bar for bar in rectangles if bar.get_data_transform() == axes.transData]
    return {
        "type": "Axes",
        "figure": id(axes.figure),
        "axes": id(axes),
        "title": " ".join(axes.get_title(loc=side) for side in ("left", "center", "right")).strip(),  # type: ignore[arg-type]
        "xlabel": axes.get_xlabel().strip(),
        "ylabel": axes.get_ylabel().strip(),
        "label": str(axes.get_label()),
        "xlim": [float(limit) for limit in axes.get_xlim()],
        "ylim": [float(limit) for limit in axes.get_ylim()],
        "position": [float(number) for number in axes.get_position().bounds],
        "x_inverted": bool(axes.xaxis_inverted()),
        "y_inverted": bool(axes.yaxis_inverted()),
        "square": _is_square(axes, meshes),
        "visible": bool(axes.get_visible()),
        "frame": _has_frame(axes),
        "bars": [_bar(bar) for bar in sorted(bars, key=lambda bar: float(bar.get_x()))],
        "lines": [_line(line) for line in axes.get_lines() if np.size(line.get_xdata())],
        "legend": _legend(axes),
        "meshes": [_picture(axes, mesh, _shape(mesh)) for mesh in meshes],
        "images": [_picture(axes, image, _extent(image)) for image in axes.images],
        "texts": [_text(axes, text) for text in axes.texts if text.get_text().strip()],
    }


def _has_frame(axes: "Axes") -> bool:
    """Whether lines around the axes are seen."""
    shown = axes.get_visible() and axes.axison and axes.get_frame_on()
    return bool(shown and any(spine.get_visible() for spine in axes.spines.values()))


def _is_square(axes: "Axes", meshes: list["QuadMesh"]) -> bool:
    box = axes.get_box_aspect()  # type: ignore[no-untyped-call]
    if axes.get_aspect() in (1, "equal"):
        return True
    rows, columns = _shape(meshes[0]) if meshes else (1, 1)
    return box is not None and abs(box - rows / columns) < 1e-6


def _shape(mesh: "QuadMesh") -> tuple[int, int]:
    rows, columns = np.shape(mesh.get_coordinates())[:2]  # type: ignore[no-untyped-call]
    return rows - 1, columns - 1


def _picture(axes: "Axes", picture: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    values: Any = np.ma.filled(np.ma.asarray(picture.get_array(), dtype=float), np.nan).reshape(shape)
    values = values[:: 1 if axes.yaxis_inverted() else -1, :: -1 if axes.xaxis_inverted() else 1]
    return {"values": values, "limits": [float(limit) for limit in picture.get_clim()]}


def _extent(image: Any) -> tuple[int, ...]:
    return tuple(np.shape(image.get_array()))


def _bar(bar: "Rectangle") -> dict[str, float]:
    return {"x": float(bar.get_x()), "width": float(bar.get_width()), "height": float(bar.get_height())}


def _line(line: Any) -> dict[str, Any]:
    from matplotlib.colors import to_hex

    x, y = (np.asarray(values, dtype=float) for values in line.get_data())
    return {"x": x, "y": y, "label": str(line.get_label()), "color": to_hex(line.get_color())}


def _legend(axes: "Axes") -> list[dict[str, str]] | None:
    from matplotlib.colors import to_hex

    legend = axes.get_legend()
    if legend is None:
        return None
    pairs = zip(legend.get_texts(), legend.get_lines(), strict=False)
    return [{"text": text.get_text(), "color": to_hex(line.get_color())} for text, line in pairs]


def _text(axes: "Axes", text: "Text") -> dict[str, Any]:
    (x0, y0), (x1, y1) = axes.transData.transform([(0, 0), (1, 1)])
    box, (x, y) = text.get_window_extent(), text.get_position()
    size = {"width": float(box.width / abs(x1 - x0)), "height": float(box.height / abs(y1 - y0))}
    return {"text": text.get_text().strip(), "x": float(x), "y": float(y), **size}
