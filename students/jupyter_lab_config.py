"""JupyterLab opens the list of labs.

The settings are Binder's (binder/): Markdown opens as a page, not as text; of nbgrader there is Validate alone.
"""

from pathlib import Path

c = get_config()  # noqa: F821
c.LabApp.default_url = "/lab/tree/labs/README.md"
c.LabApp.app_settings_dir = str(Path(__file__).parent / "binder")
