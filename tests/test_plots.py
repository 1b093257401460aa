"""What the shared figures show."""

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

from matplotlib import pyplot as plt

from data_utils import figure_facts, plot_history, plot_images


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


IMAGES = np.arange(7 * 28 * 28).reshape(7, 28, 28) % 256


def drawn(figure):
    return [axes for axes in figure.axes if axes.images]


def test_grid_has_every_digit_once_and_nothing_else_visible():
    figure = plot_images(IMAGES, columns=3)
    assert len(figure.axes) == 9 and len(drawn(figure)) == 7
    for axes, image in zip(drawn(figure), IMAGES, strict=True):
        assert np.array_equal(axes.images[0].get_array(), image)
    assert not any(axes.axison for axes in figure.axes)


def test_all_digits_share_one_range_of_grey():
    dark, light = IMAGES[:1], IMAGES[:1] // 4
    limits = {axes.images[0].get_clim() for axes in drawn(plot_images(np.concatenate([dark, light])))}
    assert limits == {(0, 255)}


def test_channel_axis_is_accepted():
    assert len(drawn(plot_images(IMAGES[..., None]))) == 7


def test_labels_are_titles():
    titles = [axes.get_title() for axes in drawn(plot_images(IMAGES, labels=[0, 1, 2, 3, 4, 5, 6]))]
    assert titles == list("0123456")


def test_wrong_predictions_are_marked_by_sign_weight_and_frame():
    figure = plot_images(IMAGES[:2], labels=[3, 7], predictions=[3, 1])
    right, wrong = drawn(figure)
    assert (right.get_title(), wrong.get_title()) == ("3 ✓", "1 ✗ is 7")
    assert wrong.title.get_fontweight() == "bold" and right.title.get_fontweight() == "normal"
    assert wrong.axison and not right.axison
    assert all(spine.get_linewidth() > 2 for spine in wrong.spines.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGES[0],), "not \\(28, 28\\)"),
        ((IMAGES[:0],), "not \\(0, 28, 28\\)"),
        ((IMAGES, [1, 2]), "7 images but 2 labels"),
        ((IMAGES, range(7), [1]), "7 images but 1 predictions"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot_images(*arguments)


HISTORY = {"loss": [3.0, 2.0, 1.0], "val_loss": [3.0, 2.5, 2.4], "accuracy": [0.1, 0.5, 0.6]}


def test_history_panels_and_curves():
    loss, accuracy = plot_history(HISTORY).axes
    assert [line.get_label() for line in loss.lines] == ["training", "validation"]
    assert [line.get_label() for line in accuracy.lines] == ["training"]
    assert loss.lines[0].get_xdata().tolist() == [1, 2, 3]
    assert loss.lines[1].get_ydata().tolist() == HISTORY["val_loss"]
    assert loss.lines[0].get_linestyle() != loss.lines[1].get_linestyle()
    assert loss.get_xlabel() == "epoch"


def test_history_takes_what_fit_returns():
    class Returned:
        history = HISTORY

    assert len(plot_history(Returned(), metrics=["loss"]).axes) == 1


def test_history_without_the_metric():
    with pytest.raises(ValueError, match=r"no auc; it has loss, val_loss, accuracy"):
        plot_history(HISTORY, metrics=["auc"])


def test_bands_across_the_axes_are_no_bars():
    _, axes = plt.subplots()
    axes.bar([0, 1, 2], [4, 5, 6])
    axes.axhspan(4.5, 5.5)
    axes.axvspan(0.5, 1.5)
    assert [bar["height"] for bar in figure_facts(axes)["bars"]] == [4, 5, 6]
