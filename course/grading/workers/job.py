"""What goes to a worker and what comes back, in plain values."""

import hashlib
import json
from dataclasses import asdict, dataclass, field

from course.grading.execution.executed import Cut, Incident
from course.grading.execution.spec import Spec
from course.inbox.notes import Note


@dataclass(frozen=True)
class Job:
    """A submission to run.

    `data` is the notebook's bytes; None if there is none, with the reason in `missing`. `notes` tells what was found
    in the folder. `sandboxed` is False only for submissions that the instructor trusts. `files` are paths and
    contents of what may lie beside it. `threads` is how many TensorFlow and NumPy may use. `alone` is set when it is
    run again, after a fault of the machine, and no other submission is.
    """

    student: str
    data: bytes | None
    missing: str
    notes: tuple[Note, ...]
    spec: Spec
    sandboxed: bool
    files: tuple[tuple[str, bytes], ...] = ()
    threads: int = 1
    alone: bool = False

    @property
    def digest(self) -> str:
        """What the outcome depends on; a kept outcome with the same digest is not computed again."""
        parts = (self.student, self.missing, self.notes, self.files, self.spec.digest, self.sandboxed)
        return hashlib.sha256(repr(parts).encode() + (self.data or b"")).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """The result of a job, in plain values.

    `mended` and `executed` are notebooks as JSON, empty if the submission could not be read; then `reason` says why.
    After a fault of the machine or of the grader, `fault` says which, and nothing is known about the submission; the
    digest is empty then, so that it is run again. `cuts` are the cells that were cut off, `ended` why nothing was run
    after the last of them.
    """

    student: str
    digest: str
    reason: str = ""
    mended: str = ""
    executed: str = ""
    notes: tuple[Note, ...] = ()
    incidents: tuple[Incident, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    cuts: tuple[Cut, ...] = ()
    ended: str = ""
    fault: str = ""
    sandboxed: bool = True
    error: str = ""

    def as_json(self) -> str:
        """All of it as text."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)


_PARTS = {"notes": Note, "incidents": Incident, "cuts": Cut}


def read_outcome(text: str) -> Outcome | None:
    """The outcome that `as_json` wrote; None if another version of the course wrote it."""
    entry = json.loads(text)
    try:
        parts = {name: tuple(kind(**part) for part in entry[name]) for name, kind in _PARTS.items()}
        return Outcome(**entry | parts)
    except (TypeError, KeyError):
        return None
