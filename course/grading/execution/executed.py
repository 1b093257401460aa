"""The result of running a submission."""

from dataclasses import dataclass, field

from nbformat import NotebookNode

STAGES = ("sandbox", "imports", "start", "runner", "cells", "tests", "end")


@dataclass(frozen=True)
class Incident:
    """Something in a submission that an instructor should look at."""

    where: str
    evidence: str


@dataclass(frozen=True)
class Cut:
    """A cell that was cut off: its number in the notebook, its name if it has one, and why."""

    cell: int
    name: str
    reason: str

    @property
    def where(self) -> str:
        """The cell, for people."""
        return f"cell {self.cell} ({self.name})" if self.name else f"cell {self.cell}"

    def __str__(self) -> str:
        """The same with the reason."""
        return f"{self.where}: {self.reason}"


@dataclass
class Executed:
    """A notebook that was run, what was noticed, and how long each stage took.

    `seconds` has the keys "sandbox" (making both), "imports" (the lab's, or waiting for the process that does them),
    "start" (of the submission's kernel), "runner" (what the start of the tests' kernel takes longer), "cells" (the
    submission's own), "tests", and "end" (of kernels and sandboxes). `cuts` are in the order of the cells; `ended` says
    why nothing was run after the last of them, if so.
    """

    notebook: NotebookNode
    incidents: list[Incident] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    cuts: list[Cut] = field(default_factory=list)
    ended: str = ""
