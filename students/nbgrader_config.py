"""Settings of *Validate* in JupyterLab: time enough to train, and messages in place of the code of tests."""

from data_utils import validation

c = get_config()  # noqa: F821
c.Execute.timeout = 600  # seconds for a cell
c.Execute.on_cell_start = validation.on_cell_start
c.Execute.on_cell_error = validation.on_cell_error
