"""What every lab imports: the digits (`load_mnist`) and figures (`plot_images`, `plot_history`).

Importing this package imports neither TensorFlow nor Matplotlib; each is loaded when it is first needed.
"""

from data_utils.datasets import DatasetError, load_mnist
from data_utils.plots import plot_history, plot_images

__all__ = ["DatasetError", "load_mnist", "plot_history", "plot_images"]
