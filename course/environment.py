"""The programs of the environment that this runs in."""

import os
import sys
from pathlib import Path


def tools_on_path() -> None:
    """Let programs be found that lie beside this interpreter: a new gradebook calls `alembic` by name."""
    tools = str(Path(sys.executable).parent)
    if tools not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([tools, os.environ["PATH"]])
