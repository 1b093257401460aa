"""What every lab imports: the digits (`load_mnist`) and figures (`plot_images`, `plot_history`).

`build_lenet` makes the network that labs on saving and watching train. `beside_answer` and `figure_facts` are
for tests of answers that draw, `is_untrained` and `unasked_settings` for tests of networks, `explain_errors` for all.

Importing this package imports neither TensorFlow nor Matplotlib; each is loaded when it is first needed.
"""

from data_utils.checks import explain_errors
from data_utils.datasets import DatasetError, load_mnist
from data_utils.figures import beside_answer, figure_facts
from data_utils.networks import build_lenet, is_untrained, unasked_settings
from data_utils.plots import plot_history, plot_images

__all__ = [
    "DatasetError",
    "beside_answer",
    "build_lenet",
    "explain_errors",
    "figure_facts",
    "is_untrained",
    "load_mnist",
    "plot_history",
    "plot_images",
    "unasked_settings",
]
