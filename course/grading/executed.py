"""What comes of running a submission."""

from dataclasses import dataclass, field

from nbformat import NotebookNode

STAGES = ("box", "imports", "start", "runner", "cells", "tests", "end")


@dataclass(frozen=True)
class Incident:
    """Something in a submission that an instructor should look at."""

    where: str
    evidence: str


@dataclass
class Executed:
    """A notebook that was run, what was noticed, and where the time went.

    `seconds` has the keys "box" (making both), "imports" (the lab's, or waiting for the process that does them),
    "start" (of the submission's kernel), "runner" (what the start of the tests' kernel takes longer), "cells" (the
    submission's own), "tests", and "end" (of kernels and boxes).
    """

    notebook: NotebookNode
    incidents: list[Incident] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    ended: str = ""
