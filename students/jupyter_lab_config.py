"""JupyterLab opens the list of labs, and Markdown as a page rather than as text (binder/overrides.json)."""

from pathlib import Path

c = get_config()  # noqa: F821
c.LabApp.default_url = "/lab/tree/labs/README.md"
c.LabApp.app_settings_dir = str(Path(__file__).parent / "binder")
