"""The course and its labs: what course.toml says of them, and where their files are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from course import COURSE_FILE
from course.config.late import NO_PENALTY, LateRule
from course.config.repositories import Repositories
from course.config.rules import DEFAULT_RULES, Rules
from course.errors import UnknownLabError
from course.limits import DEFAULT_LIMITS, Limits


@dataclass(frozen=True)
class Lab:
    """One lab: its name, such as "03_mlp_baseline", the minutes a student should plan, and how it is graded.

    `budget` holds the parameters injected while grading, by name; `limits` what a submission may use. `due` is when it
    has to be handed in, in the time zone of course.toml or its own, if that is set; `late` what late work loses;
    `rules` what the linter demands of its size.
    """

    name: str
    work_minutes: int
    limits: Limits = DEFAULT_LIMITS
    budget: Mapping[str, Any] = field(default_factory=dict, hash=False)
    due: datetime | None = None
    late: LateRule = NO_PENALTY
    rules: Rules = DEFAULT_RULES


@dataclass(frozen=True)
class Course:
    """The labs in order, the repositories of instructors and students, and the folders the labs lie in.

    `description` is a sentence on what the course is about. `limits` are those of a lab that sets none of its own.
    `zone` is the time zone that times are read and shown in.
    """

    root: Path
    id: str
    title: str
    repositories: Repositories
    labs: tuple[Lab, ...]
    limits: Limits = DEFAULT_LIMITS
    zone: tzinfo = UTC
    description: str = ""

    source_directory = "solutions"
    release_directory = "labs"

    def lab(self, name: str) -> Lab:
        """The lab of that name.

        Raises
        ------
        UnknownLabError
            course.toml does not list it; the message lists the names there are.
        """
        for lab in self.labs:
            if lab.name == name:
                return lab
        raise UnknownLabError(f"There is no lab {name!r} in {COURSE_FILE}. The labs are: {self.names()}.")

    def choose(self, names: list[str] | None) -> list[Lab]:
        """The labs of those names, or all of them for an empty list, in the order of the course."""
        chosen = {self.lab(name) for name in names or []}
        return [lab for lab in self.labs if not chosen or lab in chosen]

    def names(self) -> str:
        """All names, for messages."""
        return ", ".join(lab.name for lab in self.labs)

    def source(self, lab: Lab) -> Path:
        """The text that is edited by hand."""
        return self.root / self.source_directory / lab.name / f"{lab.name}.py"

    def solution(self, lab: Lab) -> Path:
        """The answer key made from it."""
        return self.source(lab).with_suffix(".ipynb")

    def released(self, lab: Lab) -> Path:
        """What students get."""
        return self.root / self.release_directory / lab.name / f"{lab.name}.ipynb"

    @property
    def measurements(self) -> Path:
        """What `make bench` measured; the labs' headers quote it."""
        return self.root / "docs" / "benchmarks.json"

    @property
    def reproduction(self) -> Path:
        """What `python -m reproduction` measured; docs/reproduction.md is made from it."""
        return self.root / "docs" / "reproduction.json"
