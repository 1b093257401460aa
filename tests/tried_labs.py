"""Labs whose answers were all tried as they are now, the model answers beside them."""

from functools import cache

from this_course import COURSE

from course.authoring.tried_runs import read_tried
from course.authoring.try_all_variants import digests_of
from course.authoring.try_variants import Trial, trials_of

# One without TensorFlow and one with it: these are always run, whatever was tried.
ALWAYS = ("01_data_inspection", "05_lenet5_train_on_batch")
UNCHANGED = "nothing that it depends on has changed since `course variants` tried it"


@cache
def runs_of(name: str) -> tuple[list[Trial], set[int]]:
    """All runs of a lab's answers, and the numbers of those for which nothing has changed since they were tried."""
    trials, passed = trials_of(COURSE, COURSE.lab(name)), {*read_tried(COURSE).get(name, [])}
    return trials, {number for number, digest in enumerate(digests_of(COURSE, trials)) if digest in passed}


def needs_run(name: str) -> bool:
    """Whether a lab's solution is to be run: it is one of the two, or something has changed since it was tried."""
    if name in ALWAYS:
        return True
    trials, unchanged = runs_of(name)
    return len(unchanged) < len(trials)
