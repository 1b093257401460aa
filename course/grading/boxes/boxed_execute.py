"""nbgrader's step that runs a submission, in a box."""

from typing import Any

from nbgrader.preprocessors import Execute

from course.grading.boxes.box import BoxedKernelManager


class BoxedExecute(Execute):
    """Run the cells in a boxed kernel, whatever else is set; takes the settings of `Execute`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Set the class of the kernel manager here, because `Execute` overrules what nbgrader_config.py sets."""
        super().__init__(*args, **{**kwargs, "kernel_manager_class": BoxedKernelManager})
