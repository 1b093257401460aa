"""nbgrader's step that runs a submission: in a sandbox, with the tests beside it in another."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from traitlets import Unicode

from course.config import load_course
from course.grading.execution.kernel_pair import kernel_pair
from course.grading.execution.make_spec import make_spec
from course.grading.execution.session import execute_submission
from course.grading.execution.spec import Spec

_THREADS = 2


class SandboxedExecute(Execute):
    """Run the cells as `course grade` does, with the parameters as handed out; takes the settings of `Execute`."""

    course_root = Unicode(help="The folder of course.toml; nbgrader works in another one.").tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict | None = None, retries: int | None = None
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Run a submission whose test cells nbgrader has put back.

        Raises
        ------
        UnknownLabError
            course.toml does not list the assignment.
        """
        all_resources = resources or ResourcesDict()
        spec = spec_of(all_resources["nbgrader"]["assignment"], self.course_root)
        pair = kernel_pair(spec.limits, sandboxed=True, threads=_THREADS, imports=spec.imports)
        with tempfile.TemporaryDirectory() as folder, pair as kernels:
            run_async(execute_submission(nb, kernels, spec.imports, spec.values, spec.limits, folder))
        return nb, all_resources


@cache
def spec_of(lab: str, root: str) -> Spec:
    """What the tests of a lab may rely on, by the course in that folder."""
    course = load_course(Path(root))
    return make_spec(course, course.lab(lab), full_size=True)


def run_async(task: Any) -> Any:
    """Wait for a task, also where an event loop is running already, as in Formgrader."""
    from jupyter_core.utils import run_sync

    async def wait() -> Any:
        return await task

    return run_sync(wait)()
