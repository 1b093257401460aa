"""How a folder of submissions is to be graded."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Options:
    """How to grade.

    `workers` submissions are run at a time; None means one a core, or one a thread of the cluster. `scheduler` is the
    address of a Dask cluster to run them on. `trust` runs them without a sandbox. `full_size` leaves out the grading
    budget. `database` is a SQLAlchemy address for the gradebook in place of gradebook.db. `built` grades by the lab as
    it was built, though its source was edited since; `new_edition` moves the gradebook to the present edition first.
    `again` runs also what was run before and has not changed, as after an update of the grading itself.
    """

    workers: int | None = None
    scheduler: str | None = None
    trust: bool = False
    full_size: bool = False
    database: str | None = field(default=None, repr=False)  # it may hold a password, and options are logged
    built: bool = False
    new_edition: bool = False
    again: bool = False
