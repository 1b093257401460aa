"""A new gradebook, made in this process: nbgrader would start another one, which takes seconds to import nbgrader."""

import nbgrader.api
from nbgrader.apps.api import NbGraderAPI
from nbgrader.dbutil import ALEMBIC_DIR
from nbgrader.utils import temp_attrs


def make_gradebook(api: NbGraderAPI) -> None:
    """Make the tables of the gradebook, if it has none yet."""
    with temp_attrs(nbgrader.api, get_alembic_version=newest_revision), api.gradebook:
        pass


def newest_revision() -> str:
    """The revision of nbgrader's tables, as `alembic heads` prints it: `nbgrader db upgrade` goes on from there."""
    from alembic.script import ScriptDirectory  # takes half a second to import, and most gradebooks are there already

    return str(ScriptDirectory(ALEMBIC_DIR).get_current_head())
